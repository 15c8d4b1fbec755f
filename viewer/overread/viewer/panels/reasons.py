"""Why a series has a badge: the sentences of its geometry verdict, and what may still be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from overread.viewer.panels.words import Text, Words, button, clear, hbox, icon_label, label, panel_head, vbox
from overread.viewer.style import Look


class WhyPanel(QFrame):
    """A series' name and one sentence per reason, with the triangle before each."""

    closed = Signal()

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words, self._look = words, look
        self._series: Text = ""
        self._reasons: tuple[Text, ...] = ()
        self._may: tuple[tuple[bool, Text], ...] = ()
        head, _ = panel_head(words, look, "why.title")
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(head)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        body = QWidget()
        scroll.setWidget(body)
        column.addWidget(scroll, 1)
        self._body: QVBoxLayout = vbox(body, look, (16, 16, 16, 16), 12)
        foot = vbox(None, look, (16, 8, 16, 16), 0)
        self.close_button = button(words, "why.close")
        self.close_button.clicked.connect(self.closed)
        foot.addWidget(self.close_button)
        column.addLayout(foot)
        words.bind(self._render)

    def show_reasons(self, series: Text, reasons: Sequence[Text], may: Sequence[tuple[bool, Text]] = ()) -> None:
        """Show why; ``may`` says what is allowed (True) or not with this series."""
        self._series, self._reasons, self._may = series, tuple(reasons), tuple(may)
        self._render()

    def _render(self) -> None:
        clear(self._body)
        self._body.addWidget(label("title", self._words.tell(self._series), wrap=True))
        for reason in self._reasons:
            self._add("warning", "warning", reason)
        for allowed, text in self._may:
            self._add("done" if allowed else "close", "dim", text)
        self._body.addStretch(1)

    def _add(self, icon: str, token: str, text: Text) -> None:
        row = hbox(None, self._look, (0, 0, 0, 0), 10)
        row.addWidget(icon_label(self._look, icon, token), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label("", self._words.tell(text), wrap=True), 1)
        self._body.addLayout(row)
