"""Measurements over an image: lines, crossed axes, angles and ellipses, with their words beside them."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from overread.viewer.render.overlays import PLATE, DrawnMeasurement, draw_line, plate_text
from overread.viewer.render.palette import colour
from overread.viewer.render.viewport import Viewport

ARC = 18.0
"""Radius of the arc of an angle, in points."""
CORNERS = 72


def draw_measurement(painter: QPainter, port: Viewport, drawn: DrawnMeasurement) -> None:
    """A measurement of any kind; one whose points are not all set yet is drawn as a line."""
    points = [QPointF(*port.point_of_lps(point)) for point in drawn.points_lps_mm]
    if drawn.kind == "angle" and len(points) == 3:
        _stroke(painter, [QPolygonF(points), _arc(points)])
        _words(painter, port, points[1], drawn.words)
    elif drawn.kind == "roi" and len(points) == 4:
        _stroke(painter, [_ellipse(points)])
        _words(painter, port, max(points, key=lambda point: point.x()), drawn.words)
    elif drawn.kind == "bidirectional" and len(points) == 4:
        draw_line(painter, port, drawn.points_lps_mm[:2], "")
        draw_line(painter, port, drawn.points_lps_mm[2:], "")
        _words(painter, port, max(points, key=lambda point: point.x()), drawn.words)
    else:
        draw_line(painter, port, drawn.points_lps_mm, drawn.words)


def _stroke(painter: QPainter, lines: list[QPolygonF]) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(colour("shadow", PLATE), 3.2), QPen(colour("bright"), 1.4)):
        painter.setPen(pen)
        for each in lines:
            painter.drawPolyline(each)


def _ellipse(points: list[QPointF]) -> QPolygonF:
    """An ellipse from the ends of its two axes."""
    middle = (points[0] + points[1]) / 2
    first, second = (points[1] - points[0]) / 2, (points[3] - points[2]) / 2
    turns = (2 * math.pi * step / CORNERS for step in range(CORNERS + 1))
    return QPolygonF([middle + first * math.cos(turn) + second * math.sin(turn) for turn in turns])


def _arc(points: list[QPointF]) -> QPolygonF:
    """The arc between the two arms of an angle, the shorter way round."""
    arms = [point - points[1] for point in (points[0], points[2])]
    start, end = (math.atan2(arm.y(), arm.x()) for arm in arms)
    sweep = (end - start + math.pi) % (2 * math.pi) - math.pi
    turns = (start + sweep * step / 16 for step in range(17))
    return QPolygonF([points[1] + QPointF(ARC * math.cos(turn), ARC * math.sin(turn)) for turn in turns])


def _words(painter: QPainter, port: Viewport, beside: QPointF, words: str) -> None:
    """Lines of words beside a point, inside the view."""
    metrics = QFontMetricsF(painter.font())
    lines = words.split("\n")
    width = max(metrics.horizontalAdvance(line) for line in lines)
    step = metrics.height() + 1
    x = beside.x() + 12 if beside.x() + 20 + width < port.width else beside.x() - 12 - width
    y = min(max(beside.y() + 4, 4.0), port.height - step * len(lines) - 4)
    for place, line in enumerate(lines):
        plate_text(painter, x, y + place * step, line)
