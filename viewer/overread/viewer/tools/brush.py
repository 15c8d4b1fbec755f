"""The brush: paints and erases on the finding being edited, in any plane, and shows what it does."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from overread.core.finding import Finding
from overread.core.geometry import Triple
from overread.core.mask import Mask
from overread.core.segment import slab, without
from overread.core.text import number
from overread.viewer.presenters.edit_session import EditSession, Stroke, shows
from overread.viewer.render.cuts import fill_cut
from overread.viewer.render.overlays import PLATE, plate_text
from overread.viewer.render.palette import colour
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.marks import Preview
from overread.viewer.state.observable import Property
from overread.viewer.tools.base import PlainTool, Pointer

FILL = 0.16
CROSS = 3.0
"""Half the cross in the middle of the circle, in points."""
BESIDE = 8.0


class BrushTool(PlainTool):
    """Drag to paint within the range of values; with Ctrl held, or while erasing is chosen, drag to erase."""

    id = "brush"
    pointer: Pointer = "own"

    def __init__(self, session: EditSession, preview: Property[Preview | None], words: Words) -> None:
        super().__init__()
        self._session = session
        self._preview = preview
        self._words = words
        self._last: Triple | None = None
        self._erases = False
        self._at: tuple[int, float, float] | None = None
        watched: tuple[Property[Any], ...] = (
            session.size_mm, session.low, session.high, session.erasing, session.stroke, session.keeping, preview,
        )  # fmt: skip
        for each in watched:
            each.watch(lambda _value: self._touch())

    def _touch(self) -> None:
        self.drawn.set(self.drawn.value + 1)

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._erases = self.ctrl or self._session.erasing.value
        self._last = port.ijk_at(x, y)
        self._draw(port, self._last)

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        self.hover(port, x, y)
        if self._last is not None:
            self._draw(port, port.ijk_at(x, y))

    def _draw(self, port: Viewport, at: Triple) -> None:
        axis = _axis(port)
        start = self._last if self._last is not None and self._last[2 - axis] == at[2 - axis] else at
        self._session.draw(port.state, axis, start, at, erases=self._erases)
        self._last = at

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        if self._last is not None:
            self._last = None
            self._session.finish(port.state)

    def hover(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._at = (id(port.view), x, y)

    def leave(self) -> None:
        """See ``Tool``."""
        self._at = None

    def turn(self, notches: int) -> bool:
        """See ``Tool``."""
        self._session.resize(notches)
        return True

    def cancel(self) -> None:
        """See ``Tool``."""
        super().cancel()
        self._last = None
        self._session.stroke.set(None)

    def paint(self, painter: QPainter, port: Viewport) -> None:
        """See ``Tool``."""
        finding = self._session.finding()
        if finding is not None and shows(port.state, finding):
            self._fill(painter, port, finding)
        if self._at is not None and self._at[0] == id(port.view):
            self._circle(painter, port, *self._at[1:])

    def _fill(self, painter: QPainter, port: Viewport, finding: Finding) -> None:
        """The finding on this slice as it is with the strokes; what a preview would add, half as strong."""
        axis, index = _axis(port), port.state.slice_index(port.view.plane.value)
        shown = _slab(finding.mask, axis, index)
        for stroke in self._session.strokes():
            shown = Stroke(stroke.uid, slab(stroke.mask, axis, index), stroke.erases).on(shown)
        fill_cut(painter, port, shown, _colour_of(finding), FILL)
        preview = self._preview.value
        if preview is not None and preview.uid == finding.uid:
            fill_cut(painter, port, without(_slab(preview.mask, axis, index), shown), _colour_of(finding), FILL / 2)

    def _circle(self, painter: QPainter, port: Viewport, x: float, y: float) -> None:
        radius = self._session.size_mm.value / 2
        across, down = (radius / mm * points for mm, points in zip(port.grid.pixel_mm, port.scale, strict=True))
        middle = QPointF(x, y)
        erases = self._erases if self._last is not None else self.ctrl or self._session.erasing.value
        painter.setBrush(Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.DashLine if erases else Qt.PenStyle.SolidLine
        for pen in (QPen(colour("shadow", PLATE), 3.2), QPen(colour("bright"), 1.4, style)):
            painter.setPen(pen)
            painter.drawEllipse(middle, across, down)
            if min(across, down) > 2 * CROSS:
                painter.drawLine(middle - QPointF(CROSS, 0), middle + QPointF(CROSS, 0))
                if not erases:
                    painter.drawLine(middle - QPointF(0, CROSS), middle + QPointF(0, CROSS))
        self._say(painter, port, QRectF(x - across, y - down, 2 * across, 2 * down), erases=erases)

    def _say(self, painter: QPainter, port: Viewport, circle: QRectF, *, erases: bool) -> None:
        """Size and range below the circle, or above it where there is no room."""
        session = self._session
        size = number(session.size_mm.value, 1)
        low, high = number(session.low.value), number(session.high.value)
        unit = port.state.volume.unit
        words = (
            self._words("editing.eraser", size=size)
            if erases
            else self._words("editing.brush", size=size, low=low, high=high, unit="" if unit == "1" else unit)
        )
        height = QFontMetricsF(painter.font()).height() + 1
        below = circle.bottom() + BESIDE
        y = below if below + height < port.height else circle.top() - BESIDE - height
        plate_text(painter, circle.left(), y, words.strip(), right=circle.left() > port.width / 2)


@lru_cache(maxsize=16)
def _slab(mask: Mask, axis: int, index: int) -> Mask:
    """``slab``, kept: a large mask takes long to unpack, and each move of the pointer paints."""
    return slab(mask, axis, index)


def _axis(port: Viewport) -> int:
    """The array axis [k, j, i] along which the slices of a view are stacked."""
    return 2 - port.state.axis(port.view.plane.value)


def _colour_of(finding: Finding) -> str:
    """The colour that the finding's outline has while it is painted: painting takes a judgement back."""
    return "state.added" if finding.origin == "person" else "state.edited"
