"""The colour bar of the heatmap, over the large view: its name, its numbers, its threshold and opacity."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from overread.core.text import number
from overread.viewer.canvas.area import ViewArea
from overread.viewer.render.heatmap import colours
from overread.viewer.render.overlays import PLATE, image_font, plate_text
from overread.viewer.render.palette import colour
from overread.viewer.render.slice_painter import FAMILIES
from overread.viewer.state.language import Words
from overread.viewer.state.marks import HEAT_LEAST, HEAT_MOST, HEAT_TOP
from overread.viewer.state.views import Workspace

WIDTH, HEIGHT = 104, 300
LEAST_HEIGHT = 220
"""Lower than this the numbers would stand on one another; in a smaller view the bar is left out."""
TOP, BELOW = 34.0, 62.0
BAR = 10.0
FROM_RIGHT, FROM_TOP = 18, 96
"""Beside the rail, below the corner text."""
LEAST_OPACITY, MOST_OPACITY = 0.1, 0.9
STEP = 0.05


class HeatBar(QWidget):
    """Drag on the bar: threshold. Drag on the line below, or turn the wheel: opacity."""

    def __init__(self, area: ViewArea, workspace: Workspace, words: Words) -> None:
        super().__init__(area)
        self._area, self._workspace, self._words = area, workspace, words
        self._drags = ""
        self.setObjectName("heat-bar")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        marks, overlays = workspace.marks, workspace.overlays
        for shown in (overlays.heatmap, overlays.shown, overlays.held_hidden):
            shown.watch(lambda _value: self.place())
        marks.heat.watch(lambda _value: self.place())
        workspace.views.watch(lambda _value: self.place())
        workspace.alone.watch(lambda _value: self.place())
        for drawn in (marks.heat_threshold, marks.heat_opacity):
            drawn.watch(lambda _value: self.update())
        words.current.watch(lambda _value: self.update())
        area.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when the area changes its size."""
        if watched is self._area and event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def place(self) -> None:
        """Stand at the right of the large view (of the one view that is alone), or nowhere."""
        workspace, overlays, views = self._workspace, self._workspace.overlays, self._area.views
        wanted = overlays.heatmap.value and overlays.shown.value and not overlays.held_hidden.value
        if not wanted or workspace.marks.heat.value is None or not views:
            self.hide()
            return
        view = views[workspace.active.value if workspace.alone.value else 0].geometry()
        high = min(HEIGHT, view.height() - 2 * FROM_TOP)
        self.setGeometry(view.right() - WIDTH - FROM_RIGHT, view.top() + FROM_TOP, WIDTH, max(1, high))
        self.setVisible(high >= LEAST_HEIGHT)
        self.raise_()

    def _bar(self) -> QRectF:
        return QRectF(self.width() - BAR - 12, TOP, BAR, self.height() - TOP - BELOW)

    def bar_ends(self) -> tuple[float, float]:
        """Top (1.00) and bottom (the lowest threshold) of the bar, in points of the widget."""
        return self._bar().top(), self._bar().bottom()

    def _y_of(self, value: float) -> float:
        bar = self._bar()
        return bar.bottom() - (value - HEAT_LEAST) / (1 - HEAT_LEAST) * bar.height()

    def _opacity_line(self) -> QRectF:
        return QRectF(10, self.height() - 12, self.width() - 20, 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Name, bar with numbers, threshold, opacity."""
        heat, marks = self._workspace.marks.heat.value, self._workspace.marks
        if heat is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(image_font(FAMILIES))
        plate_text(painter, self.width() - 8, 6, self._words(heat.name), right=True)
        threshold, bar = marks.heat_threshold.value, self._bar()
        painter.fillRect(bar.adjusted(-6, -6, 14, 6), colour("shadow", PLATE))
        painter.setPen(QPen(colour("edge"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        ramp = QLinearGradient(0, bar.bottom(), 0, bar.top())
        for step in range(11):
            share = HEAT_LEAST + (1 - HEAT_LEAST) * step / 10
            ramp.setColorAt(step / 10, _opaque(int(colours()[round(share * HEAT_TOP)])))
        y = self._y_of(threshold)
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width(), y - bar.top()), QBrush(ramp))
        self._numbers(painter, bar, threshold)
        self._words_below(painter, threshold, marks.heat_opacity.value)
        painter.end()

    def _numbers(self, painter: QPainter, bar: QRectF, threshold: float) -> None:
        shown = [1.0, threshold]
        if 1 - threshold > 0.3:
            shown.append((1 + threshold) / 2)
        for value in shown:
            y = self._y_of(value)
            plate_text(painter, bar.left() - 16, y - 7, number(value, 2), right=True)
            painter.drawLine(QPointF(bar.left() - 6, y), QPointF(bar.left(), y))
        y = self._y_of(threshold)
        left = bar.right() + 1
        painter.setBrush(colour("bright"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([QPointF(left, y), QPointF(left + 8, y - 5), QPointF(left + 8, y + 5)]))

    def _words_below(self, painter: QPainter, threshold: float, opacity: float) -> None:
        low = self.height() - BELOW + 8
        right, per_cent = self.width() - 8, round(opacity * 100)
        plate_text(painter, right, low, self._words("asking.threshold", value=number(threshold, 2)), right=True)
        plate_text(painter, right, low + 18, self._words("asking.opacity", n=per_cent), right=True)
        line = self._opacity_line()
        painter.fillRect(line.adjusted(-8, -5, 8, 5), colour("shadow", PLATE))
        painter.fillRect(line, colour("edge"))
        share = (opacity - LEAST_OPACITY) / (MOST_OPACITY - LEAST_OPACITY)
        painter.setBrush(colour("bright"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(line.left() + share * line.width(), line.center().y()), 5, 5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the bar or the line in hand."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drags = "opacity" if event.position().y() > self._opacity_line().top() - 8 else "threshold"
            self._drag(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is in hand."""
        if self._drags:
            self._drag(event.position())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._drags = ""

    def _drag(self, at: QPointF) -> None:
        marks = self._workspace.marks
        if self._drags == "threshold":
            bar = self._bar()
            value = HEAT_LEAST + (bar.bottom() - at.y()) / bar.height() * (1 - HEAT_LEAST)
            marks.heat_threshold.set(round(min(HEAT_MOST, max(HEAT_LEAST, value)), 2))
        else:
            line = self._opacity_line()
            share = (at.x() - line.left()) / line.width()
            self._set_opacity(LEAST_OPACITY + share * (MOST_OPACITY - LEAST_OPACITY))

    def _set_opacity(self, value: float) -> None:
        self._workspace.marks.heat_opacity.set(round(min(MOST_OPACITY, max(LEAST_OPACITY, value)), 2))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The opacity, not the images under the bar."""
        turned = event.angleDelta().y()
        if turned:
            self._set_opacity(self._workspace.marks.heat_opacity.value + (STEP if turned > 0 else -STEP))
        event.accept()


def _opaque(argb: int) -> QColor:
    return QColor(argb & 0xFFFFFF)
