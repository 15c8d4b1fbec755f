"""Outlines of masks: where a plane cuts a mask, and the smooth line around the cut in points of the screen."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import edt
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from overread.core.mask import Bool, Mask
from overread.viewer.render.planes import Float, PlaneGrid

SMOOTH = 1.2
"""Points by which the distance is smoothed: the steps of the voxels stay, their corners are round."""
TURN = math.radians(6)
"""A line keeps a point each time it has turned by this: on a radius of 100 points it is off by 0.14 at most."""
LEAST_POINTS = 8
MOST_SAMPLES = 420
"""Samples along the longer side of a cut; more would be finer than the screen."""
MOST_DENSE_BYTES = 64 << 20
"""Unpacked masks that are kept: thirty nodules are far below, and a lung lobe still fits."""


class DenseMasks:
    """Masks as arrays, unpacked once and kept while there is room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Mask, Bool] = OrderedDict()
        self._bytes = 0

    def of(self, mask: Mask) -> Bool:
        """The box of a mask as an array [k, j, i]."""
        if mask in self._kept:
            self._kept.move_to_end(mask)
            return self._kept[mask]
        array = mask.to_array()
        self._kept[mask] = array
        self._bytes += array.nbytes
        while self._bytes > MOST_DENSE_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return array


def cut_of(mask: Mask, grid: PlaneGrid, dense: DenseMasks) -> tuple[Bool, int, int] | None:
    """Where a picture cuts a mask: pixels [row, column] and the column and row of the first of them.

    None when the picture passes the mask by.
    """
    through = next(axis for axis in range(3) if grid.column_ijk[axis] == 0 and grid.row_ijk[axis] == 0)
    low, high = mask.box[2 - through]
    index = int(grid.origin_ijk[through])
    if not low <= index < high:
        return None
    cut = np.take(dense.of(mask), index - low, axis=2 - through)
    if not cut.any():
        return None
    left = [axis for axis in (2, 1, 0) if axis != through]
    if grid.row_ijk[left[0]] == 0:
        cut = cut.T
    if min(grid.row_ijk) < 0:
        cut = cut[::-1]
    if min(grid.column_ijk) < 0:
        cut = cut[:, ::-1]
    first = [float(span[0]) for span in reversed(mask.box)]
    last = [float(span[1] - 1) for span in reversed(mask.box)]
    (c0, r0), (c1, r1) = grid.pixel(first), grid.pixel(last)
    return np.ascontiguousarray(cut), round(min(c0, c1)), round(min(r0, r1))


def outlines(cut: Bool, scale: tuple[float, float], away: Sequence[float]) -> list[list[Float]]:
    """Closed lines around a cut, one list per distance in ``away`` (points outside the cut's edge).

    ``scale`` is points per column and row. Points (x, y) count from the outer corner of the first pixel of the cut.
    The edge of a pixel is its edge: a line at 0 runs through it, but for the round corners.
    """
    steps = [_samples(size, each, max(cut.shape)) for size, each in zip(cut.shape, reversed(scale), strict=True)]
    down, across = scale[1] / steps[0], scale[0] / steps[1]
    reach = max(away, default=0.0) + 3 * SMOOTH + 1
    margin = math.ceil(reach / down), math.ceil(reach / across)
    fine = np.pad(cut.repeat(steps[0], 0).repeat(steps[1], 1), (margin[:1] * 2, margin[1:] * 2))
    half = math.sqrt(down * across) / 2
    inside = edt.edt(fine, anisotropy=(down, across)) - half
    outside = edt.edt(~fine, anisotropy=(down, across)) - half
    field = gaussian_filter(np.where(fine, inside, -outside), (SMOOTH / down, SMOOTH / across), truncate=3)
    shift = np.array([0.5 - margin[1], 0.5 - margin[0]])
    size = np.array([across, down])
    return [[thinned((line + shift) * size) for line in level_lines(field, -each)] for each in away]


def thinned(line: Float) -> Float:
    """A closed line without the points at which it hardly turns: drawn, it is the same and costs a fraction."""
    if len(line) < LEAST_POINTS:
        return line
    steps = np.roll(line, -1, axis=0) - line
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = np.abs((angles - np.roll(angles, 1) + math.pi) % (2 * math.pi) - math.pi)
    turned = np.floor(np.cumsum(turns) / TURN)
    kept: Float = line[turned != np.roll(turned, 1)]
    return kept if len(kept) >= LEAST_POINTS else line


def _samples(size: int, scale: float, longest: int) -> int:
    """Samples per pixel: about one per point of the screen, so that a pixel's edge lies between two of them."""
    most = max(1, MOST_SAMPLES // max(size, longest))
    return min(max(1, math.ceil(scale)), most)


def level_lines(field: NDArray[np.floating], level: float) -> list[Float]:
    """Closed lines of points (column, row) along which a field [row, column] has a value (marching squares).

    The field must lie below the level all around its border.
    """
    above = field > level
    corners = (above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1])
    code: NDArray[np.uint8] = np.zeros(corners[0].shape, dtype=np.uint8)
    for place, corner in enumerate(corners):
        code |= corner.astype(np.uint8) << place
    rows, columns = np.nonzero((code != 0) & (code != 15))
    width = field.shape[1]
    first_vertical = field.size
    following: dict[int, int] = {}
    for r, c, kind in zip(rows.tolist(), columns.tolist(), code[rows, columns].tolist(), strict=True):
        at = r * width + c
        edges = (at, first_vertical + at + 1, at + width, first_vertical + at)
        for enter, leave in _SEGMENTS[kind]:
            following[edges[enter]] = edges[leave]
    lines = []
    while following:
        start, edge = following.popitem()
        chain = [start]
        while edge != start:
            chain.append(edge)
            edge = following.pop(edge)
        lines.append(_points(np.array(chain), field, level))
    return lines


def _segments(code: int) -> tuple[tuple[int, int], ...]:
    """Of a cell with corners a, b, c, d clockwise: edges (0 ab, 1 bc, 2 cd, 3 da) where a line enters and leaves.

    Going around clockwise, a line enters where the field rises above the level and leaves where it next falls below.
    """
    above = [bool(code >> corner & 1) for corner in range(4)]
    rises = [edge for edge in range(4) if not above[edge] and above[(edge + 1) % 4]]
    falls = [edge for edge in range(4) if above[edge] and not above[(edge + 1) % 4]]
    return tuple((rise, min(falls, key=lambda fall: (fall - rise) % 4)) for rise in rises)


_SEGMENTS = tuple(_segments(code) for code in range(16))


def _points(edges: NDArray[np.int64], field: NDArray[np.floating], level: float) -> Float:
    """Where the level lies on each edge of the grid, as (column, row)."""
    width = field.shape[1]
    is_down = edges >= field.size
    at = np.where(is_down, edges - field.size, edges)
    rows, columns = at // width, at % width
    start = field[rows, columns].astype(np.float64)
    end = field[rows + is_down, columns + ~is_down].astype(np.float64)
    share = (level - start) / (end - start)
    return np.column_stack([columns + np.where(is_down, 0.0, share), rows + np.where(is_down, share, 0.0)])
