"""What lies at a peak: a grown region, its size and shape, what touches it, and the score of the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cc3d
import edt
import numpy as np
from numpy.typing import NDArray

from overread.inference.readers.lung_nodule.grid import Bool, Float32
from overread.inference.readers.lung_nodule.scoring import moved, score

Window = tuple[slice, slice, slice]
Points = NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Region:
    """A region on the 1 mm grid: its box origin and mask, its main axes, the values of the rules and the score.

    ``moved`` tells by how much each rule moved the score.
    """

    origin_kji: tuple[int, int, int]
    mask: Bool
    axes_mm: tuple[float, float, float]
    why: Mapping[str, float]
    moved: Mapping[str, float]
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """A peak: place on the 1 mm grid [k, j, i], scale (mm), and what its rays tell.

    ``radius_mm`` is the median ray, ``level_hu`` lies between ``lung_hu`` around and the inside; ``values`` are those
    of the rules that need no region.
    """

    point: NDArray[np.float64]
    scale_mm: float
    radius_mm: float
    level_hu: float
    lung_hu: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Blob:
    """What is bright and connected with a seed, the depth of each voxel, and the largest ball near the seed."""

    bright: Bool
    depth: Float32
    deepest: Points
    radius: float

    def opened(self, cut: float) -> Bool | None:
        """Opening by distance of the part with the ball: what is thinner than twice ``cut`` is gone."""
        labels = cc3d.connected_components(self.depth > cut, connectivity=6)
        label = labels[tuple(self.deepest)]
        if label == 0:
            return None
        inner = np.asarray(labels == label)
        near = _around(inner, int(np.ceil(cut)) + 1)
        grown = np.zeros_like(self.bright)
        # Half a voxel more: depth is measured from the centres of the first voxels outside.
        grown[near] = (_distance_to(inner[near]) <= cut + 0.5) & self.bright[near]
        return grown


@dataclass(frozen=True, slots=True)
class _Core:
    """A blob without its vessels in a box of the grid, what is bright around it, and the HU of the lung there.

    ``by_ball`` tells that the blob was cut from the bright part by a ball. ``neck`` is then the radius of what goes
    on beyond that ball over that of the blob: 1 at the end of a vessel, little where a nodule hangs on one.
    """

    window: Window
    blob: _Blob
    mask: Bool
    bright: Bool
    lung_hu: float
    by_ball: bool = False
    neck: float = 0.0

    @property
    def compactness(self) -> float:
        """Diameter of the largest ball near the seed over that of a ball of the core's volume."""
        return 2 * self.blob.radius / _ball_mm(float(self.mask.sum()))

    def leaves(self, shape: tuple[int, ...]) -> bool:
        """True when it goes on beyond its box."""
        for axis, (span, size) in enumerate(zip(self.window, shape, strict=True)):
            first, last = np.take(self.mask, 0, axis), np.take(self.mask, -1, axis)
            if (span.start > 0 and first.any()) or (span.stop < size and last.any()):
                return True
        return False


def grow(
    hu: Float32,
    inside: Bool,
    seed: Seed,
    lung_hu: float,
    parameters: Mapping[str, Any],
    pass_parameters: Mapping[str, Any],
) -> list[Region]:
    """The regions that a peak may have, with their scores: all that is connected with it, and that cut by a ball.

    The first is lost where a nodule hangs on what goes on; the second is a worse mask where it does not. The rules
    look at a core from which vessels are cut more strictly than from the mask that is answered.
    """
    cores = (
        _contained(hu, inside, seed, lung_hu, parameters, pass_parameters),
        _in_ball(hu, inside, seed, parameters),
    )
    found: list[Region] = []
    for core in cores:
        mask = core.blob.opened(_mask_cut(core.blob.radius, parameters)) if core is not None else None
        if core is None or mask is None or core.mask.sum() < parameters["least_mm3"]:
            continue
        corner = np.array([span.start for span in core.window])
        middle = np.argwhere(mask).mean(axis=0) + corner
        why = dict(seed.values) | _rules(hu, inside, core, parameters)
        why["offset"] = float(np.linalg.norm(middle - seed.point)) / max(1.0, seed.radius_mm)
        why["fill"] = why["diameter_mm"] / (2 * seed.radius_mm)
        why["faint"], why["by_ball"], why["neck"] = float(pass_parameters["faint"]), float(core.by_ball), core.neck
        by = moved(why, pass_parameters["gates"], parameters["score"])
        points = score(by, why, pass_parameters["gates"], parameters["score"])
        if points >= parameters["list_from"]:
            origin = (int(corner[0]), int(corner[1]), int(corner[2]))
            found.append(Region(origin, mask, axes_mm(mask), why, by, points))
    return found


