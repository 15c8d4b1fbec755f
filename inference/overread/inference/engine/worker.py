"""A worker: a process that runs readers on one device, one job after the other, and may be killed at any time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from overread.core.errors import OverreadError
from overread.core.geometry import Geometry
from overread.core.shared import SharedBlock
from overread.core.text import Sentence, sentence
from overread.core.volume import Volume
from overread.inference.cards import ModelCard
from overread.inference.engine import device as devices
from overread.inference.engine.processes import settle
from overread.inference.protocol import (
    MOST_BYTES,
    Cancel,
    DeviceReport,
    Failure,
    FromEngine,
    Heatmap,
    Progress,
    Proposal,
    Proposals,
    SelfTest,
    Submit,
    Told,
    VolumeInfo,
    affine_array,
    affine_list,
    decode_to_engine,
    encode,
)
from overread.inference.readers.base import Candidate, Reader, ReaderResult

REPORT_EVERY_S = 0.1
"""Progress within a stage is told at most this often: more only keeps the window busy."""

FindReader = Callable[[str], tuple[Reader, ModelCard] | None]


def run(pipe: Connection, parent_pid: int, device: str, find_reader: FindReader) -> None:
    """Main function of a worker process: jobs from the pipe until it ends."""
    settle(parent_pid)
    while True:
        try:
            message = decode_to_engine(pipe.recv_bytes(MOST_BYTES))
        except (EOFError, OSError):
            return
        if isinstance(message, Submit):
            pipe.send_bytes(encode(_Work(pipe, message, device).do(find_reader)))
        elif isinstance(message, SelfTest):
            pipe.send_bytes(encode(DeviceReport(message.job_uid, devices.describe())))


class _Work:
    """One job: its way from the message to the answer."""

    def __init__(self, pipe: Connection, submit: Submit, device: str) -> None:
        self._pipe = pipe
        self._submit = submit
        self._device = device
        self._begun = time.monotonic()
        self._told = ("", 0.0)
        self._stopped = False

    def do(self, find_reader: FindReader) -> FromEngine:
        """Run the reader; every way in which it can end becomes a message."""
        try:
            return self._read(find_reader)
        except FileNotFoundError:
            return self._failure(sentence("engine.no-volume"), retryable=False)
        except OverreadError as error:
            return self._failure(error.sentence, retryable=False)
        except MemoryError:
            return self._failure(sentence("engine.no-memory", model=self._submit.model), retryable=True)
        except Exception as error:  # noqa: BLE001 - the border of the worker: a reader's fault is told, with its place
            name = type(error).__name__
            text_id = "engine.no-memory" if name == "OutOfMemoryError" else "engine.reader-failed"
            values = {"model": self._submit.model} | ({} if text_id == "engine.no-memory" else {"error": name})
            return self._failure(sentence(text_id, **values), retryable=True, where=_place(error))

    def report(self, stage: str, done: int, total: int) -> None:
        """Tell how far the job is; the first word of a stage always goes out."""
        now = time.monotonic()
        if stage == self._told[0] and now < self._told[1] + REPORT_EVERY_S and done != total:
            return
        self._told = (stage, now)
        self._pipe.send_bytes(encode(Progress(self._submit.job_uid, stage, done, total, now - self._begun)))

    def cancelled(self) -> bool:
        """True once the viewer took the job back."""
        while not self._stopped and self._pipe.poll(0):
            message = decode_to_engine(self._pipe.recv_bytes(MOST_BYTES))
            self._stopped = isinstance(message, Cancel) and message.job_uid == self._submit.job_uid
        return self._stopped

    def _read(self, find_reader: FindReader) -> FromEngine:
        found = find_reader(self._submit.model)
        if found is None:
            return self._failure(sentence("engine.no-reader", model=self._submit.model), retryable=False)
        reader, model = found
        info = self._submit.volume
        with SharedBlock.attach(info.block.name, info.block.size) as block:
            parameters = {**model.parameters, "device": self._device}
            result = reader(_volume(info, block), parameters, self.report, self.cancelled)
        if self.cancelled():
            return self._failure(sentence("engine.cancelled"), retryable=True)
        return self._answer(result, model)

    def _answer(self, result: ReaderResult, model: ModelCard) -> Proposals:
        heatmap = self._heatmap(result)
        warnings = [Told.of(one) for one in result.warnings]
        if heatmap is None and result.heatmap_u8 is not None and self._submit.heatmap is not None:
            warnings.append(Told("engine.no-heatmap-room"))
        return Proposals(
            job_uid=self._submit.job_uid,
            findings=[_proposal(one, model.score.name) for one in result.candidates],
            device=self._device,
            elapsed_s=time.monotonic() - self._begun,
            stage_seconds={stage: float(seconds) for stage, seconds in result.stage_seconds.items()},
            heatmap=heatmap,
            warnings=warnings,
        )

    def _heatmap(self, result: ReaderResult) -> Heatmap | None:
        """Write the heatmap into the viewer's block; None when there is none or it has no room."""
        handle, values, affine = self._submit.heatmap, result.heatmap_u8, result.heatmap_affine
        if handle is None or values is None or affine is None or values.size > handle.size:
            return None
        with SharedBlock.attach(handle.name, handle.size) as block:
            block.array(values.shape, np.uint8)[:] = values
        nk, nj, ni = values.shape
        return Heatmap((nk, nj, ni), affine_list(affine))

    def _failure(self, told: Sentence, *, retryable: bool, where: str = "") -> Failure:
        if self._stopped:
            return Failure(self._submit.job_uid, Told.of(sentence("engine.cancelled")), True, cancelled=True)
        return Failure(self._submit.job_uid, Told.of(told), retryable, where=where)


def _volume(info: VolumeInfo, block: SharedBlock) -> Volume:
    """The volume over the viewer's memory, not writable."""
    voxels = block.array(info.shape_kji, info.dtype)
    voxels.setflags(write=False)
    return Volume(
        voxels=voxels,  # type: ignore[arg-type]
        geometry=Geometry(info.shape_kji, affine_array(info.affine), info.frame_of_reference_uid),
        series_uid=info.series_uid,
        split=info.split,
        unit=info.unit,
        slope=info.slope,
        intercept=info.intercept,
        holes=frozenset(info.holes),
        padding_value=info.padding_value,
    )


def _proposal(candidate: Candidate, score_name: str) -> Proposal:
    x, y, z = (float(value) for value in candidate.centre_lps_mm)
    return Proposal(
        box_kji=candidate.mask.box,
        mask=candidate.mask.bits,
        centre_lps_mm=(x, y, z),
        score=float(candidate.score),
        score_name=score_name,
        kind=candidate.kind,
        why={name: float(value) for name, value in candidate.why.items()},
        measures={name: float(value) for name, value in candidate.measures.items()},
        warnings=[Told.of(one) for one in candidate.warnings],
        place=Told.of(candidate.place) if candidate.place is not None else None,
    )


def _place(error: BaseException) -> str:
    """File and line of the last frame: a place in the program, no data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
