"""The 3D view: shows pictures of the render thread, turns them with the mouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from overread.viewer.canvas.slice_view import ViewServices
from overread.viewer.render import overlays
from overread.viewer.render.axes import axis_cross
from overread.viewer.render.overlays import CornerText
from overread.viewer.render.palette import colour
from overread.viewer.render.slice_painter import FAMILIES
from overread.viewer.render.volume3d import Look, RenderThread, Request
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

    def __init__(self, view: ViewState, services: ViewServices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._services = services
        self._look = Look(preset=view.volume_preset.value)
        self._picture: QImage | None = None
        self._coarse = True
        self._active = False
        self._last = QPointF()
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
            services.workspace.overlays.held_hidden.watch(lambda _value: self.update()),
            services.workspace.overlays.patient_hidden.watch(lambda _value: self.update()),
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
        self._thread.frame.connect(self._drawn)
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
    def picture(self) -> QImage | None:
        """The newest frame."""
        return self._picture

    def _turn(self, look: Look) -> None:
        self._look = look
        self._ask(coarse=True)
        self._rest.start()

    def _ask(self, *, coarse: bool) -> None:
        if self._thread is not None:
            ratio = self.devicePixelRatioF()
            wide, high = max(16, round(self.width() * ratio)), max(16, round(self.height() * ratio))
            self._thread.ask(Request(self._look, wide, high, coarse))

    def _drawn(self, request: Request, picture: QImage) -> None:
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        self._picture, self._coarse = picture, request.coarse
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again in the new size."""
        self._turn(self._look)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The newest frame and what is said about it."""
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), colour("view"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if self._picture is not None:
                painter.drawImage(QRectF(self.rect()), self._picture)
            if not self._services.workspace.overlays.held_hidden.value:
                painter.setFont(overlays.image_font(FAMILIES, 11 * self._services.text_scale.value))
                overlays.draw_corners(painter, self.width(), self.height(), self._words())
                if self._picture is not None:
                    self._cross(painter)
            if self._active:
                painter.setPen(QPen(colour("accent"), 2))
                painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        finally:
            painter.end()

    def _words(self) -> CornerText:
        say, state = self._services.words, self.view.volume.value
        if state is None:
            return CornerText()
        patient, series = state.series.patient, state.series
        if not state.has_planes:
            below: tuple[str, ...] = (say("view.no-volume"),)
        elif self._picture is None:
            below = (say("view.drawing"),)
        else:
            below = (say("view.no-scale"), say("view.turning")) if self._coarse else (say("view.no-scale"),)
        person: tuple[str, ...] = (patient.shown_name, patient.id, patient.birth_date)
        if self._services.workspace.overlays.patient_hidden.value:
            person = (say("patient.hidden"),)
        name = say("view.series", number=series.number) if series.number is not None else series.description
        return CornerText(
            top_left=tuple(line for line in person if line),
            top_right=(say("view.volume", preset=say(f"preset.{self._look.preset}")), name, series.study.date),
            bottom_left=below,
            prior=(f"{say('view.prior')} {series.study.date}",) if state.is_prior else (),
        )

    def _cross(self, painter: QPainter) -> None:
        centre = QPointF(self.width() - 56, self.height() - 56)
        for arm in axis_cross(self._look.azimuth, self._look.elevation):
            end = centre + QPointF(arm.x * 26, arm.y * 26)
            painter.setPen(QPen(colour("crosshair", 0.9 if arm.near else 0.4), 1.4))
            painter.drawLine(centre, end)
            at = centre + QPointF(arm.x * 38, arm.y * 38)
            overlays.plate_text(painter, at.x(), at.y() - 7, arm.letter, centre=True)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn."""
        self.pressed.emit()
        self._last = event.position()

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
        """This view alone, and back."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.doubled.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Enlarge."""
        self._enlarge(1.1 ** (event.angleDelta().y() / 120))
        event.accept()

    def _enlarge(self, factor: float) -> None:
        low, high = ZOOM_RANGE
        self._turn(replace(self._look, zoom=max(low, min(high, self._look.zoom * factor))))
