"""Planes along the axes of a volume: views of its own pixels, turned the way radiologists look at them.

Axial: the patient's right is at the left of the picture, the front at its top. Coronal: right at the left, head at
the top. Sagittal: front at the left, head at the top. An oblique acquisition keeps its own axes: each plane shows
the axis that runs nearest, and the letters say what that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.geometry import Geometry, Triple, orientation_letters
from overread.core.volume import Volume
from overread.viewer.state.views import Plane, VolumeState

Float = NDArray[np.float64]

RIGHT_DOWN = {
    Plane.AXIAL: (0, 1.0, 1, 1.0),
    Plane.CORONAL: (0, 1.0, 2, -1.0),
    Plane.SAGITTAL: (1, 1.0, 2, -1.0),
}
"""Per plane: LPS axis and sense that point right in the picture, then those that point down."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaneGrid:
    """Where a picture lies: voxel (i, j, k) of pixel (column 0, row 0), and the voxel steps of a column and a row."""

    geometry: Geometry
    origin_ijk: Triple
    column_ijk: Triple
    row_ijk: Triple
    columns: int
    rows: int
    pixel_mm: tuple[float, float] = field(init=False)
    """Width and height of a pixel in mm; asked for many times in every picture."""

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "pixel_mm", (float(np.linalg.norm(self.right_lps)), float(np.linalg.norm(self.down_lps)))
        )

    def ijk(self, column: ArrayLike, row: ArrayLike) -> Float:
        """Continuous voxel of a continuous pixel; whole numbers are pixel centres."""
        c, r = np.asarray(column, dtype=np.float64), np.asarray(row, dtype=np.float64)
        across: Float = c[..., None] * np.array(self.column_ijk) + r[..., None] * np.array(self.row_ijk)
        voxels: Float = across + np.array(self.origin_ijk)
        return voxels

    def pixel(self, point_ijk: ArrayLike) -> tuple[float, float]:
        """Continuous (column, row) of a voxel, seen along the normal of the plane."""
        offset = np.asarray(point_ijk, dtype=np.float64) - np.array(self.origin_ijk)
        return float(offset @ np.array(self.column_ijk)), float(offset @ np.array(self.row_ijk))

    @property
    def right_lps(self) -> Float:
        """Patient direction of one column, in mm."""
        step: Float = self.geometry.affine[:3, :3] @ np.array(self.column_ijk)
        return step

    @property
    def down_lps(self) -> Float:
        """Patient direction of one row, in mm."""
        step: Float = self.geometry.affine[:3, :3] @ np.array(self.row_ijk)
        return step

    def letters(self) -> tuple[str, str, str, str]:
        """Letters of the left, right, top and bottom of the picture."""
        right, down = self.right_lps, self.down_lps
        return (
            orientation_letters(-right),
            orientation_letters(right),
            orientation_letters(-down),
            orientation_letters(down),
        )


def plane_grid(state: VolumeState, plane: Plane) -> PlaneGrid:
    """The place of the picture that a plane shows now."""
    return grid_at(state.volume.geometry, plane, state.slice_index(plane), images=not state.has_planes)


def grid_at(geometry: Geometry, plane: Plane, index: int, *, images: bool = False) -> PlaneGrid:
    """The place of slice ``index`` of a plane; ``images`` keeps pictures as they are stored."""
    sizes = geometry.shape_ijk
    if images or plane is Plane.IMAGES:
        return PlaneGrid(geometry, (0.0, 0.0, float(index)), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), sizes[0], sizes[1])
    right_lps, right_sense, down_lps, down_sense = RIGHT_DOWN[plane]
    right, down = geometry.axis_of(right_lps), geometry.axis_of(down_lps)
    through = 3 - right - down
    origin, column, row = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    origin[through] = float(index)
    for axis, lps, sense, step in ((right, right_lps, right_sense, column), (down, down_lps, down_sense, row)):
        along = geometry.directions[lps, axis] * sense >= 0
        step[axis] = 1.0 if along else -1.0
        origin[axis] = 0.0 if along else float(sizes[axis] - 1)
    return PlaneGrid(
        geometry,
        (origin[0], origin[1], origin[2]),
        (column[0], column[1], column[2]),
        (row[0], row[1], row[2]),
        sizes[right],
        sizes[down],
    )


def plane_pixels(volume: Volume, grid: PlaneGrid, slices_k: NDArray[np.intp] | None = None) -> NDArray[np.generic]:
    """The voxels of a picture [row, column], C-contiguous, without any interpolation.

    ``slices_k`` names for each slice k the slice to take instead, for planes that cut across slices of which some
    hold nothing yet. Only the named ones are touched: in memory that nobody has written yet every read of a new
    page is a page fault, and a sagittal plane lies on all pages of a volume.
    """
    through = next(axis for axis in range(3) if grid.column_ijk[axis] == 0 and grid.row_ijk[axis] == 0)
    index = int(grid.origin_ijk[through])
    picked: NDArray[np.generic]
    if through == 2 or slices_k is None:
        picked = np.take(volume.voxels, index, axis=2 - through)
    elif through == 1:
        picked = volume.voxels[slices_k, index, :]
    else:
        picked = volume.voxels[slices_k, :, index]
    left = [axis for axis in (2, 1, 0) if axis != through]
    # ``picked`` has the remaining axes in the order k, j, i; rows must come first.
    if grid.row_ijk[left[0]] == 0:
        picked = picked.T
    if min(grid.row_ijk) < 0:
        picked = picked[::-1]
    if min(grid.column_ijk) < 0:
        picked = picked[:, ::-1]
    return np.ascontiguousarray(picked)