def _mask_cut(radius: float, parameters: Mapping[str, Any]) -> float:
    """What is cut from a mask: a share of its ball; in a small one a whole voxel, as far as the ball stands it."""
    least = min(float(parameters["least_cut_mm"]), float(parameters["most_cut_share"]) * radius)
    return max(float(parameters["mask_share"]) * radius, least)


def _contained(
    hu: Float32,
    inside: Bool,
    seed: Seed,
    lung_hu: float,
    parameters: Mapping[str, Any],
    pass_parameters: Mapping[str, Any],
) -> _Core | None:
    """The core at a seed, if it stays in its box, which is widened once for what is larger than its scale says."""
    reach = round(parameters["reach_scales"] * seed.scale_mm + parameters["reach_mm"])
    core = _core(hu, inside, seed, lung_hu, reach, parameters, pass_parameters)
    if core is not None and core.compactness >= parameters["least_compactness"] and core.leaves(hu.shape):
        wider = round(parameters["reach_radii"] * core.blob.radius + parameters["reach_mm"])
        core = _core(hu, inside, seed, lung_hu, max(reach, wider), parameters, pass_parameters)
    return None if core is None or core.leaves(hu.shape) else core


def _core(
    hu: Float32,
    inside: Bool,
    seed: Seed,
    lung_hu: float,
    reach: int,
    parameters: Mapping[str, Any],
    pass_parameters: Mapping[str, Any],
) -> _Core | None:
    """The core at a seed, looked for in a box that reaches so many voxels to each side."""
    middle = np.round(seed.point).astype(int)
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, hu.shape)
    window = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2])))
    box, lung = hu[window], inside[window]
    local_hu = _local_lung(box, lung, lung_hu, parameters)
    blob = _blob(box, lung, middle - low, seed.scale_mm, local_hu, pass_parameters)
    mask = blob.opened(float(parameters["core_share"]) * blob.radius) if blob is not None else None
    return _Core(window, blob, mask, blob.bright, local_hu) if blob is not None and mask is not None else None


def _in_ball(hu: Float32, inside: Bool, seed: Seed, parameters: Mapping[str, Any]) -> _Core | None:
    """The core of what is connected with a seed within a ball of a few median rays."""
    reach = int(np.ceil((parameters["ball_radii"] + 0.1) * seed.radius_mm)) + int(parameters["ball_mm"])
    middle = np.round(seed.point).astype(int)
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, hu.shape)
    window = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2])))
    at = middle - low
    bright = _connected((hu[window] > seed.level_hu) & inside[window], at)
    if bright is None:
        return None
    away = sum(
        (grid - (centre - first)) ** 2
        for grid, centre, first in zip(np.ogrid[tuple(map(slice, bright.shape))], seed.point, low, strict=True)
    )
    ball_mm = parameters["ball_radii"] * seed.radius_mm + 0.5
    ball = _connected(bright & (away <= ball_mm**2), at)
    if ball is None:
        return None
    blob = _blob_of(ball, at, max(1.5, 0.7 * seed.radius_mm))
    mask = blob.opened(float(parameters["core_share"]) * blob.radius)
    if mask is None:
        return None
    beyond = bright & (away > ball_mm**2) & (away <= (ball_mm + parameters["neck_mm"]) ** 2)
    neck = float(edt.edt(bright)[beyond].max()) / blob.radius if beyond.any() else 0.0
    return _Core(window, blob, mask, bright, seed.lung_hu, by_ball=True, neck=neck)


def _local_lung(box: Float32, lung: Bool, lung_hu: float, parameters: Mapping[str, Any]) -> float:
    """The median of the aerated lung around (HU); that of the whole lungs where too little is there."""
    coarse = box[::2, ::2, ::2]
    aerated = coarse[lung[::2, ::2, ::2] & (coarse < parameters["aerated_hu"])]
    return float(np.median(aerated)) if len(aerated) >= parameters["least_aerated"] else lung_hu


