"""Nodules put into a real or synthetic CT, and controls beside them: tubes, and nodules without contrast.

new = old + coverage x max(0, target HU - lowpass(old)): the fine rest of the old image (noise, kernel) stays, and
what was brighter stays. Coverage is sampled three times finer than the voxels, then blurred by a scanner's point
spread. Places lie in aerated lung: inside the lungs closed over the pleura, below -600 HU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.core.geometry import Triple
from overread.core.mask import Mask
from overread.core.volume import Volume
from overread.inference.evaluate.shapes import Kind, Shape
from overread.inference.readers.lung_nodule.grid import Bool, Grid, sample, whole_grid
from overread.inference.readers.lung_nodule.lungs import find_lungs

Float32 = NDArray[np.float32]
Points = NDArray[np.float64]
Setting = Literal["anywhere", "attached"]

PLACE_STEP_MM: Final = 2.0
AERATED_HU: Final = -600.0
FINER: Final = 3
LOWPASS_MM: Final = 1.2
BLUR_MM: Final = (0.5, 0.9)
APART_MM: Final = 8.0
"""Free space between two things that are inserted."""
ATTACHED_MM: Final = 3.0
"""Attached: the surface comes this close to a wall or a vessel, or into it by less than half a radius."""
SOLID_HU: Final = (-20.0, 60.0)
GLASS_HU: Final = (-690.0, -560.0)
CORE_SHARE: Final = 0.45
"""Of the radius of a part-solid nodule this share is its solid core."""
TRIES: Final = 400
TUBE_WIDE_MM: Final = (3.0, 8.0)
TUBE_LONG_MM: Final = (15.0, 30.0)


@dataclass(frozen=True, slots=True)
class Inserted:
    """What was put where. ``mask`` are the voxels that are covered at least by half."""

    centre_lps_mm: Triple
    diameter_mm: float
    kind: Kind | Literal["tube"]
    setting: Setting
    mask: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Where something may be put: points (LPS mm) of aerated lung and their distance to wall or vessel (mm)."""

    points_lps_mm: Points
    clear_mm: NDArray[np.float64]


def room_in(volume: Volume, lung_parameters: Any) -> Room:
    """The aerated lung of a volume. Raises DoesNotFitError without lungs."""
    grid = whole_grid(volume, PLACE_STEP_MM)
    hu = sample(volume, grid)
    _air, closed = find_lungs(hu, lung_parameters, 2 - volume.geometry.axis_of(2))
    aerated: Bool = closed & (hu < AERATED_HU)
    clear = edt.edt(aerated, anisotropy=(PLACE_STEP_MM,) * 3)
    indices = np.argwhere(aerated)
    points = volume.geometry.lps_from_ijk(_voxels(grid, indices)[:, ::-1])
    return Room(points, np.asarray(clear[aerated], dtype=np.float64))


def _voxels(grid: Grid, indices: NDArray[np.int_]) -> Points:
    return grid.voxels(indices.astype(np.float64))


def insert_all(
    volume: Volume, room: Room, shapes: Sequence[Shape], rng: np.random.Generator, *, contrast: bool = True
) -> tuple[Volume, list[Inserted]]:
    """A copy of a volume with the shapes in it, every third one attached; those that found no place are left out.

    Without ``contrast`` they are darker than anything: not one voxel changes.
    """
    voxels = volume.voxels.astype(np.float32)
    done: list[Inserted] = []
    for number, shape in enumerate(shapes):
        setting: Setting = "attached" if number % 3 == 2 else "anywhere"
        centre = _place(room, shape.diameter_mm / 2, setting, done, rng)
        if centre is not None:
            mask = _put(voxels, volume, shape, centre, _target(shape, rng, contrast=contrast), rng)
            done.append(Inserted(_centre(mask, volume), shape.diameter_mm, shape.kind, setting, mask))
    return _rounded(volume, voxels), done


def insert_tubes(volume: Volume, room: Room, count: int, rng: np.random.Generator) -> tuple[Volume, list[Inserted]]:
    """A copy of a volume with straight tubes in it, 3 to 8 mm wide and 15 to 30 mm long, blended like nodules."""
    voxels = volume.voxels.astype(np.float32)
    done: list[Inserted] = []
    for _tube in range(count):
        shape, long_mm = _tube_shape(rng)
        centre = _place(room, long_mm / 2, "anywhere", done, rng)
        if centre is not None:
            mask = _put(voxels, volume, shape, centre, _target(shape, rng), rng)
            done.append(Inserted(centre, long_mm, "tube", "anywhere", mask))
    return _rounded(volume, voxels), done


def _rounded(volume: Volume, voxels: Float32) -> Volume:
    if volume.voxels.dtype == np.int16:
        return replace(volume, voxels=np.round(voxels).astype(np.int16))
    return replace(volume, voxels=voxels)


def _centre(mask: Mask, volume: Volume) -> Triple:
    points = np.argwhere(mask.to_array()).mean(axis=0) + np.array(mask.origin_kji)
    x, y, z = volume.geometry.lps_from_ijk(points[::-1])
    return float(x), float(y), float(z)


