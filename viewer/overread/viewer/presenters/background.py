"""What a presenter may ask of the window's worker threads, without knowing the toolkit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Cancel:
    """A flag that asks a piece of background work to stop. Safe from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> bool:
        """True once the work should stop."""
        return self._event.is_set()

    def ask(self) -> None:
        """Ask the work to stop."""
        self._event.set()


class Background(Protocol):
    """Work away from the GUI thread; every answer comes back on it."""

    def run(
        self,
        work: Callable[[Cancel], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> Cancel:
        """Do ``work`` in a worker thread, then ``done(result)`` or ``failed(error)`` on the GUI thread.

        After the returned flag is set neither is called.
        """

    def post(self, call: Callable[[], None]) -> None:
        """Call something on the GUI thread soon; from any thread."""

    def lane(self, work: Callable[[], None]) -> None:
        """Do ``work`` in the one thread that writes (the journal), in the order asked."""
