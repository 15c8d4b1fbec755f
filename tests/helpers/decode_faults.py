"""Decode workers that misbehave, each a function that a ``DecodePool`` can be given. Runs in real processes."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from overread.core.dicom import decode_worker
from overread.core.dicom.decode_codecs import decode
from overread.core.dicom.decode_messages import MOST_BYTES, Decoded, Ready, Task, encode, to_worker
from overread.core.dicom.decode_sandbox import WORKING_BYTES

MARK = b"\x00STOP HERE\x00"
"""A frame with these bytes behind its end stops ``stopping`` workers in the middle of their work."""
Block = tuple[str, int]


def stopping(pipe: Connection, parent_pid: int, source: Block, result: Block) -> None:
    """Stands still at each marked frame (SIGSTOP) until somebody lets it go on or kills it."""

    def slow(data: bytes, task: Task) -> NDArray[Any]:
        if data.rstrip(b"\0").endswith(MARK.rstrip(b"\0")):
            os.kill(os.getpid(), signal.SIGSTOP)
        return decode(data, task)

    decode_worker.run(pipe, parent_pid, source, result, decoder=slow)


def deadly(_pipe: Connection, _parent_pid: int, _source: Block, _result: Block) -> None:
    """Kills itself, as a decoder that crashes would."""
    os.kill(os.getpid(), signal.SIGKILL)


def greedy(pipe: Connection, parent_pid: int, source: Block, result: Block) -> None:
    """Asks for twice as much memory as it may have."""

    def take(_data: bytes, task: Task) -> NDArray[Any]:
        return np.ones(2 * WORKING_BYTES, dtype=np.uint8)[: task.rows]

    decode_worker.run(pipe, parent_pid, source, result, decoder=take)


def curious(pipe: Connection, parent_pid: int, source: Block, result: Block) -> None:
    """Answers with the error number of each thing that it tried; 0 where it succeeded. The data is a folder."""

    def look(data: bytes, task: Task) -> NDArray[Any]:
        folder = data.rstrip(b"\0").decode()
        tries: list[Callable[[], object]] = [
            lambda: open(f"{folder}/secret", encoding="ascii").close(),
            lambda: os.listdir(folder),
            lambda: open(f"{folder}/new", "w", encoding="ascii").close(),
            lambda: os.unlink(f"{folder}/secret"),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
            lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close(),
            lambda: os.execv("/bin/true", ["/bin/true"]),
            lambda: os.truncate(f"{folder}/secret", 0),
            lambda: os.kill(parent_pid, 0),
            _trace_parent,
        ]
        return np.array([[_error_of(one) for one in tries]], dtype=np.uint16)

    decode_worker.run(pipe, parent_pid, source, result, decoder=look)


ATTEMPTS = 10


def _trace_parent() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _error_of(attempt: Callable[[], object]) -> int:
    try:
        attempt()
    except OSError as error:
        return error.errno or -1
    return 0


def liar(pipe: Connection, _parent_pid: int, _source: Block, _result: Block) -> None:
    """Answers for another task than the one it was given."""
    pipe.send_bytes(encode(Ready((), ())))
    task = to_worker(pipe.recv_bytes(MOST_BYTES))
    pipe.send_bytes(encode(Decoded(task.number + 1, "<u2")))
    pipe.poll(None)


def babbler(pipe: Connection, _parent_pid: int, _source: Block, _result: Block) -> None:
    """Says what no worker says, at length."""
    pipe.send_bytes(encode(Ready((), ())))
    pipe.recv_bytes(MOST_BYTES)
    pipe.send_bytes(b"[" * (2 * MOST_BYTES))
    pipe.poll(None)


def stillborn(_pipe: Connection, _parent_pid: int, _source: Block, _result: Block) -> None:
    """Ends at once."""


def workers() -> list[psutil.Process]:
    """The decode workers of this process that run."""
    children = psutil.Process().children()
    return [child for child in children if "spawn_main" in " ".join(_words(child))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def wait_for_stopped(not_pid: int = 0, seconds: float = 30.0) -> psutil.Process:
    """The worker that stands still in the middle of a frame."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for worker in workers():
            if worker.pid != not_pid and worker.status() == psutil.STATUS_STOPPED:
                return worker
        time.sleep(0.01)
    raise AssertionError("no worker stood still")
