"""The geometry verdict: what a stack of images is, from positions alone, before any pixel is read.

Positions and directions are PS3.3 C.7.6.2.1.1. Slice Thickness and Spacing Between Slices are never geometry.
The table of codes and permissions is docs/geometry.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.series import Instance, Permission, Reason, Verdict, VerdictKind
from overread.core.text import millimetres, sentence

Float = NDArray[np.float64]

QUIET_MM = 0.01
QUIET_SHARE = 0.01
"""A deviation up to the larger of these (of a step) is rounding in the header and stays unsaid."""
WARN_SHARE = 0.2
"""Above this share of a step there is no even grid."""
GAP_SHARE = 0.1
"""A difference within this share of m steps means m - 1 missing slices."""
MISSING_SHARE = 0.2
"""More empty places than this share of the images are no gaps: the images were taken with two spacings."""
TILT_DEGREES = 0.1
SAME_PLACE_MM = 0.001
"""Two images closer than this along the normal lie at one place."""

ALL = frozenset(Permission)
PERMISSIONS: dict[str, frozenset[Permission]] = {
    "missing-slices": ALL - {Permission.MODELS},
    "irregular-spacing": ALL,
    "nonuniform": frozenset({Permission.MEASURE_MM}),
    "duplicate-identical": ALL,
    "duplicate-different": frozenset({Permission.MEASURE_MM}),
    "gantry-tilt": ALL,
    "rescale-per-slice": ALL,
    "monochrome1": ALL,
    "padding": ALL,
    "no-preamble": ALL,
    "modality-lut": frozenset({Permission.PLANES, Permission.MEASURE_MM}),
    "single-image": frozenset({Permission.MEASURE_MM}),
    "no-position": frozenset(),
    "no-spacing": frozenset(),
    "colour": frozenset({Permission.MEASURE_MM}),
}
"""What a code leaves permitted; codes that only name a split take nothing away."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A stack in patient order with its verdict."""

    instances: tuple[Instance, ...]
    verdict: Verdict
    geometry: Geometry | None = None
    missing_k: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Grid:
    """Images on a line: ``index`` is the grid place of each, ``step`` the vector between two places."""

    index: NDArray[np.int64]
    origin: Float
    step: Float
    deviation_mm: float
    even: bool


def judge(instances: Sequence[Instance], frame_of_reference_uid: str, extra: Sequence[Reason] = ()) -> Judged:
    """The verdict of images that share matrix, spacing and orientation. ``extra`` reasons come first."""
    reasons = list(extra)
    if any(one.pixels.frames > 1 or one.position_lps_mm is None or one.row_direction is None for one in instances):
        reasons.append(Reason("no-position", sentence("verdict.no-position")))
        return _pictures(_by_number(instances), reasons)
    if instances[0].pixel_spacing_mm is None:
        reasons.append(Reason("no-spacing", sentence("verdict.no-spacing")))
        return _pictures(_by_number(instances), reasons)
    if instances[0].pixels.samples != 1:
        reasons.append(Reason("colour", sentence("verdict.colour")))
        return _pictures(_by_number(instances), reasons)
    ordered = _by_place(instances)
    if len(ordered) == 1:
        reasons.append(Reason("single-image", sentence("verdict.single-image")))
        return _pictures(ordered, reasons)
    places = _along_normal(ordered)
    if float(np.diff(places).min()) < SAME_PLACE_MM:
        repeated = int((np.diff(places) < SAME_PLACE_MM).sum())
        reasons.append(
            Reason("duplicate-different", sentence("verdict.duplicate-different", n=repeated), (("n", repeated),))
        )
        return Judged(tuple(ordered), Verdict(VerdictKind.ASK, tuple(reasons), allowed(reasons)))
    return _stack(ordered, places, frame_of_reference_uid, reasons)


def _stack(ordered: list[Instance], places: Float, uid: str, reasons: list[Reason]) -> Judged:
    grid = _fit(ordered, places)
    if not grid.even or int(grid.index[-1]) + 1 - len(ordered) > MISSING_SHARE * len(ordered):
        worst = _widest(places)
        reasons.append(
            Reason(
                "irregular-spacing",
                sentence("verdict.nonuniform", low=millimetres(worst[0]), high=millimetres(worst[1])),
                (("smallest_mm", worst[0]), ("largest_mm", worst[1])),
            )
        )
        may = allowed(reasons) & PERMISSIONS["nonuniform"]
        return Judged(tuple(ordered), Verdict(VerdictKind.NONUNIFORM, tuple(reasons), may))
    missing = tuple(sorted(set(range(int(grid.index[-1]) + 1)) - {int(k) for k in grid.index}))
    reasons += _grid_reasons(ordered, grid, missing)
    geometry = _geometry(ordered[0], grid, uid)
    kind = VerdictKind.WARN if any(reason.code not in QUIET_CODES for reason in reasons) else VerdictKind.VOLUME
    return Judged(tuple(ordered), Verdict(kind, tuple(reasons), allowed(reasons)), geometry, missing)


QUIET_CODES = frozenset({"padding", "monochrome1", "no-preamble", "rescale-per-slice", "duplicate-identical"})
"""Codes that are told but leave the volume right and quiet: nothing about geometry is in doubt."""


