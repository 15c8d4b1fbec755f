"""Frames in the order they are wanted, compressed ones decoded several at once ahead of the one that is taken."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.codecs import COSTLY, is_compressed, read_frame
from overread.core.dicom.decode_pool import DecodePool, borrowed
from overread.core.dicom.headers import BadFileError
from overread.core.series import Instance
from overread.core.text import sentence

Place = tuple[int, Instance, int]
"""Slice k, instance, number of the frame in it."""
Pixels = NDArray[np.generic] | BadFileError
Got = tuple[int, Instance, Pixels]
MOST_LOST = 5
"""After so many frames that killed or hung their worker, and no more that were decoded, the rest of a series is not
tried: a thousand such files would keep the program busy for hours."""
_AHEAD = 2
"""Frames under way for each worker: one that it decodes, and one whose bytes are read meanwhile."""


def frames(
    order: Sequence[Place], decoder: DecodePool | None, cancelled: Callable[[], bool]
) -> Generator[Got, None, None]:
    """Each frame in turn, or why it cannot be had. Close the generator when it is left early.

    Native frames are only read. For compressed ones as many threads as the pool has workers each drive one; without
    a pool, one is made for this call. Raises DecodeCancelledError.
    """
    if not any(is_compressed(one) for _k, one, _frame in order):
        for k, one, frame in order:
            yield k, one, _read(one, frame, None, cancelled)
        return
    with borrowed(decoder) as pool:
        yield from _several(order, pool, cancelled)


def _several(order: Sequence[Place], pool: DecodePool, cancelled: Callable[[], bool]) -> Generator[Got, None, None]:
    reading = _Reading(pool, cancelled)
    threads = ThreadPoolExecutor(pool.workers, thread_name_prefix="overread-frames")
    waiting: deque[tuple[int, Instance, Future[Pixels]]] = deque()
    try:
        for k, one, frame in order:
            waiting.append((k, one, threads.submit(reading.read, one, frame)))
            if len(waiting) > _AHEAD * pool.workers:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        reading.left = True
        threads.shutdown(wait=True, cancel_futures=True)


class _Reading:
    """What the threads of one load share."""

    def __init__(self, pool: DecodePool, cancelled: Callable[[], bool]) -> None:
        self._pool = pool
        self._cancelled = cancelled
        self._lock = threading.Lock()
        self._had = self._lost = 0
        self.left = False

    def read(self, one: Instance, frame: int) -> Pixels:
        """One frame, unless too many of this series cost a worker."""
        with self._lock:
            given_up = self._lost >= max(MOST_LOST, self._had)
        if given_up:
            return BadFileError("decode-failed", sentence("dicom.decode-given-up", file=one.path.name))
        got = _read(one, frame, self._pool, lambda: self.left or self._cancelled())
        with self._lock:
            if not isinstance(got, BadFileError):
                self._had += 1
            elif got.reason.id in COSTLY:
                self._lost += 1
        return got


def _first(waiting: deque[tuple[int, Instance, Future[Pixels]]]) -> Got:
    k, one, future = waiting.popleft()
    return k, one, future.result()


def _read(one: Instance, frame: int, decoder: DecodePool | None, cancelled: Callable[[], bool]) -> Pixels:
    try:
        return read_frame(one, frame, decoder, cancelled)
    except BadFileError as error:
        return error
