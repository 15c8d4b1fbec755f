"""What is seen from a peak in all directions: how far the bright part reaches on each ray, and what that tells.

A ball ends at the same distance on all rays. A nodule on a vessel ends early on most of them and goes on along one; a
vessel goes on along two opposite ones. This needs no region, so it tells the peaks that are worth one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.inference.readers.lung_nodule.grid import Bool, Float32
from overread.inference.readers.lung_nodule.peaks import Peaks

Float = NDArray[np.float64]

AT_ONCE: Final = 500
"""Peaks whose rays are held in memory together: about 60 MB."""
LEAST_CONTRAST_HU: Final = 20.0
LEAST_MM: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sights:
    """For peaks [n]: the median ray (mm), the level between lung and inside, the lung around (HU), the values."""

    radius_mm: Float
    level_hu: Float
    lung_hu: Float
    values: Mapping[str, Float]


@dataclass(frozen=True, slots=True, eq=False)
class _Cast:
    """Rays [n, m, k] of some peaks: HU, inside the lungs or not, HU at the middle, length of a ray (mm) at 1."""

    hu: Float32
    lung: Bool
    inner: Float
    unit_mm: Float


def look(
    hu: Float32, inside: Bool, lung_hu: float, peaks: Peaks, high_hu: float, parameters: Mapping[str, Any]
) -> Sights:
    """Cast rays from all peaks through an image of 1 mm voxels. ``high_hu`` limits what the inside counts as."""
    parts = [
        _sights(hu, inside, lung_hu, peaks.take(np.arange(first, min(first + AT_ONCE, len(peaks.scales)))), high_hu,
                parameters)
        for first in range(0, max(1, len(peaks.scales)), AT_ONCE)
    ]  # fmt: skip
    return Sights(
        np.concatenate([part.radius_mm for part in parts]),
        np.concatenate([part.level_hu for part in parts]),
        np.concatenate([part.lung_hu for part in parts]),
        {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values},
    )


def directions(pairs: int) -> Float:
    """Unit vectors [2 x pairs, 3] spread evenly; number n and number n + pairs are opposite."""
    number = np.arange(pairs)
    k = 1 - (2 * number + 1) / (2 * pairs)
    angle = np.pi * (1 + math.sqrt(5)) * number
    across = np.sqrt(1 - k * k)
    half = np.stack([k, across * np.cos(angle), across * np.sin(angle)], axis=1)
    return np.concatenate([half, -half])


def _steps(parameters: Mapping[str, Any]) -> Float:
    return np.asarray(np.arange(1, int(parameters["steps"]) + 1) * float(parameters["step"]))


def _sights(
    hu: Float32, inside: Bool, lung_hu: float, peaks: Peaks, high_hu: float, parameters: Mapping[str, Any]
) -> Sights:
    rays, steps = directions(int(parameters["pairs"])), _steps(parameters)
    cast = _cast(hu, inside, peaks, rays, steps, float(parameters["unit_scales"]))
    lung = _lung(cast, steps, lung_hu, parameters)
    level = (lung + np.minimum(cast.inner, high_hu)) / 2
    ends = _ends(cast, level, float(parameters["step"]))
    radius = np.maximum(np.median(ends, axis=1), LEAST_MM)
    values = {"ratio": peaks.ratios, "scale_mm": peaks.scales, "ray_mm": radius, "ray_inner_hu": cast.inner}
    contrast = np.maximum(cast.inner - lung, LEAST_CONTRAST_HU)
    values |= {"ray_contrast": contrast, "response": peaks.responses / contrast}
    values |= _shape(ends, radius, parameters) | _surroundings(cast, ends, radius, level, contrast, parameters)
    return Sights(radius, level, lung, values)


def _cast(hu: Float32, inside: Bool, peaks: Peaks, rays: Float, steps: Float, unit_scales: float) -> _Cast:
    unit = unit_scales * peaks.scales
    places = peaks.points[:, None, None] + rays[None, :, None] * (
        steps[None, None, :, None] * unit[:, None, None, None]
    )
    shape = places.shape[:3]
    at = np.clip(places, 0, np.array(hu.shape) - 1.001).reshape(-1, 3).T
    values = np.asarray(ndimage.map_coordinates(hu, at, order=1, output=np.float32)).reshape(shape)
    lung = inside[tuple(np.round(at).astype(np.intp))].reshape(shape)
    middle = hu[tuple(np.round(peaks.points).astype(np.intp).T)]
    inner = (2 * values[:, :, :2].mean(axis=(1, 2), dtype=np.float64) + middle) / 3
    return _Cast(values, lung, inner, unit)


def _lung(cast: _Cast, steps: Float, lung_hu: float, parameters: Mapping[str, Any]) -> Float:
    """The median of the aerated lung on the outer parts of the rays; that of the lungs where too little is there."""
    aerated = (cast.hu < parameters["aerated_hu"]) & cast.lung & (steps > parameters["aerated_from"])
    found = np.full(len(cast.hu), lung_hu)
    for n in np.flatnonzero(aerated.sum(axis=(1, 2)) >= parameters["least_aerated"]):
        found[n] = float(np.median(cast.hu[n][aerated[n]]))
    return found


def _ends(cast: _Cast, level: Float, step: float) -> Float:
    """Where each ray first falls below the level (mm), linear between steps; its whole length where it never does."""
    count = cast.hu.shape[2]
    below = cast.hu <= level[:, None, None]
    first = np.where(below.any(axis=2), below.argmax(axis=2), count)
    start = np.broadcast_to(cast.inner[:, None, None], (*cast.hu.shape[:2], 1))
    whole = np.concatenate([start, cast.hu, cast.hu[:, :, -1:]], axis=2)
    before = np.take_along_axis(whole, first[..., None], axis=2)[..., 0]
    after = np.take_along_axis(whole, np.minimum(first + 1, count + 1)[..., None], axis=2)[..., 0]
    share = np.clip((before - level[:, None]) / np.maximum(before - after, 1), 0, 1)
    ends: Float = np.where(first < count, (first + share) * step, count * step) * cast.unit_mm[:, None]
    return ends


def _far(ends: Float, radius: Float, parameters: Mapping[str, Any]) -> Bool:
    """Which rays go on far beyond the median one."""
    return np.asarray(ends > parameters["far_radii"] * radius[:, None])


def _shape(ends: Float, radius: Float, parameters: Mapping[str, Any]) -> dict[str, Float]:
    """What the lengths of the rays tell."""
    half, far = ends.shape[1] // 2, _far(ends, radius, parameters)
    low, high = np.percentile(ends, (25, 75), axis=1)
    return {
        "through": (far[:, :half] & far[:, half:]).mean(axis=1),
        "uneven": (high - low) / radius,
        "shortest": np.percentile(ends, 10, axis=1) / radius,
    }


def _surroundings(
    cast: _Cast, ends: Float, radius: Float, level: Float, contrast: Float, parameters: Mapping[str, Any]
) -> dict[str, Float]:
    """What the rays meet at their ends and beyond: how sharp the edge is, what is bright or wall."""
    far, steps = _far(ends, radius, parameters), _steps(parameters)
    within, beyond = (_at(cast, radius * parameters[name], parameters) for name in ("within_radii", "beyond_radii"))
    edges = np.where(far, 0, np.clip((within - beyond) / contrast[:, None], -1, 2)).sum(axis=1)
    outside = (~cast.lung & (steps * cast.unit_mm[:, None, None] <= ends[:, :, None] + 1)).any(axis=2)
    return {
        "ray_wall": outside.mean(axis=1),
        "edge": edges / np.maximum((~far).sum(axis=1), 1),
        "ray_shell": (beyond > level[:, None]).mean(axis=1),
    }


def _at(cast: _Cast, distance_mm: Float, parameters: Mapping[str, Any]) -> Float32:
    """HU on each ray at the step next to a distance."""
    steps = np.round(distance_mm / cast.unit_mm / parameters["step"]).astype(np.intp) - 1
    at = np.clip(steps, 0, cast.hu.shape[2] - 1)[:, None, None]
    shape = (*cast.hu.shape[:2], 1)
    return np.asarray(np.take_along_axis(cast.hu, np.broadcast_to(at, shape), axis=2)[..., 0])
