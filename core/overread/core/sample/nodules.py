"""Nodules of known place, size and kind, and things beside them that must not be called nodules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry, Triple
from overread.core.mask import Mask
from overread.core.sample.body import Person, lung
from overread.core.sample.tubes import Segment, draw

Kind = Literal["solid", "part-solid", "ground-glass"]
Setting = Literal["isolated", "pleural", "vessel"]

SOLID_HU, GLASS_HU = 35.0, -620.0
PLAN: tuple[tuple[Kind, Setting, float, float], ...] = (
    ("solid", "isolated", 5.0, 7.0),
    ("solid", "isolated", 8.0, 12.0),
    ("solid", "isolated", 14.0, 19.0),
    ("solid", "pleural", 6.0, 9.0),
    ("solid", "pleural", 11.0, 15.0),
    ("solid", "vessel", 6.0, 9.0),
    ("part-solid", "isolated", 11.0, 16.0),
    ("part-solid", "isolated", 14.0, 20.0),
    ("ground-glass", "isolated", 10.0, 14.0),
    ("ground-glass", "isolated", 16.0, 22.0),
)
"""Kind, setting and range of diameters (mm) of the nodules of a person."""
What = Literal["vessel-bend", "scar", "calcified-granuloma"]
DECOYS: tuple[What, ...] = ("vessel-bend", "scar", "calcified-granuloma")
APART_MM = 26.0
CALCIFIED_HU = 640.0


@dataclass(frozen=True, slots=True)
class Nodule:
    """What is known of a nodule: ``diameter_mm`` is that of the ball of its volume, before the surface is bumpy."""

    number: int
    centre_lps_mm: Triple
    diameter_mm: float
    kind: Kind
    setting: Setting
    seed: int
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Decoy:
    """Something that is there and is no nodule."""

    what: What
    centre_lps_mm: Triple


def plan(
    person: Person, rng: np.random.Generator, vessels: list[Segment], bottom_mm: float
) -> tuple[tuple[Nodule, ...], tuple[Decoy, ...]]:
    """Where nodules and decoys go, apart from one another; ``bottom_mm`` is the lowest scanned height."""
    taken: list[NDArray[np.float64]] = []
    nodules = []
    for number, (kind, setting, low, high) in enumerate(PLAN):
        diameter = float(rng.uniform(low, high))
        centre = _place(person, rng, vessels, setting, diameter, taken, bottom_mm)
        taken.append(np.array(centre))
        nodules.append(Nodule(number + 1, centre, round(diameter, 2), kind, setting, int(rng.integers(1 << 30))))
    decoys = []
    for what in DECOYS:
        centre = _place(person, rng, vessels, "isolated", 12.0, taken, bottom_mm)
        taken.append(np.array(centre))
        decoys.append(Decoy(what, centre))
    return tuple(nodules), tuple(decoys)


def _place(
    person: Person,
    rng: np.random.Generator,
    vessels: list[Segment],
    setting: Setting,
    diameter: float,
    taken: list[NDArray[np.float64]],
    bottom_mm: float,
) -> Triple:
    """A free place in a lung. Raises ValueError when there is none, which no person of ``Person.draw`` has shown."""
    for _try in range(4000):
        side = -1 if rng.random() < 0.5 else 1
        if setting == "vessel":
            piece = vessels[int(rng.integers(len(vessels)))]
            if not 1.2 < piece.wide < 2.4:
                continue
            point = np.array(piece.start)
            side = -1 if point[0] < 0 else 1
        else:
            point = np.array(
                [side * rng.uniform(25, 112), rng.uniform(-75, 80), rng.uniform(max(-85.0, bottom_mm + 12), 108)]
            )
        x, y, z = (np.array([value], dtype=np.float32) for value in point)
        depth = -float(lung(x, y, z, person, side)[0])
        inside = diameter / 2 + 3
        fits = 0.18 * diameter < depth < 0.32 * diameter if setting == "pleural" else inside < depth
        if fits and all(np.linalg.norm(point - other) > APART_MM for other in taken):
            return float(point[0]), float(point[1]), float(point[2])
    raise ValueError("no free place for a nodule")


def insert(volume: NDArray[np.float32], geometry: Geometry, nodule: Nodule, inside: NDArray[np.float32]) -> Nodule:
    """Put a nodule into a volume of HU; the nodule with its mask. ``inside`` is 1 where lung is (partial: between).

    Blended so that nothing gets darker; voxels more than half covered are its mask.
    """
    low, high, distance, direction = _around(geometry, nodule.centre_lps_mm, nodule.diameter_mm * 0.75 + 4)
    radius = nodule.diameter_mm / 2 * _bumps(direction, nodule.seed)
    pixel = float(np.mean(geometry.spacing_ijk_mm[:2]))
    window = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    box, free = volume[window], inside[window]
    cover = np.clip(0.5 - (distance - radius) / pixel, 0, 1) * free
    if nodule.kind == "solid":
        box += cover * np.maximum(0, SOLID_HU - box)
    else:
        box += cover * np.maximum(0, GLASS_HU - box)
        if nodule.kind == "part-solid":
            core = np.clip(0.5 - (distance - radius * 0.5) / pixel, 0, 1) * free
            box += core * np.maximum(0, SOLID_HU - 40 - box)
    return replace(nodule, mask=Mask.from_array(cover >= 0.5, (int(low[2]), int(low[1]), int(low[0]))))


def _around(
    geometry: Geometry, centre: Triple, reach: float
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.float32], NDArray[np.float32]]:
    spacing = np.array(geometry.spacing_ijk_mm)
    middle = (np.array(centre) - geometry.affine[:3, 3]) / spacing
    low = np.maximum(np.floor(middle - reach / spacing).astype(int), 0)
    high = np.minimum(np.ceil(middle + reach / spacing).astype(int) + 1, geometry.shape_ijk)
    axes = [(np.arange(low[a], high[a]) - middle[a]) * spacing[a] for a in range(3)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    offset = np.stack([x, y, z]).astype(np.float32)
    distance = np.sqrt((offset**2).sum(axis=0))
    return low, high, distance, offset / np.maximum(distance, 1e-3)


def _bumps(direction: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Radius factor by direction: six cosine bumps of 9 % over the ball, about 1 in the mean."""
    rng = np.random.default_rng(seed)
    factor = np.ones(direction.shape[1:], dtype=np.float32)
    for _bump in range(6):
        axis = rng.normal(size=3)
        axis /= np.linalg.norm(axis)
        along = np.tensordot(axis.astype(np.float32), direction, axes=1)
        factor += np.float32(0.09 * rng.choice([-1, 1])) * np.maximum(0, along) ** 6
    return factor


