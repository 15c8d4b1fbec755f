"""What a mouse tool is: it hears of presses and moves in one view and changes state.

It draws through ``draft``, or by itself in ``paint``; when what it would paint has changed it touches ``drawn``.
"""

from __future__ import annotations

from typing import Literal, Protocol

from PySide6.QtGui import QPainter

from overread.viewer.render.overlays import DrawnMeasurement
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.observable import Property

Pointer = Literal["arrow", "cross", "own"]


class Tool(Protocol):
    """One interaction with the left button."""

    id: str
    draft: Property[DrawnMeasurement | None]
    drawn: Property[int]
    ctrl: bool
    """True while Ctrl is held; the view keeps it up to date."""
    pointer: Pointer
    """How the pointer looks over an image; ``own`` when the tool draws something there itself."""

    def press(self, port: Viewport, x: float, y: float) -> None:
        """The button went down at a point."""

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """The pointer moved by (dx, dy) to a point with the button down."""

    def release(self, port: Viewport, x: float, y: float) -> None:
        """The button came up."""

    def hover(self, port: Viewport, x: float, y: float) -> None:
        """The pointer moved without a button."""

    def leave(self) -> None:
        """The pointer left the view."""

    def turn(self, notches: int) -> bool:
        """The wheel was turned with Shift held, away from the person when positive; True when that was used."""

    def paint(self, painter: QPainter, port: Viewport) -> None:
        """Draw over a view, above everything else, in its points."""

    def cancel(self) -> None:
        """Forget what is half done."""


class PlainTool:
    """A tool that needs only some of it."""

    id = ""
    pointer: Pointer = "arrow"

    def __init__(self) -> None:
        self.draft: Property[DrawnMeasurement | None] = Property(None)
        self.drawn = Property(0)
        self.ctrl = False

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""

    def release(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""

    def hover(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""

    def leave(self) -> None:
        """See ``Tool``."""

    def turn(self, notches: int) -> bool:
        """See ``Tool``."""
        return False

    def paint(self, painter: QPainter, port: Viewport) -> None:
        """See ``Tool``."""

    def cancel(self) -> None:
        """See ``Tool``."""
        self.draft.set(None)
