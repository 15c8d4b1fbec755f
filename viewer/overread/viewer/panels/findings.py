"""The right panel once marks may be seen: the list of findings, the detail of the selected one, measurements."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QWidget

from overread.viewer.commands import CommandRegistry
from overread.viewer.panels.finding_detail import FindingDetailPart
from overread.viewer.panels.finding_list import ROW, FindingList
from overread.viewer.panels.own_read import MeasurementRow, measurement_line
from overread.viewer.panels.words import Text, Words, clear, command_button, hbox, icon_label, label, panel_head, vbox
from overread.viewer.presenters.findings import FindingDetail, FindingGroup
from overread.viewer.style import Look

LEAST_ROWS = 6
"""The list never shows fewer lines than this while there are more: a heading and five findings."""
HEAD = 40
BESIDE_SHARES = (5, 6, 4)
"""Widths of list, detail and measurements where the panels lie below the images."""


class FindingsPanel(QFrame):
    """Everything in it is told by ``show_…`` and ``set_…``; it decides nothing."""

    chosen = Signal(str)
    fold_clicked = Signal(str)
    go_to = Signal(str)
    delete = Signal(str)

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("findings-panel")
        self._words, self._look = words, look
        self._beside = False
        self._measurements: tuple[MeasurementRow, ...] = ()
        self._columns = vbox(self, look, (0, 0, 0, 0), 0)
        self._make_list()
        self._divider = QFrame()
        self._divider.setProperty("line", True)
        self._divider.setFixedWidth(1)
        self._divider.hide()
        self._columns.addWidget(self._divider)
        self.detail = FindingDetailPart(words, look, registry)
        self._columns.addWidget(self.detail, BESIDE_SHARES[1])
        self._rest = QFrame()
        self._rest_column = vbox(self._rest, look, (0, 0, 0, 0), 0)
        self._rest_column.addStretch(1)
        foot = vbox(None, look, (16, 8, 16, 8), 8)
        self.save_words = label("dim", wrap=True)
        if "findings.save" in registry:
            foot.addWidget(command_button(words, registry, "findings.save", "findings.save"))
            foot.addWidget(self.save_words)
        self._rest_column.addLayout(foot)
        self._rest.setProperty("side", "right")
        self._columns.addWidget(self._rest, BESIDE_SHARES[2])
        self.list.chosen.connect(self.chosen)
        self.list.fold_clicked.connect(self.fold_clicked)
        self.detail.show_detail(None)
        words.bind(self._show_measurements)

    def _make_list(self) -> None:
        look = self._look
        self._upper = QWidget()
        upper = vbox(self._upper, look, (0, 0, 0, 0), 0)
        head, self.aside = panel_head(self._words, look, "findings.title")
        upper.addWidget(head)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner = QWidget()
        self._scroll.setWidget(self._inner)
        upper.addWidget(self._scroll, 1)
        self._content = vbox(self._inner, look, (0, 0, 0, 8), 8)
        self.loading = label("dim", wrap=True)
        self.loading.setContentsMargins(look.px(16), look.px(8), look.px(16), 0)
        self.loading.hide()
        self._content.addWidget(self.loading)
        self.list = FindingList(look)
        self._content.addWidget(self.list)
        self._notes = vbox(None, look, (16, 0, 16, 0), 6)
        self._content.addLayout(self._notes)
        self._own = QWidget()
        self._own_rows = vbox(self._own, look, (0, 0, 0, 0), 2)
        self._content.addWidget(self._own)
        self._content.addStretch(1)
        self._columns.addWidget(self._upper, BESIDE_SHARES[0])

    def set_columns(self, beside: bool) -> None:
        """List, detail and measurements beside each other (panels below the images), or below each other."""
        self._beside = beside
        self._columns.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        self._rest.setVisible(beside)
        self._divider.setVisible(beside)
        home = self._rest_column if beside else self._content
        home.insertWidget(0 if beside else home.count() - 1, self._own)
        self._show_measurements()

    def show_findings(self, groups: Sequence[FindingGroup], head: str, notes: Sequence[str], selected: str) -> None:
        """Show the list, how many are not judged, and what a list does not say."""
        self.aside.setText(head)
        self.list.show_groups(groups, selected)
        self.list.setVisible(bool(groups))
        clear(self._notes)
        for text in notes:
            row = hbox(None, self._look, (0, 4, 0, 0), 10)
            row.addWidget(icon_label(self._look, "note"), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label("dim", text, wrap=True), 1)
            self._notes.addLayout(row)
        self._fit()

    def show_detail(self, detail: FindingDetail | None) -> None:
        """Show the selected finding, or none; its line comes into sight."""
        self.detail.show_detail(detail)
        self.list.select("" if detail is None else detail.uid)
        self._fit()
        # After the layout has settled: only then is known where the line lies.
        QTimer.singleShot(0, self, self._follow)

    def _follow(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            place = self.list.visualItemRect(item)
            middle = self.list.mapTo(self._inner, place.center())
            self._scroll.ensureVisible(0, middle.y(), 0, self._look.px(ROW))

    def set_save_words(self, text: str) -> None:
        """Say what a save would write; shown where there is room for its button."""
        self.save_words.setText(text)

    def set_measurements(self, rows: Sequence[MeasurementRow]) -> None:
        """Show the measurements."""
        self._measurements = tuple(rows)
        self._show_measurements()

    def set_loading(self, text: Text | None) -> None:
        """Say what is being loaded, or nothing."""
        self.loading.setText("" if text is None else self._words.tell(text))
        self.loading.setVisible(text is not None)

    def _show_measurements(self) -> None:
        clear(self._own_rows)
        if self._measurements or self._beside:
            title = label("group", self._words.say("findings.measurements"))
            title.setContentsMargins(self._look.px(16), self._look.px(8), 0, 0)
            self._own_rows.addWidget(title)
        for row in self._measurements:
            self._own_rows.addWidget(
                measurement_line(self._words, self._look, row, self.go_to.emit, self.delete.emit)
            )
        if self._beside and not self._measurements:
            none = label("dim", self._words.say("own-read.no-measurements"), wrap=True)
            none.setContentsMargins(self._look.px(16), self._look.px(4), self._look.px(16), 0)
            self._own_rows.addWidget(none)
        self._own.setVisible(bool(self._measurements) or self._beside)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The list gives way to the detail, down to a few lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._beside or self.detail.isHidden():
            self._upper.setMinimumHeight(0)
            self._upper.setMaximumHeight(16_777_215)
            return
        px = self._look.px
        wide = self.width()
        content = self._content
        whole = content.heightForWidth(wide) if content.hasHeightForWidth() else content.sizeHint().height()
        wanted = px(HEAD) + whole
        least = min(wanted, px(HEAD + LEAST_ROWS * ROW))
        room = self.height() - self.detail.wanted_height(wide)
        self._upper.setFixedHeight(max(least, min(wanted, room)))
