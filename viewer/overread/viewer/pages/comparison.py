"""What has changed since the prior: the lines that plugins make of a finding and the same one of an older study."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from overread.core.text import Sentence
from overread.plugins.host import Answer
from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Words, clear, label, vbox
from overread.viewer.style import Look


class ComparisonPage(Page):
    """How the two were matched, then each comparison: its name, its rows, what must be said with them."""

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "comparison-page.title", parent)
        self._matched: tuple[Sentence, ...] = ()
        self._answers: tuple[Answer, ...] = ()
        self.add_close("comparison-page.back")
        words.bind(self._render)

    def show_comparison(self, matched: tuple[Sentence, ...], answers: tuple[Answer, ...]) -> None:
        """Show how the two were matched, and what came out."""
        self._matched, self._answers = matched, answers
        self._render()

    def _render(self) -> None:
        clear(self.body)
        language = self.words.language
        for told in self._matched:
            self.body.addWidget(label("dim", told.say(language), wrap=True))
        for answer in self._answers:
            self.body.addWidget(label("group", answer.manifest.name.say(language)))
            for row in answer.comparison.rows:
                pair = vbox(None, self.look, (0, 0, 0, 0), 1)
                pair.addWidget(label("dim", row.label.say(language), wrap=True))
                pair.addWidget(label("value", row.value.say(language), wrap=True))
                self.body.addLayout(pair)
            for note in answer.comparison.notes:
                self.body.addWidget(label("dim", note.say(language), wrap=True))
        self.body.addStretch(1)
