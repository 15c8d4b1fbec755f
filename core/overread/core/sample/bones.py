"""Bones: spine, ribs, breastbone, collar bones and shoulder blades, as capsules of cortex with marrow inside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.sample.body import RIB_PAIRS, VERTEBRA_MM, Person, thorax_axes
from overread.core.sample.tubes import Segment, draw, path

CORTEX_HU, MARROW_HU, CARTILAGE_HU, DISC_HU, CANAL_HU = 780.0, 210.0, 105.0, 82.0, 18.0
Point = tuple[float, float, float]


def draw_all(volume: NDArray[np.float32], geometry: Geometry, person: Person) -> None:
    """Draw every bone into a volume of HU."""
    spine(volume, geometry, person)
    for number in range(RIB_PAIRS):
        for side in (-1, 1):
            rib(volume, geometry, person, number, side)
    front(volume, geometry, person)
    for side in (-1, 1):
        shoulder(volume, geometry, person, side)


def _bone(volume: NDArray[np.float32], geometry: Geometry, pieces: list[Segment], cortex_mm: float) -> None:
    draw(volume, geometry, pieces, CORTEX_HU)
    marrow = [
        Segment(p.start, p.end, p.wide - cortex_mm, p.narrow - cortex_mm)
        for p in pieces
        if p.narrow > cortex_mm + 0.4
    ]
    draw(volume, geometry, marrow, MARROW_HU, brighten=False)


def _spine_y(z: float, person: Person) -> float:
    """The spine's curve: further back in the middle of the chest."""
    _a, deep = thorax_axes(0.0, person)
    return float(deep) * 0.78 - 10 - 9 * ((z - 10) / 140) ** 2


def spine(volume: NDArray[np.float32], geometry: Geometry, person: Person) -> None:
    """Bodies, discs, canal, arches and processes."""
    for level in range(14):
        z = -150.0 + level * VERTEBRA_MM
        y = _spine_y(z, person)
        for dx, dy in ((-7.0, 0.0), (7.0, 0.0), (0.0, -4.0), (0.0, 3.0)):
            body = [Segment((dx, y + dy, z - 5.5), (dx, y + dy, z + 5.5), 9.5, 9.5)]
            draw(volume, geometry, body, CORTEX_HU - 260)
        for dx, dy in ((-7.0, 0.0), (7.0, 0.0), (0.0, -4.0), (0.0, 3.0)):
            inner = [Segment((dx, y + dy, z - 5), (dx, y + dy, z + 5), 8.4, 8.4)]
            draw(volume, geometry, inner, MARROW_HU, brighten=False)
        disc = z + VERTEBRA_MM / 2
        draw(volume, geometry, [Segment((-7.0, y, disc), (7.0, y, disc), 4.2, 4.2)], DISC_HU)
        for side in (-1, 1):
            arch = path([(side * 9.0, y + 8, z), (side * 11.0, y + 17, z), (side * 3.0, y + 24, z - 2)], 3.2)
            across = path([(side * 11.0, y + 16, z), (side * 30.0, y + 20, z + 2)], 3.6)
            _bone(volume, geometry, arch + across, 1.4)
        _bone(volume, geometry, path([(0.0, y + 23, z - 2), (0.0, y + 40, z - 15)], 2.8), 1.3)
        draw(
            volume,
            geometry,
            [Segment((0.0, y + 15, z - 11), (0.0, y + 15, z + 11), 7.5, 7.5)],
            CANAL_HU,
            brighten=False,
        )


def rib(volume: NDArray[np.float32], geometry: Geometry, person: Person, number: int, side: int) -> None:
    """One rib from the spine round to the front, falling as it goes; its last part is cartilage."""
    start = 118.0 - number * VERTEBRA_MM
    fall = 14.0 + 4.2 * min(number, 9)
    length = 0.97 if number < 7 else 0.97 - 0.11 * (number - 6)
    points: list[Point] = []
    for step in np.linspace(0, length, 26):
        angle = math.pi / 2 - 0.16 - float(step) * (math.pi - 0.34)
        z = start - fall * float(step) ** 1.2 - (7 * math.sin(math.pi * float(step)))
        a, b = (float(v) for v in thorax_axes(z, person))
        x = (a + 2.5) * math.copysign(abs(math.cos(angle)) ** (2 / 2.4), math.cos(angle))
        y = 4 + (b + 2.0) * math.copysign(abs(math.sin(angle)) ** (2 / 2.4), math.sin(angle))
        points.append((side * x, y, z))
    bony = points[: round(len(points) * 0.86)]
    _bone(volume, geometry, path(bony, 4.1), 1.5)
    draw(volume, geometry, path(points[len(bony) - 1 :], 3.9), CARTILAGE_HU)
    y = _spine_y(start, person)
    _bone(volume, geometry, path([(side * 16.0, y + 9, start + 2), points[0]], 3.8), 1.4)


def front(volume: NDArray[np.float32], geometry: Geometry, person: Person) -> None:
    """Breastbone."""
    for x in (-9.0, 0.0, 9.0):
        points: list[Point] = []
        for z in np.linspace(-62, 84, 12):
            _a, b = thorax_axes(float(z), person)
            points.append((x, -(float(b) - 1.0), float(z)))
        _bone(volume, geometry, path(points, 5.2), 1.3)


def shoulder(volume: NDArray[np.float32], geometry: Geometry, person: Person, side: int) -> None:
    """Collar bone, and the shoulder blade as a fan of thin rods with its spine."""
    _a, b = (float(v) for v in thorax_axes(95.0, person))
    clavicle: list[Point] = [
        (side * 14.0, -b - 2, 92.0), (side * 50.0, -b * 0.75, 104.0), (side * 95.0, -b * 0.2, 118.0),
        (side * 135.0, 6.0, 126.0),
    ]  # fmt: skip
    _bone(volume, geometry, path(clavicle, 5.2), 1.8)
    corner = (side * 128.0, 20.0, 112.0)
    for share in np.linspace(0, 1, 34):
        far = (side * (62.0 + 34 * share), 84.0 - 6 * share, 112.0 - 112 * share)
        draw(volume, geometry, [Segment(corner, far, 2.0, 1.2)], CORTEX_HU - 330)
    _bone(
        volume,
        geometry,
        path([(side * 66.0, 92.0, 96.0), (side * 104.0, 76.0, 112.0), (side * 140.0, 34.0, 126.0)], 4.0),
        1.4,
    )
    _bone(volume, geometry, path([(side * 146.0, 14.0, 112.0), (side * 165.0, 16.0, 60.0)], 13.0), 3.0)
