"""Tools that measure more than a length: two axes, an angle, an ellipse; and the words of every measurement."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from overread.core.finding import MeasuredValue, Measurement
from overread.core.geometry import Triple
from overread.core.text import number
from overread.viewer.render.overlays import DrawnMeasurement
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.tools.base import PlainTool, Pointer, Tool
from overread.viewer.tools.measure import SHORTEST_POINTS, Measured, crosses_gap, length, value_text

Point = tuple[float, float]
HIT_POINTS = 6.0
"""A pointer so near to a line of a measurement points at it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a shape measures: its points in the view, its value with unit, and what comes with it."""

    points: tuple[Point, ...]
    value: float
    unit: str
    values: tuple[MeasuredValue, ...] = ()


class ShapeTool(PlainTool):
    """A tool that draws a figure of one kind in one slice of one view and tells it when it is whole."""

    kind = ""
    pointer: Pointer = "cross"

    def __init__(self, words: Words, measured: Callable[[Measured], None]) -> None:
        super().__init__()
        self._words = words
        self._measured = measured
        self._start: Point | None = None
        self._marks: list[Triple] = []
        self._where: tuple[object, ...] = ()

    def _kept(self, port: Viewport) -> list[Point]:
        """The points set so far, in the view; none when another slice or view is shown than the one they are on."""
        if self._where != _where(port):
            self._marks.clear()
        return [port.point_of_lps(mark) for mark in self._marks]

    def _keep(self, port: Viewport, *points: Point) -> None:
        self._where = _where(port)
        self._marks += [port.lps_at(*point) for point in points]

    def _show(self, port: Viewport, figure: Figure) -> None:
        measured = self._of(port, figure)
        words = words_of(self._words, self.kind, measured.value, measured.unit, measured.values)
        self.draft.set(
            DrawnMeasurement(measured.points_lps_mm, across(self._words, words, measured.across_gap), self.kind)
        )

    def _tell(self, port: Viewport, figure: Figure) -> None:
        self.cancel()
        self._measured(self._of(port, figure))

    def _of(self, port: Viewport, figure: Figure) -> Measured:
        plane = port.view.plane.value
        return Measured(
            kind=self.kind,
            points_lps_mm=tuple(port.lps_at(*point) for point in figure.points),
            value=figure.value,
            unit=figure.unit,
            state=port.state,
            plane=plane,
            slice_index=port.state.slice_index(plane),
            across_gap=any(crosses_gap(port, a, b) for a, b in combinations(figure.points, 2)),
            values=figure.values,
        )

    def cancel(self) -> None:
        """See ``Tool``."""
        super().cancel()
        self._start = None
        self._marks.clear()


class BidirectionalTool(ShapeTool):
    """Drag along the long axis, then across it: the second line stands at right angles to the first."""

    id = kind = "bidirectional"

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._start = (x, y) if port.is_inside(x, y) else None

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        if self._start is None:
            return
        first = self._kept(port)
        if first:
            self._show(port, two_axes(port, (first[0], first[1]), self._start, (x, y)))
        else:
            value, unit = length(port, self._start, (x, y))
            ends = (port.lps_at(*self._start), port.lps_at(x, y))
            self.draft.set(DrawnMeasurement(ends, value_text(value, unit)))

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        start, self._start = self._start, None
        if start is None or math.dist(start, (x, y)) < SHORTEST_POINTS:
            return
        first = self._kept(port)
        if first:
            self._tell(port, two_axes(port, (first[0], first[1]), start, (x, y)))
        else:
            self._keep(port, start, (x, y))


class AngleTool(ShapeTool):
    """Drag from an end to the vertex, then click the other end."""

    id = kind = "angle"

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        first = self._kept(port)
        if first and math.dist(first[1], (x, y)) >= SHORTEST_POINTS:
            self._tell(port, angle(port, (first[0], first[1], (x, y))))
        elif not first:
            self._start = (x, y) if port.is_inside(x, y) else None

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        if self._start is not None:
            self.draft.set(DrawnMeasurement((port.lps_at(*self._start), port.lps_at(x, y)), ""))

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        start, self._start = self._start, None
        if start is not None and math.dist(start, (x, y)) >= SHORTEST_POINTS:
            self._keep(port, start, (x, y))

    def hover(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        if self._marks and self._where == _where(port):
            first = self._kept(port)
            if math.dist(first[1], (x, y)) >= SHORTEST_POINTS:
                self._show(port, angle(port, (first[0], first[1], (x, y))))


class RoiTool(ShapeTool):
    """Drag from corner to corner of an ellipse: the values of its pixels and its area."""

    id = kind = "roi"

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._start = (x, y) if port.is_inside(x, y) else None

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        figure = None if self._start is None else ellipse(port, self._start, (x, y))
        if figure is not None:
            self._show(port, figure)

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        start, self._start = self._start, None
        figure = None if start is None else ellipse(port, start, (x, y))
        if figure is not None:
            self._tell(port, figure)
        else:
            self.draft.set(None)


def shape_tools(words: Words, measured: Callable[[Measured], None]) -> tuple[Tool, ...]:
    """One of each."""
    return BidirectionalTool(words, measured), AngleTool(words, measured), RoiTool(words, measured)


def _where(port: Viewport) -> tuple[object, ...]:
    """The view and the slice on which points were set."""
    return id(port.view), id(port.state), port.state.slice_index(port.view.plane.value)


def two_axes(port: Viewport, first: tuple[Point, Point], start: Point, end: Point) -> Figure:
    """The long and the short axis: the second line through ``start`` is turned at right angles to the first."""
    run = np.subtract(first[1], first[0])
    across_run = np.array([-run[1], run[0]]) / max(1e-9, float(np.hypot(*run)))
    reach = float(np.subtract(end, start) @ across_run)
    turned = (start[0] + reach * float(across_run[0]), start[1] + reach * float(across_run[1]))
    lines = sorted(((first[0], first[1]), (start, turned)), key=lambda line: -length(port, *line)[0])
    (long, unit), (short, _unit) = (length(port, *line) for line in lines)
    return Figure((*lines[0], *lines[1]), long, unit, (MeasuredValue("short", short, unit),))


def angle(port: Viewport, points: tuple[Point, Point, Point]) -> Figure:
    """The angle at the second of three points, in degrees, as it is in the patient where there are mm."""
    places = [port.lps_at(*point) if port.state.has_mm else (*port.pixel_at(*point), 0.0) for point in points]
    first, second = (np.subtract(places[n], places[1]) for n in (0, 2))
    share = float(first @ second) / max(1e-12, float(np.linalg.norm(first) * np.linalg.norm(second)))
    return Figure(points, math.degrees(math.acos(max(-1.0, min(1.0, share)))), "°")


def ellipse(port: Viewport, start: Point, end: Point) -> Figure | None:
    """What the pixels whose centre lies in an ellipse between two corners hold: mean, standard deviation (of all of
    them, not of a sample), least and greatest value; and the ellipse's area. None when no pixel has a value."""
    corners = np.sort(np.array([port.pixel_at(*start), port.pixel_at(*end)]), axis=0)
    middle, half = corners.mean(axis=0), (corners[1] - corners[0]) / 2
    if half.min() <= 0:
        return None
    found = _values_in(port, middle, half)
    if len(found) == 0:
        return None
    left, right = (port.point_at(middle[0] + side * half[0], middle[1]) for side in (-1, 1))
    top, bottom = (port.point_at(middle[0], middle[1] + side * half[1]) for side in (-1, 1))
    lines = sorted(((left, right), (top, bottom)), key=lambda line: -math.dist(*line))
    wide, high = port.pixel_size
    unit = port.state.volume.unit
    values = (
        MeasuredValue("sd", float(found.std()), unit),
        MeasuredValue("min", float(found.min()), unit),
        MeasuredValue("max", float(found.max()), unit),
        MeasuredValue(
            "area", math.pi * float(half[0] * half[1]) * wide * high, "mm²" if port.state.has_mm else "px²"
        ),
    )
    return Figure((*lines[0], *lines[1]), float(found.mean()), unit, values)


