"""A view of one plane: paints it, and turns mouse and wheel into tools and places."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from overread.viewer.render.heatmap import HeatPainter
from overread.viewer.render.marks import Findings, MarkPainter
from overread.viewer.render.slice_painter import Measurements, SlicePainter
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.observable import Property
from overread.viewer.state.views import ViewState, VolumeState, Workspace
from overread.viewer.tools.base import Tool
from overread.viewer.tools.look import PanTool, WindowTool, ZoomTool, point_all_at

CLICK_POINTS = 4.0
WHEEL_NOTCH = 120
WHEEL_ZOOM = 1.15
LOOKING = ("window", "pan", "zoom", "crosshair")
"""Tools with which a click on a mark chooses its finding; with others it is the tool's."""
POINTERS = {
    "arrow": Qt.CursorShape.ArrowCursor,
    "cross": Qt.CursorShape.CrossCursor,
    "own": Qt.CursorShape.BlankCursor,
}


@dataclass(slots=True)
class ViewServices:
    """What views get from the composition root."""

    workspace: Workspace
    words: Words
    tools: Mapping[str, Tool]
    measurements: Measurements
    profile: Property[str]
    """``default``: a right drag zooms; ``pacs_b``: it changes the window."""
    text_scale: Property[float]
    is_key_image: Callable[[VolumeState], bool] = lambda _state: False
    """Whether the acquired image through the place is marked as a key image."""
    findings: Findings = lambda _state: ()
    """The findings of a volume that may be drawn now."""


