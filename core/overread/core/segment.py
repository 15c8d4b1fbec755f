"""What a person draws: brush, eraser, growth from a point, shapes between slices. Pure functions that give masks.

Places are continuous voxels (i, j, k) as in ``core.geometry``; an ``axis`` is one of the array [k, j, i]: 0 for
images as stored, 1 and 2 for the planes across them. Slices without pixels and padding are never drawn on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.core.errors import OverreadError
from overread.core.geometry import Geometry, Triple
from overread.core.mask import EMPTY, Bool, Box, Mask, in_box, origin, union
from overread.core.text import sentence
from overread.core.volume import Volume

REACH_MM = 40.0
"""How far from the point a growth may go; one that comes so far has leaked."""
SEED_MM = 1.5
"""The neighbourhood of the point: its median is the value of the lesion, and the point may miss it by so much."""
AROUND_MM = 20.0
"""The neighbourhood in which the background is looked for."""
LEAST_SHARE = 0.1
"""Of that neighbourhood the background must fill at least this share."""
CONTRAST_HU = 100.0
CONTRAST_SHARE = 0.2
"""Where values are no HU: the least contrast as a share of the range of the neighbourhood."""
OPENING = 0.4
"""What is thinner than this share of the inscribed ball at the point (vessels) is cut off."""
LEAST_VOXELS = 3

Float32 = NDArray[np.float32]


class CannotGrowError(OverreadError):
    """Nothing can be grown from a point; the sentence says why and what to do."""


class CannotInterpolateError(OverreadError):
    """There is nothing to interpolate between; the sentence says what is needed."""


def joined(first: Mask, second: Mask) -> Mask:
    """The voxels of either mask."""
    box = union(first.box, second.box)
    return Mask.from_array(in_box(first, box) | in_box(second, box), origin(box))


def without(mask: Mask, taken: Mask) -> Mask:
    """The voxels of a mask that are not in another one."""
    if mask.is_empty:
        return mask
    return Mask.from_array(mask.to_array() & ~in_box(taken, mask.box), mask.origin_kji)


def slab(mask: Mask, axis: int, index: int) -> Mask:
    """The part of a mask that lies on one slice along an array axis."""
    found = mask.plane(axis, index)
    if found is None:
        return EMPTY
    corner = list(mask.origin_kji)
    corner[axis] = index
    return Mask.from_array(np.expand_dims(found[0], axis), (corner[0], corner[1], corner[2]))


def disc(geometry: Geometry, axis: int, start_ijk: Triple, end_ijk: Triple, radius_mm: float) -> Mask:
    """One step of a stroke: the voxels of a slice within a radius of the line between two points of that slice.

    The slice is the one at ``start_ijk`` along ``axis``. The voxel under each end belongs to it whatever the radius.
    """
    through = 2 - axis
    first, second = (a for a in range(3) if a != through)
    along, other = geometry.affine[:3, first], geometry.affine[:3, second]
    right = along / np.linalg.norm(along)
    lean = float(other @ right)
    rise = float(np.linalg.norm(other - lean * right))
    step = float(np.linalg.norm(along))
    index = _nearest(start_ijk[through])
    sizes = geometry.shape_ijk
    if not 0 <= index < sizes[through]:
        return EMPTY
    ends = np.array([(p[first], p[second]) for p in (start_ijk, end_ijk)])
    wide = radius_mm / rise
    long = (radius_mm + abs(lean) * wide) / step
    spans = [
        (max(0, _nearest(ends[:, a].min() - half)), min(size, _nearest(ends[:, a].max() + half) + 1))
        for a, half, size in ((0, long, sizes[first]), (1, wide, sizes[second]))
    ]
    if any(low >= high for low, high in spans):
        return EMPTY
    (a0, a1), (b0, b1) = spans
    a, b = np.arange(a0, a1)[None, :], np.arange(b0, b1)[:, None]
    flat = np.stack([a * step + b * lean, np.broadcast_to(b * rise, (b1 - b0, a1 - a0))], axis=-1)
    drawn = _near_line(flat, ends @ np.array([[step, 0.0], [lean, rise]]), radius_mm)
    for end in ends:
        column, row = _nearest(end[0]) - a0, _nearest(end[1]) - b0
        if 0 <= row < drawn.shape[0] and 0 <= column < drawn.shape[1]:
            drawn[row, column] = True
    # Rows run along the later voxel axis, which comes first in [k, j, i].
    corner = {through: index, first: a0, second: b0}
    return Mask.from_array(np.expand_dims(drawn, axis), (corner[2], corner[1], corner[0]))


def _near_line(points: NDArray[np.float64], ends: NDArray[np.float64], radius: float) -> Bool:
    """Which of the points [..., 2] lie within a radius of the line between two ends [2, 2]."""
    run = ends[1] - ends[0]
    length = float(run @ run)
    offset = points - ends[0]
    share = np.clip(offset @ run / length, 0, 1) if length > 0 else np.zeros(points.shape[:-1])
    apart = offset - share[..., None] * run
    near: Bool = (apart**2).sum(axis=-1) <= radius**2 + 1e-9
    return near


def ball(volume: Volume, centre_ijk: Triple, radius_mm: float) -> Mask:
    """The voxels within a radius of a point that have a value; at least the one at the point, if it has one."""
    box = _box_around(volume.geometry, centre_ijk, radius_mm)
    inside = _distance(volume.geometry, box, centre_ijk) <= radius_mm
    at = tuple(_nearest(v) - low for v, (low, _high) in zip(centre_ijk[::-1], box, strict=True))
    if all(0 <= v < size for v, size in zip(at, inside.shape, strict=True)):
        inside[at] = True
    return Mask.from_array(inside & has_value(volume, box), origin(box))


def within(volume: Volume, stamp: Mask, low: float, high: float) -> Mask:
    """The voxels of a stamp whose value lies from ``low`` to ``high``, both counted, in the volume's unit."""
    if stamp.is_empty:
        return stamp
    found = values(volume, stamp.box)
    chosen = stamp.to_array() & has_value(volume, stamp.box) & (found >= low) & (found <= high)
    return Mask.from_array(chosen, stamp.origin_kji)


