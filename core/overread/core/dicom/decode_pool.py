"""The pool of decode workers: compressed frames in, samples out, and a worker that dies takes nobody with it."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import prod
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from overread.core.dicom import decode_process
from overread.core.dicom.decode_messages import (
    MOST_BYTES,
    MOST_FRAME_BYTES,
    Decoded,
    Failed,
    FromWorker,
    Kind,
    Ready,
    Task,
    encode,
    from_worker,
)
from overread.core.series import PixelFormat
from overread.core.shared import SharedBlock

MOST_WORKERS = 4
"""Beyond that the loader, which reads headers in Python, cannot keep them busy."""
BLOCK_BYTES = 8 << 20
"""Either block of a worker at first: 15 CT slices; a radiograph starts a worker with larger ones. Unused pages cost
nothing."""
FRAME_SECONDS = 5.0
SECONDS_PER_MIB = 0.5
"""A worker may take this long for a frame, plus so much a MiB of its samples: the slowest codec, JPEG 2000, takes
0.06 s a MiB here, so that a computer ten times slower or busier does not lose images."""
START_SECONDS = 60.0
"""A cold disk and a busy computer: a start takes 0.3 s here."""
CANCEL_SECONDS = 0.25
"""After a cancel a frame may finish for so long; then its worker is killed, as starting one costs as much."""
TURN_SECONDS = 0.05
"""How often a wait looks for a cancel."""
END_SECONDS = 5.0

Serve = Callable[[Connection, int, tuple[str, int], tuple[str, int]], None]
Why = Kind | Literal["stopped", "slow", "not-started", "closed"]


class DecodeFailedError(Exception):
    """A frame that was not decoded. ``why``: what the worker said, or what became of the worker."""

    def __init__(self, why: Why, seconds: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.seconds = seconds


class DecodeCancelledError(Exception):
    """The caller asked to stop."""


class _GoneError(Exception):
    """The worker died, or said something that no worker says."""


@dataclass(slots=True)
class _Worker:
    """One process and its two blocks. Used by one thread at a time; started and buried by the pool's own thread."""

    process: BaseProcess
    pipe: Connection
    source: SharedBlock
    result: SharedBlock
    ready: Ready | None = None

    def close(self) -> None:
        """Give the pipe and the memory up; the process has ended."""
        self.pipe.close()
        self.source.close()
        self.result.close()

    def fits(self, source_bytes: int, result_bytes: int) -> bool:
        """True when both blocks are large enough."""
        return source_bytes <= self.source.size and result_bytes <= self.result.size


