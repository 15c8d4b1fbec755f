"""From where a volume is looked at in 3D: the one place where this is worked out, for VTK and for what Qt writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.core.geometry import Geometry, Triple
from overread.viewer.render.planes import Float

HALF_ANGLE_DEGREES = 15.0
FIT = 1.12
"""The camera stands so far away that the larger of half height and half width, times this, fills half the view."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the volume is looked at: turned about the body's length and tipped (degrees), enlarged, and the preset."""

    azimuth: float = 0.0
    elevation: float = 0.0
    zoom: float = 1.0
    preset: str = "bone-and-lung"


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """The eye that circles the middle of a volume (``centre``, LPS mm) at a distance (mm)."""

    centre: Float
    distance: float

    @classmethod
    def of(cls, geometry: Geometry) -> Camera:
        """The camera of a volume."""
        ends = geometry.lps_from_ijk([[0, 0, 0], [size - 1 for size in geometry.shape_ijk]])
        half = np.abs(ends[1] - ends[0]) / 2
        distance = FIT * max(half[2], half[0]) / np.tan(np.radians(HALF_ANGLE_DEGREES)) + half[1]
        return cls(ends.mean(axis=0), float(distance))

    def eye(self, look: Look) -> Float:
        """Where the eye is. From the front at (0, 0): the patient's right at the left, the head up."""
        azimuth, elevation = np.radians(look.azimuth), np.radians(look.elevation)
        toward = np.array(
            [np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)]
        )
        place: Float = self.centre + toward * self.distance
        return place

    def angle_degrees(self, look: Look) -> float:
        """The whole angle that the height of the view covers."""
        return 2 * HALF_ANGLE_DEGREES / look.zoom

    def point_of(self, look: Look, point_lps_mm: Triple, width: float, height: float) -> tuple[float, float, float]:
        """Where a patient position is seen in a view of a size: x, y, and the points that a mm takes there."""
        eye = self.eye(look)
        ahead = (self.centre - eye) / self.distance
        right = np.cross(ahead, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        offset = np.asarray(point_lps_mm) - eye
        per_mm = height / 2 / (float(offset @ ahead) * np.tan(np.radians(self.angle_degrees(look) / 2)))
        across, up = float(offset @ right), float(offset @ np.cross(right, ahead))
        return width / 2 + across * per_mm, height / 2 - up * per_mm, float(per_mm)
