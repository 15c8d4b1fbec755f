"""What is written and drawn over an image: plates with text, letters, scale bar, cross-hair, lines, rail, locator."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from overread.core.geometry import Triple
from overread.viewer.render.palette import colour
from overread.viewer.render.viewport import Viewport

EDGE = 10.0
LINE = 15.0
PLATE = 0.63
LETTER_ROOM = 14.0
"""Half a letter with its plate, and a gap."""
SCALES_MM = (5, 10, 20, 50, 100)
SCALE_SHARE = 0.13
SCALE_POINTS = 90.0
LOCATOR = 112.0
RAIL = 3.0


@dataclass(frozen=True, slots=True)
class DrawnMeasurement:
    """A measurement, finished or being drawn: patient points, and the words (in lines) beside the last.

    ``kind`` as in ``core.finding.Measurement``; one point alone is a cross, two alone are a line.
    """

    points_lps_mm: tuple[Triple, ...]
    words: str
    kind: str = "length"


@dataclass(frozen=True, slots=True)
class CornerText:
    """Lines for the four corners, and the badge below the top right ones (empty: none)."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    badge: str = ""
    prior: tuple[str, ...] = ()
    """Below the top left lines: that this is a prior, its date, and how it is linked."""


def image_font(family: Sequence[str], points: float = 11.0) -> QFont:
    """The font over images: 11 px, semibold, tabular by nature of the family."""
    font = QFont()
    font.setFamilies(list(family))
    font.setPixelSize(max(7, round(points)))
    font.setWeight(QFont.Weight.DemiBold)
    return font


def plate_text(
    painter: QPainter, x: float, y: float, text: str, *, right: bool = False, centre: bool = False
) -> QRectF:
    """One line on a black plate just as wide as it; (x, y) is its top left (or top right, or top middle)."""
    metrics = QFontMetricsF(painter.font())
    width = metrics.horizontalAdvance(text)
    left = x - width if right else x - width / 2 if centre else x
    plate = QRectF(left - 3, y, width + 6, metrics.height() + 1)
    painter.fillRect(plate, colour("shadow", PLATE))
    painter.setPen(colour("bright"))
    painter.drawText(QPointF(left, y + metrics.ascent()), text)
    return plate


def draw_corners(
    painter: QPainter, width: float, height: float, text: CornerText, lift: float = 0.0
) -> QRectF | None:
    """The four corners. The answer is where the badge is, for a click on it."""
    step = max(LINE, QFontMetricsF(painter.font()).height() + 1)
    top = EDGE - 4
    for number, line in enumerate(text.top_left):
        plate_text(painter, EDGE, top + number * step, line)
    for number, line in enumerate(text.prior):
        plate_text(painter, EDGE, top + (len(text.top_left) + number) * step + 4, line)
    metrics = QFontMetricsF(painter.font())
    for number, line in enumerate(text.top_right):
        # Who it is stays whole; what it is gives way in a narrow view.
        beside = metrics.horizontalAdvance(text.top_left[number]) + 3 * EDGE if number < len(text.top_left) else EDGE
        fitting = metrics.elidedText(line, Qt.TextElideMode.ElideRight, width - EDGE - beside)
        plate_text(painter, width - EDGE, top + number * step, fitting, right=True)
    badge = None
    if text.badge:
        badge = draw_badge(painter, width - EDGE, top + len(text.top_right) * step + 4, text.badge)
    bottom = height - EDGE + 4
    for number, line in enumerate(reversed(text.bottom_left)):
        plate_text(painter, EDGE, bottom - (number + 1) * step, line)
    return badge


