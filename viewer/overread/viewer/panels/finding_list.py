"""The list of findings: headings, one line per finding, and what is folded. Words come ready from a presenter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QIcon, QPainter, QPen
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from overread.core.finding import State
from overread.viewer.presenters.findings import FindingGroup, FindingRow
from overread.viewer.render.palette import colour
from overread.viewer.style import Look, font

ROW, ALSO, SCORE_WIDTH, GAP = 28, 16, 46, 6
_DATA = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
Line = FindingGroup | FindingRow | str
"""A heading, a finding, or (text) the words of a fold."""


class FindingList(QListWidget):
    """As high as its lines: what is around it scrolls. It has the keys only when somebody tabs into it."""

    chosen = Signal(str)
    fold_clicked = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._told = False
        self.setObjectName("finding-list")
        self.setItemDelegate(_Lines(look, self))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.currentItemChanged.connect(self._turned)
        self.itemClicked.connect(self._clicked)

    def show_groups(self, groups: Sequence[FindingGroup], selected: str) -> None:
        """Show these lines; the one of ``selected`` is marked."""
        self._told = True
        self.clear()
        for group in groups:
            self._add(group, Qt.ItemFlag.NoItemFlags, group.title)
            for row in group.rows:
                self._add(row, Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable, _spoken(row), row.hint)
            if group.fold:
                self._add(group.fold, Qt.ItemFlag.ItemIsEnabled, group.fold, key=group.key)
        self._told = False
        self.select(selected)
        self.setFixedHeight(sum(self.sizeHintForRow(n) for n in range(self.count())))

    def _add(self, line: Line, flags: Qt.ItemFlag, spoken: str, hint: str = "", key: str = "") -> None:
        item = QListWidgetItem()
        item.setData(_DATA, line)
        item.setData(_DATA + 1, key)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
        item.setToolTip(hint)
        item.setFlags(flags)
        self.addItem(item)

    def select(self, uid: str) -> None:
        """Mark the line of a finding without telling anybody."""
        self._told = True
        item = self._item(uid)
        self.setCurrentRow(-1 if item is None else self.row(item))
        self._told = False

    def _item(self, uid: str) -> QListWidgetItem | None:
        for n in range(self.count()):
            line = self.item(n).data(_DATA)
            if isinstance(line, FindingRow) and line.uid == uid:
                return self.item(n)
        return None

    def place_of(self, uid: str) -> QRect:
        """Where the line of a finding is, in the list; empty when there is none."""
        item = self._item(uid)
        return QRect() if item is None else self.visualItemRect(item)

    def _turned(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        line = None if item is None else item.data(_DATA)
        if not self._told and isinstance(line, FindingRow):
            self.chosen.emit(line.uid)

    def _clicked(self, item: QListWidgetItem) -> None:
        line = item.data(_DATA)
        if isinstance(line, FindingRow):
            self.chosen.emit(line.uid)
        elif isinstance(line, str):
            self.fold_clicked.emit(item.data(_DATA + 1))


def _spoken(row: FindingRow) -> str:
    return ", ".join(part for part in (row.tag, row.what, row.size, row.score, row.also) if part)


class _Lines(QStyledItemDelegate):
    """Paints the lines: a list of a hundred findings then costs nothing while nothing changes."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._icons: dict[State, QIcon] = {}
        percent = look.percent
        self._body, self._value = font(percent, 13), font(percent, 13, QFont.Weight.Medium)
        self._strong = font(percent, 13, QFont.Weight.DemiBold)
        self._small, self._group = font(percent, 12), font(percent, 12, QFont.Weight.Medium)

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        """The height of a line."""
        line = index.data(_DATA)
        more = ALSO if isinstance(line, FindingRow) and line.also else 0
        return QSize(0, self._look.px(ROW + more))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One line."""
        line, area = index.data(_DATA), option.rect
        painter.save()
        if isinstance(line, FindingGroup):
            self._heading(painter, area, line)
        elif isinstance(line, FindingRow):
            self._row(painter, area, line, option.state)
        else:
            painter.setFont(self._small)
            painter.setPen(colour("dim"))
            inner = area.adjusted(self._look.px(42), 0, -self._look.px(16), 0)
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, str(line))
        painter.restore()

    def _heading(self, painter: QPainter, area: QRect, group: FindingGroup) -> None:
        px = self._look.px
        if area.top() > 0:
            painter.fillRect(QRect(area.left() + px(16), area.top(), area.width() - px(32), 1), colour("line"))
        inner = area.adjusted(px(16), 0, -px(16), 0)
        painter.setPen(colour("dim"))
        painter.setFont(self._small)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, group.aside)
        painter.setFont(self._group)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, group.title)

    def _row(self, painter: QPainter, area: QRect, row: FindingRow, state: QStyle.StateFlag) -> None:
        px = self._look.px
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, colour("raised"))
        if chosen:
            painter.fillRect(QRect(area.left(), area.top(), px(2), area.height()), colour("accent"))
        line = QRect(area.left(), area.top(), area.width(), px(ROW))
        side = px(16)
        icon = QRect(line.left() + px(15), line.top() + (line.height() - side) // 2, side, side)
        self._icon(row.state).paint(painter, icon)
        rejected = row.state is State.REJECTED
        text = colour("dim" if rejected else "bright" if chosen else "text")
        score = QRect(line.right() - px(16 + SCORE_WIDTH), line.top(), px(SCORE_WIDTH), line.height())
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setFont(self._small)
        painter.setPen(colour("dim"))
        painter.drawText(score, right, row.score)
        painter.setFont(self._value)
        painter.setPen(text)
        room = QRect(line.left() + px(60), line.top(), self.room(line.width(), row), line.height())
        at = room.right() + 1 + px(GAP)
        painter.drawText(QRect(at, line.top(), score.left() - px(GAP) - at, line.height()), right, row.size)
        painter.setFont(self._strong)
        painter.drawText(
            QRect(line.left() + px(34), line.top(), px(22), line.height()),
            Qt.AlignmentFlag.AlignCenter, row.tag,
        )  # fmt: skip
        self._what(painter, room, row)
        if row.also:
            painter.setFont(self._small)
            painter.setPen(colour("dim"))
            below = QRect(line.left() + px(60), line.bottom() - px(4), line.width() - px(76), px(ALSO))
            painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, row.also)

    def room(self, width: int, row: FindingRow) -> int:
        """How much of a line of a width place and kind may take, between the number and the size."""
        size = QFontMetrics(self._value).horizontalAdvance(row.size)
        return width - self._look.px(60 + 2 * GAP + SCORE_WIDTH + 16) - size

    def _what(self, painter: QPainter, room: QRect, row: FindingRow) -> None:
        """Place and kind; only the place may be cut. A rejected one is struck through."""
        painter.setFont(self._body)
        metrics = QFontMetrics(self._body)
        left = room.width() - metrics.horizontalAdvance(row.kind)
        shown = metrics.elidedText(row.place, Qt.TextElideMode.ElideRight, left) + row.kind
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
        if row.state is State.REJECTED:
            middle = room.top() + room.height() / 2 + 0.5
            painter.setPen(QPen(colour("dim"), 1))
            end = room.left() + metrics.horizontalAdvance(shown)
            painter.drawLine(QPointF(room.left(), middle), QPointF(end, middle))

    def _icon(self, state: State) -> QIcon:
        if state not in self._icons:
            self._icons[state] = self._look.icon(f"state-{state}", f"state.{state}")
        return self._icons[state]
