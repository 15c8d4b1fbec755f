"""A small chest for tests of readers of lungs: two lungs of air in a body, and what is put into them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.volume import Volume

SIZE_MM = (120.0, 150.0, 190.0)
"""Extent along z, y, x. The first voxel lies at LPS (-95, -75, 0)."""
LUNG_HU, BODY_HU, AIR_HU = -860.0, 40.0, -1000.0
Points = NDArray[np.float64]
Inside = Callable[[Points], Points]
"""Signed distance (mm) of points [3 (z, y, x) in LPS mm, ...] to a surface, negative inside."""


def ball(centre_lps_mm: tuple[float, float, float], diameter_mm: float) -> Inside:
    """A ball."""
    x, y, z = centre_lps_mm
    middle = np.array([z, y, x]).reshape(3, 1, 1, 1)
    return lambda points: np.sqrt(((points - middle) ** 2).sum(axis=0)) - diameter_mm / 2


def tube(start_lps_mm: tuple[float, float, float], end_lps_mm: tuple[float, float, float], wide_mm: float) -> Inside:
    """A straight tube with round ends."""
    first, last = (np.array(one[::-1]).reshape(3, 1, 1, 1) for one in (start_lps_mm, end_lps_mm))

    def distance(points: Points) -> Points:
        along = last - first
        share = np.clip(((points - first) * along).sum(axis=0) / (along**2).sum(), 0, 1)
        away: Points = np.sqrt(((points - first - share * along) ** 2).sum(axis=0)) - wide_mm / 2
        return away

    return distance


def hu_at(points: Points, things: Sequence[tuple[Inside, float]], blur_mm: float, *, lungs: bool = True) -> Points:
    """HU without noise at points [3 (z, y, x) in LPS mm, ...]: a body, two lungs and ``things`` of some HU in them.

    The lungs lie around x -42 and +42, z 10 to 110. Edges are ``blur_mm`` wide.
    """
    z, y, x = points
    hu = np.full(x.shape, AIR_HU)

    def paint(distance: Points, value: float) -> None:
        cover = np.clip(0.5 - distance / blur_mm, 0, 1)
        hu[...] += cover * (value - hu)

    paint((np.sqrt((x / 88) ** 2 + (y / 68) ** 2) - 1) * 68, BODY_HU)
    for side in (-1, 1) if lungs else ():
        flat = np.sqrt(((x - side * 42) / 30) ** 2 + (y / 42) ** 2) - 1
        paint(np.maximum(flat * 30, np.abs(z - 60) - 50), LUNG_HU)
    for inside, value in things:
        paint(inside(points), value)
    return hu


def chest(
    things: Sequence[tuple[Inside, float]] = (),
    *,
    spacing_ijk_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
    lungs: bool = True,
    noise_hu: float = 8.0,
) -> Volume:
    """HU int16: a body with two lungs and ``things`` of some HU in them, upright."""
    step = np.array(spacing_ijk_mm[::-1])
    shape = tuple(int(size / mm) for size, mm in zip(SIZE_MM, step, strict=True))
    axes = [np.arange(n) * mm for n, mm in zip(shape, step, strict=True)]
    z, y, x = np.meshgrid(axes[0], axes[1] - 75.0, axes[2] - 95.0, indexing="ij")
    hu = hu_at(np.stack([z, y, x]), things, float(np.mean(step)), lungs=lungs)
    hu += np.random.default_rng(7).normal(scale=noise_hu, size=shape)
    affine = np.diag([*spacing_ijk_mm, 1.0])
    affine[:3, 3] = (-95.0, -75.0, 0.0)
    geometry = Geometry((shape[0], shape[1], shape[2]), affine)
    return Volume(np.round(hu).astype(np.int16), geometry, "1.2.3")
