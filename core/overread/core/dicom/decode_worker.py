"""A decode worker: compressed bytes come in one block of shared memory, samples go out in another."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.decode_codecs import CodecError, codec_names, decode
from overread.core.dicom.decode_messages import MOST_BYTES, Decoded, Failed, Ready, Task, encode, to_worker
from overread.core.dicom.decode_sandbox import WORKING_BYTES, confine, die_with
from overread.core.shared import SharedBlock

Decode = Callable[[bytes, Task], NDArray[Any]]


def run(
    pipe: Connection,
    parent_pid: int,
    source: tuple[str, int],
    result: tuple[str, int],
    *,
    decoder: Decode = decode,
    working_bytes: int = WORKING_BYTES,
) -> None:
    """Give up all rights, say so, then answer task after task until the pipe ends."""
    die_with(parent_pid)
    codecs = codec_names()
    incoming, outgoing = SharedBlock.attach(*source), SharedBlock.attach(*result)
    _silence()
    sandbox = confine(working_bytes)
    try:
        pipe.send_bytes(encode(Ready(sandbox, codecs)))
        while True:
            task = to_worker(pipe.recv_bytes(MOST_BYTES))
            pipe.send_bytes(encode(_answer(task, incoming, outgoing, decoder)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The window's process closed the pipe, or is gone.
        return


def _answer(task: Task, incoming: SharedBlock, outgoing: SharedBlock, decoder: Decode) -> Decoded | Failed:
    try:
        samples = decoder(incoming.array((task.length,), np.uint8).tobytes(), task)
        little = np.dtype(samples.dtype).newbyteorder("<")
        outgoing.array(task.shape, little)[...] = samples
    except CodecError as error:
        return Failed(task.number, error.kind)
    except MemoryError:
        return Failed(task.number, "memory")
    return Decoded(task.number, little.str)  # type: ignore[arg-type]  # one of the six: integers of 1, 2, 4 bytes


def _silence() -> None:
    """What decoders print would hold parts of strangers' files."""
    sink = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A frozen build without a console has no streams.
        if stream is not None:
            os.dup2(sink, stream.fileno())
    os.close(sink)
