"""What is measured on a mask: centre, volume, axes, mean value.

Axes follow the guidance for nodules: the largest diameter on one image and the largest diameter at right angles to
it on the same image (Bankier et al., Radiology 2017, 285:584). The image is the stored slice on which the mask is
largest. A diameter runs from edge to edge of the region's convex hull, the edge lying halfway between inner and outer
pixels.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from overread.core.finding import Measures
from overread.core.geometry import Float, Triple
from overread.core.mask import Bool, Mask
from overread.core.volume import Volume

Axis = tuple[float, Triple, Triple]
"""Length in mm and the two ends in patient LPS mm."""


def measure_mask(mask: Mask, volume: Volume, *, has_mm: bool = True) -> Measures:
    """Measures of a mask on the volume it was drawn on. ``has_mm`` False leaves axes out.

    Voxels in holes and in padding have no value and do not enter the mean. Raises ValueError for an empty mask or
    one that leaves the volume.
    """
    if mask.is_empty:
        raise ValueError("an empty mask has no measures")
    inside = mask.to_array()
    if any(low < 0 or high > size for (low, high), size in zip(mask.box, volume.geometry.shape_kji, strict=True)):
        raise ValueError("the mask leaves the volume")
    areas = inside.sum(axis=(1, 2))
    slice_k = mask.origin_kji[0] + int(areas.argmax())
    volume_mm3 = int(inside.sum()) * volume.geometry.voxel_mm3
    middle = np.argwhere(inside).mean(axis=0) + np.array(mask.origin_kji)
    centre = volume.geometry.lps_from_ijk(middle[::-1])
    long, short = axes_of(inside[int(areas.argmax())], mask, slice_k, volume) if has_mm else (None, None)
    return Measures(
        centre_lps_mm=_triple(centre),
        slice_k=slice_k,
        volume_mm3=volume_mm3,
        equivalent_diameter_mm=(6 * volume_mm3 / math.pi) ** (1 / 3),
        long_mm=None if long is None else long[0],
        short_mm=None if short is None else short[0],
        long_points_lps_mm=None if long is None else long[1:],
        short_points_lps_mm=None if short is None else short[1:],
        mean_value=_mean(inside, mask, volume),
        unit=volume.unit,
        across_gap=any(mask.box[0][0] <= k < mask.box[0][1] for k in volume.holes),
    )


def axes_of(cut: Bool, mask: Mask, slice_k: int, volume: Volume) -> tuple[Axis, Axis]:
    """Longest diameter of a slice [j, i] of the mask's box, and the longest one at right angles to it."""
    points_ij = _edge_points(cut) + np.array([mask.origin_kji[2], mask.origin_kji[1]])
    points: Float = volume.geometry.lps_from_ijk(
        np.column_stack([points_ij, np.full(len(points_ij), float(slice_k))])
    )
    along_i, along_j = volume.geometry.affine[:3, 0], volume.geometry.affine[:3, 1]
    right = along_i / np.linalg.norm(along_i)
    down = along_j - (along_j @ right) * right
    flat = np.column_stack([points @ right, points @ (down / np.linalg.norm(down))])
    hull = ConvexHull(flat).vertices
    corners = flat[hull]
    apart = np.linalg.norm(corners[:, None] - corners[None], axis=-1)
    first, second = np.unravel_index(int(apart.argmax()), apart.shape)
    long = _axis(points[hull[first]], points[hull[second]])
    direction = (corners[second] - corners[first]) / float(apart.max())
    start, end = _widest_across(corners, direction)
    return long, _across(points, flat, start, end)


def _edge_points(cut: Bool) -> Float:
    """Points (i, j) halfway between each inner pixel and its outer neighbours along rows and columns.

    Even a single pixel has four of them, so that they never lie on one line.
    """
    padded = np.pad(cut, 1)
    found: list[NDArray[np.float64]] = []
    for dj, di in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        outer = padded & ~np.roll(padded, (-dj, -di), axis=(0, 1))
        j, i = np.nonzero(outer)
        found.append(np.column_stack([i - 1 + di / 2, j - 1 + dj / 2]))
    return np.concatenate(found)


def _widest_across(corners: Float, direction: Float) -> tuple[Float, Float]:
    """The longest chord of a convex polygon at right angles to a direction: its two ends in the plane.

    The width of the polygon as a function of the place along the direction is concave and piecewise linear, so the
    longest chord stands at a corner.
    """
    across = np.array([-direction[1], direction[0]])
    along, side = corners @ direction, corners @ across
    best = (-1.0, corners[0], corners[0])
    for place in along:
        low, high = _chord(along, side, float(place))
        if high - low > best[0]:
            best = (high - low, place * direction + low * across, place * direction + high * across)
    return best[1], best[2]


def _chord(along: Float, side: Float, place: float) -> tuple[float, float]:
    """Lowest and highest side coordinate of a polygon at one place along."""
    following = np.roll(np.arange(len(along)), -1)
    lows = np.minimum(along, along[following])
    highs = np.maximum(along, along[following])
    touched = np.flatnonzero((lows <= place + 1e-9) & (highs >= place - 1e-9))
    sides: list[float] = []
    for edge in touched:
        other = following[edge]
        run = along[other] - along[edge]
        if abs(run) < 1e-9:
            sides += [float(side[edge]), float(side[other])]
        else:
            share = (place - along[edge]) / run
            sides.append(float(side[edge] + share * (side[other] - side[edge])))
    return min(sides), max(sides)


def _across(points: Float, flat: Float, start: Float, end: Float) -> Axis:
    """The short axis in patient space: the plane's coordinates carried back as its points are."""
    carry, *_rest = np.linalg.lstsq(np.column_stack([flat, np.ones(len(flat))]), points, rcond=None)
    return _axis(np.append(start, 1.0) @ carry, np.append(end, 1.0) @ carry)


def _axis(first: Float, second: Float) -> Axis:
    return float(np.linalg.norm(second - first)), _triple(first), _triple(second)


def _triple(point: Float) -> Triple:
    x, y, z = (float(value) for value in point)
    return x, y, z


def _mean(inside: Bool, mask: Mask, volume: Volume) -> float | None:
    (k0, k1), (j0, j1), (i0, i1) = mask.box
    counted = inside.copy()
    counted[[k - k0 for k in volume.holes if k0 <= k < k1]] = False
    box = volume.voxels[k0:k1, j0:j1, i0:i1]
    if volume.padding_value is not None:
        counted &= box != volume.padding_value
    if not counted.any():
        return None
    return float(np.mean(box[counted], dtype=np.float64)) * volume.slope + volume.intercept