def draw_badge(painter: QPainter, right: float, y: float, text: str) -> QRectF:
    """The amber sign and words of a warning, on a plate; its top right is (right, y)."""
    metrics = QFontMetricsF(painter.font())
    width = metrics.horizontalAdvance(text)
    size = metrics.ascent()
    left = right - width - size - 6
    plate = QRectF(left - 4, y, width + size + 12, metrics.height() + 2)
    painter.fillRect(plate, colour("shadow", PLATE))
    sign = QPolygonF(
        [QPointF(left + size / 2, y + 2), QPointF(left + size, y + size + 1), QPointF(left, y + size + 1)]
    )
    painter.setPen(QPen(colour("warning"), 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(sign)
    painter.drawLine(QPointF(left + size / 2, y + size * 0.45), QPointF(left + size / 2, y + size * 0.75))
    painter.drawText(QPointF(left + size + 5, y + 1 + metrics.ascent()), text)
    return plate


def letter_lines(metrics: QFontMetricsF, width: float, text: CornerText) -> tuple[int, int]:
    """How many lines the top and bottom letters keep away from their sides, to cover no word of a corner."""

    def free(*corners: tuple[str, ...]) -> int:
        most = width / 2 - EDGE - LETTER_ROOM
        taken = [[metrics.horizontalAdvance(line) > most for line in corner] for corner in corners]
        return next(n for n in itertools.count() if not any(n < len(lines) and lines[n] for lines in taken))

    return free(text.top_left + text.prior, text.top_right), free(tuple(reversed(text.bottom_left)))


def draw_letters(painter: QPainter, port: Viewport, away: tuple[int, int] = (0, 0), side: float = EDGE) -> None:
    """Orientation letters in the middle of the four sides, from the direction cosines of this very picture.

    ``away`` is how many lines of corner text the top and the bottom one keep away from their sides.
    """
    left, right, top, bottom = port.grid.letters()
    metrics = QFontMetricsF(painter.font())
    middle = port.height / 2 - metrics.height() / 2
    plate_text(painter, side, middle, left)
    plate_text(painter, port.width - side, middle, right, right=True)
    above, below = (lines * (metrics.height() + 1) for lines in away)
    plate_text(painter, port.width / 2, EDGE - 4 + above, top, centre=True)
    plate_text(painter, port.width / 2, port.height - EDGE + 4 - metrics.height() - 1 - below, bottom, centre=True)


def scale_bar_mm(port: Viewport) -> int | None:
    """Length of the scale bar: the shortest of 5 to 100 mm that takes 13 % of the width or 90 points."""
    if not port.state.has_mm:
        return None
    least = min(SCALE_SHARE * port.width, SCALE_POINTS)
    for length in SCALES_MM:
        if length * port.zoom >= least:
            return length if length * port.zoom <= port.width / 2 else None
    return None


def draw_scale_bar(painter: QPainter, port: Viewport, no_mm: str) -> None:
    """The scale bar at the bottom right, or the words that there are no mm."""
    length = scale_bar_mm(port)
    bottom = port.height - EDGE - 2
    if length is None:
        if not port.state.has_mm:
            metrics = QFontMetricsF(painter.font())
            plate_text(painter, port.width - EDGE, bottom - metrics.height(), no_mm, right=True)
        return
    points = length * port.zoom
    right = port.width - EDGE - 4
    line = QPolygonF(
        [
            QPointF(right - points, bottom - 7),
            QPointF(right - points, bottom),
            QPointF(right, bottom),
            QPointF(right, bottom - 7),
        ]
    )
    metrics = QFontMetricsF(painter.font())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(colour("shadow", PLATE), 3.6), QPen(colour("bright"), 1.5)):
        painter.setPen(pen)
        painter.drawPolyline(line)
    plate_text(painter, right - points / 2, bottom - 10 - metrics.height(), f"{length} mm", centre=True)


def draw_crosshair(painter: QPainter, port: Viewport, gap: float) -> None:
    """The lines in which the other planes cut this one, open around the place where all meet."""
    x, y = port.point_of_ijk(port.state.place_ijk.value)
    painter.setPen(QPen(colour("crosshair", 0.4), 1.0))
    for start, end in (
        (QPointF(0, y), QPointF(x - gap, y)),
        (QPointF(x + gap, y), QPointF(port.width, y)),
        (QPointF(x, 0), QPointF(x, y - gap)),
        (QPointF(x, y + gap), QPointF(x, port.height)),
    ):
        painter.drawLine(start, end)


def draw_line(painter: QPainter, port: Viewport, points_lps_mm: Sequence[Triple], words: str) -> None:
    """A measurement: a line with end ticks (or a cross for one point) and its words beside the last point."""
    points = [QPointF(*port.point_of_lps(point)) for point in points_lps_mm]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(colour("shadow", PLATE), 3.2), QPen(colour("bright"), 1.4)):
        painter.setPen(pen)
        if len(points) == 1:
            _tick(painter, points[0], QPointF(5, 0))
            _tick(painter, points[0], QPointF(0, 5))
        else:
            painter.drawLine(points[0], points[1])
            along = points[1] - points[0]
            length = max(1e-6, (along.x() ** 2 + along.y() ** 2) ** 0.5)
            across = QPointF(-along.y() / length * 5, along.x() / length * 5)
            _tick(painter, points[0], across)
            _tick(painter, points[1], across)
    if not words:
        return
    last = points[-1]
    metrics = QFontMetricsF(painter.font())
    width = metrics.horizontalAdvance(words)
    x = last.x() + 12 if last.x() + 20 + width < port.width else last.x() - 12 - width
    y = min(max(last.y() + 4, 4.0), port.height - metrics.height() - 4)
    plate_text(painter, x, y, words)


