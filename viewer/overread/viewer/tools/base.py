"""What a mouse tool is: it hears of presses and moves in one view and changes state; it paints through ``draft``."""

from __future__ import annotations

from typing import Protocol

from overread.viewer.render.overlays import DrawnMeasurement
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.observable import Property


class Tool(Protocol):
    """One interaction with the left button."""

    id: str
    draft: Property[DrawnMeasurement | None]

    def press(self, port: Viewport, x: float, y: float) -> None:
        """The button went down at a point."""

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """The pointer moved by (dx, dy) to a point with the button down."""

    def release(self, port: Viewport, x: float, y: float) -> None:
        """The button came up."""

    def hover(self, port: Viewport, x: float, y: float) -> None:
        """The pointer moved without a button."""

    def cancel(self) -> None:
        """Forget what is half done."""


class PlainTool:
    """A tool that needs only some of it."""

    id = ""

    def __init__(self) -> None:
        self.draft: Property[DrawnMeasurement | None] = Property(None)

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""

    def hover(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""

    def cancel(self) -> None:
        """See ``Tool``."""
        self.draft.set(None)