def insert_decoy(volume: NDArray[np.float32], geometry: Geometry, decoy: Decoy) -> None:
    """Put a decoy into a volume of HU."""
    x, y, z = decoy.centre_lps_mm
    if decoy.what == "vessel-bend":
        points = [
            (x - 16, y - 6, z - 14),
            (x - 4, y - 1, z - 5),
            (x, y, z),
            (x - 2, y + 9, z + 4),
            (x - 9, y + 19, z + 9),
        ]
        draw(volume, geometry, [Segment(a, b, 2.3, 2.0) for a, b in pairwise(points)], 40.0)
    elif decoy.what == "scar":
        for step in np.linspace(-9, 9, 25):
            side = 0.4 * step + 0.03 * step**2
            reach = 6.5 - 0.04 * step**2
            piece = Segment((x + step, y + side, z - reach), (x + step + 1, y + side, z + reach), 0.9, 0.6)
            draw(volume, geometry, [piece], -60.0)
    else:
        draw(volume, geometry, [Segment((x, y, z), (x + 0.1, y, z), 2.2, 2.2)], CALCIFIED_HU)


def earlier(nodules: tuple[Nodule, ...], rng: np.random.Generator) -> tuple[Nodule, ...]:
    """The same nodules about a year before: a quarter not there yet, half smaller, the others as they are."""
    kept = []
    for nodule in nodules:
        share = rng.random()
        if share < 0.25:
            continue
        factor = float(rng.uniform(0.62, 0.85)) if share < 0.75 else 1.0
        if nodule.diameter_mm * factor >= 3.5:
            kept.append(replace(nodule, diameter_mm=round(nodule.diameter_mm * factor, 2)))
    return tuple(kept)
