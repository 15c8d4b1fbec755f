"""The card of a model: what it is for, its limits, what was measured, its licence, and exactly which one it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Text, Words, button, clear, label, line, vbox
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class CardText:
    """A card in words. ``rows``: heading and its lines, in the order in which they stand."""

    key: str
    title: Text
    name: str
    purpose: Text
    rows: tuple[tuple[Text, tuple[Text, ...]], ...]
    runs: bool
    """True when it may run on the series in hand; ``run_words`` is what the button then says."""
    run_words: Text = ""


class CardPage(Page):
    """One card; ``run_asked`` with its key: an explicit wish, also when the model has read the series before."""

    run_asked = Signal(str)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "card-page.title", parent)
        self.setObjectName("card-page")
        # The page itself takes the keys, so that Enter runs nothing before somebody went to the button.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._card: CardText | None = None
        self._content = vbox(None, look, (0, 0, 0, 0), 10)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        self.run = button(words, "")
        self.run.clicked.connect(self._run)
        self.foot.addWidget(self.run)
        self.add_close("models-page.back")
        words.bind(self._render)

    def show_card(self, card: CardText) -> None:
        """Show a card."""
        self._card = card
        self._render()

    def _run(self) -> None:
        if self._card is not None:
            self.run_asked.emit(self._card.key)

    def _render(self) -> None:
        clear(self._content)
        card = self._card
        if card is None:
            return
        self._content.addWidget(label("title", self.words.tell(card.title), wrap=True))
        self._content.addWidget(label("dim", card.name))
        self._content.addWidget(label("", self.words.tell(card.purpose), wrap=True))
        self._content.addWidget(line())
        self._content.addLayout(self._grid(card.rows))
        self.run.setVisible(card.runs)
        self.run.setText(self.words.tell(card.run_words))

    def _grid(self, rows: Sequence[tuple[Text, tuple[Text, ...]]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnMinimumWidth(0, self.look.px(84))
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(self.look.px(12))
        grid.setVerticalSpacing(self.look.px(8))
        for number, (heading, lines) in enumerate(rows):
            grid.addWidget(label("dim", self.words.tell(heading)), number, 0, Qt.AlignmentFlag.AlignTop)
            texts = QWidget()
            column = vbox(texts, self.look, (0, 0, 0, 0), 4)
            for one in lines:
                shown = label("", _breakable(self.words.tell(one)), wrap=True)
                column.addWidget(shown)
            grid.addWidget(texts, number, 1)
        return grid


def _breakable(text: str) -> str:
    """A text whose long words may be broken: a digest has no space (U+200B every 16 characters)."""
    return " ".join(
        "\N{ZERO WIDTH SPACE}".join(word[n : n + 16] for n in range(0, len(word), 16)) if len(word) > 32 else word
        for word in text.split(" ")
    )
