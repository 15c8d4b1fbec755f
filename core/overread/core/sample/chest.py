"""A synthetic chest CT: drawn from one seed, with nodules whose place, size and kind are known. Labelled synthetic.

Slice by slice, from the outside in: every organ is a distance in mm, its coverage of a pixel gives partial volume.
Smooth random fields bend all distances by a few mm, so that nothing is a drawing. Then tubes (airways, vessels,
ribs), nodules, and the scanner: blur and noise of a chest kernel. Only for trying, showing and testing the program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.core.geometry import Geometry, Triple
from overread.core.sample import bones, nodules, organs
from overread.core.sample.body import Field, Person, lung
from overread.core.sample.nodules import Decoy, Nodule
from overread.core.sample.tubes import Segment, draw, tree

Size = Literal["small", "medium", "full"]
SIZES: dict[Size, tuple[tuple[int, int, int], Triple]] = {
    "small": ((64, 128, 128), (2.8, 2.8, 4.2)),
    "medium": ((150, 256, 256), (1.44, 1.44, 1.8)),
    "full": ((300, 512, 512), (0.72, 0.72, 0.9)),
}
"""Shape [k, j, i] and spacing (i, j, k) in mm."""
BOTTOM_MM = -138.0
"""Lowest scanned height; the middle of the chest is 0."""
TREE_POINTS = {"small": 260, "medium": 700, "full": 1100}
AIRWAY_POINTS = 60
LEAF_MM = {"small": 1.1, "medium": 0.85, "full": 0.72}
NOISE_HU = 11.0
BLUR_MM = 0.55
PRIOR_SHIFT_MM = (3.0, -2.0, 11.0)
"""How far the table and the patient on it were from where they are now: LPS mm of the prior = LPS mm now - this."""


@dataclass(frozen=True, slots=True)
class ChestSample:
    """HU voxels int16 [k, j, i] with all that is known of them."""

    voxels: NDArray[np.int16]
    geometry: Geometry
    seed: int
    prior: bool
    nodules: tuple[Nodule, ...]
    decoys: tuple[Decoy, ...]
    female: bool


def make_chest(seed: int, size: Size = "medium", *, prior: bool = False) -> ChestSample:
    """The chest of a seed. ``prior`` is the same person about a year before, with fewer and smaller nodules."""
    shape, spacing = SIZES[size]
    person = Person.draw(np.random.default_rng([seed, 1]))
    rng = np.random.default_rng([seed, 2])
    geometry = _grid(shape, spacing, PRIOR_SHIFT_MM if prior else (0.0, 0.0, 0.0))
    trees = {side: _trees(person, rng, side, size) for side in (-1, 1)}
    vessels = [segment for side in (-1, 1) for segment in trees[side][0]]
    placed, decoys = nodules.plan(person, rng, vessels, BOTTOM_MM)
    if prior:
        placed = nodules.earlier(placed, np.random.default_rng([seed, 3]))
    volume, air = _layers(person, geometry, np.random.default_rng([seed, 4]))
    for side in (-1, 1):
        draw(volume, geometry, trees[side][0], person.blood_hu)
    organs.airways(volume, geometry, [segment for side in (-1, 1) for segment in trees[side][1]])
    for decoy in decoys:
        nodules.insert_decoy(volume, geometry, decoy)
    known = tuple(nodules.insert(volume, geometry, nodule, air) for nodule in placed)
    del air
    bones.draw_all(volume, geometry, person)
    voxels = _scan(volume, spacing, np.random.default_rng([seed, 6 if prior else 5]))
    made = ChestSample(voxels, geometry, seed, prior, known, decoys, person.female)
    return _elsewhere(made) if prior else made


def _elsewhere(made: ChestSample) -> ChestSample:
    """The sample in the scanner's mm of another day: the grid stands where it always does, the patient does not."""
    affine = made.geometry.affine.copy()
    affine[:3, 3] -= np.array(PRIOR_SHIFT_MM)
    nodules_there = tuple(replace(one, centre_lps_mm=_moved(one.centre_lps_mm)) for one in made.nodules)
    decoys_there = tuple(replace(one, centre_lps_mm=_moved(one.centre_lps_mm)) for one in made.decoys)
    geometry = Geometry(made.geometry.shape_kji, affine)
    return replace(made, geometry=geometry, nodules=nodules_there, decoys=decoys_there)


def _moved(point_lps_mm: Triple) -> Triple:
    x, y, z = (a - b for a, b in zip(point_lps_mm, PRIOR_SHIFT_MM, strict=True))
    return x, y, z


