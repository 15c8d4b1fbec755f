"""The window's worker threads: a pool for reads, one lane for writes; answers return on the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from overread.viewer.presenters.background import Cancel

T = TypeVar("T")
_log = logging.getLogger(__name__)
WORKERS = 3
"""Reads mostly wait for the disk or release the GIL; more threads than this only stall the window."""


class Tasks(QObject):
    """Owner of all worker threads of the window; implements ``presenters.background.Background``."""

    _call = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="overread-work")
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="overread-write")
        self._running: set[Cancel] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._call.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def run(
        self, work: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> Cancel:
        """See ``Background.run``."""
        cancel = Cancel()
        with self._lock:
            self._running.add(cancel)

        def job() -> None:
            try:
                result = work(cancel)
            except Exception as error:  # noqa: BLE001 - the border of a thread: the error is told by its caller
                self._finish(cancel, partial(failed, error))
            else:
                self._finish(cancel, partial(done, result))

        self._pool.submit(job)
        return cancel

    def _finish(self, cancel: Cancel, answer: Callable[[], None]) -> None:
        with self._lock:
            self._running.discard(cancel)
        self.post(lambda: None if cancel() else answer())

    def post(self, call: Callable[[], None]) -> None:
        """See ``Background.post``."""
        if not self._closed:
            self._call.emit(call)

    def lane(self, work: Callable[[], None]) -> None:
        """See ``Background.lane``."""
        self._lane.submit(work).add_done_callback(_tell_failure)

    def _answer(self, call: Callable[[], None]) -> None:
        if not self._closed:
            call()

    def close(self) -> None:
        """Ask all reads to stop, finish all writes, join every thread. No answer comes after this."""
        self._closed = True
        with self._lock:
            for cancel in self._running:
                cancel.ask()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._lane.shutdown(wait=True)


def _tell_failure(future: Future[None]) -> None:
    error = future.exception()
    if error is not None:
        _log.error("a write failed: %s", type(error).__name__)