def _place(
    room: Room, radius: float, setting: Setting, done: Sequence[Inserted], rng: np.random.Generator
) -> Triple | None:
    """A free place, or None. A third of the tries may come to nothing in small lungs."""
    allowed = np.arange(len(room.clear_mm))
    if setting == "attached":
        allowed = np.flatnonzero((room.clear_mm > radius / 2) & (room.clear_mm < radius + ATTACHED_MM))
    if len(allowed) == 0:
        return None
    for _try in range(TRIES):
        point = room.points_lps_mm[int(rng.choice(allowed))]
        away = [np.linalg.norm(point - one.centre_lps_mm) - one.diameter_mm / 2 for one in done]
        if all(gap > radius + APART_MM for gap in away):
            return float(point[0]), float(point[1]), float(point[2])
    return None


def _target(shape: Shape, rng: np.random.Generator, *, contrast: bool = True) -> tuple[float, float]:
    """HU of the rim and of the core."""
    if not contrast:
        return -np.inf, -np.inf
    solid = float(rng.uniform(*SOLID_HU))
    rim = solid if shape.kind == "solid" else float(rng.uniform(*GLASS_HU))
    return rim, solid if shape.kind == "part-solid" else rim


def _put(
    voxels: Float32,
    volume: Volume,
    shape: Shape,
    centre: Triple,
    target: tuple[float, float],
    rng: np.random.Generator,
) -> Mask:
    """Blend one shape into HU values in place; its mask (the voxel with most of it where none holds half)."""
    geometry = volume.geometry
    spacing = np.array(geometry.spacing_ijk_mm[::-1])
    middle = geometry.ijk_from_lps(centre)[::-1]
    reach = (np.array(shape.signed_mm.shape) * np.array(shape.step_kji_mm)) / 2 + 3
    low = np.maximum(np.floor(middle - reach / spacing).astype(int), 0)
    high = np.minimum(np.ceil(middle + reach / spacing).astype(int) + 1, geometry.shape_kji)
    window = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    signed = _sampled(shape, spacing, middle - low, tuple(int(n) for n in high - low))
    blur = rng.uniform(*BLUR_MM) / spacing
    cover = ndimage.gaussian_filter(_coverage(signed, 0.0), blur)
    deep = float(shape.signed_mm.min())
    core = ndimage.gaussian_filter(_coverage(signed, deep * (1 - CORE_SHARE)), blur)
    box = voxels[window] * volume.slope + volume.intercept
    smooth = ndimage.gaussian_filter(box, LOWPASS_MM / spacing)
    box += cover * np.maximum(0, target[0] - smooth)
    if target[1] != target[0]:
        smooth = ndimage.gaussian_filter(box, LOWPASS_MM / spacing)
        box += core * np.maximum(0, target[1] - smooth)
    voxels[window] = (box - volume.intercept) / volume.slope
    share = _coverage(signed, 0.0)
    return Mask.from_array(share >= min(0.5, float(share.max())), (int(low[0]), int(low[1]), int(low[2])))


def _sampled(shape: Shape, spacing: Points, middle: Points, size: tuple[int, ...]) -> Float32:
    """The shape's distances in a box of voxels, three times finer along each axis; its middle lies at ``middle``."""
    fine = spacing / FINER
    scale = fine / np.array(shape.step_kji_mm)
    first = ((np.array([-(FINER - 1) / 2] * 3)) / FINER - middle) * spacing / np.array(shape.step_kji_mm)
    offset = first + (np.array(shape.signed_mm.shape) - 1) / 2
    signed: Float32 = ndimage.affine_transform(
        shape.signed_mm,
        scale,
        offset=offset,
        output_shape=tuple(n * FINER for n in size),
        order=1,
        mode="nearest",
        output=np.float32,
    )
    return signed


def _coverage(signed_mm: Float32, level_mm: float) -> Float32:
    """Share of each voxel that lies inside a level of the distance."""
    inside = (signed_mm < level_mm).astype(np.float32)
    k, j, i = (n // FINER for n in inside.shape)
    shares: Float32 = inside.reshape(k, FINER, j, FINER, i, FINER).mean(axis=(1, 3, 5))
    return shares


def _tube_shape(rng: np.random.Generator) -> tuple[Shape, float]:
    """A straight tube in a random direction with flat ends, on voxels of 0.5 mm."""
    wide, long_mm = float(rng.uniform(*TUBE_WIDE_MM)), float(rng.uniform(*TUBE_LONG_MM))
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    step = 0.5
    axis = np.arange(-(long_mm / 2 + wide), long_mm / 2 + wide, step)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"))
    along = np.tensordot(direction, points, axes=1)
    across = np.sqrt(np.maximum((points**2).sum(axis=0) - along**2, 0))
    signed = np.maximum(across - wide / 2, np.abs(along) - long_mm / 2).astype(np.float32)
    diameter = (1.5 * wide**2 * long_mm) ** (1 / 3)
    return Shape(signed, (step, step, step), "solid", diameter), long_mm
