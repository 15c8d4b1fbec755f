"""The list of arrivals: who, when, and what people did with it. Nothing that a model found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from overread.viewer.panels.words import Text, Words, hbox, label, vbox
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """One study of the inbox. ``when`` is its date or time as text."""

    key: str
    name: Text
    when: str
    status: Literal["new", "judged", "saved"] = "new"


class InboxList(QWidget):
    """The list; ``activated`` when a study is chosen by click or Enter."""

    activated = Signal(str)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._look = look
        self._rows: tuple[ArrivalRow, ...] = ()
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hint = label("dim", wrap=True)
        self.hint.setContentsMargins(look.px(12), look.px(16), look.px(12), 0)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(self.hint, 1)
        column.addWidget(self.list, 1)
        words.set_text(self.hint.setText, "inbox-list.empty")
        self.list.itemClicked.connect(self._activate)
        self.list.itemActivated.connect(self._activate)
        words.bind(self._render)

    @property
    def count(self) -> int:
        """How many studies are listed."""
        return len(self._rows)

    def set_rows(self, rows: Sequence[ArrivalRow]) -> None:
        """Show these studies, in this order."""
        self._rows = tuple(rows)
        self._render()

    def _activate(self, item: QListWidgetItem) -> None:
        self.activated.emit(str(item.data(Qt.ItemDataRole.UserRole)))

    def _render(self) -> None:
        self.list.clear()
        self.list.setVisible(bool(self._rows))
        self.hint.setVisible(not self._rows)
        for row in self._rows:
            widget = self._row(row)
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, row.key)
            self.list.addItem(item)
            self.list.setItemWidget(item, widget)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give each row the height that its words need at this width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # The list itself is laid out after this widget; a scroll bar may come.
        width = self.width() - self.list.verticalScrollBar().sizeHint().width()
        for n in range(self.list.count()):
            item = self.list.item(n)
            high = self.list.itemWidget(item).heightForWidth(width)
            item.setSizeHint(QSize(0, max(self._look.px(52), high)))

    def _row(self, row: ArrivalRow) -> QWidget:
        made = QWidget()
        texts = vbox(made, self._look, (10, 6, 8, 6), 2)
        texts.addWidget(label("value", self._words.tell(row.name) or self._words.say("patient.no-name"), wrap=True))
        below = hbox(None, self._look, (0, 0, 0, 0), 8)
        below.addWidget(label("dim", row.when, wrap=True), 1)
        below.addWidget(label("dim", self._words.say(f"inbox-list.{row.status}")), 0, Qt.AlignmentFlag.AlignTop)
        texts.addLayout(below)
        return made
