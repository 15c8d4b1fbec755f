"""What the pages of the right panel share: a head, a body that scrolls, and a foot."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from overread.viewer.panels.words import Words, button, panel_head, vbox
from overread.viewer.style import Look


class Page(QFrame):
    """A page: ``body`` takes widgets, ``foot`` what never scrolls away; ``closed`` when Back is pressed."""

    closed = Signal()

    def __init__(self, words: Words, look: Look, title_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words, self.look = words, look
        head, self.aside = panel_head(words, look, title_id)
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(head)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        # As wide as the page, whatever stands in it: there is no scrolling sideways, so more would be cut off.
        inner.setMinimumWidth(1)
        scroll.setWidget(inner)
        column.addWidget(scroll, 1)
        self.body: QVBoxLayout = vbox(inner, look, (16, 16, 16, 16), 8)
        self.foot: QVBoxLayout = vbox(None, look, (16, 8, 16, 16), 8)
        column.addLayout(self.foot)

    def add_close(self, text_id: str) -> None:
        """A button at the foot that goes back."""
        close = button(self.words, text_id)
        close.clicked.connect(self.closed)
        self.foot.addWidget(close)

    def part(self) -> QHBoxLayout:
        """An empty row in the body."""
        row = QHBoxLayout()
        row.setSpacing(self.look.px(8))
        self.body.addLayout(row)
        return row
