"""Tools that measure: length and probe."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from overread.core.finding import MeasuredValue
from overread.core.geometry import Triple, place_letters_mm
from overread.core.text import number
from overread.viewer.render.overlays import DrawnMeasurement
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.views import Plane, VolumeState
from overread.viewer.tools.base import PlainTool, Pointer

SHORTEST_POINTS = 4.0
"""A press and release nearer than this is a click, not a line."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a tool measured; see ``core.finding.Measurement`` for kinds, points and units."""

    kind: str
    points_lps_mm: tuple[Triple, ...]
    value: float
    unit: str
    state: VolumeState
    plane: Plane
    slice_index: int
    across_gap: bool
    values: tuple[MeasuredValue, ...] = ()


class LengthTool(PlainTool):
    """Drag from end to end. In mm where the series allows it, else in pixels, and said so."""

    id = "length"
    pointer: Pointer = "cross"

    def __init__(self, words: Words, measured: Callable[[Measured], None]) -> None:
        super().__init__()
        self._words = words
        self._measured = measured
        self._start: tuple[float, float] | None = None

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._start = (x, y) if port.is_inside(x, y) else None

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        if self._start is not None:
            value, unit = length(port, self._start, (x, y))
            across = crosses_gap(port, self._start, (x, y))
            words = length_words(self._words, value, unit, across_gap=across)
            self.draft.set(DrawnMeasurement(_ends(port, self._start, (x, y)), words))

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        start, self._start = self._start, None
        self.draft.set(None)
        if start is None or math.dist(start, (x, y)) < SHORTEST_POINTS:
            return
        value, unit = length(port, start, (x, y))
        plane = port.view.plane.value
        self._measured(
            Measured(
                kind="length",
                points_lps_mm=_ends(port, start, (x, y)),
                value=value,
                unit=unit,
                state=port.state,
                plane=plane,
                slice_index=port.state.slice_index(plane),
                across_gap=crosses_gap(port, start, (x, y)),
            )
        )


class ProbeTool(PlainTool):
    """The value and the place under the pointer while the button is down."""

    id = "probe"

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._show(port, x, y)

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        self._show(port, x, y)

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self.draft.set(None)

    def _show(self, port: Viewport, x: float, y: float) -> None:
        self.draft.set(DrawnMeasurement((port.lps_at(x, y),), probe_text(self._words, port, x, y)))


def probe_text(words: Words, port: Viewport, x: float, y: float) -> str:
    """Place and value under a point in words; says so where there is no value."""
    value = port.state.volume.value_at(port.ijk_at(x, y)) if port.is_inside(x, y) else None
    unit = port.state.volume.unit
    shown = words("view.no-value") if value is None else number(value) + ("" if unit == "1" else f" {unit}")
    if not port.state.has_planes:
        column, row = port.pixel_at(x, y)
        return words("view.probe-pixel", column=number(column), row=number(row), value=shown)
    return words("view.probe", place="  ".join(place_letters_mm(port.lps_at(x, y))), value=shown)


def length(port: Viewport, start: tuple[float, float], end: tuple[float, float]) -> tuple[float, str]:
    """Distance of two points of a view and its unit: mm in the patient, or pixels."""
    if not port.state.has_mm:
        return math.dist(port.pixel_at(*start), port.pixel_at(*end)), "px"
    a, b = _ends(port, start, end)
    return float(np.linalg.norm(np.subtract(a, b))), "mm"


def crosses_gap(port: Viewport, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """True when a line in a view passes over slices that hold no pixels."""
    low, high = sorted((port.ijk_at(*start)[2], port.ijk_at(*end)[2]))
    return any(low - 0.5 < k < high + 0.5 for k in port.state.volume.holes)


def length_words(words: Words, value: float, unit: str, *, across_gap: bool) -> str:
    """A length in words; says when it passes over missing images."""
    return words("view.length-across-gap" if across_gap else "view.length", value=value_text(value, unit))


def value_text(value: float, unit: str) -> str:
    """A length with its unit: mm with one decimal, pixels whole."""
    return f"{number(value, 1 if unit == 'mm' else 0)} {unit}"


def _ends(port: Viewport, start: tuple[float, float], end: tuple[float, float]) -> tuple[Triple, Triple]:
    return port.lps_at(*start), port.lps_at(*end)