def values(volume: Volume, box: Box) -> Float32:
    """The values of a box [k, j, i] in the volume's unit."""
    stored = volume.voxels[_slices(box)].astype(np.float32)
    return stored * np.float32(volume.slope) + np.float32(volume.intercept)


def has_value(volume: Volume, box: Box) -> Bool:
    """Which voxels of a box hold a value: neither a slice without pixels nor padding."""
    stored = volume.voxels[_slices(box)]
    found: Bool = np.ones(stored.shape, dtype=np.bool_)
    if volume.padding_value is not None:
        found &= stored != volume.padding_value
    found[[k - box[0][0] for k in volume.holes if box[0][0] <= k < box[0][1]]] = False
    return found


def value_range(volume: Volume, mask: Mask) -> tuple[float, float] | None:
    """The 2nd percentile and the largest of the values in a mask; None where no voxel has a value."""
    chosen = mask.to_array() & has_value(volume, mask.box)
    if not chosen.any():
        return None
    found = values(volume, mask.box)[chosen]
    return float(np.percentile(found, 2)), float(found.max())


def components_at(region: Bool, at: Bool) -> Bool:
    """The parts of a region, joined over faces, that touch ``at`` (both [k, j, i])."""
    parts, _count = ndimage.label(region)
    touched = np.unique(parts[at & region])
    found: Bool = np.isin(parts, touched[touched > 0])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Spot:
    """What lies around a point: values, which of them count, distance in mm from the point, spacing (k, j, i)."""

    box: Box
    values: Float32
    counts: Bool
    away_mm: Float32
    spacing_kji_mm: Triple
    unit: str


def grow(volume: Volume, seed_ijk: Triple, reach_mm: float = REACH_MM) -> Mask:
    """The lesion at a point: what lies above (or, in dark lesions, below) the middle between it and its background.

    Parts much thinner than the lesion at the point, such as vessels, are cut off. The same voxels give the same
    answer, whichever way the axes run. Raises CannotGrowError: no value there, no contrast, nothing, or a leak.
    """
    if volume.value_at(seed_ijk) is None:
        raise CannotGrowError(sentence("editing.grow-no-value"))
    box = _box_around(volume.geometry, seed_ijk, reach_mm)
    i_mm, j_mm, k_mm = volume.geometry.spacing_ijk_mm
    spot = _Spot(
        box,
        values(volume, box),
        has_value(volume, box),
        _distance(volume.geometry, box, seed_ijk),
        (k_mm, j_mm, i_mm),
        volume.unit,
    )
    region = _beyond_level(spot) & spot.counts & (spot.away_mm <= reach_mm)
    start = _start(region, spot)
    found = _opened(components_at(region, start), start, spot)
    if np.count_nonzero(found) < LEAST_VOXELS:
        raise CannotGrowError(sentence("editing.grow-nothing"))
    if (found & (spot.away_mm > reach_mm - max(spot.spacing_kji_mm))).any():
        raise CannotGrowError(sentence("editing.grow-leaks", mm=round(reach_mm)))
    return Mask.from_array(found, origin(box))


def _beyond_level(spot: _Spot) -> Bool:
    """Which voxels lie on the lesion's side of the middle between lesion and background."""
    near = spot.counts & (spot.away_mm <= max(SEED_MM, float(spot.away_mm.min())))
    lesion = float(np.median(spot.values[near]))
    around = spot.values[spot.counts & (spot.away_mm <= AROUND_MM)]
    least = CONTRAST_HU
    if spot.unit != "HU":
        low, high = np.percentile(around, (2, 98))
        least = CONTRAST_SHARE * float(high - low)
    darker, brighter = around[around <= lesion - least], around[around >= lesion + least]
    background = darker if len(darker) >= len(brighter) else brighter
    if len(background) < LEAST_SHARE * len(around):
        raise CannotGrowError(sentence("editing.grow-no-contrast"))
    level = np.float32((lesion + float(np.median(background))) / 2)
    found: Bool = spot.values >= level if background is darker else spot.values <= level
    return found