class DecodePool:
    """Decodes compressed frames in processes of its own. Costs nothing until the first frame; any thread may call.

    ``serve`` is what a worker process runs; tests put misbehaving ones there.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        serve: Serve = decode_process.main,
        frame_seconds: float = FRAME_SECONDS,
    ) -> None:
        self.workers = workers if workers is not None else max(1, min(MOST_WORKERS, (os.cpu_count() or 1) - 1))
        self._frame_seconds = frame_seconds
        self._serve = serve
        self._spawn = multiprocessing.get_context("spawn")
        self._changed = threading.Condition()
        self._idle: list[_Worker] = []
        self._all: list[_Worker] = []
        self._places = 0
        self._closed = False
        self._numbers = count(1)
        # PR_SET_PDEATHSIG fires when the thread ends that started a process: loaders' threads come and go, so that
        # all workers are started (and reaped) by one thread that lives as long as the pool.
        self._keeper: ThreadPoolExecutor | None = None

    # --- calls from any thread ---

    def decode(
        self,
        data: bytes,
        syntax_uid: str,
        pixels: PixelFormat,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> NDArray[Any]:
        """The samples of one compressed frame, [row, column] or [row, column, sample]; colours as RGB.

        Waits for a free worker. A worker that dies is replaced and the frame tried once more. Raises
        DecodeFailedError for this one frame, DecodeCancelledError soon after ``cancelled`` turned true.
        """
        task = _task(next(self._numbers), syntax_uid, len(data), pixels)
        if task.result_bytes > MOST_FRAME_BYTES or task.length > MOST_FRAME_BYTES:
            raise DecodeFailedError("size")
        for _attempt in range(2):
            worker = self._take(task.length, task.result_bytes, cancelled)
            try:
                decoded = self._work(worker, task, data, cancelled)
            except _GoneError:
                self._drop(worker)
                continue
            except BaseException:
                self._drop(worker)
                raise
            self._give_back(worker)
            if isinstance(decoded, Failed):
                raise DecodeFailedError(decoded.kind)
            return decoded
        raise DecodeFailedError("closed" if self._closed else "stopped")

    def warm(self) -> None:
        """Start all workers, so that the first compressed series need not wait for them. Returns at once."""
        with self._changed:
            if self._closed:
                return
            missing = self.workers - self._places
            self._places += missing
            for _number in range(missing):
                self._keep().submit(self._start_idle)

    def probe(self) -> Ready:
        """Start a worker and hear what holds it back. Raises DecodeFailedError when none starts."""
        worker = self._take(0, 0, lambda: False)
        try:
            ready = self._greeted(worker, lambda: False)
        except _GoneError as error:
            self._drop(worker)
            raise DecodeFailedError("not-started") from error
        except BaseException:
            self._drop(worker)
            raise
        self._give_back(worker)
        return ready

    def close(self) -> None:
        """End all workers at once, those that decode too, and give their memory back. May be called again."""
        with self._changed:
            self._closed = True
            for worker in self._all:
                worker.process.kill()
            self._changed.notify_all()
            # Threads that wait for a killed worker see that it is gone and drop it themselves.
            self._changed.wait_for(lambda: len(self._idle) == self._places, END_SECONDS)
            idle, self._idle = self._idle, []
            keeper = self._keeper
        for worker in idle:
            self._drop(worker)
        if keeper is not None:
            keeper.shutdown(wait=True)
            atexit.unregister(self.close)

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_what: object) -> None:
        self.close()

    # --- workers come and go ---

    def _take(self, source_bytes: int, result_bytes: int, cancelled: Callable[[], bool]) -> _Worker:
        """A worker that is free and large enough, waited for. Raises DecodeFailedError, DecodeCancelledError."""
        with self._changed:
            while not self._idle and self._places >= self.workers and not self._closed:
                if cancelled():
                    raise DecodeCancelledError
                self._changed.wait(TURN_SECONDS)
            if self._closed:
                raise DecodeFailedError("closed")
            worker = self._idle.pop() if self._idle else None
            if worker is None:
                self._places += 1
        if worker is not None and worker.fits(source_bytes, result_bytes):
            return worker
        if worker is not None:
            self._drop(worker, keep_place=True)
        try:
            return self._keep().submit(self._start, source_bytes, result_bytes).result()
        except (OSError, RuntimeError) as error:
            # No process, no memory, or (RuntimeError) the interpreter is ending.
            self._leave_place()
            raise DecodeFailedError("not-started") from error

    def _keep(self) -> ThreadPoolExecutor:
        with self._changed:
            if self._keeper is None:
                self._keeper = ThreadPoolExecutor(1, thread_name_prefix="overread-decode")
                atexit.register(self.close)
            return self._keeper

    def _start(self, source_bytes: int, result_bytes: int) -> _Worker:
        """In the keeper's thread. Raises OSError."""
        source = SharedBlock.create(_block_bytes(source_bytes))
        try:
            result = SharedBlock.create(_block_bytes(result_bytes))
        except OSError:
            source.close()
            raise
        ours, theirs = self._spawn.Pipe(duplex=True)
        blocks = ((source.name, source.size), (result.name, result.size))
        process = self._spawn.Process(
            target=self._serve, args=(theirs, os.getpid(), *blocks), name="overread-decode", daemon=True
        )
        worker = _Worker(process, ours, source, result)
        try:
            process.start()
        except OSError:
            worker.close()
            raise
        finally:
            theirs.close()
        with self._changed:
            self._all.append(worker)
            if self._closed:
                process.kill()
        return worker

    def _start_idle(self) -> None:
        """In the keeper's thread: a worker that nobody waits for. If it cannot start, the first frame tries again."""
        try:
            worker = None if self._closed else self._start(0, 0)
        except OSError:
            worker = None
        if worker is None:
            self._leave_place()
        else:
            self._give_back(worker)

    def _give_back(self, worker: _Worker) -> None:
        with self._changed:
            self._idle.append(worker)
            self._changed.notify_all()

    def _leave_place(self) -> None:
        with self._changed:
            self._places -= 1
            self._changed.notify_all()

    def _drop(self, worker: _Worker, *, keep_place: bool = False) -> None:
        """End a worker; the keeper reaps it."""
        worker.process.kill()
        try:
            self._keep().submit(self._bury, worker)
        except RuntimeError:
            # The interpreter is ending: the keeper went first, and the workers with it.
            self._bury(worker)
        if not keep_place:
            self._leave_place()

    def _bury(self, worker: _Worker) -> None:
        worker.process.join(END_SECONDS)
        worker.close()
        with self._changed:
            self._all.remove(worker)

    # --- one frame ---

    def _work(self, worker: _Worker, task: Task, data: bytes, cancelled: Callable[[], bool]) -> NDArray[Any] | Failed:
        """Raises _GoneError, DecodeFailedError (slow), DecodeCancelledError."""
        self._greeted(worker, cancelled)
        seconds = self._frame_seconds + SECONDS_PER_MIB * task.result_bytes / (1 << 20)
        worker.source.array((task.length,), np.uint8)[:] = np.frombuffer(data, dtype=np.uint8)
        answer = self._asked(worker, encode(task), seconds, cancelled)
        if isinstance(answer, Ready) or answer.number != task.number:
            raise _GoneError
        return answer if isinstance(answer, Failed) else _samples(worker, task, answer)

    def _greeted(self, worker: _Worker, cancelled: Callable[[], bool]) -> Ready:
        if worker.ready is None:
            try:
                answer = self._asked(worker, None, START_SECONDS, cancelled)
            except DecodeFailedError as error:
                raise DecodeFailedError("not-started") from error
            if not isinstance(answer, Ready):
                raise _GoneError
            worker.ready = answer
        return worker.ready

    def _asked(
        self, worker: _Worker, message: bytes | None, seconds: float, cancelled: Callable[[], bool]
    ) -> FromWorker:
        """Send, and wait for what the worker says. Neither holds the GIL."""
        until = time.monotonic() + seconds
        asked_to_stop = False
        try:
            if message is not None:
                worker.pipe.send_bytes(message)
            while not worker.pipe.poll(TURN_SECONDS):
                if not asked_to_stop and cancelled():
                    asked_to_stop = True
                    until = min(until, time.monotonic() + CANCEL_SECONDS)
                if time.monotonic() >= until:
                    raise DecodeCancelledError if asked_to_stop else DecodeFailedError("slow", seconds)
            return from_worker(worker.pipe.recv_bytes(MOST_BYTES))
        except (EOFError, OSError, msgspec.DecodeError) as error:
            raise _GoneError from error


@contextmanager
def borrowed(pool: DecodePool | None, workers: int | None = None) -> Iterator[DecodePool]:
    """The pool that was handed over, or else one for the moment."""
    if pool is not None:
        yield pool
        return
    with DecodePool(workers) as own:
        yield own


def _task(number: int, syntax_uid: str, length: int, pixels: PixelFormat) -> Task:
    return Task(
        number=number,
        syntax=syntax_uid,
        length=length,
        rows=pixels.rows,
        columns=pixels.columns,
        samples=pixels.samples,
        bits_allocated=pixels.bits_allocated,
        signed=pixels.signed,
        photometric=pixels.photometric,
    )


def _samples(worker: _Worker, task: Task, answer: Decoded) -> NDArray[Any]:
    """A copy of the samples. The shape is the task's, the type one of six: nothing that a worker says is trusted."""
    kind = np.dtype(answer.dtype)
    if prod(task.shape) * kind.itemsize > worker.result.size:
        raise _GoneError
    return worker.result.array(task.shape, kind).copy()


def _block_bytes(wanted: int) -> int:
    """The next power of two: a series of slowly growing frames must not restart its workers each time."""
    return max(BLOCK_BYTES, 1 << (wanted - 1).bit_length() if wanted else 0)
