"""The viewer's side of the engine: starts it, sends jobs, turns its messages into events, owns the shared memory.

No torch and no Qt. One thread of the client's own does everything: it starts the engine (and lives as long as it,
see engine.processes), reads its pipe, and calls ``on_event``. The calls of ``EngineClient`` return at once.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import logging
import multiprocessing
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.shared import SharedBlock, sweep
from overread.core.text import Sentence, sentence
from overread.core.volume import Volume
from overread.inference.protocol import (
    MOST_BYTES,
    PROTOCOL,
    SILENCE_S,
    BadMessageError,
    BlockHandle,
    Cancel,
    DeviceReport,
    Failure,
    FromEngine,
    Heartbeat,
    Hello,
    Progress,
    Proposals,
    Refused,
    SelfTest,
    Shutdown,
    Started,
    Submit,
    Told,
    VolumeInfo,
    affine_array,
    affine_list,
    decode_from_engine,
    encode,
    ending,
)

_log = logging.getLogger(__name__)
START_S = 60.0
"""How long an engine may take until its first word: a cold disk and a busy machine, not more."""
CANCEL_S = 1.6
"""An engine that has not answered a cancel this long after it is killed; with its own grace this stays below 2 s."""
STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Request:
    """A job as the viewer asks for it.

    ``block`` is the shared memory that ``volume.voxels`` lie in, from its first byte on; without one the client
    copies the voxels. ``facts`` are header values by DICOM keyword, never who the patient is. With ``heatmap``
    the client gives memory for one.
    """

    model: str
    volume: Volume
    block: SharedBlock | None = None
    device: str = "auto"
    facts: Mapping[str, str] = field(default_factory=dict)
    heatmap: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The proposals of a job. ``heatmap`` is uint8 [k, j, i] on a grid of its own, in private memory."""

    job_uid: str
    proposals: Proposals
    heatmap: NDArray[np.uint8] | None = None
    heatmap_geometry: Geometry | None = None


Event = Started | Progress | Answer | Failure | DeviceReport
Serve = Callable[[Connection, int], None]


def serve_engine(pipe: Connection, parent_pid: int) -> None:
    """Main function of the engine process. By name, and only there: the viewer must not see the engine's imports."""
    importlib.import_module("overread.inference.engine.server").serve(pipe, parent_pid)


@dataclass
class _Job:
    """A job that has no answer yet, and the memory that belongs to it."""

    uid: str
    request: Request | None
    message: Submit | SelfTest | None = None
    heatmap: SharedBlock | None = None
    copy: SharedBlock | None = None
    started: bool = False
    cancel_until: float | None = None

    def free(self) -> None:
        """Unlink the memory."""
        for block in (self.heatmap, self.copy):
            if block is not None:
                block.close()
        self.heatmap = self.copy = None


