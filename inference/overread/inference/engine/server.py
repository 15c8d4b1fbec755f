"""The engine: a process that supervises one worker process per device and never computes itself.

It waits for the viewer's pipe and for the pipes of its workers. A worker that dies fails its job with a sentence
and is started again for the next one; when the viewer's pipe ends, all workers are stopped and the engine ends.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from overread.core.errors import EngineError
from overread.core.text import Sentence, sentence
from overread.inference.engine import device as devices
from overread.inference.engine import worker as work
from overread.inference.engine.processes import cap_threads, settle
from overread.inference.engine.registry import find_reader as shipped_reader
from overread.inference.protocol import (
    HEARTBEAT_S,
    MOST_BYTES,
    PROTOCOL,
    BadMessageError,
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
    decode_from_engine,
    decode_to_engine,
    encode,
    ending,
)

CANCEL_GRACE_S = 1.0
"""A worker that has not stopped by itself this long after a cancel is killed: cancel is done in under 2 s."""
STOP_S = 2.0
SELF_TEST = "self-test"
"""Name of the worker that tests devices: it imports torch, and ends after its answer."""

FindReader = work.FindReader
Job = Submit | SelfTest


@dataclass
class _Worker:
    """One device: its process and pipe while they run, the job under way, the jobs that wait."""

    device: str
    process: multiprocessing.process.BaseProcess | None = None
    pipe: Connection | None = None
    job: Job | None = None
    cancel_until: float | None = None
    waiting: deque[Job] = field(default_factory=deque)


def serve(viewer: Connection, parent_pid: int, find_reader: FindReader = shipped_reader) -> None:
    """Main function of the engine process; returns when the viewer asked for it or is gone."""
    settle(parent_pid)
    cap_threads()
    engine = Engine(viewer, find_reader)
    try:
        engine.run()
    finally:
        engine.stop()


class Engine:
    """The loop of the engine process."""

    def __init__(self, viewer: Connection, find_reader: FindReader) -> None:
        self._viewer = viewer
        self._find_reader = find_reader
        self._spawn = multiprocessing.get_context("spawn")
        self._workers: dict[str, _Worker] = {}
        self._beat = 0.0

    def run(self) -> None:
        """Serve until Shutdown, the end of the viewer's pipe, or a message that cannot be framed."""
        try:
            self._tell(Hello(PROTOCOL, os.getpid()))
            while self._turn():
                pass
        except (EOFError, OSError):
            # The viewer is gone, or sent a message longer than allowed: nothing after it can be read.
            return

    def stop(self) -> None:
        """End every worker."""
        for worker in self._workers.values():
            self._end(worker)

    def _turn(self) -> bool:
        pipes = {worker.pipe: worker for worker in self._workers.values() if worker.pipe is not None}
        ready = wait([self._viewer, *pipes], timeout=self._patience())
        self._heartbeat()
        for pipe in ready:
            if pipe is self._viewer:
                if not self._from_viewer():
                    return False
            elif isinstance(pipe, Connection) and pipe in pipes:
                self._from_worker(pipes[pipe])
        self._end_overdue()
        for worker in list(self._workers.values()):
            self._next(worker)
        return True

    def _patience(self) -> float:
        until = [self._beat + HEARTBEAT_S]
        until += [worker.cancel_until for worker in self._workers.values() if worker.cancel_until is not None]
        return max(0.0, min(until) - time.monotonic())

    def _heartbeat(self) -> None:
        if time.monotonic() >= self._beat + HEARTBEAT_S:
            self._beat = time.monotonic()
            self._tell(Heartbeat())

    def _tell(self, message: FromEngine) -> None:
        self._viewer.send_bytes(encode(message))

    def _fail(self, job: Job, told: Sentence, *, retryable: bool, cancelled: bool = False) -> None:
        self._tell(Failure(job.job_uid, Told.of(told), retryable, cancelled))

    def _from_viewer(self) -> bool:
        try:
            message = decode_to_engine(self._viewer.recv_bytes(MOST_BYTES))
        except BadMessageError as error:
            self._tell(Refused(str(error)[:1000]))
            return True
        if isinstance(message, Shutdown):
            return False
        if isinstance(message, Cancel):
            self._cancel(message)
        else:
            self._take(message)
        return True

    def _take(self, job: Job) -> None:
        """Put a job in the queue of its device. A job that is known already is not taken twice."""
        if any(job.job_uid == known.job_uid for worker in self._workers.values() for known in _jobs(worker)):
            return
        try:
            name = SELF_TEST if isinstance(job, SelfTest) else devices.resolve(job.device)
        except EngineError as error:
            self._fail(job, error.sentence, retryable=False)
            return
        self._workers.setdefault(name, _Worker(name)).waiting.append(job)

    def _next(self, worker: _Worker) -> None:
        if worker.job is not None or not worker.waiting:
            return
        job = worker.waiting.popleft()
        try:
            if worker.pipe is None:
                self._start(worker)
            assert worker.pipe is not None
            assert worker.process is not None
            worker.job = job
            self._tell(Started(job.job_uid, worker.device, worker.process.pid or 0))
        except OSError as error:
            worker.job = None
            self._fail(job, sentence("engine.not-started", why=error.strerror or ""), retryable=True)
            return
        try:
            worker.pipe.send_bytes(encode(job))
        except OSError:
            self._lost(worker)

    def _start(self, worker: _Worker) -> None:
        ours, theirs = self._spawn.Pipe(duplex=True)
        process = self._spawn.Process(
            target=work.run, args=(theirs, os.getpid(), worker.device, self._find_reader), name="overread-worker"
        )
        process.start()
        theirs.close()
        worker.process, worker.pipe = process, ours

    def _from_worker(self, worker: _Worker) -> None:
        assert worker.pipe is not None
        try:
            message = decode_from_engine(worker.pipe.recv_bytes(MOST_BYTES))
        except (EOFError, OSError):
            self._lost(worker)
            return
        except BadMessageError:
            self._drop(worker, sentence("engine.bad-message"))
            return
        if worker.job is None or getattr(message, "job_uid", None) != worker.job.job_uid:
            return
        if isinstance(message, Progress):
            self._tell(message)
        elif isinstance(message, Proposals | Failure | DeviceReport):
            worker.job, worker.cancel_until = None, None
            self._tell(message)
            if isinstance(message, DeviceReport):
                self._end(worker)

    def _lost(self, worker: _Worker) -> None:
        """The pipe of a worker ended with its process, or brought more than a message may hold."""
        assert worker.process is not None
        worker.process.join(STOP_S)
        code = worker.process.exitcode
        told = sentence("engine.bad-message" if code is None else "engine.worker-killed", signal=ending(code))
        self._drop(worker, told)

    def _drop(self, worker: _Worker, told: Sentence) -> None:
        """End a worker; its job fails, and is called cancelled if that had been asked for."""
        job, cancelled = worker.job, worker.cancel_until is not None
        self._end(worker)
        if job is not None:
            self._fail(job, sentence("engine.cancelled") if cancelled else told, retryable=True, cancelled=cancelled)

    def _cancel(self, message: Cancel) -> None:
        for worker in self._workers.values():
            for job in list(worker.waiting):
                if job.job_uid == message.job_uid:
                    worker.waiting.remove(job)
                    self._fail(job, sentence("engine.cancelled"), retryable=True, cancelled=True)
            if worker.job is not None and worker.job.job_uid == message.job_uid and worker.cancel_until is None:
                worker.cancel_until = time.monotonic() + CANCEL_GRACE_S
                self._pass_on(worker, message)

    def _pass_on(self, worker: _Worker, message: Cancel) -> None:
        assert worker.pipe is not None
        try:
            worker.pipe.send_bytes(encode(message))
        except OSError:
            self._lost(worker)

    def _end_overdue(self) -> None:
        for worker in self._workers.values():
            if worker.cancel_until is not None and time.monotonic() >= worker.cancel_until:
                self._drop(worker, sentence("engine.cancelled"))

    def _end(self, worker: _Worker) -> None:
        """Kill a worker and forget its process; nothing of it is needed any more."""
        if worker.process is not None:
            worker.process.kill()
            worker.process.join(STOP_S)
        if worker.pipe is not None:
            worker.pipe.close()
        worker.process = worker.pipe = worker.job = worker.cancel_until = None


def _jobs(worker: _Worker) -> list[Job]:
    return [*worker.waiting, *([worker.job] if worker.job is not None else [])]
