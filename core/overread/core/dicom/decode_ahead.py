"""Frames in the order they are wanted, compressed ones decoded several at once ahead of the one that is taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.codecs import is_compressed, read_frame
from overread.core.dicom.decode_pool import DecodePool, borrowed
from overread.core.dicom.headers import BadFileError
from overread.core.series import Instance

Place = tuple[int, Instance, int]
"""Slice k, instance, number of the frame in it."""
Got = tuple[int, Instance, NDArray[np.generic] | BadFileError]
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
            yield k, one, _got(one, frame, decoder, cancelled)
        return
    with borrowed(decoder) as pool:
        left = False
        threads = ThreadPoolExecutor(pool.workers, thread_name_prefix="overread-frames")

        def stop() -> bool:
            return left or cancelled()

        waiting: deque[tuple[int, Instance, Future[NDArray[np.generic] | BadFileError]]] = deque()
        try:
            for k, one, frame in order:
                waiting.append((k, one, threads.submit(_got, one, frame, pool, stop)))
                if len(waiting) > _AHEAD * pool.workers:
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        finally:
            left = True
            threads.shutdown(wait=True, cancel_futures=True)


def _first(waiting: deque[tuple[int, Instance, Future[NDArray[np.generic] | BadFileError]]]) -> Got:
    k, one, future = waiting.popleft()
    return k, one, future.result()


def _got(
    one: Instance, frame: int, decoder: DecodePool | None, cancelled: Callable[[], bool]
) -> NDArray[np.generic] | BadFileError:
    try:
        return read_frame(one, frame, decoder, cancelled)
    except BadFileError as error:
        return error
