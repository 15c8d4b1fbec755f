"""The shapes of a synthetic thorax: signed distances in mm (negative inside) as functions of patient position.

Positions are LPS mm about the middle of the chest: +x to the patient's left, +y to the back, +z to the head. All
functions take arrays of equal shape and give arrays of that shape. Every size varies with the person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

LUNG_BASE_MM, LUNG_TOP_MM = -105.0, 128.0
"""Heights of the lowest recess and of the apex."""
VERTEBRA_MM = 21.5
RIB_PAIRS = 12


@dataclass(frozen=True, slots=True)
class Person:
    """Sizes of one person, drawn from a seed: factors about 1, and thicknesses in mm."""

    size: float
    depth: float
    fat_mm: float
    dome_right_mm: float
    heart: float
    blood_hu: float
    female: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Person:
        """A person from a random generator."""
        return cls(
            size=float(rng.uniform(0.95, 1.05)),
            depth=float(rng.uniform(0.95, 1.06)),
            fat_mm=float(rng.uniform(9, 20)),
            dome_right_mm=float(rng.uniform(-52, -38)),
            heart=float(rng.uniform(0.94, 1.07)),
            blood_hu=float(rng.choice([44.0, 165.0])),
            female=bool(rng.integers(2)),
        )


def oval(x: Field, y: Field, a: Field | float, b: Field | float, power: float) -> Field:
    """Distance from a superellipse with half axes a, b; exact on its outline and near enough elsewhere."""
    radius = ((np.abs(x) / a) ** power + (np.abs(y) / b) ** power) ** (1 / power)
    return np.asarray((radius - 1) * np.minimum(a, b), dtype=np.float32)


def ball(x: Field, y: Field, z: Field, centre: tuple[float, float, float], half: tuple[float, float, float]) -> Field:
    """Distance from an ellipsoid."""
    radius = np.sqrt(
        ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 + ((z - centre[2]) / half[2]) ** 2
    )
    return np.asarray((radius - 1) * min(half), dtype=np.float32)


def rise(z: Field | float) -> Field:
    """0 at the lung base, 1 at the apex."""
    return np.asarray((np.asarray(z) - LUNG_BASE_MM) / (LUNG_TOP_MM - LUNG_BASE_MM), dtype=np.float32)


def thorax_axes(z: Field | float, person: Person) -> tuple[Field, Field]:
    """Half width and half depth of the rib cage at a height."""
    narrow = np.clip((rise(z) - 0.5) / 0.5, 0, 1.4) ** 2.1
    return (
        np.asarray(127 * person.size * (1 - 0.52 * narrow), dtype=np.float32),
        np.asarray(88 * person.depth * (1 - 0.44 * narrow), dtype=np.float32),
    )


def thorax(x: Field, y: Field, z: Field, person: Person) -> Field:
    """Inside of the rib cage."""
    a, b = thorax_axes(z, person)
    return oval(x, y - 4, a, b, 2.4)


def body(x: Field, y: Field, z: Field, person: Person) -> Field:
    """Skin."""
    a, b = thorax_axes(np.minimum(z, 20.0), person)
    shoulders = 26 * np.clip((rise(z) - 0.72) / 0.3, 0, 1) ** 1.5
    wide = a + 16 + person.fat_mm + shoulders
    deep = b + 15 + person.fat_mm * 0.9 - 16 * np.clip((rise(z) - 0.7) / 0.35, 0, 1)
    skin = oval(x, y - 2, wide, deep, 2.3)
    if person.female:
        for side in (-1, 1):
            breast = ball(x, y, z, (side * 68.0, -100.0 * person.depth, -35.0), (46.0, 34.0, 48.0))
            skin = np.minimum(skin, breast)
    return skin


def dome(x: Field, y: Field, person: Person, side: int) -> Field:
    """Height of the diaphragm; side -1 is the patient's right, whose dome stands higher."""
    top = person.dome_right_mm if side < 0 else person.dome_right_mm - 14
    across = (x - side * 66) / 62
    along = (y - 2) / 70
    return np.asarray(top - 52 * (across**2 + along**2), dtype=np.float32)


def mediastinum(x: Field, y: Field, z: Field, person: Person) -> Field:
    """Distance from the middle: its half width swells with heart, hila and spine, and differs left and right."""
    heart = np.exp(-(((z + 42) / 46) ** 2)) * np.exp(-(((y + 26) / 46) ** 2)) * person.heart
    hila = np.exp(-(((z - 8) / 26) ** 2)) * np.exp(-(((y - 4) / 26) ** 2))
    spine = np.exp(-(((y - 66) / 26) ** 2))
    upper = np.clip(rise(z), 0, 1)
    left = 9 + 56 * heart + 14 * hila + 20 * spine + 6 * upper
    right = 8 + 20 * heart + 14 * hila + 19 * spine + 7 * upper
    return np.asarray(np.where(x >= 0, x - left, -x - right), dtype=np.float32) * -1


def lung(x: Field, y: Field, z: Field, person: Person, side: int) -> Field:
    """One lung: rib cage without mediastinum and dome; side -1 is the patient's right."""
    wall = thorax(x, y, z, person) + 3
    middle = mediastinum(x, y, z, person)
    floor = (dome(x, y, person, side) - z) * 0.75
    top = z - (LUNG_TOP_MM if side < 0 else LUNG_TOP_MM - 4)
    other = -side * x + 2
    return np.asarray(np.maximum.reduce([wall, middle, floor, top, other]), dtype=np.float32)


def fissure(x: Field, y: Field, z: Field, side: int) -> Field:
    """Distance from the oblique fissure, a tilted and wavy sheet."""
    wave = 3 * np.sin(x / 23 + side) + 2 * np.sin(y / 17)
    return np.asarray(np.abs((z + 8) * 0.74 - (y - 8) * 0.67 + wave), dtype=np.float32)


def minor_fissure(x: Field, y: Field, z: Field) -> Field:
    """Distance from the horizontal fissure of the right lung."""
    return np.asarray(np.abs(z - 2 + 3 * np.sin(x / 19) + (y + 40) * 0.08), dtype=np.float32)
