"""A tiny model for tests of the engine: marks everything above a threshold as one ball. Runs in real processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any

import numpy as np

from overread.core.errors import NotReadableError
from overread.core.mask import Mask
from overread.core.text import sentence
from overread.core.volume import Volume
from overread.inference.cards import Gives, ModelCard, Needs, Score, ScoreWord
from overread.inference.engine import server
from overread.inference.readers.base import Cancelled, Candidate, Reader, ReaderResult, Report

THRESHOLD_HU = 500

CARD = ModelCard(
    name="ball",
    version="1",
    digest="0" * 64,
    title="card.lung-nodule.title",
    purpose="card.lung-nodule.purpose",
    limits=(),
    licence="Apache-2.0",
    trained_on="card.lung-nodule.trained-on",
    needs=Needs(
        modality=["CT"],
        unit="HU",
        in_plane_mm=(0.3, 1.5),
        slice_step_mm=(0.3, 5.0),
        slice_step_warn_mm=3.0,
        min_extent_mm=40.0,
        min_slices=12,
        body_part=["CHEST"],
        refuse_image_type=["LOCALIZER"],
        warn_image_type=["MPR"],
    ),
    gives=Gives(label="card.lung-nodule.label", kinds=["card.lung-nodule.solid"], heatmap="card.lung-nodule.heatmap"),
    score=Score(
        name="card.lung-nodule.score",
        probability=False,
        cut=0.1,
        list_from=0.03,
        words=[ScoreWord(at=0.0, word="card.word.low"), ScoreWord(at=0.35, word="card.word.high")],
    ),
    measured=(),
    parameters=MappingProxyType({"threshold_hu": THRESHOLD_HU}),
)


def ball(
    volume: Volume,
    parameters: Mapping[str, Any],
    report: Report,
    cancelled: Cancelled,
) -> ReaderResult:
    """Everything above the threshold, as one candidate; the heatmap is the mask."""
    report("engine.starting", 0, 2)
    above = volume.voxels > parameters["threshold_hu"]
    report("engine.starting", 2, 2)
    centre = volume.geometry.lps_from_ijk(np.argwhere(above).mean(axis=0)[::-1])
    one = Candidate(
        mask=Mask.from_array(above),
        centre_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        score=0.5,
        kind="card.lung-nodule.solid",
        why={"round": 1.0},
        measures={"volume_mm3": float(above.sum()) * volume.geometry.voxel_mm3},
    )
    return ReaderResult((one,), above.astype(np.uint8) * 255, volume.geometry.affine)


def waits(
    volume: Volume,
    parameters: Mapping[str, Any],
    report: Report,
    cancelled: Cancelled,
) -> ReaderResult:
    """Runs until it is cancelled."""
    report("engine.queued", 0, 1)
    while not cancelled():
        pass
    return ReaderResult(())


def deaf(
    volume: Volume,
    parameters: Mapping[str, Any],
    report: Report,
    cancelled: Cancelled,
) -> ReaderResult:
    """Never looks whether it is cancelled."""
    report("engine.queued", 0, 1)
    while True:
        signal.pause()


def breaks(
    volume: Volume,
    parameters: Mapping[str, Any],
    report: Report,
    cancelled: Cancelled,
) -> ReaderResult:
    """Has a fault."""
    raise ZeroDivisionError("patient data must not leave")


def empty_handed(
    volume: Volume,
    parameters: Mapping[str, Any],
    report: Report,
    cancelled: Cancelled,
) -> ReaderResult:
    """Cannot read this series."""
    raise NotReadableError(sentence("engine.suit.slices", wanted=12, n=3))


def dies(
    volume: Volume,
    parameters: Mapping[str, Any],
    report: Report,
    cancelled: Cancelled,
) -> ReaderResult:
    """Ends its process as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    return ReaderResult(())


READERS: dict[str, Reader] = {
    "ball": ball,
    "waits": waits,
    "deaf": deaf,
    "breaks": breaks,
    "empty-handed": empty_handed,
    "dies": dies,
}


def find_reader(name: str) -> tuple[Reader, ModelCard] | None:
    """The registry of the tests."""
    return (READERS[name], CARD) if name in READERS else None


def serve(pipe: Connection, parent_pid: int) -> None:
    """The engine with the readers above."""
    server.serve(pipe, parent_pid, find_reader)


def serve_nothing(pipe: Connection, parent_pid: int) -> None:
    """An engine that ends before its first word."""
    raise SystemExit(7)


def serve_rubbish(pipe: Connection, parent_pid: int) -> None:
    """An engine that says what nobody understands."""
    pipe.send_bytes(b'{"type":"Hello","protocol":1,"pid":1,"extra":true}')
    pipe.recv_bytes()


def serve_silence(pipe: Connection, parent_pid: int) -> None:
    """An engine that greets, takes a job, and says nothing more."""
    pipe.send_bytes(b'{"type":"Hello","protocol":1,"pid":1}')
    while True:
        signal.pause()