def _values_in(port: Viewport, middle: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of the pixels of the shown slice whose centre lies in an ellipse (columns and rows)."""
    low = np.maximum(np.ceil(middle - half), 0).astype(int)
    high = np.minimum(np.floor(middle + half), [port.grid.columns - 1, port.grid.rows - 1]).astype(int)
    column, row = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
    inside = ((column - middle[0]) / half[0]) ** 2 + ((row - middle[1]) / half[1]) ** 2 <= 1
    i, j, k = np.floor(port.grid.ijk(column[inside], row[inside]) + 0.5).astype(int).T
    volume = port.state.volume
    stored = volume.voxels[k, j, i]
    there = ~np.isin(k, list(volume.holes))
    if volume.padding_value is not None:
        there &= stored != volume.padding_value
    found: NDArray[np.float64] = stored[there].astype(np.float64) * volume.slope + volume.intercept
    return found


def hit(port: Viewport, x: float, y: float, one: Measurement) -> bool:
    """True when a point of a view lies on one of the lines of a measurement that is drawn there."""
    plane = port.view.plane.value
    here = (port.state.series.uid, port.state.series.split, str(plane), port.state.slice_index(plane))
    if (one.series_uid, one.split, one.plane, one.slice_index) != here:
        return False
    points = [np.array(port.point_of_lps(point)) for point in one.points_lps_mm]
    lines = [(0, 1), (1, 2)] if one.kind == "angle" else [(n, n + 1) for n in range(0, len(points) - 1, 2)]
    return any(_apart(np.array((x, y)), points[a], points[b]) <= HIT_POINTS for a, b in lines)


def _apart(point: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> float:
    """Distance of a point from a line between two others."""
    run = end - start
    share = float(np.clip((point - start) @ run / max(1e-9, float(run @ run)), 0, 1))
    return float(np.linalg.norm(point - start - share * run))


def measured_words(words: Words, one: Measurement) -> str:
    """A measurement in words, for the image; says when it passes over missing images."""
    return across(words, words_of(words, one.kind, one.value, one.unit, one.values), one.across_gap)


def across(words: Words, value: str, across_gap: bool) -> str:
    """A value in words, with what must be said when it passes over missing images."""
    return words("view.length-across-gap" if across_gap else "view.length", value=value)


def words_of(words: Words, kind: str, value: float, unit: str, values: tuple[MeasuredValue, ...]) -> str:
    """The value of a measurement of some kind in words; an ellipse takes three lines."""
    if kind != "roi":
        return _text(kind, value, unit, values)
    more = {one.name: one for one in values}
    decimals, shown = _in_unit(unit)
    area = more["area"]
    return words(
        "view.roi",
        mean=number(value, decimals),
        sd=number(more["sd"].value, decimals),
        low=number(more["min"].value, decimals),
        high=number(more["max"].value, decimals),
        unit=shown,
        area=f"{number(area.value, 1 if area.unit == 'mm²' else 0)} {area.unit}",
    )


def short_text(one: Measurement) -> str:
    """A measurement in one short line, for the list."""
    if one.kind != "roi":
        return _text(one.kind, one.value, one.unit, one.values)
    decimals, unit = _in_unit(one.unit)
    sd = next(each.value for each in one.values if each.name == "sd")
    return f"{number(one.value, decimals)} ± {number(sd, decimals)}{unit}"


def _text(kind: str, value: float, unit: str, values: tuple[MeasuredValue, ...]) -> str:
    if kind == "angle":
        return f"{number(value, 1)}{unit}"
    if kind == "bidirectional":
        return f"{number(value, 1 if unit == 'mm' else 0)} × {value_text(values[0].value, unit)}"
    return value_text(value, unit)


def _in_unit(unit: str) -> tuple[int, str]:
    """Decimals of a value of an image, and its unit as it is written after it."""
    return (0 if unit == "HU" else 2), ("" if unit == "1" else f" {unit}")
