"""Findings made in memory for tests: balls in a grid of 1 mm voxels whose voxel (0, 0, 0) lies at LPS (0, 0, 0)."""

from __future__ import annotations

import numpy as np

from overread.core.finding import Finding, Measures, ModelRef, ModelResult, Origin
from overread.core.geometry import Geometry
from overread.core.mask import Mask
from overread.core.measure import measure_mask
from overread.core.volume import Volume

GRID = (24, 32, 40)
MODEL = ModelRef(name="lung-nodule", version="0.1", digest="0" * 64)
CENTRE = (10, 12, 14)


def grid_volume(shape_kji: tuple[int, int, int] = GRID) -> Volume:
    """A volume of HU −800 with a bright block at the far end."""
    voxels = np.full(shape_kji, -800, dtype=np.int16)
    voxels[8:13, 10:15, 12:17] = 40
    return Volume(voxels, Geometry(shape_kji, np.eye(4), "1.9.1"), "1.2.3")


def at(step: int) -> tuple[int, int, int]:
    """A centre some steps on from the usual one."""
    return CENTRE[0], CENTRE[1] + step, CENTRE[2] + step


def ball(radius: float = 3, centre_kji: tuple[int, int, int] = CENTRE, shape: tuple[int, int, int] = GRID) -> Mask:
    """The voxels whose centres lie within a radius (voxels) of a voxel."""
    k, j, i = np.indices(shape)
    near = (k - centre_kji[0]) ** 2 + (j - centre_kji[1]) ** 2 + (i - centre_kji[2]) ** 2 <= radius**2
    return Mask.from_array(near)


def measures_of(mask: Mask) -> Measures:
    """What is measured on a mask in ``grid_volume``."""
    return measure_mask(mask, grid_volume())


def result(job_uid: str = "0" * 32) -> ModelResult:
    """The record of a job."""
    return ModelResult(
        job_uid=job_uid, model=MODEL, series_uid="1.2.3", split="", asked_by="Reader 1",
        at="2026-01-02T03:04:05.678+00:00", device="cpu", elapsed_s=8.5, suits="fits", cut=0.1,
    )  # fmt: skip


def finding(
    uid: str,
    number: int,
    *,
    origin: Origin = Origin.MODEL,
    radius: float = 3,
    centre_kji: tuple[int, int, int] = CENTRE,
    score: float = 0.5,
) -> Finding:
    """A ball, proposed by a model or marked by a person."""
    mask = ball(radius, centre_kji)
    measures = measures_of(mask)
    is_model = origin is Origin.MODEL
    return Finding(
        uid=uid, number=number, origin=origin, label="code.nodule", series_uid="1.2.3",
        frame_of_reference_uid="1.9.1", mask=mask, measures=measures,
        who="lung-nodule 0.1" if is_model else "Reader 1", at="2026-01-02T03:04:05.678+00:00",
        proposed_mask=mask if is_model else None, proposed_measures=measures if is_model else None,
        score=score if is_model else None, model=MODEL if is_model else None,
        job_uid="0" * 32 if is_model else "",
    )  # fmt: skip
