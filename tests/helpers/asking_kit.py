"""Models for tests of the window: they mark known boxes, wait, or die. They run in real processes of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

import engine_readers
from build_series import Stack
from overread.core.mask import Mask
from overread.core.volume import Volume
from overread.inference.cards import ModelCard
from overread.inference.engine import server
from overread.inference.readers.base import Cancelled, Candidate, Reader, ReaderResult, Report

MANY = 30
SHAPE = (16, 64, 64)
SPACING_MM = 0.8
STEP_MM = 3.0
HEAT_BOX = (slice(4, 7), slice(20, 30), slice(40, 50))
"""Where the map of ``many`` is 200 of 255; elsewhere it is 0."""


def study(folder: Path, number: int = 1, name: str = "Doe^Jane") -> Path:
    """A study that the models of this file fit."""
    stack = Stack(
        shape=SHAPE, spacing_mm=(SPACING_MM, SPACING_MM), step=(0, 0, STEP_MM), patient_id=f"P{number}",
        patient_name=name, study_uid=f"1.2.{number}", series_uid=f"1.2.{number}.4", frame_uid=f"1.2.{number}.9",
    )  # fmt: skip
    return stack.write(folder)


def box_of(number: int) -> tuple[int, int, int]:
    """First voxel (k, j, i) of mark ``number``, from 0: cubes of 3 voxels, ten in a row."""
    return 2 + number // 10 * 4, 6, 2 + number % 10 * 6


def _marks(count: int, volume: Volume) -> ReaderResult:
    found = []
    for number in range(count):
        k, j, i = box_of(number)
        mask = Mask.from_array(np.ones((3, 3, 3), dtype=np.bool_), (k, j, i))
        x, y, z = volume.geometry.lps_from_ijk((i + 1, j + 1, k + 1))
        found.append(
            Candidate(
                mask=mask,
                centre_lps_mm=(float(x), float(y), float(z)),
                score=0.9 - number / 50,
                kind="card.lung-nodule.solid",
                why={},
                measures={},
            )
        )
    heat = np.zeros(volume.geometry.shape_kji, dtype=np.uint8)
    if count:
        heat[HEAT_BOX] = 200
    return ReaderResult(tuple(found), heat, volume.geometry.affine)


def many(volume: Volume, parameters: Mapping[str, Any], report: Report, cancelled: Cancelled) -> ReaderResult:
    """Thirty marks and a map."""
    report("engine.starting", 1, 2)
    return _marks(MANY, volume)


def none(volume: Volume, parameters: Mapping[str, Any], report: Report, cancelled: Cancelled) -> ReaderResult:
    """No mark and an empty map."""
    report("engine.starting", 1, 2)
    return _marks(0, volume)


READERS: dict[str, Reader] = {
    "many": many,
    "none": none,
    "thick": none,
    "head": none,
    "waits": engine_readers.waits,
    "deaf": engine_readers.deaf,
    "breaks": engine_readers.breaks,
}
NEEDS = {
    "thick": msgspec.structs.replace(engine_readers.CARD.needs, slice_step_warn_mm=2.0),
    "head": msgspec.structs.replace(engine_readers.CARD.needs, modality=["MR"]),
}
CARDS: Mapping[str, ModelCard] = MappingProxyType(
    {
        name: replace(
            engine_readers.CARD,
            name=name,
            digest=f"{number:064x}",
            needs=NEEDS.get(name, engine_readers.CARD.needs),
        )
        for number, name in enumerate(READERS, start=1)
    }
)


def find_reader(name: str) -> tuple[Reader, ModelCard] | None:
    """The registry of the tests."""
    return (READERS[name], CARDS[name]) if name in READERS else None


def find_blind(name: str) -> tuple[Reader, ModelCard] | None:
    """The same models, but none of them finds anything."""
    return (none, CARDS[name]) if name in READERS else None


def serve(pipe: Connection, parent_pid: int) -> None:
    """The engine with the readers above."""
    server.serve(pipe, parent_pid, find_reader)


def serve_blind(pipe: Connection, parent_pid: int) -> None:
    """The engine with readers that find nothing."""
    server.serve(pipe, parent_pid, find_blind)