def _tick(painter: QPainter, at: QPointF, across: QPointF) -> None:
    painter.drawLine(at - across, at + across)


def rail_area(port: Viewport, count: int) -> QRectF | None:
    """Where the rail of a stack of ``count`` images stands; None where it has no room or no use."""
    height = port.height - EDGE * 8
    return None if count < 2 or height < 40 else QRectF(port.width - RAIL - 1, EDGE * 4, RAIL, height)


def draw_rail(painter: QPainter, port: Viewport, seen: NDArray[np.bool_], at: int) -> None:
    """The images of the stack at the right edge, the first at the top: seen ones brighter, the present one marked."""
    count = len(seen)
    rail = rail_area(port, count)
    if rail is None:
        return
    left, top, step = rail.left(), rail.top(), rail.height() / count
    painter.fillRect(rail, colour("line"))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.view(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        painter.fillRect(QRectF(left, top + first * step, RAIL, (last - first) * step), colour("dim"))
    painter.fillRect(QRectF(left - 3, top + at * step, RAIL + 3, max(2.0, step)), colour("accent"))


def draw_locator(painter: QPainter, port: Viewport, picture: QImage, bottom: float) -> None:
    """The whole image, small, with the section that the view shows."""
    wide, high = port.grid.columns * port.pixel_size[0], port.grid.rows * port.pixel_size[1]
    factor = LOCATOR / max(wide, high)
    frame = QRectF(EDGE, bottom - high * factor, wide * factor, high * factor)
    painter.drawImage(frame, picture)
    painter.setPen(QPen(colour("edge"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(frame)
    left, top = port.pixel_at(0, 0)
    right, low = port.pixel_at(port.width, port.height)
    section = QRectF(
        QPointF(
            frame.left() + (left + 0.5) / port.grid.columns * frame.width(),
            frame.top() + (top + 0.5) / port.grid.rows * frame.height(),
        ),
        QPointF(
            frame.left() + (right + 0.5) / port.grid.columns * frame.width(),
            frame.top() + (low + 0.5) / port.grid.rows * frame.height(),
        ),
    )
    painter.setPen(QPen(colour("accent"), 1.2))
    painter.drawRect(section.intersected(frame))


def hatch(painter: QPainter, area: QRectF, words: str) -> None:
    """A place without an image: hatched, with words; never black as anatomy is black."""
    painter.fillRect(area, colour("panel"))
    painter.fillRect(area, QBrush(colour("edge"), Qt.BrushStyle.BDiagPattern))
    if words:
        metrics = QFontMetricsF(painter.font())
        plate_text(painter, area.center().x(), area.center().y() - metrics.height() / 2, words, centre=True)
