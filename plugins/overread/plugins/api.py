"""All that a plugin imports beside core: what it is handed, what it answers, where it registers (docs/plugins.md).

A plugin's ``core`` module has one function ``register(plugin: Plugin) -> None``. It is called once, when the program
starts; from then on the registered functions are called, on the thread that shows the window. They must be quick,
and what they raise switches the plugin off until the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from overread.core.finding import Finding
from overread.core.text import Language, Sentence, sentence

__all__ = [
    "API_VERSION", "Comparison", "Dated", "FindingSubject", "Kind", "Pair", "Phrase", "Plugin", "Row", "Texts",
]  # fmt: skip

API_VERSION = 1
Kind = Literal["finding-text", "comparison"]
"""What a plugin can be: it makes a text of a finding; it compares a finding with the same one of an older study."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A finished text in both languages."""

    en: str
    zh: str

    def say(self, language: Language) -> str:
        """The text in a language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class FindingSubject:
    """A finding, and where a person finds it: number of its series and of the image on which it is largest."""

    finding: Finding
    series_number: int | None
    image_number: int


@dataclass(frozen=True, slots=True)
class Dated:
    """A finding with what a comparison must know of its study. ``study_date`` is ISO or empty.

    ``slice_step_mm`` is the distance between stored slices and ``plane`` what they are: axial, coronal, sagittal.
    """

    finding: Finding
    study_date: str
    slice_step_mm: float
    plane: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One place in a study and in an older one of the same patient."""

    now: Dated
    before: Dated


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a comparison."""

    label: Phrase
    value: Phrase


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer of a comparison: lines to show, and what must be said with them."""

    rows: tuple[Row, ...]
    notes: tuple[Phrase, ...] = ()


FindingText = Callable[[FindingSubject, Language], str]
Compare = Callable[[Pair], Comparison]


class Texts:
    """The texts of a plugin (``texts.toml`` in its folder): id to ``en``, ``zh`` and, for ``n`` = 1, ``en_one``."""

    def __init__(self, entries: Mapping[str, Mapping[str, str]]) -> None:
        self._entries = entries

    def __call__(self, text_id: str, **values: str | int | Phrase) -> Phrase:
        """A text with its values; a value that is a Phrase enters each language in that language.

        Raises KeyError for an unknown id or a missing value.
        """
        entry = self._entries[text_id]
        form = entry["en_one"] if values.get("n") == 1 and "en_one" in entry else entry["en"]
        return Phrase(form.format(**_in("en", values)), entry["zh"].format(**_in("zh", values)))


def _in(language: Language, values: Mapping[str, str | int | Phrase]) -> dict[str, str | int]:
    return {name: one.say(language) if isinstance(one, Phrase) else one for name, one in values.items()}


class Plugin:
    """What ``register`` is handed: the plugin's own texts and files, and the lists on which it enters itself."""

    def __init__(
        self,
        plugin_id: str,
        kinds: frozenset[Kind],
        texts: Texts,
        files: Callable[[str], tuple[str, str | None]],
        tell: Callable[[Sentence], None],
    ) -> None:
        """``files`` gives a shipped file of the plugin and, if there is one, the user's own copy of it."""
        self.id = plugin_id
        self.texts = texts
        self._kinds = kinds
        self._files = files
        self._tell = tell
        self.finding_texts: list[FindingText] = []
        self.comparisons: list[Compare] = []

    def add_finding_text(self, make: FindingText) -> None:
        """Offer a text of a finding. Raises ValueError when the manifest does not name this kind."""
        self._allow("finding-text")
        self.finding_texts.append(make)

    def add_comparison(self, compare: Compare) -> None:
        """Offer a comparison with an older study. Raises ValueError when the manifest does not name this kind."""
        self._allow("comparison")
        self.comparisons.append(compare)

    def _allow(self, kind: Kind) -> None:
        if kind not in self._kinds:
            raise ValueError(f"the manifest does not name the kind {kind}")

    def read(self, name: str, parse: Callable[[str], T]) -> T:
        """A data file of the plugin's folder, parsed; the user's own copy of it comes first.

        ``parse`` raises ValueError for what it does not understand: then the copy is named on the message line and
        the shipped file is used. Raises ValueError when the shipped file itself is wrong, OSError when it is missing.
        """
        shipped, own = self._files(name)
        if own is not None:
            try:
                return parse(own)
            except ValueError as error:
                self._tell(sentence("plugin.own-file", id=self.id, file=name, why=str(error)))
        return parse(shipped)
