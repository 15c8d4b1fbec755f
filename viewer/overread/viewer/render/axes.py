"""The axis cross of the 3D view: where head, left and front point in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.core.geometry import orientation_letters


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm in the picture: ``x`` to the right, ``y`` down, in units of the arm; ``near`` points at the viewer."""

    letter: str
    x: float
    y: float
    near: bool


def axis_cross(azimuth_degrees: float, elevation_degrees: float) -> tuple[Arm, ...]:
    """The arms L, P and H of a camera turned about the body's length and tipped (parallel projection)."""
    azimuth, elevation = np.radians(azimuth_degrees), np.radians(elevation_degrees)
    toward = np.array([np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)])
    right = np.cross(np.array([0.0, 0.0, 1.0]), toward)
    right = right / np.linalg.norm(right)
    up = np.cross(toward, right)
    arms = []
    for axis in range(3):
        direction = np.eye(3)[axis]
        arms.append(
            Arm(
                orientation_letters(direction),
                float(direction @ right),
                float(-(direction @ up)),
                bool(direction @ toward >= 0),
            )
        )
    return tuple(arms)