def _start(region: Bool, spot: _Spot) -> Bool:
    """The voxels of the region that lie nearest to the point, and not farther than a click may miss."""
    nearest = float(spot.away_mm[region].min()) if region.any() else np.inf
    if nearest > max(SEED_MM, float(spot.away_mm.min())):
        raise CannotGrowError(sentence("editing.grow-nothing"))
    start: Bool = region & (spot.away_mm <= nearest + 1e-4)
    return start


def _opened(component: Bool, start: Bool, spot: _Spot) -> Bool:
    """The component opened by a share of the largest ball in it that holds the point, so that vessels are cut."""
    deep = edt.edt(component, anisotropy=spot.spacing_kji_mm, black_border=False)
    near = start | (component & (spot.away_mm <= deep + SEED_MM))
    radius = float(deep[near].max())
    core = components_at(deep > OPENING * radius, near & (deep >= radius * 0.999))
    if not core.any():
        return component
    # One voxel more than was taken off: discs of voxels have corners that a ball does not reach.
    back = OPENING * radius + min(spot.spacing_kji_mm)
    away = edt.edt(~core, anisotropy=spot.spacing_kji_mm, black_border=False)
    return components_at(component & (away <= back), core)


def interpolated(
    volume: Volume, mask: Mask, axis: int, indices: Iterable[int], before: Mask = EMPTY
) -> tuple[Mask, tuple[int, ...]]:
    """The mask with shapes between given slices along ``axis``, and the slices on which they were made.

    Between two neighbours of ``indices`` stands the shape halfway (signed distances, weighted by place). Where
    something was added to ``before`` on one of them, that shape is added; what was taken away on both is taken away
    in between; nothing else there changes, nor do the given slices. Slices with nothing on them do not count. Raises
    CannotInterpolateError.
    """
    box = union(mask.box, before.box)
    now, then = in_box(mask, box), in_box(before, box)
    low, high = box[axis]
    given = [n - low for n in sorted(set(indices)) if low <= n < high and np.take(now, n - low, axis=axis).any()]
    if len(given) < 2:
        raise CannotInterpolateError(sentence("editing.interpolate-two"))
    spacing = [mm for a, mm in enumerate(volume.geometry.spacing_ijk_mm[::-1]) if a != axis]
    layers, past = np.moveaxis(now, axis, 0), np.moveaxis(then, axis, 0)
    made: list[int] = []
    for first, second in pairwise(given):
        added = [layers[n] & ~past[n] for n in (first, second)]
        taken = [past[n] & ~layers[n] for n in (first, second)]
        ends = layers[first].copy(), layers[second].copy()
        for n in range(first + 1, second):
            share = (n - first) / (second - first)
            if added[0].any() or added[1].any():
                layers[n] |= _between(ends, share, spacing)
            if taken[0].any() and taken[1].any():
                layers[n] &= ~_between((taken[0], taken[1]), share, spacing)
            made.append(n + low)
    if not made:
        raise CannotInterpolateError(sentence("editing.interpolate-next"))
    return Mask.from_array(now & has_value(volume, box), origin(box)), tuple(made)


def _between(shapes: tuple[Bool, Bool], share: float, spacing: list[float]) -> Bool:
    """The shape a share of the way from the first shape to the second."""
    first, second = (_signed(shape, spacing) for shape in shapes)
    drawn: Bool = (1 - share) * first + share * second > 0
    return drawn


def _signed(cut: Bool, spacing: list[float]) -> Float32:
    """Distance in mm from the edge of a shape, positive inside."""
    padded = np.pad(cut, 1)
    inside: Float32 = edt.edt(padded, anisotropy=spacing, black_border=False)
    outside: Float32 = edt.edt(~padded, anisotropy=spacing, black_border=False)
    return (inside - outside)[1:-1, 1:-1]


def _nearest(value: float) -> int:
    return int(np.floor(value + 0.5))


def _slices(box: Box) -> tuple[slice, slice, slice]:
    (k0, k1), (j0, j1), (i0, i1) = box
    return slice(k0, k1), slice(j0, j1), slice(i0, i1)


def _box_around(geometry: Geometry, centre_ijk: Triple, radius_mm: float) -> Box:
    """The part of the grid that holds all voxels within a radius of a point."""
    reach = radius_mm * np.linalg.norm(geometry.inverse[:3, :3], axis=1)
    spans = [
        (min(size, max(0, int(np.ceil(middle - half)))), max(0, min(size, int(np.floor(middle + half)) + 1)))
        for middle, half, size in zip(centre_ijk, np.maximum(reach, 0.5), geometry.shape_ijk, strict=True)
    ]
    return spans[2], spans[1], spans[0]


def _distance(geometry: Geometry, box: Box, centre_ijk: Triple) -> Float32:
    """Distance in mm of each voxel of a box [k, j, i] from a point."""
    k, j, i = np.ogrid[_slices(box)]
    squares = np.zeros([high - low for low, high in box], dtype=np.float32)
    for row in geometry.affine[:3, :3]:
        squares += (row[0] * (i - centre_ijk[0]) + row[1] * (j - centre_ijk[1]) + row[2] * (k - centre_ijk[2])) ** 2
    return np.sqrt(squares)
