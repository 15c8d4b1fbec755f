"""Gantry tilt: slices that are shifted against each other in their own plane are put upright, once, for all views.

Each slice is moved within its plane by a linear interpolation; nothing is interpolated between slices. The
acquired geometry is kept beside the upright one, so that results can be written on the original slices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry


@dataclass(frozen=True, slots=True)
class Straightening:
    """From the acquired grid (sheared) to the upright one.

    Slice k of the acquired grid lies ``shift_i * k + offset_i`` columns and ``shift_j * k + offset_j`` rows into
    the upright grid.
    """

    acquired: Geometry
    straight: Geometry
    shift_i: float
    shift_j: float
    offset_i: int
    offset_j: int

    def put(self, target: NDArray[np.generic], plane: NDArray[np.generic], k: int, fill: float) -> None:
        """Write an acquired slice [row, column] into its upright slice; places outside it hold ``fill``."""
        along_i = self.shift_i * k + self.offset_i
        along_j = self.shift_j * k + self.offset_j
        moved = _shift(plane.astype(np.float32), along_j, along_i, target.shape, np.float32(fill))
        target[:] = np.round(moved) if target.dtype.kind == "i" else moved


def straightening(acquired: Geometry) -> Straightening:
    """How to put a grid upright whose slices are shifted in their plane. Raises ValueError without a shift axis."""
    row, column, step = (np.array(acquired.affine[:3, axis]) for axis in range(3))
    normal = np.cross(row, column)
    normal = normal / np.linalg.norm(normal)
    upright = float(step @ normal) * normal
    slip = step - upright
    shift_i = float(slip @ row) / float(row @ row)
    shift_j = float(slip @ column) / float(column @ column)
    nk, nj, ni = acquired.shape_kji
    extra_i, extra_j = math.ceil(abs(shift_i) * (nk - 1)), math.ceil(abs(shift_j) * (nk - 1))
    offset_i = extra_i if shift_i < 0 else 0
    offset_j = extra_j if shift_j < 0 else 0
    affine = np.array(acquired.affine)
    affine[:3, 2] = upright
    affine[:3, 3] = affine[:3, 3] - offset_i * row - offset_j * column
    straight = Geometry((nk, nj + extra_j, ni + extra_i), affine, acquired.frame_of_reference_uid)
    return Straightening(acquired, straight, shift_i, shift_j, offset_i, offset_j)


def _shift(
    plane: NDArray[np.float32], down: float, right: float, shape: tuple[int, ...], fill: np.float32
) -> NDArray[np.float32]:
    """A picture moved by a fraction of pixels, bilinear; what no pixel reaches holds ``fill``."""
    rows, columns = plane.shape
    whole_down, whole_right = math.floor(down), math.floor(right)
    part_down, part_right = np.float32(down - whole_down), np.float32(right - whole_right)
    wide = np.full((rows, columns + 1), fill, dtype=np.float32)
    wide[:, 1:columns] = plane[:, 1:] * (1 - part_right) + plane[:, :-1] * part_right
    # The outermost pixels lie between two upright places: the line through the last two reaches the outer one.
    wide[:, 0] = plane[:, 0] - part_right * (plane[:, 1] - plane[:, 0])
    wide[:, columns] = plane[:, -1] + (1 - part_right) * (plane[:, -1] - plane[:, -2]) if part_right > 0 else fill
    tall = np.full((rows + 1, columns + 1), fill, dtype=np.float32)
    tall[1:rows] = wide[1:] * (1 - part_down) + wide[:-1] * part_down
    tall[0] = wide[0] - part_down * (wide[1] - wide[0])
    tall[rows] = wide[-1] + (1 - part_down) * (wide[-1] - wide[-2]) if part_down > 0 else fill
    result = np.full(shape, fill, dtype=np.float32)
    high, wide_end = min(shape[0], whole_down + rows + 1), min(shape[1], whole_right + columns + 1)
    result[whole_down:high, whole_right:wide_end] = tall[: high - whole_down, : wide_end - whole_right]
    return result
