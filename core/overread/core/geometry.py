"""Where voxels are: shape, affine to patient millimetres (LPS), and the directions that follow from it.

Patient axes are DICOM's (PS3.3 C.7.6.2.1.1): +x to the patient's left, +y to the back, +z to the head.
Voxel indices in an affine are (i, j, k) = (column, row, slice); arrays are indexed [k, j, i].
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
Triple = tuple[float, float, float]

LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""(positive, negative) letter of each LPS axis."""

_SECOND_LETTER_FROM = 0.35
"""A second letter is shown when its share of the direction is at least this (about 20 degrees)."""


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """The grid of a volume: ``shape_kji`` voxels, and ``affine`` (4x4 float64) from (i, j, k) to LPS mm.

    The affine may be sheared (gantry tilt). Raises ValueError when it is singular or not finite.
    """

    shape_kji: tuple[int, int, int]
    affine: Float
    frame_of_reference_uid: str = ""
    inverse: Float = field(init=False, repr=False)
    _axes: tuple[int, int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError("an affine is 4x4 and finite")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise ValueError("an affine must not be singular")
        inverse = np.linalg.inv(affine)
        affine.setflags(write=False)
        inverse.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "inverse", inverse)
        object.__setattr__(self, "_axes", _best_axes(self.directions))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Geometry):
            return NotImplemented
        return (
            self.shape_kji == other.shape_kji
            and self.frame_of_reference_uid == other.frame_of_reference_uid
            and np.array_equal(self.affine, other.affine)
        )

    def __hash__(self) -> int:
        return hash((self.shape_kji, self.affine.tobytes(), self.frame_of_reference_uid))

    @property
    def shape_ijk(self) -> tuple[int, int, int]:
        """Voxels along (i, j, k)."""
        nk, nj, ni = self.shape_kji
        return ni, nj, nk

    @property
    def spacing_ijk_mm(self) -> Triple:
        """Distance in mm between neighbours along i, j and k (the length of each affine column)."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def directions(self) -> Float:
        """3x3: unit LPS direction of i, j and k in its columns."""
        directions: Float = self.affine[:3, :3] / np.array(self.spacing_ijk_mm)
        return directions

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def is_sheared(self) -> bool:
        """True when the axes are not at right angles (more than about 0.06 degree off)."""
        d = self.directions
        return bool(np.abs(d.T @ d - np.eye(3)).max() > 1e-3)

    def lps_from_ijk(self, points_ijk: ArrayLike) -> Float:
        """Patient LPS mm of voxel indices; (..., 3) to (..., 3)."""
        return np.asarray(points_ijk, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def ijk_from_lps(self, points_lps_mm: ArrayLike) -> Float:
        """Continuous voxel indices of patient LPS mm; (..., 3) to (..., 3)."""
        return np.asarray(points_lps_mm, dtype=np.float64) @ self.inverse[:3, :3].T + self.inverse[:3, 3]

    def contains_ijk(self, point_ijk: ArrayLike) -> bool:
        """True when the nearest voxel of the point lies in the grid."""
        rounded = np.floor(np.asarray(point_ijk, dtype=np.float64) + 0.5)
        return bool((rounded >= 0).all() and (rounded < np.array(self.shape_ijk)).all())

    def axis_of(self, lps_axis: int) -> int:
        """Which voxel axis (0 i, 1 j, 2 k) runs most along LPS axis 0 (L), 1 (P) or 2 (H).

        The three answers are always three different axes (the best assignment of all six).
        """
        return self._axes[lps_axis]


def _best_axes(directions: Float) -> tuple[int, int, int]:
    """For each LPS axis the voxel axis that runs most along it: the best assignment of all six."""
    share = np.abs(directions)
    orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    return max(orders, key=lambda order: sum(share[lps, order[lps]] for lps in range(3)))


def orientation_letters(direction_lps: ArrayLike) -> str:
    """Letters of the side towards which a direction points, strongest first: ``L``, ``PH`` and so on."""
    direction = np.asarray(direction_lps, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    if length == 0 or not np.isfinite(length):
        return ""
    direction = direction / length
    order = np.argsort(-np.abs(direction), kind="stable")
    letters = ""
    for rank, axis in enumerate(order[:2]):
        if rank and abs(direction[axis]) < _SECOND_LETTER_FROM:
            break
        letters += LETTERS[axis][0] if direction[axis] > 0 else LETTERS[axis][1]
    return letters


def place_letters_mm(point_lps_mm: ArrayLike) -> tuple[str, str, str]:
    """A place as people write it: ``("L 56.4", "P 86.3", "I 117.5")``; I and S along the body's length."""
    names = (("L", "R"), ("P", "A"), ("S", "I"))
    point = np.asarray(point_lps_mm, dtype=np.float64)
    x, y, z = (f"{names[a][0] if point[a] >= 0 else names[a][1]} {abs(point[a]):.1f}" for a in range(3))
    return x, y, z
