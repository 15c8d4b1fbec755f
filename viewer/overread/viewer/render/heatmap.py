"""A model's map over an image: viridis, nothing below the threshold, cut by the very plane that the view shows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from overread.viewer.render.planes import PlaneGrid
from overread.viewer.render.reslice import reslice
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.marks import HEAT_TOP, Heat, heat_level
from overread.viewer.state.views import Workspace

OPAQUE = np.uint32(0xFF000000)


@cache
def colours() -> NDArray[np.uint32]:
    """0xFFRRGGBB of the 256 values of a map."""
    file = resources.files("overread.resources") / "palette" / "viridis.toml"
    anchors = [QColor(one) for one in tomllib.loads(file.read_text(encoding="utf-8"))["anchors"]]
    places = np.linspace(0, 1, len(anchors))
    share = np.arange(HEAT_TOP + 1) / HEAT_TOP
    red, green, blue = (
        np.round(np.interp(share, places, [getattr(one, name)() for one in anchors])).astype(np.uint32)
        for name in ("red", "green", "blue")
    )
    made: NDArray[np.uint32] = OPAQUE | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return made


def table(threshold: float) -> NDArray[np.uint32]:
    """Premultiplied 0xAARRGGBB of every value: full above the threshold, nothing below it."""
    made = colours().copy()
    made[: heat_level(threshold)] = 0
    return made


def map_plane(heat: Heat, grid: PlaneGrid) -> NDArray[np.uint8]:
    """The map [row, column] on the pixels of a plane, linear between its voxels; 0 outside the map."""
    origin = grid.geometry.lps_from_ijk(grid.origin_ijk)
    size = (grid.rows, grid.columns)
    cut = reslice(heat.values, heat.geometry, origin, grid.right_lps, grid.down_lps, size)
    return cut.astype(np.uint8, copy=False)


@dataclass(slots=True)
class HeatPainter:
    """Paints the map of a view; its plane is kept until slice or map change, its picture until the threshold does."""

    workspace: Workspace
    heat: Heat | None = None
    plane_key: tuple[object, ...] = ()
    plane: NDArray[np.uint8] | None = None
    threshold: float = -1.0
    image: QImage | None = None

    def picture(self, heat: Heat, grid: PlaneGrid, threshold: float) -> QImage:
        """The coloured plane."""
        key = (grid.geometry, grid.origin_ijk, grid.column_ijk, grid.row_ijk)
        if self.plane is None or heat is not self.heat or key != self.plane_key:
            self.plane, self.heat, self.plane_key, self.image = map_plane(heat, grid), heat, key, None
        if self.image is None or threshold != self.threshold:
            # One byte indexes a table of 256: nothing to wrap, and numpy need not look. The image keeps the pixels.
            pixels = np.take(table(threshold), self.plane, mode="wrap")
            rows, columns = pixels.shape
            self.image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
            self.threshold = threshold
        return self.image

    def paint(self, painter: QPainter, port: Viewport) -> None:
        """Lay the map of this view's series over its image, when it is wanted and there is one."""
        marks = self.workspace.marks
        heat = marks.heat.value
        if heat is None or not self.workspace.overlays.heatmap.value or heat.series_key != port.state.series.key:
            return
        left, top = port.corner
        across, down = port.scale
        area = QRectF(left, top, port.grid.columns * across, port.grid.rows * down)
        painter.save()
        painter.setOpacity(marks.heat_opacity.value)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, self.picture(heat, port.grid, marks.heat_threshold.value))
        painter.restore()
