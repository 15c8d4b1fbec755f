"""A value that can be watched: the unit of view state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Property(Generic[T]):
    """One value of view state. Setting an equal value tells nobody. Used on the GUI thread only."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._watchers: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        """The present value."""
        return self._value

    def set(self, value: T) -> None:
        """Change the value and tell every watcher, in the order in which they came."""
        if value is self._value or value == self._value:
            return
        self._value = value
        self.touch()

    def touch(self) -> None:
        """Tell every watcher although the value is the same object (its inside changed)."""
        for watcher in tuple(self._watchers):
            watcher(self._value)

    def watch(self, watcher: Callable[[T], None]) -> Callable[[], None]:
        """Call ``watcher`` on each change; the answer is a function that ends the watch."""
        self._watchers.append(watcher)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return stop