@dataclass
class _Engine:
    """The engine process of the moment."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection
    heard: float
    greeted: bool = False


class EngineClient:
    """Owned by the viewer. ``on_event`` is called in the client's thread and must return soon.

    Every job that was submitted ends in exactly one ``Answer``, ``DeviceReport`` or ``Failure``. A killed engine
    fails the jobs it had begun; jobs that had not begun go to the next engine by themselves.
    """

    def __init__(
        self, on_event: Callable[[Event], None], *, serve: Serve = serve_engine, silence_s: float = SILENCE_S
    ) -> None:
        self._on_event = on_event
        self._serve = serve
        self._silence_s = silence_s
        self._spawn = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()
        self._orders: deque[tuple[str, _Job | str]] = deque()
        self._woken, self._waker = self._spawn.Pipe(duplex=False)
        self._thread: threading.Thread | None = None
        self._closing = False
        self._jobs: dict[str, _Job] = {}
        self._engine: _Engine | None = None

    # --- calls from any thread ---

    def start(self) -> None:
        """Start the engine, so that the first job need not wait for it. A second call does nothing."""
        with self._lock:
            if self._thread is not None or self._closing:
                return
            sweep()
            # Daemon: a viewer that dies by an exception must not hang here; ``atexit`` then closes in order.
            self._thread = threading.Thread(target=self._run, name="overread-engine", daemon=True)
            atexit.register(self.close)
            self._thread.start()

    def submit(self, request: Request) -> str:
        """Queue a job; its uid. Jobs of one device run in the order in which they came."""
        job = _Job(secrets.token_hex(16), request)
        self._order("submit", job)
        return job.uid

    def self_test(self) -> str:
        """Ask what the devices are and whether they compute; the answer is a DeviceReport."""
        job = _Job(secrets.token_hex(16), None)
        self._order("submit", job)
        return job.uid

    def cancel(self, job_uid: str) -> None:
        """Stop a job; it ends in a ``Failure`` that says cancelled, in under 2 s. Unknown uids are ignored."""
        self._order("cancel", job_uid)

    def close(self) -> None:
        """End the engine and the thread; open jobs fail, all memory is unlinked. May be called more than once."""
        with self._lock:
            self._closing = True
            thread = self._thread
        if thread is None or not thread.is_alive():
            return
        self._wake()
        if thread is not threading.current_thread():
            thread.join()
        atexit.unregister(self.close)

    def _order(self, what: str, about: _Job | str) -> None:
        self.start()
        with self._lock:
            if not self._closing:
                self._orders.append((what, about))
                self._wake()
                return
        if isinstance(about, _Job):
            self._emit(_failure(about.uid, sentence("engine.closed"), cancelled=False))

    def _wake(self) -> None:
        # The pipe is closed once the thread has ended: there is nobody left to wake.
        with contextlib.suppress(OSError):
            self._waker.send_bytes(b"!")

    # --- the client's thread ---

    def _run(self) -> None:
        try:
            self._ensure_engine()
            while not self._closing:
                self._turn()
        finally:
            self._stop_engine(ask=True)
            self._take_orders()
            for job in list(self._jobs.values()):
                self._end(job, _failure(job.uid, sentence("engine.closed"), cancelled=False))
            self._woken.close()
            self._waker.close()

    def _turn(self) -> None:
        pipe = self._engine.pipe if self._engine is not None else None
        ready = wait([self._woken, *([pipe] if pipe is not None else [])], timeout=self._patience())
        if pipe is not None and pipe in ready:
            self._read()
        if self._woken in ready:
            self._woken.recv_bytes()
        self._take_orders()
        self._check_times()

    def _patience(self) -> float | None:
        until = [job.cancel_until for job in self._jobs.values() if job.cancel_until is not None]
        if self._engine is not None:
            until.append(self._engine.heard + self._allowed_silence())
        return max(0.0, min(until) - time.monotonic()) if until else None

    def _allowed_silence(self) -> float:
        return self._silence_s if self._engine is not None and self._engine.greeted else START_S

    def _take_orders(self) -> None:
        while True:
            with self._lock:
                if not self._orders:
                    return
                what, about = self._orders.popleft()
            if isinstance(about, _Job):
                self._accept(about)
            elif what == "cancel":
                self._cancel(about)

    def _accept(self, job: _Job) -> None:
        self._jobs[job.uid] = job
        if self._closing:
            return
        try:
            job.message = _message(job)
        except OSError:
            self._end(job, _failure(job.uid, sentence("engine.no-memory", model=job.request.model)))  # type: ignore[union-attr]
            return
        if self._ensure_engine():
            self._send(job.message)

    def _ensure_engine(self) -> bool:
        """Start an engine when none runs. When that cannot be done all jobs fail."""
        if self._engine is not None:
            return True
        ours, theirs = self._spawn.Pipe(duplex=True)
        try:
            process = self._spawn.Process(target=self._serve, args=(theirs, os.getpid()), name="overread-engine")
            process.start()
        except OSError as error:
            ours.close()
            self._fail_all(sentence("engine.not-started", why=error.strerror or type(error).__name__))
            return False
        finally:
            theirs.close()
        self._engine = _Engine(process, ours, time.monotonic())
        return True

    def _send(self, message: Submit | SelfTest | Cancel | Shutdown) -> None:
        # An engine that died shows at the next read of its pipe, where its jobs are dealt with.
        with contextlib.suppress(OSError):
            if self._engine is not None:
                self._engine.pipe.send_bytes(encode(message))

    def _read(self) -> None:
        assert self._engine is not None
        try:
            message = decode_from_engine(self._engine.pipe.recv_bytes(MOST_BYTES))
        except BadMessageError:
            self._lost(sentence("engine.bad-message"))
        except (EOFError, OSError):
            # A pipe ends with its process; else what came was longer than a message may be.
            gone = wait([self._engine.process.sentinel], timeout=STOP_S)
            self._lost(None if gone else sentence("engine.bad-message"))
        else:
            self._engine.heard = time.monotonic()
            self._hear(message)

    def _hear(self, message: FromEngine) -> None:
        if isinstance(message, Hello):
            self._greet(message)
            return
        if isinstance(message, Heartbeat):
            return
        if isinstance(message, Refused):
            _log.error("the engine refused a message")
            self._lost(sentence("engine.bad-message"))
            return
        job = self._jobs.get(message.job_uid)
        if job is None:
            return
        if isinstance(message, Started):
            job.started = True
            self._emit(message)
        elif isinstance(message, Progress):
            self._emit(message)
        elif isinstance(message, Proposals):
            self._end(job, self._answer(job, message))
        else:
            if isinstance(message, Failure) and message.where:
                _log.warning("a job of the engine failed: %s at %s", message.told.id, message.where)
            self._end(job, message)

    def _greet(self, hello: Hello) -> None:
        assert self._engine is not None
        self._engine.greeted = True
        if hello.protocol != PROTOCOL:
            self._stop_engine(ask=False)
            self._fail_all(sentence("engine.other-version", found=hello.protocol, wanted=PROTOCOL))

    def _answer(self, job: _Job, proposals: Proposals) -> Event:
        """The answer with its masks checked and its heatmap copied out of the shared block."""
        grid, block = proposals.heatmap, job.heatmap
        try:
            for proposal in proposals.findings:
                proposal.region()
            if grid is None or block is None:
                return Answer(job.uid, proposals)
            if int(np.prod(grid.shape_kji)) > block.size:
                raise ValueError("the heatmap is larger than its block")
            geometry = Geometry(grid.shape_kji, affine_array(grid.affine))
            heatmap = block.array(grid.shape_kji, np.uint8).astype(np.uint8, copy=True)
        except ValueError:
            return _failure(job.uid, sentence("engine.bad-message"))
        return Answer(job.uid, proposals, heatmap, geometry)

    def _cancel(self, job_uid: str) -> None:
        job = self._jobs.get(job_uid)
        if job is not None and job.cancel_until is None:
            job.cancel_until = time.monotonic() + CANCEL_S
            self._send(Cancel(job_uid))

    def _check_times(self) -> None:
        now = time.monotonic()
        engine = self._engine
        if any(job.cancel_until is not None and now >= job.cancel_until for job in self._jobs.values()):
            self._restart_without_cancelled()
        elif engine is not None and now >= engine.heard + self._allowed_silence():
            self._lost(sentence("engine.silent", seconds=f"{self._allowed_silence():g}"))

    def _lost(self, why: Sentence | None) -> None:
        """The engine is gone or no longer trusted: fail what it had begun, give the rest to a new one."""
        engine = self._engine
        if engine is None:
            return
        how = self._stop_engine(ask=False, wait_first=why is None)
        if not engine.greeted:
            self._fail_all(why or sentence("engine.not-started", why=how))
            return
        told = why or sentence("engine.killed", signal=how)
        for job in list(self._jobs.values()):
            if job.cancel_until is not None:
                self._end(job, _failure(job.uid, sentence("engine.cancelled"), cancelled=True))
            elif job.started or why is not None:
                self._end(job, _failure(job.uid, told))
        self._send_again()

    def _restart_without_cancelled(self) -> None:
        """The engine did not end a cancelled job in time: end it the hard way, the other jobs begin again."""
        self._stop_engine(ask=False)
        for job in list(self._jobs.values()):
            job.started = False
            if job.cancel_until is not None:
                self._end(job, _failure(job.uid, sentence("engine.cancelled"), cancelled=True))
        self._send_again()

    def _send_again(self) -> None:
        """Give the jobs that are left to a new engine."""
        waiting = [job.message for job in self._jobs.values() if job.message is not None]
        if waiting and self._ensure_engine():
            for message in waiting:
                self._send(message)

    def _stop_engine(self, *, ask: bool, wait_first: bool = False) -> str:
        """End the engine process and say how it ended."""
        engine, self._engine = self._engine, None
        if engine is None:
            return ""
        if ask:
            with contextlib.suppress(OSError):
                engine.pipe.send_bytes(encode(Shutdown()))
        if ask or wait_first:
            engine.process.join(STOP_S)
        if engine.process.is_alive():
            engine.process.kill()
        engine.process.join()
        engine.pipe.close()
        return ending(engine.process.exitcode)

    def _fail_all(self, told: Sentence) -> None:
        for job in list(self._jobs.values()):
            self._end(job, _failure(job.uid, told))

    def _end(self, job: _Job, event: Event) -> None:
        """The last event of a job; its memory is unlinked before anybody hears of it."""
        self._jobs.pop(job.uid, None)
        job.free()
        self._emit(event)

    def _emit(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001 - the border to the viewer's code: its fault must not end the engine's thread
            _log.exception("a listener of the engine failed")


def _failure(job_uid: str, told: Sentence, *, cancelled: bool = False) -> Failure:
    return Failure(job_uid, Told.of(told), retryable=True, cancelled=cancelled)


def _message(job: _Job) -> Submit | SelfTest:
    """The job as a message. The heatmap's block has room for the volume's own grid; untouched pages cost nothing."""
    request = job.request
    if request is None:
        return SelfTest(job.uid)
    volume, block = request.volume, request.block
    if block is None:
        block = job.copy = SharedBlock.create(volume.voxels.nbytes)
        block.array(volume.voxels.shape, volume.voxels.dtype)[:] = volume.voxels
    if request.heatmap:
        job.heatmap = SharedBlock.create(int(volume.voxels.size))
    geometry = volume.geometry
    return Submit(
        job_uid=job.uid,
        model=request.model,
        volume=VolumeInfo(
            block=BlockHandle(block.name, block.size),
            shape_kji=geometry.shape_kji,
            dtype="int16" if volume.voxels.dtype == np.int16 else "float32",
            affine=affine_list(geometry.affine),
            frame_of_reference_uid=geometry.frame_of_reference_uid,
            series_uid=volume.series_uid,
            split=volume.split,
            unit=volume.unit,
            slope=volume.slope,
            intercept=volume.intercept,
            holes=sorted(volume.holes),
            padding_value=volume.padding_value,
        ),
        heatmap=BlockHandle(job.heatmap.name, job.heatmap.size) if job.heatmap is not None else None,
        device=request.device,
        facts=dict(request.facts),
    )
