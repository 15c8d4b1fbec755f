"""Tools that change how an image is looked at: window, pan, zoom, cross-hair."""

from __future__ import annotations

import math
from dataclasses import replace

from overread.viewer.render.viewport import Viewport
from overread.viewer.tools.base import PlainTool

ACROSS = 300.0
"""Points of drag that double the width (or move the centre by one width)."""
ZOOM_STEP = 200.0
"""Points of drag that zoom by e."""


class WindowTool(PlainTool):
    """Drag right: wider; drag down: the centre rises, so the image darkens, as on most workstations."""

    id = "window"

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        window = port.state.window.value
        width = max(1.0, window.width * math.exp(dx / ACROSS))
        centre = window.centre + dy * window.width / ACROSS
        port.state.window.set(replace(window, centre=centre, width=width, name=""))


class PanTool(PlainTool):
    """Move the image with the pointer."""

    id = "pan"

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        if port.view.zoom.value is None:
            port.view.zoom.set(port.zoom)
        pan_x, pan_y = port.view.pan.value
        port.view.pan.set((pan_x + dx, pan_y + dy))


class ZoomTool(PlainTool):
    """Drag up to enlarge, about the place where the button went down."""

    id = "zoom"

    def __init__(self) -> None:
        super().__init__()
        self._at = (0.0, 0.0)

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        self._at = (x, y)

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        port.zoom_at(*self._at, math.exp(-dy / ZOOM_STEP))


class CrosshairTool(PlainTool):
    """Let all planes meet under the pointer."""

    id = "crosshair"

    def press(self, port: Viewport, x: float, y: float) -> None:
        """See ``Tool``."""
        point_all_at(port, x, y)

    def drag(self, port: Viewport, x: float, y: float, dx: float, dy: float) -> None:
        """See ``Tool``."""
        point_all_at(port, x, y)


def point_all_at(port: Viewport, x: float, y: float) -> None:
    """Let all planes meet at a point of a view; a point beside the image is held at its edge."""
    port.state.go_to_ijk(port.ijk_at(x, y))