class SliceView(QWidget):
    """One plane of a volume, or the images of a series that is no volume."""

    pressed = Signal()
    doubled = Signal()
    hovered = Signal(object)
    """The ``Viewport`` and the point under the pointer as (port, x, y); None when the pointer leaves."""
    why_clicked = Signal(object)
    """The ``Series`` whose badge was clicked."""
    context_asked = Signal(object)
    """A short right click: the global point."""
    mark_clicked = Signal(str)
    """The tracking UID of the finding whose mark was clicked."""

    def __init__(self, view: ViewState, services: ViewServices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._services = services
        workspace = services.workspace
        self._marks = MarkPainter(services.findings, workspace.marks, workspace.overlays)
        self._painter = SlicePainter(services.words, workspace.overlays, services.measurements, self._marks)
        self._painter.is_key_image = services.is_key_image
        self._painter.heat = HeatPainter(workspace)
        self._active = False
        self._held: Tool | None = None
        self._last = QPointF()
        self._start = QPointF()
        self._button = Qt.MouseButton.NoButton
        self._wheel = 0
        self._middle: Tool = PanTool()
        self._right: dict[str, Tool] = {"default": ZoomTool(), "pacs_b": WindowTool()}
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        shown = view.volume.value
        self.setObjectName(f"view-{view.plane.value}" + ("-prior" if shown is not None and shown.is_prior else ""))
        self._stops: list[Callable[[], None]] = []
        self._watch()

    def _watch(self) -> None:
        view, services = self.view, self._services
        overlays, marks = services.workspace.overlays, services.workspace.marks
        watched: list[Property[Any]] = [
            view.zoom, view.pan, view.plane, overlays.shown, overlays.held_hidden, overlays.outlines,
            overlays.heatmap, overlays.crosshair, overlays.patient_hidden, services.words.current,
            services.text_scale, marks.selected, marks.preview, marks.rejected_shown, marks.heat,
            marks.heat_threshold, marks.heat_opacity,
        ]  # fmt: skip
        state = view.volume.value
        if state is not None:
            watched += [state.window, state.place_ijk, state.revision, state.link_words]
        for tool in services.tools.values():
            watched += [tool.draft, tool.drawn]
        self._stops = [one.watch(lambda _value: self.update()) for one in watched]
        self._stops.append(services.workspace.tool.watch(lambda _tool: self._tool_changed()))

    def release_state(self) -> None:
        """End all watches; call before the view is thrown away."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    def minimumSizeHint(self) -> QSize:
        """Small enough for every layout."""
        return QSize(80, 80)

    def port(self) -> Viewport | None:
        """The viewport of this moment."""
        return Viewport.of(self.view, float(self.width()), float(self.height()))

    def set_active(self, active: bool) -> None:
        """Show or hide the frame of the view that has the keys."""
        if active != self._active:
            self._active = active
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the view."""
        painter = QPainter(self)
        try:
            port = self.port()
            if port is None:
                painter.fillRect(self.rect(), Qt.GlobalColor.black)
                return
            self._painter.text_scale = self._services.text_scale.value
            in_hand = self._in_hand()
            drafting = self._held if self._held is not None else in_hand if self._active else None
            draft = None if drafting is None else drafting.draft.value
            self._painter.paint(painter, port, active=self._active, draft=draft)
            if in_hand is not None and not self._services.workspace.overlays.held_hidden.value:
                in_hand.paint(painter, port)
        finally:
            painter.end()

    def _in_hand(self) -> Tool | None:
        return self._services.tools.get(self._services.workspace.tool.value)

    def _tool_changed(self) -> None:
        tool = self._in_hand()
        for other in self._services.tools.values():
            if other is not tool:
                other.cancel()
        self.setCursor(POINTERS["arrow" if tool is None else tool.pointer])
        self.update()

    def _tool_for(self, event: QMouseEvent) -> Tool | None:
        button = event.button()
        if button == Qt.MouseButton.MiddleButton:
            return self._middle
        if button == Qt.MouseButton.RightButton:
            return self._right[self._services.profile.value]
        if button == Qt.MouseButton.LeftButton:
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                return self._middle
            return self._in_hand()
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hand the press to the tool of the button; a click on the badge asks why."""
        self.pressed.emit()
        port = self.port()
        if port is None or self._held is not None:
            return
        at = event.position()
        badge = self._painter.badge_area
        if event.button() == Qt.MouseButton.LeftButton and badge is not None and badge.contains(at):
            self.why_clicked.emit(port.state.series)
            return
        self._held, self._button = self._tool_for(event), event.button()
        self._start = self._last = at
        if self._held is not None:
            self._held.ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._held.press(port, at.x(), at.y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag with the tool in hand; with Shift and no button let all planes meet under the pointer."""
        port = self.port()
        if port is None:
            return
        at = event.position()
        in_hand = self._in_hand()
        if in_hand is not None:
            in_hand.ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self._held is not None:
            step = at - self._last
            self._held.drag(port, at.x(), at.y(), step.x(), step.y())
            self._last = at
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and port.state.has_planes:
            point_all_at(port, at.x(), at.y())
        elif in_hand is not None:
            in_hand.hover(port, at.x(), at.y())
        if in_hand is not None and in_hand.pointer == "own":
            self.update()
        self.hovered.emit((port, at.x(), at.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag; a short right click asks for the menu."""
        if self._held is None or event.button() != self._button:
            return
        port = self.port()
        held, self._held = self._held, None
        if port is not None:
            held.release(port, event.position().x(), event.position().y())
        moved = event.position() - self._start
        if event.button() == Qt.MouseButton.RightButton and math.hypot(moved.x(), moved.y()) < CLICK_POINTS:
            self.context_asked.emit(event.globalPosition().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and math.hypot(moved.x(), moved.y()) < CLICK_POINTS:
            self._choose_mark(event.position())
        self.update()

    def mark_at(self, x: float, y: float, *, whole: bool = True) -> str:
        """The finding that is drawn under a point; empty when there is none. See ``MarkPainter.at``."""
        drawn = self._services.workspace.overlays
        return self._marks.at(x, y, whole=whole) if drawn.shown.value and not drawn.held_hidden.value else ""

    def _choose_mark(self, at: QPointF) -> None:
        uid = self.mark_at(at.x(), at.y(), whole=False)
        if uid and self._services.workspace.tool.value in LOOKING:
            self.mark_clicked.emit(uid)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """This view alone, and back; of another button it is a press soon after the last one."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.doubled.emit()
        else:
            self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The tool in hand hears of Ctrl although the pointer stands still."""
        self._tell_ctrl(event, True)
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """See ``keyPressEvent``."""
        self._tell_ctrl(event, False)
        super().keyReleaseEvent(event)

    def _tell_ctrl(self, event: QKeyEvent, held: bool) -> None:
        in_hand = self._in_hand()
        if event.key() == Qt.Key.Key_Control and in_hand is not None:
            in_hand.ctrl = held
            self.update()

    def leaveEvent(self, event: object) -> None:
        """Tell that the pointer is on no image."""
        in_hand = self._in_hand()
        if in_hand is not None:
            in_hand.leave()
            self.update()
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Slices; with Ctrl zoom at the pointer; with Shift what the tool in hand makes of it, else slices."""
        port = self.port()
        if port is None:
            return
        turned = event.angleDelta().y() or event.angleDelta().x()
        in_hand = self._in_hand()
        with_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if with_shift and in_hand is not None and in_hand.turn(round(turned / WHEEL_NOTCH)):
            event.accept()
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            port.zoom_at(event.position().x(), event.position().y(), WHEEL_ZOOM ** (turned / WHEEL_NOTCH))
        else:
            self._wheel += turned
            notches = int(self._wheel / WHEEL_NOTCH)
            self._wheel -= notches * WHEEL_NOTCH
            if notches:
                port.state.step_image(self.view.plane.value, -notches)
        event.accept()
