"""The 3D view: shows pictures of the render thread, turns them with the mouse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from overread.viewer.canvas.slice_view import CLICK_POINTS, ViewServices
from overread.viewer.render.camera import Look
from overread.viewer.render.palette import colour
from overread.viewer.render.volume3d import Frame, RenderThread, Request
from overread.viewer.render.volume_painter import VolumePainter
from overread.viewer.state.views import ViewState

REST_MS = 250
"""After this long without a move the fine picture is drawn."""
DEGREES_PER_POINT = 0.5
ZOOM_RANGE = (0.4, 8.0)


class VolumeView(QWidget):
    """Volume rendering of the shown series."""

    pressed = Signal()
    doubled = Signal()
    hovered = Signal(object)
    why_clicked = Signal(object)
    context_asked = Signal(object)
    mark_clicked = Signal(str)

    def __init__(self, view: ViewState, services: ViewServices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._services = services
        workspace = services.workspace
        self._painter = VolumePainter(services.words, workspace.overlays, workspace.marks, services.findings)
        self._look = Look(preset=view.volume_preset.value)
        self._frame: Frame | None = None
        self._active = False
        self._start = self._last = QPointF()
        self._thread: RenderThread | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(lambda: self._ask(coarse=False))
        self.setObjectName("view-3d")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._stops: list[Callable[[], None]] = [
            services.words.current.watch(lambda _value: self.update()),
            workspace.overlays.shown.watch(lambda _value: self.update()),
            workspace.overlays.held_hidden.watch(lambda _value: self.update()),
            workspace.overlays.patient_hidden.watch(lambda _value: self.update()),
            workspace.marks.selected.watch(lambda _value: self.follow()),
            workspace.marks.rejected_shown.watch(lambda _value: self.follow()),
            view.volume_preset.watch(lambda preset: self._turn(replace(self._look, preset=preset))),
        ]
        state = view.volume.value
        if state is not None:
            self._stops.append(state.revision.watch(lambda _value: self._begin()))
            self._begin()

    def _begin(self) -> None:
        """Start drawing once every slice is there."""
        state = self.view.volume.value
        if self._thread is not None or state is None or not state.complete or not state.has_planes:
            return
        self._thread = RenderThread(state.volume)
        self._thread.drawn.connect(self._drawn)
        self._thread.start()
        self._ask(coarse=True)
        self._rest.start()

    def release_state(self) -> None:
        """End the thread and the watches; call before the view is thrown away."""
        self._rest.stop()
        for stop in self._stops:
            stop()
        self._stops.clear()
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def set_active(self, active: bool) -> None:
        """Show or hide the frame of the view that has the keys."""
        self._active = active
        self.update()

    def set_look(self, look: Look) -> None:
        """Look from elsewhere."""
        self._turn(look)

    @property
    def look(self) -> Look:
        """From where and how the volume is seen."""
        return self._look

    @property
    def frame(self) -> Frame | None:
        """The newest frame."""
        return self._frame

    def follow(self) -> None:
        """The findings may have changed: draw their surfaces anew, and the volume as it stands."""
        state, frame = self.view.volume.value, self._frame
        if state is not None and frame is not None and frame.request.surfaces != self._painter.surfaces(state):
            self._ask(coarse=self._rest.isActive())
        self.update()

    def _turn(self, look: Look) -> None:
        self._look = look
        self._ask(coarse=True)
        self._rest.start()

    def _ask(self, *, coarse: bool) -> None:
        state = self.view.volume.value
        if self._thread is not None and state is not None:
            ratio = self.devicePixelRatioF()
            wide, high = max(16, round(self.width() * ratio)), max(16, round(self.height() * ratio))
            self._thread.ask(Request(self._look, wide, high, coarse, self._painter.surfaces(state)))

    def _drawn(self, frame: Frame) -> None:
        self._frame = frame
        # A finding may have been judged while it was drawn.
        self.follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again in the new size."""
        self._turn(self._look)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The newest frame and what is said about it."""
        painter = QPainter(self)
        try:
            self._painter.text_scale = self._services.text_scale.value
            area = QRectF(self.rect())
            self._painter.paint(painter, area, self.view.volume.value, self._look, self._frame)
            if self._active:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(colour("accent"), 2))
                painter.drawRect(area.adjusted(1, 1, -1, -1))
        finally:
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn."""
        self.pressed.emit()
        self._start = self._last = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A short right click asks for the menu; a short left one on a finding chooses it."""
        at = event.position()
        moved = at - self._start
        if math.hypot(moved.x(), moved.y()) >= CLICK_POINTS:
            return
        if event.button() == Qt.MouseButton.RightButton:
            self.context_asked.emit(event.globalPosition().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton and self.mark_at(at.x(), at.y()):
            self.mark_clicked.emit(self.mark_at(at.x(), at.y()))

    def mark_at(self, x: float, y: float) -> str:
        """The finding that is drawn under a point; empty when there is none."""
        return next((uid for uid, area in reversed(self._painter.areas) if area.contains(x, y)), "")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Left turns, right enlarges."""
        step = event.position() - self._last
        self._last = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton:
            tip = max(-89.0, min(89.0, self._look.elevation + step.y() * DEGREES_PER_POINT))
            self._turn(replace(self._look, azimuth=self._look.azimuth - step.x() * DEGREES_PER_POINT, elevation=tip))
        elif event.buttons() & Qt.MouseButton.RightButton:
            self._enlarge(1 - step.y() / 200)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """This view alone, and back; of another button it is a press soon after the last one."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.doubled.emit()
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Enlarge."""
        self._enlarge(1.1 ** (event.angleDelta().y() / 120))
        event.accept()

    def _enlarge(self, factor: float) -> None:
        low, high = ZOOM_RANGE
        self._turn(replace(self._look, zoom=max(low, min(high, self._look.zoom * factor))))
