"""From regions of the 1 mm grid to candidates in the volume's own voxels, with their measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from overread.core.mask import Mask
from overread.core.text import sentence
from overread.core.volume import Volume
from overread.inference.readers.base import Candidate
from overread.inference.readers.lung_nodule.grid import Bool, Grid
from overread.inference.readers.lung_nodule.places import LungPlaces
from overread.inference.readers.lung_nodule.regions import Region

TOLD: Final = 8
"""So many values are told as reasons: those that moved the score most away from that of a typical false mark."""


def candidate(region: Region, solid_hu: float, grid: Grid, volume: Volume, places: LungPlaces) -> Candidate | None:
    """A region as the reader answers it: solid when its inside is denser than ``solid_hu``.

    None when all of it lies in slices without pixels.
    """
    mask, in_hole = native_mask(region, grid, volume)
    if mask.is_empty:
        return None
    inside = mask.to_array()
    points = np.argwhere(inside).mean(axis=0) + np.array(mask.origin_kji)
    x, y, z = (float(value) for value in volume.geometry.lps_from_ijk(points[::-1]))
    box = volume.voxels[tuple(slice(a, b) for a, b in mask.box)]
    told = sorted(region.moved, key=lambda name: (-abs(region.moved[name]), name))[:TOLD]
    volume_mm3 = float(inside.sum()) * volume.geometry.voxel_mm3
    long_mm, short_mm = bidirectional_mm(mask, volume)
    return Candidate(
        mask=mask,
        centre_lps_mm=(x, y, z),
        score=region.score,
        kind=f"card.lung-nodule.{'solid' if region.why['inner_hu'] > solid_hu else 'sub-solid'}",
        why={name: round(region.why[name], 3) for name in told},
        measures={
            "long_mm": long_mm,
            "short_mm": short_mm,
            "volume_mm3": volume_mm3,
            "equivalent_diameter_mm": (6 * volume_mm3 / np.pi) ** (1 / 3),
            "mean_hu": float(box[inside].mean(dtype=np.float64)) * volume.slope + volume.intercept,
            "axis_1_mm": region.axes_mm[0],
            "axis_2_mm": region.axes_mm[1],
            "axis_3_mm": region.axes_mm[2],
        },
        warnings=(sentence("reader.at-hole"),) if in_hole else (),
        place=places.place((x, y, z)),
    )


def native_mask(region: Region, grid: Grid, volume: Volume) -> tuple[Mask, bool]:
    """The region in the volume's voxels (linear, one half; at least its middle), and whether a hole cut it.

    Slices without pixels hold no part of it.
    """
    field = np.pad(region.mask, 1).astype(np.float32)
    first = np.array(region.origin_kji) + np.array(grid.start_kji) - 1
    spacing = np.array(grid.spacing_kji_mm) / grid.step_mm
    low = np.maximum(np.floor(first / spacing).astype(int), 0)
    last = np.ceil((first + np.array(field.shape)) / spacing).astype(int) + 1
    high = np.minimum(last, volume.geometry.shape_kji)
    values = ndimage.affine_transform(
        field, spacing, offset=low * spacing - first, output_shape=tuple(high - low), order=1, output=np.float32
    )
    inside = values >= 0.5
    if not inside.any():
        inside[np.unravel_index(int(values.argmax()), values.shape)] = True
    holes = [k - int(low[0]) for k in volume.holes if low[0] <= k < high[0]]
    in_hole = bool(inside[holes].any())
    inside[holes] = False
    return Mask.from_array(inside, (int(low[0]), int(low[1]), int(low[2]))), in_hole


def bidirectional_mm(mask: Mask, volume: Volume) -> tuple[float, float]:
    """Longest diameter in the axial plane with the largest area, and the longest across it at a right angle (mm).

    Half a voxel is added at each end of the distance of voxel centres.
    """
    inside = mask.to_array()
    axis = 2 - volume.geometry.axis_of(2)
    areas = inside.sum(axis=tuple(a for a in range(3) if a != axis))
    plane = np.take(inside, int(areas.argmax()), axis=axis)
    across = [a for a in range(3) if a != axis]
    spacing = np.array([volume.geometry.spacing_ijk_mm[2 - a] for a in across])
    points = np.argwhere(plane) * spacing
    ends = _hull(points)
    apart = ends[:, None] - ends[None]
    lengths = np.linalg.norm(apart, axis=2)
    direction = apart[np.unravel_index(int(lengths.argmax()), lengths.shape)]
    length = float(lengths.max())
    unit = direction / length if length > 0 else np.array([1.0, 0.0])
    width = _widest(points, plane, unit, spacing)
    return length + _norm(unit * spacing), width + _norm(unit[::-1] * spacing)


def _norm(vector: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(vector))


def _widest(
    points: NDArray[np.float64], plane: Bool, unit: NDArray[np.float64], spacing: NDArray[np.float64]
) -> float:
    """The longest chord at a right angle to a direction, between voxel centres."""
    along, across = points @ unit, points @ np.array([-unit[1], unit[0]])
    edges = np.arange(along.min(), along.max() + spacing.max(), spacing.max())
    bins = np.digitize(along, edges)
    return max(float(np.ptp(across[bins == one])) for one in np.unique(bins))


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners of the convex hull; all points where they lie on one line."""
    if len(points) < 4:
        return points
    try:
        return points[ConvexHull(points).vertices]
    except QhullError:
        return points


def one_per_place(found: list[Region], shape: tuple[int, ...], parameters: Mapping[str, Any]) -> list[Region]:
    """One region for each place, by score; ties go by position. ``shape`` is that of the grid.

    Of two that share more than ``overlap`` of the smaller the better one stays. But one with the better outline takes
    the place, with the score of the first, when its own is at least ``close_score`` of that.
    """
    owner = np.full(shape, -1, dtype=np.int16)
    kept: list[Region] = []
    for region in sorted(found, key=lambda one: (-one.score, one.origin_kji)):
        window = tuple(slice(o, o + n) for o, n in zip(region.origin_kji, region.mask.shape, strict=True))
        size = int(region.mask.sum())
        under = owner[window][region.mask]
        owners, shared = np.unique(under[under >= 0], return_counts=True)
        overlap = float(parameters["overlap"])
        same = [int(n) for n, count in zip(owners, shared, strict=True) if _same(count, size, kept[n], overlap)]
        if not same:
            number = len(kept)
            kept.append(region)
        elif len(same) == 1 and _outlines_better(region, kept[same[0]], parameters):
            number = same[0]
            kept[number] = replace(region, score=kept[number].score)
        else:
            continue
        owner[window][region.mask] = number
    return kept


def _outlines_better(one: Region, other: Region, parameters: Mapping[str, Any]) -> bool:
    """The smoothed faint pass outlines halos alone; what a ball cuts is worse than what ends by itself."""
    if one.score < parameters["close_score"] * other.score:
        return False
    if one.why["faint"] != other.why["faint"]:
        wider = _ball_mm(one.mask) - _ball_mm(other.mask)
        halo = float(parameters["halo_mm"])
        return wider >= halo if one.why["faint"] else -wider < halo
    return bool(one.why["by_ball"] < other.why["by_ball"])


def _ball_mm(mask: Bool) -> float:
    return float((6 * mask.sum() / np.pi) ** (1 / 3))


def _same(shared: int, size: int, other: Region, overlap: float) -> bool:
    return shared > overlap * min(size, int(other.mask.sum()))
