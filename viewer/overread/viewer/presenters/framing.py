"""Where a view looks when it goes to a finding: which slices, how near, and how far from the middle of the image."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Triple
from overread.core.mask import Box, Mask
from overread.viewer.render.viewport import LEAST_ZOOM, MOST_ZOOM, Viewport
from overread.viewer.state.views import Plane

SHARE = 1 / 3
"""A finding fills this share of the smaller side of a view."""
LEAST_FIELD_MM = {Plane.AXIAL: 120.0}
LEAST_FIELD_BESIDE_MM = 140.0
"""The smaller side of a view never shows less than this: a small nodule needs its surroundings."""
STRIP = 0.15
"""The edge of the image comes at most this share of the view into it."""


@lru_cache(maxsize=64)
def largest_cuts(mask: Mask) -> Triple:
    """Voxel (i, j, k) at which each of the three planes cuts a mask where it is largest.

    Of several equal slices the middle one, so that a ball is cut through its centre.
    """
    inside = mask.to_array()
    place = [0.0, 0.0, 0.0]
    for axis in range(3):
        areas: NDArray[np.int64] = inside.sum(axis=tuple(other for other in range(3) if other != axis))
        best = np.flatnonzero(areas == areas.max())
        place[2 - axis] = float(mask.origin_kji[axis] + int(best[len(best) // 2]))
    return place[0], place[1], place[2]


def framed(port: Viewport, box: Box) -> tuple[float, tuple[float, float]]:
    """Zoom and pan with which a view shows a box of voxels as UI and eye want it (see the constants above).

    The zoom is never below the one at which the whole image is seen.
    """
    (k0, k1), (j0, j1), (i0, i1) = box
    corners = product((i0 - 0.5, i1 - 0.5), (j0 - 0.5, j1 - 0.5), (k0 - 0.5, k1 - 0.5))
    pixels = np.array([port.grid.pixel(corner) for corner in corners])
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    wide, tall = port.pixel_size
    extent = max((high[0] - low[0]) * wide, (high[1] - low[1]) * tall)
    side = min(port.width, port.height)
    field = LEAST_FIELD_MM.get(port.view.plane.value, LEAST_FIELD_BESIDE_MM)
    zoom = max(min(SHARE * side / extent, side / field), port.fit)
    zoom = float(np.clip(zoom, LEAST_ZOOM, MOST_ZOOM))
    middle = (low + high) / 2
    return zoom, (
        _pan(float(middle[0]), port.grid.columns, wide * zoom, port.width),
        _pan(float(middle[1]), port.grid.rows, tall * zoom, port.height),
    )


def _pan(middle: float, count: int, step: float, side: float) -> float:
    """How far the image's centre lies off the view's, in points along one side."""
    wanted = (count / 2 - (middle + 0.5)) * step
    if count * step <= side:
        return 0.0
    most = count * step / 2 - side / 2 + STRIP * side
    return float(np.clip(wanted, -most, most))
