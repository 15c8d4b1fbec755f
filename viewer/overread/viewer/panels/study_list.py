"""The series of the open study and of its priors, with pictures and geometry badges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from overread.viewer.panels.words import Text, Words, button, hbox, icon_label, label, vbox
from overread.viewer.style import Look

_KEY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series. ``badge`` is up to three words and ``badge_reason`` the sentence behind it; ``study`` is the
    heading of the study it belongs to; ``thumbnail`` is grey, uint8 [row, column]."""

    key: str
    title: Text
    subtitle: Text
    badge: Text | None = None
    badge_reason: Text | None = None
    is_prior: bool = False
    study: Text = ""
    thumbnail: NDArray[np.uint8] | None = None


class StudyList(QWidget):
    """The list. ``activated`` when a row is chosen by click or Enter, ``badge_clicked`` when its badge is."""

    activated = Signal(str)
    badge_clicked = Signal(str)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._look = look
        self._rows: tuple[SeriesRow, ...] = ()
        self._current: str | None = None
        self._compact = False
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.hint = label("dim", wrap=True)
        self.hint.setContentsMargins(look.px(12), look.px(16), look.px(12), 0)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(self.hint, 1)
        column.addWidget(self.list, 1)
        words.set_text(self.hint.setText, "study-list.empty")
        self.list.itemClicked.connect(self._activate)
        self.list.itemActivated.connect(self._activate)
        words.bind(self._render)

    def set_rows(self, rows: Sequence[SeriesRow]) -> None:
        """Show these series, in this order; a heading stands before each new study."""
        self._rows = tuple(rows)
        self._render()

    def set_current(self, key: str | None) -> None:
        """Mark the series that is in the active view."""
        self._current = key
        for index in range(self.list.count()):
            item = self.list.item(index)
            if key is not None and item.data(_KEY) == key:
                self.list.setCurrentItem(item)
                return
        self.list.setCurrentRow(-1)

    def set_compact(self, compact: bool) -> None:
        """Show thumbnails only (narrow windows)."""
        if compact != self._compact:
            self._compact = compact
            self._render()

    def _activate(self, item: QListWidgetItem) -> None:
        key = item.data(_KEY)
        if key:
            self._current = str(key)
            self.activated.emit(str(key))

    def _render(self) -> None:
        self.list.clear()
        self.list.setVisible(bool(self._rows))
        self.hint.setVisible(not self._rows and not self._compact)
        heading: tuple[bool, str] | None = None
        for row in self._rows:
            study = (row.is_prior, self._words.tell(row.study))
            if study != heading and not self._compact and (row.study or row.is_prior):
                self._add(self._heading(row), 36, None)
            heading = study
            self._add(self._row(row), 72, row.key)
        self.set_current(self._current)

    def _add(self, widget: QWidget, height: int, key: str | None) -> None:
        item = QListWidgetItem()
        item.setSizeHint(QSize(0, max(self._look.px(height), widget.sizeHint().height())))
        item.setData(_KEY, key)
        if key is None:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(item)
        self.list.setItemWidget(item, widget)

    def _heading(self, row: SeriesRow) -> QWidget:
        made = QWidget()
        layout = hbox(made, self._look, (10, 8, 8, 4), 8)
        if row.is_prior:
            layout.addWidget(label("prior", self._words.say("study-list.prior")))
        layout.addWidget(label("dim", self._words.tell(row.study), wrap=True), 1)
        return made

    def _row(self, row: SeriesRow) -> QWidget:
        made = QWidget()
        layout: QHBoxLayout = hbox(made, self._look, (8, 4, 6, 4), 12)
        picture = self._picture(row)
        layout.addWidget(picture)
        if self._compact:
            if row.is_prior:
                mark = label("prior", self._words.say("study-list.prior"))
                mark.setStyleSheet(f"background: {self._look.colours['panel']};")
                mark.setParent(picture)
                mark.move(0, picture.height() - mark.sizeHint().height())
            if row.badge is not None:
                sign = icon_label(self._look, "warning", "warning")
                sign.setStyleSheet(f"background: {self._look.colours['panel']};")
                sign.setParent(picture)
            told = (row.study if row.is_prior else "", row.title, row.subtitle, row.badge or "")
            made.setToolTip("\n".join(self._words.tell(each) for each in told if each))
            return made
        texts: QVBoxLayout = vbox(None, self._look, (0, 0, 0, 0), 1)
        title = label("value", self._words.tell(row.title), wrap=True)
        texts.addStretch(1)
        texts.addWidget(title)
        texts.addWidget(label("dim", self._words.tell(row.subtitle), wrap=True))
        if row.badge is not None:
            texts.addWidget(self._badge(row, row.badge))
        texts.addStretch(1)
        layout.addLayout(texts, 1)
        return made

    def _badge(self, row: SeriesRow, words: Text) -> QWidget:
        badge = button(self._words, "", "badge")
        badge.setText(self._words.tell(words))
        badge.setIcon(self._look.icon("warning", "warning"))
        badge.setIconSize(QSize(self._look.px(14), self._look.px(14)))
        badge.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        badge.setToolTip(self._words.tell(row.badge_reason) if row.badge_reason is not None else "")
        badge.clicked.connect(lambda: self.badge_clicked.emit(row.key))
        return badge

    def _picture(self, row: SeriesRow) -> QLabel:
        made = QLabel()
        side = self._look.px(56)
        made.setFixedSize(side, side)
        made.setAlignment(Qt.AlignmentFlag.AlignCenter)
        if row.thumbnail is None:
            made.setPixmap(self._look.pixmap("series", "faint", 20, made.devicePixelRatioF()))
        else:
            made.setPixmap(_grey_pixmap(row.thumbnail, side, made.devicePixelRatioF()))
        return made


def _grey_pixmap(grey: NDArray[np.uint8], side: int, ratio: float) -> QPixmap:
    """uint8 [row, column] as a picture that fits a square of ``side`` points."""
    pixels = np.ascontiguousarray(grey, dtype=np.uint8)
    rows, columns = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
    wanted = round(side * ratio)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    made = QPixmap.fromImage(image.scaled(wanted, wanted, keep, smooth))
    made.setDevicePixelRatio(ratio)
    return made
