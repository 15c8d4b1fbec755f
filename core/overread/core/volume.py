"""One right volume: voxels in shared memory with their geometry and meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.geometry import Geometry

Voxels = NDArray[np.int16] | NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Voxels [k, j, i] (int16 wherever the data allow, else float32), their geometry and their unit.

    The value of a voxel is ``voxels * slope + intercept`` in ``unit`` ("HU", "SUVbw" or "1"); for CT the
    rescale is already in the voxels and slope and intercept are 1 and 0. ``holes`` are the slices k for which
    there are no pixels (missing or unreadable): they hold ``padding_value`` and nothing may be measured there.
    """

    voxels: Voxels
    geometry: Geometry
    series_uid: str
    split: str = ""
    unit: str = "HU"
    slope: float = 1.0
    intercept: float = 0.0
    holes: frozenset[int] = frozenset()
    padding_value: float | None = None
    inverted: bool = False
    """True for MONOCHROME1: black and white change places in the last display step only."""
    acquired: Geometry | None = None
    """The grid of the slices as acquired, where a tilt was put upright and ``geometry`` is not that grid."""

    def value_at(self, point_ijk: ArrayLike) -> float | None:
        """Value of the voxel nearest to continuous (i, j, k); None outside, in a hole, and in padding."""
        if not self.geometry.contains_ijk(point_ijk):
            return None
        i, j, k = (int(v) for v in np.floor(np.asarray(point_ijk, dtype=np.float64) + 0.5))
        if k in self.holes:
            return None
        stored = float(self.voxels[k, j, i])
        if self.padding_value is not None and stored == self.padding_value:
            return None
        return stored * self.slope + self.intercept
