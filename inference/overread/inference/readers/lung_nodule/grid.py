"""Even grids over a volume: anchored to its first voxel, so that scores do not move with where a box begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.core.volume import Volume

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

AIR_HU, METAL_HU = -1024.0, 3071.0
"""Values beyond these are padding or metal. Clipped before anything is averaged: padding of any value reads alike."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points ``step_mm`` apart along the volume's axes; ``start_kji`` is the first one, in steps from voxel 0."""

    step_mm: float
    start_kji: tuple[int, int, int]
    shape_kji: tuple[int, int, int]
    spacing_kji_mm: tuple[float, float, float]

    def voxels(self, points_kji: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous voxels [k, j, i] of grid points [..., 3]."""
        scale = self.step_mm / np.array(self.spacing_kji_mm)
        moved: NDArray[np.float64] = (np.asarray(points_kji, dtype=np.float64) + np.array(self.start_kji)) * scale
        return moved


def whole_grid(volume: Volume, step_mm: float) -> Grid:
    """The grid over all of a volume."""
    spacing = volume.geometry.spacing_ijk_mm[::-1]
    sizes = [int((n - 1) * mm / step_mm) + 1 for n, mm in zip(volume.geometry.shape_kji, spacing, strict=True)]
    return Grid(step_mm, (0, 0, 0), (sizes[0], sizes[1], sizes[2]), (spacing[0], spacing[1], spacing[2]))


def sample(volume: Volume, grid: Grid) -> Float32:
    """HU on a grid, linear between voxels. Slices without pixels are filled from their neighbours."""
    scale = grid.step_mm / np.array(grid.spacing_kji_mm)
    first = np.array(grid.start_kji) * scale
    low = np.maximum(np.floor(first).astype(int) - 1, 0)
    last = first + (np.array(grid.shape_kji) - 1) * scale
    high = np.minimum(np.ceil(last).astype(int) + 2, volume.geometry.shape_kji)
    box = _clipped(volume, low, high)
    _fill_holes(box, sorted(k - int(low[0]) for k in volume.holes if low[0] <= k < high[0]))
    values: Float32 = ndimage.affine_transform(
        box, scale, offset=first - low, output_shape=grid.shape_kji, output=np.float32, order=1, mode="nearest"
    )
    if volume.slope != 1.0 or volume.intercept != 0.0:
        values = values * np.float32(volume.slope) + np.float32(volume.intercept)
    return values


def _clipped(volume: Volume, low: NDArray[np.int_], high: NDArray[np.int_]) -> NDArray[np.int16] | Float32:
    """A private copy of a box of stored values, kept between air and metal."""
    bounds = [(hu - volume.intercept) / volume.slope for hu in (AIR_HU, METAL_HU)]
    box = volume.voxels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    if box.dtype == np.int16:
        limits = np.iinfo(np.int16)
        low_value, high_value = max(round(bounds[0]), limits.min), min(round(bounds[1]), limits.max)
        return np.clip(box, low_value, high_value).astype(np.int16, copy=False)
    clipped = np.clip(box, bounds[0], bounds[1]).astype(np.float32, copy=False)
    np.nan_to_num(clipped, copy=False, nan=bounds[0])
    return clipped


def _fill_holes(box: NDArray[np.int16] | Float32, holes: list[int]) -> None:
    """Put between known slices what lies between them: an empty slice would cut vessels into round pieces."""
    known = np.setdiff1d(np.arange(box.shape[0]), holes)
    if len(known) == 0:
        return
    for k in holes:
        after = int(np.searchsorted(known, k))
        below = int(known[max(after - 1, 0)])
        above = int(known[min(after, len(known) - 1)])
        share = 0.0 if above == below else (k - below) / (above - below)
        box[k] = (box[below] * (1 - share) + box[above] * share).astype(box.dtype)


def carry(mask: Bool, source: Grid, target: Grid) -> Bool:
    """A mask of one grid on another (linear, above one half)."""
    scale = target.step_mm / source.step_mm
    offset = np.array(target.start_kji) * scale - np.array(source.start_kji)
    carried: Float32 = ndimage.affine_transform(
        mask.astype(np.float32),
        np.full(3, scale),
        offset=offset,
        output_shape=target.shape_kji,
        order=1,
        output=np.float32,
    )
    return carried > 0.5
