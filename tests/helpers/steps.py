"""A background for tests without threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from overread.viewer.presenters.background import Cancel

T = TypeVar("T")


class Steps:
    """A background whose work is done when the test says so, in order, in this thread."""

    def __init__(self) -> None:
        self.todo: deque[Callable[[], None]] = deque()

    def run(
        self, work: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> Cancel:
        """See ``Background.run``."""
        cancel = Cancel()

        def job() -> None:
            try:
                result = work(cancel)
            except Exception as error:  # noqa: BLE001 - as the real one: the caller is told
                told = error
                self.todo.append(lambda: None if cancel() else failed(told))
            else:
                self.todo.append(lambda: None if cancel() else done(result))

        self.todo.append(job)
        return cancel

    def post(self, call: Callable[[], None]) -> None:
        """See ``Background.post``."""
        self.todo.append(call)

    def lane(self, work: Callable[[], None]) -> None:
        """See ``Background.lane``."""
        self.todo.append(work)

    def finish(self) -> None:
        """Do all that is to be done, and what comes of it."""
        while self.todo:
            self.todo.popleft()()