def _grid_reasons(ordered: list[Instance], grid: _Grid, missing: tuple[int, ...]) -> list[Reason]:
    reasons = []
    step = float(np.linalg.norm(grid.step))
    if missing:
        where = [float(_normal(ordered[0]) @ (grid.origin + k * grid.step)) for k in missing]
        reasons.append(
            Reason(
                "missing-slices",
                sentence(
                    "verdict.missing-slices", n=len(missing), where=", ".join(millimetres(w) for w in where[:3])
                ),
                (("n", len(missing)), *((f"at_mm_{n}", w) for n, w in enumerate(where))),
            )
        )
    if grid.deviation_mm > max(QUIET_MM, QUIET_SHARE * step):
        reasons.append(
            Reason(
                "irregular-spacing",
                sentence("verdict.irregular-spacing", most=millimetres(grid.deviation_mm), step=millimetres(step)),
                (("largest_deviation_mm", grid.deviation_mm), ("step_mm", step)),
            )
        )
    tilt = tilt_degrees(_normal(ordered[0]), grid.step)
    if tilt > TILT_DEGREES:
        reasons.append(
            Reason("gantry-tilt", sentence("verdict.gantry-tilt", degrees=f"{tilt:.1f}"), (("degrees", tilt),))
        )
    return reasons


def allowed(reasons: Sequence[Reason]) -> frozenset[Permission]:
    """What all codes together leave permitted."""
    may = ALL
    for reason in reasons:
        may = may & PERMISSIONS.get(reason.code, ALL)
    return may


def tilt_degrees(normal: Float, step: Float) -> float:
    """Angle between the slice normal and the step from slice to slice, in degrees."""
    cosine = abs(float(normal @ step)) / float(np.linalg.norm(step))
    return math.degrees(math.acos(min(1.0, cosine)))


def _pictures(ordered: list[Instance], reasons: list[Reason]) -> Judged:
    frames = sum(one.pixels.frames for one in ordered)
    kind = VerdictKind.IMAGE if frames == 1 else VerdictKind.IMAGES
    return Judged(tuple(ordered), Verdict(kind, tuple(reasons), allowed(reasons)))


def _by_number(instances: Sequence[Instance]) -> list[Instance]:
    """By Instance Number: without positions there is no better order."""
    return sorted(
        instances,
        key=lambda one: (one.instance_number is None, one.instance_number or 0, one.sop_instance_uid, str(one.path)),
    )


def _normal(one: Instance) -> Float:
    normal: Float = np.cross(np.array(one.row_direction), np.array(one.column_direction))
    return normal


def _along_normal(instances: Sequence[Instance]) -> Float:
    normal = _normal(instances[0])
    return np.array([float(normal @ np.array(one.position_lps_mm)) for one in instances])


def _by_place(instances: Sequence[Instance]) -> list[Instance]:
    """By place along the normal of the first by UID, so that the order does not depend on file names."""
    steady = sorted(instances, key=lambda one: (one.sop_instance_uid, str(one.path)))
    places = _along_normal(steady)
    return [steady[n] for n in np.argsort(places, kind="stable")]


def _fit(ordered: list[Instance], places: Float) -> _Grid:
    positions = np.array([one.position_lps_mm for one in ordered], dtype=np.float64)
    gaps = np.diff(places)
    step = float(np.median(gaps))
    multiples = np.maximum(1, np.round(gaps / step)).astype(np.int64)
    off = np.abs(gaps - multiples * step)
    limit = np.where(multiples == 1, WARN_SHARE * 2 * step, GAP_SHARE * multiples * step)
    index = np.concatenate([[0], np.cumsum(multiples)])
    design = np.stack([np.ones(len(index)), index.astype(np.float64)], axis=1)
    solution, *_rest = np.linalg.lstsq(design, positions, rcond=None)
    residual = np.linalg.norm(positions - design @ solution, axis=1)
    deviation = float(residual.max())
    even = bool((off <= limit).all()) and deviation <= max(QUIET_MM, WARN_SHARE * step)
    origin, vector = solution[0], solution[1]
    if deviation <= QUIET_MM:
        # Within rounding: keep the header's own numbers, so that nothing moves by a micrometre.
        origin = positions[0]
        vector = (positions[-1] - positions[0]) / float(index[-1])
    return _Grid(index, origin, vector, deviation, even)


def _widest(places: Float) -> tuple[float, float]:
    gaps = np.diff(places)
    return float(gaps.min()), float(gaps.max())


def _geometry(first: Instance, grid: _Grid, uid: str) -> Geometry:
    between_rows, between_columns = first.pixel_spacing_mm or (1.0, 1.0)
    affine = np.eye(4)
    affine[:3, 0] = np.array(first.row_direction) * between_columns
    affine[:3, 1] = np.array(first.column_direction) * between_rows
    affine[:3, 2] = grid.step
    affine[:3, 3] = grid.origin
    shape = (int(grid.index[-1]) + 1, first.pixels.rows, first.pixels.columns)
    return Geometry(shape, affine, uid)


def grid_index(series_instances: Sequence[Instance], geometry: Geometry) -> list[int]:
    """The slice k of each instance in a grid."""
    index = []
    for one in series_instances:
        if one.position_lps_mm is None:
            raise ValueError("an instance of a volume has a position")
        index.append(int(np.floor(geometry.ijk_from_lps(one.position_lps_mm)[2] + 0.5)))
    return index
