"""The row of options below the tools, shown while the tool in hand has any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from overread.viewer.panels.words import Text, Words, button, clear, hbox, label
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class Option:
    """One choice, e.g. a window preset, with the key that gives it too."""

    key: str
    text: Text
    shortcut: str = ""


class ToolOptions(QFrame):
    """A heading and choices; hidden when there are none."""

    chosen = Signal(str)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "below")
        self.setFixedHeight(look.px(40))
        self._words = words
        self._title: Text = ""
        self._options: tuple[Option, ...] = ()
        self._row = hbox(self, look, (12, 0, 12, 0), 8)
        words.bind(self._render)

    def set_options(self, title: Text, options: Sequence[Option]) -> None:
        """Show these choices under a heading; none hides the row."""
        self._title, self._options = title, tuple(options)
        self._render()

    def _render(self) -> None:
        clear(self._row)
        self.setVisible(bool(self._options))
        self._row.addWidget(label("dim", self._words.tell(self._title)))
        for option in self._options:
            made = button(self._words, "", "small")
            tail = f"  {option.shortcut}" if option.shortcut else ""
            made.setText(self._words.tell(option.text) + tail)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(lambda _=False, key=option.key: self.chosen.emit(key))
            self._row.addWidget(made)
        self._row.addStretch(1)
