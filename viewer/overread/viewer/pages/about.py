"""What the program is, its version, its notices."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Words, label
from overread.viewer.style import Look


class AboutPage(Page):
    """Version, what it is for and what not, that it sends nothing, licences."""

    def __init__(self, words: Words, look: Look, version: str, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "about-page.title", parent)
        shown = label("value")
        words.bind(lambda: shown.setText(words.say("about-page.version", version=version)))
        self.body.addWidget(shown)
        for text_id, role in (("what", ""), ("notice", "strong"), ("privacy", ""), ("licence", "dim")):
            text = label(role, wrap=True)
            words.set_text(text.setText, f"about-page.{text_id}")
            self.body.addWidget(text)
        self.body.addStretch(1)
        self.add_close("about-page.close")
