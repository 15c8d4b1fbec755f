"""The reader without training: lungs, bright round places in them, rules about their shape."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import DoesNotFitError
from overread.core.geometry import Float
from overread.core.text import sentence
from overread.core.volume import Volume
from overread.inference.readers.base import Cancelled, ReaderResult, Report, StoppedError
from overread.inference.readers.lung_nodule.answer import candidate, one_per_place
from overread.inference.readers.lung_nodule.gaussian import gaussian
from overread.inference.readers.lung_nodule.grid import Bool, Float32, Grid, carry, sample, whole_grid
from overread.inference.readers.lung_nodule.lungs import find_lungs
from overread.inference.readers.lung_nodule.peaks import Peaks, find_peaks
from overread.inference.readers.lung_nodule.places import lung_places
from overread.inference.readers.lung_nodule.rays import Sights, look
from overread.inference.readers.lung_nodule.regions import Region, Seed, grow
from overread.inference.readers.lung_nodule.scoring import first_look

PARTS: Final = 100
"""Parts of the whole job that progress is told in; the shares of the stages are those of their time."""
CHECK_EVERY: Final = 50
"""Regions between two looks whether the job was taken back: about a quarter of a second."""
HEAT_STRIDE: Final = 2
"""Steps of the grid between two points of the heatmap."""


def read(volume: Volume, parameters: Mapping[str, Any], report: Report, cancelled: Cancelled) -> ReaderResult:
    """Candidates in the grid of the volume, highest score first. See ``readers.base.Reader``."""
    if volume.unit != "HU":
        raise DoesNotFitError(sentence("reader.no-hu"))
    clock = _Clock(report, cancelled)
    clock.stage("reader.stage-lungs", 0)
    coarse = whole_grid(volume, float(parameters["lungs"]["step_mm"]))
    axial_axis = 2 - volume.geometry.axis_of(2)
    lungs, closed = find_lungs(sample(volume, coarse), parameters["lungs"], axial_axis)
    places = lung_places(lungs, coarse, volume.geometry, axial_axis)
    clock.stage("reader.stage-grid", 15)
    grid = _box_grid(closed, coarse, float(parameters["step_mm"]), float(parameters["lungs"]["margin_mm"]))
    hu = sample(volume, grid)
    inside = carry(closed, coarse, grid)
    lung_hu = float(np.median(hu[carry(lungs, coarse, grid)]))
    clock.stage("reader.stage-peaks", 30)
    common = {**parameters["peaks"], "device": parameters["device"]}
    solid, heat = find_peaks(hu, inside, lung_hu, parameters["solid"], common, clock.check)
    clock.stage("reader.stage-faint", 52)
    faint, faint_heat = find_peaks(hu, inside, lung_hu, parameters["subsolid"], common, clock.check)
    clock.stage("reader.stage-regions", 58)
    regions = _regions(hu, inside, lung_hu, {"solid": solid, "subsolid": faint}, parameters, clock)
    clock.stage("reader.stage-answer", 97)
    kept = one_per_place(regions, hu.shape, parameters["places"])
    solid_hu = float(parameters["regions"]["solid_hu"])
    candidates = [candidate(region, solid_hu, grid, volume, places) for region in kept]
    clock.end()
    return ReaderResult(
        candidates=tuple(one for one in candidates if one is not None),
        heatmap_u8=_heatmap(np.maximum(heat, faint_heat), float(parameters["heat_full_hu"])),
        heatmap_affine=_affine(volume, grid, HEAT_STRIDE),
        lung_mask=inside[::HEAT_STRIDE, ::HEAT_STRIDE, ::HEAT_STRIDE].copy(),
        stage_seconds=clock.seconds,
    )


class _Clock:
    """Tells the stages, keeps their seconds, and stops when asked."""

    def __init__(self, report: Report, cancelled: Cancelled) -> None:
        self._report, self._cancelled = report, cancelled
        self._name, self._since = "", time.monotonic()
        self.seconds: dict[str, float] = {}

    def stage(self, name: str, done: int) -> None:
        """A stage begins."""
        self.check()
        self.end()
        self._name = name
        self._report(name, done, PARTS)

    def check(self) -> None:
        """Raise StoppedError when the job was taken back."""
        if self._cancelled():
            raise StoppedError

    def part(self, done: int) -> None:
        """Within a stage."""
        self.check()
        self._report(self._name, done, PARTS)

    def end(self) -> None:
        """The stage ends."""
        now = time.monotonic()
        if self._name:
            self.seconds[self._name] = now - self._since
        self._since = now


def _box_grid(closed: Bool, coarse: Grid, step_mm: float, margin_mm: float) -> Grid:
    """The fine grid over the box of the lungs with a margin, anchored to the first voxel."""
    factor, margin = coarse.step_mm / step_mm, margin_mm / step_mm
    ends = []
    for axis in range(3):
        filled = np.flatnonzero(closed.any(axis=tuple(a for a in range(3) if a != axis)))
        last = int((coarse.shape_kji[axis] - 1) * factor)
        ends.append((max(0, int(filled[0] * factor - margin)), min(last, int(filled[-1] * factor + margin))))
    (k0, k1), (j0, j1), (i0, i1) = ends
    return Grid(step_mm, (k0, j0, i0), (k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1), coarse.spacing_kji_mm)


def _regions(
    hu: Float32,
    inside: Bool,
    lung_hu: float,
    passes: Mapping[str, Peaks],
    parameters: Mapping[str, Any],
    clock: _Clock,
) -> list[Region]:
    """Regions with a score worth telling."""
    images = {name: gaussian(hu, sigma) if (sigma := parameters[name]["grow_sigma"]) else hu for name in passes}
    seeds = _seeds(images, inside, lung_hu, passes, parameters)
    found: list[Region] = []
    for number, (name, seed) in enumerate(seeds):
        if number % CHECK_EVERY == 0:
            clock.part(58 + 39 * number // len(seeds))
        found += grow(images[name], inside, seed, lung_hu, parameters["regions"], parameters[name])
    return found


def _seeds(
    images: Mapping[str, Float32],
    inside: Bool,
    lung_hu: float,
    passes: Mapping[str, Peaks],
    parameters: Mapping[str, Any],
) -> list[tuple[str, Seed]]:
    """The peaks that look best along their rays, best first, with the pass they come from."""
    ranked: list[tuple[float, str, int]] = []
    sights = {}
    for name, peaks in passes.items():
        if len(peaks.scales) == 0:
            continue
        high_hu = float(parameters[name]["high_hu"])
        sights[name] = look(images[name], inside, lung_hu, peaks, high_hu, parameters["rays"])
        looks = first_look(sights[name].values, parameters[name]["look"])
        ranked += [(-float(value), name, n) for n, value in enumerate(looks)]
    ranked.sort()
    return [
        (name, _seed(passes[name], sights[name], n))
        for _value, name, n in ranked[: int(parameters["peaks"]["most_candidates"])]
    ]


def _seed(peaks: Peaks, sights: Sights, n: int) -> Seed:
    return Seed(
        peaks.points[n],
        float(peaks.scales[n]),
        float(sights.radius_mm[n]),
        float(sights.level_hu[n]),
        float(sights.lung_hu[n]),
        {name: float(values[n]) for name, values in sights.values.items()},
    )


def _heatmap(heat: Float32, full_hu: float) -> NDArray[np.uint8]:
    """Blobness on a scale that is the same for every scan."""
    return np.asarray(np.clip(heat * (255 / full_hu), 0, 255), dtype=np.uint8)


def _affine(volume: Volume, grid: Grid, stride: int) -> Float:
    """Point (i, j, k) of every ``stride``-th step of a grid to LPS mm."""
    affine = np.eye(4)
    affine[:3, :3] = volume.geometry.directions * grid.step_mm * stride
    affine[:3, 3] = volume.geometry.lps_from_ijk(grid.voxels(np.zeros(3))[::-1])
    return affine