def _grid(shape: tuple[int, int, int], spacing: Triple, shift: Triple) -> Geometry:
    """Axes along the patient's; the middle of the chest is 0, and ``shift`` moves the grid over the chest."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(shape[2] - 1) / 2 * spacing[0], -(shape[1] - 1) / 2 * spacing[1] - 4, BOTTOM_MM]
    affine[:3, 3] += np.array(shift)
    return Geometry(shape, affine)


def _trees(person: Person, rng: np.random.Generator, side: int, size: Size) -> tuple[list[Segment], list[Segment]]:
    """Vessels (artery and vein) and bronchi of one lung."""
    hilum = np.array([side * 26.0, -2.0, 6.0 if side < 0 else 10.0])
    leaf = LEAF_MM[size]
    vessels: list[Segment] = []
    for count, root in (
        (TREE_POINTS[size], hilum),
        (TREE_POINTS[size] * 2 // 3, hilum + np.array([side * 2.0, 7.0, -14.0])),
    ):
        vessels += tree(root, _cloud(person, rng, side, count), leaf, rng)
    bronchi = tree(hilum + np.array([0.0, 3.0, 2.0]), _cloud(person, rng, side, AIRWAY_POINTS), 1.1, rng)
    return vessels, bronchi


def _cloud(person: Person, rng: np.random.Generator, side: int, count: int) -> NDArray[np.float64]:
    """Random points inside a lung."""
    found: list[NDArray[np.float64]] = []
    while sum(len(part) for part in found) < count:
        low, high = np.array([6.0, -90.0, -105.0]), np.array([125.0, 92.0, 128.0])
        points = rng.uniform(low, high, (count * 3, 3)) * np.array([side, 1.0, 1.0])
        x, y, z = (points[:, axis].astype(np.float32) for axis in range(3))
        found.append(points[lung(x, y, z, person, side) < -4])
    return np.concatenate(found)[:count]


def _layers(
    person: Person, geometry: Geometry, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """All soft layers, and how much of each voxel is aerated lung (0 to 1)."""
    nk, nj, ni = geometry.shape_kji
    volume = np.full((nk, nj, ni), -1000.0, dtype=np.float32)
    air = np.zeros((nk, nj, ni), dtype=np.float32)
    bend = [_smooth_field(rng, 10, geometry.shape_kji) for _axis in range(3)]
    texture = _smooth_field(rng, 26, geometry.shape_kji)
    spacing, origin = geometry.spacing_ijk_mm, geometry.affine[:3, 3]
    x_line = (np.arange(ni) * spacing[0] + origin[0]).astype(np.float32)
    y_line = (np.arange(nj) * spacing[1] + origin[1]).astype(np.float32)
    flat_x, flat_y = np.meshgrid(x_line, y_line)
    for k in range(nk):
        z = np.float32(k * spacing[2] + origin[2])
        x = flat_x + 2.2 * bend[0](k)
        y = flat_y + 2.2 * bend[1](k)
        heights = np.full_like(x, z) + 1.8 * bend[2](k)
        air[k] = organs.slice_layers(
            volume[k], (flat_x, flat_y), (x, y, heights), person, float(spacing[0]), texture(k), rng
        )
    return volume, air


class _smooth_field:  # noqa: N801 - used as a function
    """A smooth random field of unit spread over the grid, given slice by slice."""

    def __init__(self, rng: np.random.Generator, knots: int, shape: tuple[int, int, int]) -> None:
        self._coarse = rng.normal(size=(knots, knots, knots)).astype(np.float32)
        self._coarse /= max(1e-6, float(self._coarse.std()))
        self._nk, self._nj, self._ni = shape

    def __call__(self, k: int) -> Field:
        place = k / max(1, self._nk - 1) * (len(self._coarse) - 1)
        low = min(int(place), len(self._coarse) - 2)
        part = np.float32(place - low)
        sheet = self._coarse[low] * (1 - part) + self._coarse[low + 1] * part
        rows = np.linspace(0, sheet.shape[0] - 1, self._nj)
        columns = np.linspace(0, sheet.shape[1] - 1, self._ni)
        grid = np.meshgrid(rows, columns, indexing="ij")
        return np.asarray(ndimage.map_coordinates(sheet, grid, order=3, mode="nearest"), dtype=np.float32)


def _scan(volume: NDArray[np.float32], spacing: Triple, rng: np.random.Generator) -> NDArray[np.int16]:
    """What the scanner makes of it: blur in the plane, ramp-filtered noise, stronger in the middle, whole HU."""
    nk, nj, ni = volume.shape
    across, down = np.fft.rfftfreq(ni), np.fft.fftfreq(nj)
    frequency = np.sqrt(across[None, :] ** 2 + down[:, None] ** 2)
    ramp = (frequency * np.exp(-((frequency / 0.33) ** 2))).astype(np.float32)
    ramp /= np.sqrt(float((ramp**2).mean()))
    y, x = np.mgrid[-1 : 1 : nj * 1j, -1 : 1 : ni * 1j]
    stronger = (1 + 0.5 * np.exp(-(x**2 + y**2) / 0.3)).astype(np.float32)
    voxels = np.empty(volume.shape, dtype=np.int16)
    before = np.zeros((nj, ni), dtype=np.float32)
    for k in range(nk):
        white = np.fft.rfft2(rng.normal(size=(nj, ni)).astype(np.float32))
        fresh = np.fft.irfft2(white * ramp, s=(nj, ni)).astype(np.float32)
        noise = 0.92 * fresh + 0.39 * before
        before = fresh
        shoulders = 1 + 0.8 * max(0.0, (k / nk - 0.82) / 0.18)
        sharp = ndimage.gaussian_filter(volume[k], BLUR_MM / spacing[0])
        tissue = np.clip((sharp + 1000) / 500, 0.5, 1.0)
        tissue[sharp < -960] = 0.5
        voxels[k] = np.clip(np.round(sharp + noise * NOISE_HU * stronger * tissue * shoulders), -1024, 3071)
    return voxels