def _blob(
    box: Float32, lung: Bool, at: Points, scale_mm: float, lung_hu: float, pass_parameters: Mapping[str, Any]
) -> _Blob | None:
    """All that is connected with the seed above the level halfway between lung and peak."""
    near = box[tuple(slice(max(0, int(c) - 1), int(c) + 2) for c in at)]
    level = (lung_hu + min(float(near.max()), float(pass_parameters["high_hu"]))) / 2
    bright = _connected((box > level) & lung, at)
    return _blob_of(bright, at, max(2.0, scale_mm)) if bright is not None else None


def _connected(bright: Bool, at: Points) -> Bool | None:
    """The part that holds a voxel; None where that is not bright."""
    if not bright[tuple(at)]:
        return None
    labels = cc3d.connected_components(bright, connectivity=6)
    return np.asarray(labels == labels[tuple(at)])


def _blob_of(bright: Bool, at: Points, near_mm: float) -> _Blob:
    """A bright part with the largest ball that lies near a voxel."""
    part = _around(bright, 0)
    depth = np.zeros(bright.shape, dtype=np.float32)
    depth[part] = edt.edt(np.pad(bright[part], 1))[1:-1, 1:-1, 1:-1]
    reach = int(np.ceil(near_mm))
    starts = np.maximum(at - reach, 0)
    around = depth[tuple(slice(int(a), int(c) + reach + 1) for a, c in zip(starts, at, strict=True))]
    deepest = np.array(np.unravel_index(int(around.argmax()), around.shape)) + starts
    return _Blob(bright, depth, deepest, float(depth[tuple(deepest)]))


def _rules(hu: Float32, inside: Bool, found: _Core, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Size, shape, density and touch of a core. ``inner_hu`` leaves out the rim, where lung is mixed in."""
    near, far = parameters["shell_mm"]
    part = _around(found.mask, int(np.ceil(far)) + 1)
    box, lung, core = hu[found.window][part], inside[found.window][part], found.mask[part]
    diameter = _ball_mm(float(core.sum()))
    depth = edt.edt(np.pad(core, 1))[1:-1, 1:-1, 1:-1]
    radius = float(depth.max())
    away = _distance_to(core)
    seen = (away > near) & (away <= far) & lung
    bright = seen & found.bright[part]
    rim = (away > 0) & (away <= near)
    wall = float((rim & ~lung).sum()) / max(1.0, float(rim.sum()))
    shell = float(bright.sum()) / max(1.0, float(seen.sum()))
    axes = axes_mm(core)
    return {
        "diameter_mm": diameter,
        "compactness": 2 * radius / diameter,
        "shell": shell,
        "touch": shell + wall,
        "branches": float(_branches(bright, int(parameters["least_branch_mm3"]))),
        "wall": wall,
        "contrast": float(box[core].mean(dtype=np.float64)) - found.lung_hu,
        "bone": float(np.percentile(box[core], 90)) if wall >= parameters["bone_wall"] else 0.0,
        "inner_hu": float(np.median(box[depth >= min(float(parameters["rim_mm"]), radius)])),
        "elongation": axes[0] / axes[1],
        "flatness": axes[1] / axes[2],
        "tube": axes[0] * axes[2] / axes[1] ** 2,
    }


def _ball_mm(volume_mm3: float) -> float:
    """Diameter of the ball of a volume."""
    return float((6 * max(volume_mm3, 1.0) / math.pi) ** (1 / 3))


def _branches(bright: Bool, least: int) -> int:
    """Pieces of the shell that are bright, without specks of noise."""
    sizes = np.bincount(cc3d.connected_components(bright, connectivity=26).ravel())
    return int((sizes[1:] >= least).sum())


def _around(mask: Bool, margin: int) -> Window:
    """The box of a mask that is not empty, with a margin: distances are worked out only there."""
    spans = []
    for axis, size in enumerate(mask.shape):
        filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(max(0, int(filled[0]) - margin), min(size, int(filled[-1]) + 1 + margin)))
    return spans[0], spans[1], spans[2]


def _distance_to(mask: Bool) -> Float32:
    """Distance of each voxel to a region, in voxels."""
    distance: Float32 = edt.edt(~mask)
    return distance


def axes_mm(mask: Bool) -> tuple[float, float, float]:
    """Lengths of the main axes (mm) of the ellipsoid with the second moments of a mask of 1 mm voxels."""
    points = np.argwhere(mask).astype(np.float64)
    spread = np.atleast_2d(np.cov(points.T, bias=True)) + np.eye(3) / 12
    values = 2 * np.sqrt(5 * np.maximum(np.linalg.eigvalsh(spread), 1e-6))
    return float(values[2]), float(values[1]), float(values[0])
