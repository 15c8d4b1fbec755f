"""Tubes: trees of vessels and bronchi, ribs and other long things, drawn as capsules with partial volume."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry

Float = NDArray[np.float64]
MURRAY = 2.7
"""Radii of children to the power of this add up to the parent's (Murray's law with the exponent of lungs)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece from ``start`` to ``end`` (LPS mm) whose radius goes from ``wide`` to ``narrow`` (mm)."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    wide: float
    narrow: float


def tree(root: Float, points: Float, leaf_mm: float, rng: np.random.Generator) -> list[Segment]:
    """A tree from ``root`` that reaches into a cloud of points [n, 3]: towards the centroid, split, and again."""
    segments: list[Segment] = []
    stack = [(root, points, _radius(len(points), leaf_mm))]
    while stack:
        start, cloud, radius = stack.pop()
        if len(cloud) == 1:
            segments += _bent(start, cloud[0], radius, leaf_mm * 0.8, rng)
            continue
        centroid = cloud.mean(axis=0)
        end = start + (centroid - start) * rng.uniform(0.3, 0.42)
        segments += _bent(start, end, radius, radius * 0.92, rng)
        spread = cloud - centroid
        _values, axes = np.linalg.eigh(spread.T @ spread)
        order = np.argsort(spread @ axes[:, -1])
        cut = int(len(cloud) * rng.uniform(0.35, 0.65))
        cut = min(max(cut, 1), len(cloud) - 1)
        for part in (cloud[order[:cut]], cloud[order[cut:]]):
            stack.append((end, part, _radius(len(part), leaf_mm)))
    return segments


def _radius(leaves: int, leaf_mm: float) -> float:
    return float(leaf_mm * leaves ** (1 / MURRAY))


def _bent(start: Float, end: Float, wide: float, narrow: float, rng: np.random.Generator) -> list[Segment]:
    """A piece with a slight bend in the middle: no vessel is a ruler."""
    length = float(np.linalg.norm(end - start))
    middle = (start + end) / 2 + rng.normal(0, 0.06 * length, 3)
    half = (wide + narrow) / 2
    return [Segment(_point(start), _point(middle), wide, half), Segment(_point(middle), _point(end), half, narrow)]


def _point(value: Float) -> tuple[float, float, float]:
    return float(value[0]), float(value[1]), float(value[2])


def path(points: Sequence[tuple[float, float, float]], radius: float) -> list[Segment]:
    """A chain of pieces of one radius."""
    return [Segment(a, b, radius, radius) for a, b in pairwise(points)]


def draw(
    volume: NDArray[np.float32],
    geometry: Geometry,
    segments: Iterable[Segment],
    hu: float,
    *,
    brighten: bool = True,
) -> None:
    """Draw capsules of ``hu`` into a volume [k, j, i] of HU with axes along the patient's.

    Coverage gives partial volume; a tube thinner than a voxel gets its share of it. ``brighten`` keeps the larger
    value (vessels in lung), else the tube replaces what is there (airways).
    """
    spacing = np.array(geometry.spacing_ijk_mm)
    origin = geometry.affine[:3, 3]
    for segment in segments:
        a, b = np.array(segment.start), np.array(segment.end)
        reach = segment.wide + 2 * float(spacing.max())
        low = np.floor((np.minimum(a, b) - reach - origin) / spacing).astype(int)
        high = np.ceil((np.maximum(a, b) + reach - origin) / spacing).astype(int) + 1
        low, high = np.maximum(low, 0), np.minimum(high, geometry.shape_ijk)
        if (low >= high).any():
            continue
        box = volume[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
        cover = _coverage(low, high, segment, geometry)
        mixed = box + cover * (np.float32(hu) - box)
        box[:] = np.maximum(box, mixed) if brighten else mixed


def _coverage(
    low: NDArray[np.int_], high: NDArray[np.int_], segment: Segment, geometry: Geometry
) -> NDArray[np.float32]:
    """How much of each voxel of a box a capsule covers, [k, j, i]."""
    spacing, origin = geometry.spacing_ijk_mm, geometry.affine[:3, 3]
    a, b = np.array(segment.start), np.array(segment.end)
    pixel = (spacing[0] + spacing[1]) / 2
    x, y, z = (
        (np.arange(low[axis], high[axis], dtype=np.float32) * spacing[axis] + origin[axis] - a[axis]).astype(
            np.float32
        )
        for axis in range(3)
    )
    along = (b - a).astype(np.float32)
    square = max(float(along @ along), 1e-6)
    dot = z[:, None, None] * along[2] + y[None, :, None] * along[1] + x[None, None, :] * along[0]
    t = np.clip(dot / np.float32(square), 0, 1)
    distance = np.sqrt(
        (x[None, None, :] - t * along[0]) ** 2
        + (y[None, :, None] - t * along[1]) ** 2
        + (z[:, None, None] - t * along[2]) ** 2
    )
    radius = segment.wide + t * (segment.narrow - segment.wide)
    thin = np.minimum(1.0, (2 * radius / pixel) ** 2)
    cover: NDArray[np.float32] = (np.clip(0.5 - (distance - radius) / pixel, 0, 1) * thin).astype(np.float32)
    return cover
