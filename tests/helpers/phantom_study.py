"""A chest without any symmetry as DICOM in several orders and orientations: its two nodules are known in mm.

The larger one lies right, low and at the back, the smaller one left, high and in front: whatever swaps two axes or
turns one round brings a nodule to where there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from build_series import Stack
from lung_phantom import SIZE_MM, ball, hu_at
from saving_kit import complete

Float = NDArray[np.float64]
FRAME_LPS_MM = np.array([6.3, -11.7, -431.2])
"""Where the chest lies in the scanner: no axis has its zero in the middle of the patient."""
NODULE_HU = 30.0
NOISE_HU = 8.0
EDGE_HU = -415.0
"""Half way between lung and nodule."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A ball of known place and size; ``words`` is where a report says that it is."""

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    words: str

    @property
    def volume_mm3(self) -> float:
        """Of the ball."""
        return math.pi / 6 * self.diameter_mm**3


def _at(x: float, y: float, z: float) -> tuple[float, float, float]:
    a, b, c = (float(value) for value in np.array([x, y, z]) + FRAME_LPS_MM)
    return a, b, c


LARGE = Truth(_at(-47.2, 22.3, 31.1), 14.0, "Right lung, lower third")
SMALL = Truth(_at(40.4, -20.6, 88.2), 9.0, "Left lung, upper third")
NODULES = (LARGE, SMALL)


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the images lie: directions of a row and a column, the side to which slices go, and spacing in mm."""

    row: tuple[float, float, float]
    column: tuple[float, float, float]
    onward: float
    """1: slices follow the cross product of row and column; -1: they go against it."""
    spacing_ijk_mm: tuple[float, float, float]
    position: str


def _oblique() -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Row and column of a patient who lies 5 degrees bent and 4 degrees turned."""
    bent, turned = math.radians(5), math.radians(4)
    row = np.array([math.cos(turned), math.sin(turned), 0.0])
    column = np.array([-math.sin(turned) * math.cos(bent), math.cos(turned) * math.cos(bent), math.sin(bent)])
    return tuple(row.tolist()), tuple(column.tolist())


ORIENTATIONS = {
    "head first, thick slices": Orientation((1, 0, 0), (0, 1, 0), 1, (0.7, 0.7, 2.5), "HFS"),
    "feet first, prone": Orientation((-1, 0, 0), (0, -1, 0), -1, (1.0, 1.0, 2.0), "FFP"),
    "rows and columns flipped, other spacing": Orientation((1, 0, 0), (0, -1, 0), 1, (0.9, 1.2, 1.5), "HFS"),
    "oblique": Orientation(*_oblique(), 1, (0.7, 0.7, 2.5), "HFS"),
}


@dataclass(frozen=True, slots=True)
class Phantom:
    """The written series: its stack, which knows where each pixel lies."""

    stack: Stack
    folder: Path

    @property
    def affine(self) -> Float:
        """Column, row and image (in the order of writing) to LPS mm [4, 4], from the header values alone."""
        made = np.eye(4)
        made[:3, 0] = np.array(self.stack.row) * self.stack.spacing_mm[1]
        made[:3, 1] = np.array(self.stack.column) * self.stack.spacing_mm[0]
        made[:3, 2] = self.stack.step
        made[:3, 3] = self.stack.origin
        return made

    @property
    def voxel_mm3(self) -> float:
        """Of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def off_voxels(self, point_lps_mm: object, truth: Truth) -> float:
        """How far a point lies off a nodule's centre, in voxels along the worst axis."""
        away = np.array(point_lps_mm, dtype=np.float64) - truth.centre_lps_mm
        return float(np.abs(np.linalg.inv(self.affine[:3, :3]) @ away).max())


def write_phantom(folder: Path, name: str) -> Phantom:
    """Write the chest in one of ``ORIENTATIONS``."""
    how = ORIENTATIONS[name]
    row, column = np.array(how.row), np.array(how.column)
    normal = np.cross(row, column) * how.onward
    directions = np.stack([row, column, normal], axis=1)
    # The extent that each image axis needs is that of the patient axis that it runs along.
    along = np.abs(directions).argmax(axis=0)
    size = np.array(SIZE_MM[::-1])[along]
    count = (size / np.array(how.spacing_ijk_mm)).astype(int)
    middle = FRAME_LPS_MM + np.array([0.0, 0.0, SIZE_MM[0] / 2])
    corner = middle - directions @ ((count - 1) / 2 * np.array(how.spacing_ijk_mm))
    rng = np.random.default_rng(11)
    # The chest is drawn in its own mm; the nodules are told in the scanner's.
    things = [(ball(_in_chest(one), one.diameter_mm), NODULE_HU) for one in NODULES]

    def change(made: Dataset, k: int) -> None:
        complete(made, k)
        made.PatientPosition = how.position
        moved = np.moveaxis(stack.points(k) - FRAME_LPS_MM, -1, 0)[::-1, None]
        hu = hu_at(moved, things, float(np.mean(how.spacing_ijk_mm)))[0]
        hu += rng.normal(scale=NOISE_HU, size=hu.shape)
        made.PixelData = np.round(hu + 1024).clip(0).astype("<u2").tobytes()

    stack = Stack(
        shape=(int(count[2]), int(count[1]), int(count[0])),
        spacing_mm=(how.spacing_ijk_mm[1], how.spacing_ijk_mm[0]),
        origin=tuple(corner.tolist()), row=how.row, column=how.column,
        step=tuple((normal * how.spacing_ijk_mm[2]).tolist()), change=change,
    )  # fmt: skip
    return Phantom(stack, stack.write(folder))


def _in_chest(one: Truth) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in np.array(one.centre_lps_mm) - FRAME_LPS_MM)
    return x, y, z
