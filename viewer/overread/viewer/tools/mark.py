"""Marking what was missed: one click."""

from __future__ import annotations

from collections.abc import Callable

from overread.core.geometry import Triple
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.views import VolumeState
from overread.viewer.tools.base import PlainTool, Pointer


class MarkTool(PlainTool):
    """A click marks the place; ``marked`` hears of the volume and the voxel (i, j, k)."""

    id = "mark"
    pointer: Pointer = "cross"

    def __init__(self, marked: Callable[[VolumeState, Triple], None]) -> None:
        super().__init__()
        self._marked = marked

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        if port.is_inside(x, y):
            self._marked(port.state, port.ijk_at(x, y))
