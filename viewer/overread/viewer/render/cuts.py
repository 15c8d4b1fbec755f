"""The cut of a mask by a plane, as pixels of the picture and as a tint over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from overread.core.mask import Mask
from overread.viewer.render.palette import colour
from overread.viewer.render.viewport import Viewport


def cut_pixels(port: Viewport, mask: Mask) -> tuple[NDArray[np.bool_], int, int] | None:
    """The pixels [row, column] of a mask on the shown slice, with the column and row of the first; None if none."""
    grid = port.grid
    through = next(axis for axis in range(3) if grid.column_ijk[axis] == 0 and grid.row_ijk[axis] == 0)
    found = mask.plane(2 - through, int(grid.origin_ijk[through]))
    if found is None:
        return None
    cut, first = found
    later, earlier = (axis for axis in (2, 1, 0) if axis != through)
    low = {later: first[0], earlier: first[1]}
    high = {later: first[0] + cut.shape[0] - 1, earlier: first[1] + cut.shape[1] - 1}
    corners = [grid.pixel([one.get(axis, 0) for axis in range(3)]) for one in (low, high)]
    # ``cut`` has the later voxel axis in its rows; the picture may have it in its columns, or run against it.
    if grid.row_ijk[later] == 0:
        cut = cut.T
    if min(grid.row_ijk) < 0:
        cut = cut[::-1]
    if min(grid.column_ijk) < 0:
        cut = cut[:, ::-1]
    column, row = (round(min(corner[n] for corner in corners)) for n in (0, 1))
    return np.ascontiguousarray(cut), column, row


def fill_cut(painter: QPainter, port: Viewport, mask: Mask, token: str, opacity: float) -> None:
    """Tint the pixels of a mask on the shown slice with a colour of the palette."""
    found = cut_pixels(port, mask)
    if found is None:
        return
    cut, column, row = found
    tint = np.uint32(colour(token).rgb() & 0xFFFFFF) | np.uint32(round(opacity * 255) << 24)
    pixels = np.where(cut, tint, np.uint32(0))
    image = QImage(pixels.data, cut.shape[1], cut.shape[0], cut.shape[1] * 4, QImage.Format.Format_ARGB32)
    top_left = QPointF(*port.point_at(column - 0.5, row - 0.5))
    low_right = QPointF(*port.point_at(column + cut.shape[1] - 0.5, row + cut.shape[0] - 0.5))
    smooth = painter.testRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(QRectF(top_left, low_right), image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
