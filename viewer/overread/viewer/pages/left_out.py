"""The files that were left out when a folder was opened, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Text, Words, clear, label, vbox
from overread.viewer.style import Look

MOST_ROWS = 500
"""More rows would keep the window busy; how many more there are is said."""


class LeftOutPage(Page):
    """One line per file: its name, and a sentence that says why."""

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "left-out.title", parent)
        self._rows: tuple[tuple[str, Text], ...] = ()
        self._content = vbox(None, look, (0, 0, 0, 0), 12)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        self.add_close("left-out.close")
        words.bind(self._render)

    def set_rows(self, rows: Sequence[tuple[str, Text]]) -> None:
        """Show these files (name, reason)."""
        self._rows = tuple(rows)
        self._render()

    def _render(self) -> None:
        clear(self._content)
        self.aside.setText(self.words.say("left-out.count", n=len(self._rows)))
        for name, why in self._rows[:MOST_ROWS]:
            row = vbox(None, self.look, (0, 0, 0, 0), 2)
            row.addWidget(label("value", name, wrap=True))
            row.addWidget(label("dim", self.words.tell(why), wrap=True))
            self._content.addLayout(row)
        more = len(self._rows) - MOST_ROWS
        if more > 0:
            self._content.addWidget(label("dim", self.words.say("left-out.more", n=more)))
