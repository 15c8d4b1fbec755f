"""The area of the images: as many views as the layout has, one of them active, one of them alone when asked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from overread.viewer.canvas.slice_view import SliceView, ViewServices
from overread.viewer.canvas.volume_view import VolumeView
from overread.viewer.render.palette import colour
from overread.viewer.state.views import Plane, ViewState

GAP = 1
LARGE_SHARE = 680 / 1032
"""Width of the large view of the chest layout."""
PORTRAIT_SHARE = 0.6
"""Height of the large view where the side views stand below it."""
PORTRAIT_FROM = 0.8
"""An area at least this high in shares of its width puts the side views below the large one. On a portrait monitor it
must hold with the row of tool options and without: the views must not change places when an edit begins."""

View = SliceView | VolumeView


class ViewArea(QWidget):
    """Makes a widget for each view of the workspace and lays them out."""

    hovered = Signal(object)
    why_clicked = Signal(object)
    context_asked = Signal(object)
    mark_clicked = Signal(str)

    def __init__(self, services: ViewServices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._views: list[View] = []
        self.setObjectName("view-area")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        workspace = services.workspace
        self._stops: list[Callable[[], None]] = [
            workspace.views.watch(self._rebuild),
            workspace.active.watch(lambda _value: self._arrange()),
            workspace.alone.watch(lambda _value: self._arrange()),
        ]
        self._rebuild(workspace.views.value)

    @property
    def views(self) -> tuple[View, ...]:
        """The widgets, in the order of the workspace's views."""
        return tuple(self._views)

    def _rebuild(self, states: tuple[ViewState, ...]) -> None:
        for widget in self._views:
            widget.release_state()
            widget.hide()
            widget.deleteLater()
        self._views = [self._make(number, state) for number, state in enumerate(states)]
        self._arrange()

    def _make(self, number: int, state: ViewState) -> View:
        kind = VolumeView if state.plane.value is Plane.VOLUME else SliceView
        widget = kind(state, self._services, self)
        widget.pressed.connect(lambda: self._services.workspace.active.set(number))
        widget.doubled.connect(lambda: self._toggle_alone(number))
        widget.hovered.connect(self.hovered)
        widget.why_clicked.connect(self.why_clicked)
        widget.context_asked.connect(self.context_asked)
        widget.mark_clicked.connect(self.mark_clicked)
        return widget

    def _toggle_alone(self, number: int) -> None:
        workspace = self._services.workspace
        workspace.active.set(number)
        workspace.alone.set(not workspace.alone.value)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The gaps between views."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), colour("line"))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the views out again."""
        self._arrange()

    def _arrange(self) -> None:
        workspace = self._services.workspace
        active = workspace.active.value
        if workspace.alone.value and active < len(self._views):
            for number, widget in enumerate(self._views):
                widget.setVisible(number == active)
            self._views[active].setGeometry(self.rect())
        else:
            places = places_of(workspace.layout.value, len(self._views), self.rect())
            for widget, place in zip(self._views, places, strict=True):
                widget.setGeometry(place)
                widget.show()
        for number, widget in enumerate(self._views):
            widget.set_active(number == active)

    def update_all(self) -> None:
        """Paint every view again: what is drawn over the images has changed."""
        for widget in self._views:
            if isinstance(widget, VolumeView):
                widget.follow()
            else:
                widget.update()

    def close_views(self) -> None:
        """End all views and watches; call before the window goes."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        for widget in self._views:
            widget.release_state()


def places_of(layout: str, count: int, area: QRect) -> list[QRect]:
    """Rectangles of ``count`` views in a layout; a high area puts the side views below."""
    if count <= 1:
        return [area][:count]
    portrait = area.height() > PORTRAIT_FROM * area.width()
    if layout in ("chest", "1+2", "1+3"):
        return _one_and(count - 1, area, portrait)
    columns, rows = {"1x2": (2, 1), "2x1": (1, 2), "2x2": (2, 2)}.get(layout, (count, 1))
    return _grid(area, columns, rows)[:count]


def _one_and(others: int, area: QRect, portrait: bool) -> list[QRect]:
    if portrait:
        high = round(area.height() * PORTRAIT_SHARE)
        below = QRect(area.left(), area.top() + high + GAP, area.width(), area.height() - high - GAP)
        return [QRect(area.left(), area.top(), area.width(), high), *_grid(below, others, 1)]
    wide = round(area.width() * LARGE_SHARE)
    beside = QRect(area.left() + wide + GAP, area.top(), area.width() - wide - GAP, area.height())
    return [QRect(area.left(), area.top(), wide, area.height()), *_grid(beside, 1, others)]


def _grid(area: QRect, columns: int, rows: int) -> list[QRect]:
    """Cells of a grid with gaps, row by row; sizes differ by a point at most."""
    xs = [area.left() + round((area.width() + GAP) * n / columns) for n in range(columns + 1)]
    ys = [area.top() + round((area.height() + GAP) * n / rows) for n in range(rows + 1)]
    return [
        QRect(xs[c], ys[r], xs[c + 1] - xs[c] - GAP, ys[r + 1] - ys[r] - GAP)
        for r in range(rows)
        for c in range(columns)
    ]
