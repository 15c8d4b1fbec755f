"""The language of the window: one value that everything with words watches."""

from __future__ import annotations

from overread.core.text import Language, say
from overread.viewer.state.observable import Property


class Words:
    """Says text ids in the language of the window."""

    def __init__(self, language: Language = "en") -> None:
        self.current: Property[Language] = Property(language)

    def __call__(self, text_id: str, **values: str | int | float) -> str:
        """The text in the present language."""
        return say(text_id, self.current.value, **values)
