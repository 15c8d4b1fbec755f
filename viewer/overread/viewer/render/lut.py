"""From stored voxels to grey pixels: one table of 65536 entries per window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from overread.core.volume import Volume
from overread.core.window import Window

_STORED = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.float64)
"""Entry n stands for the int16 whose bits are n: then a voxel's bits are its index, with no check and no sum."""
OPAQUE = np.uint32(0xFF000000)


def window_table(window: Window, volume: Volume) -> NDArray[np.uint32]:
    """0xFFRRGGBB for every int16 bit pattern, through the rescale and the window (DICOM's LINEAR and others)."""
    return _grey(window.apply(_STORED * volume.slope + volume.intercept), inverted=volume.inverted)


def _grey(shade: NDArray[np.float64], *, inverted: bool) -> NDArray[np.uint32]:
    if inverted:
        shade = 1.0 - shade
    level = np.round(shade * 255.0).astype(np.uint32)
    grey: NDArray[np.uint32] = OPAQUE | (level << np.uint32(16)) | (level << np.uint32(8)) | level
    return grey


def grey_pixels(
    plane: NDArray[np.generic], table: NDArray[np.uint32], window: Window, volume: Volume
) -> NDArray[np.uint32]:
    """Pixels of a plane [row, column]: through the table for int16, directly for float32."""
    if plane.dtype == np.int16:
        return np.take(table, np.ascontiguousarray(plane).view(np.uint16), mode="wrap")
    values = plane.astype(np.float64) * volume.slope + volume.intercept
    return _grey(window.apply(values), inverted=volume.inverted)


def image_of(pixels: NDArray[np.uint32]) -> QImage:
    """A picture over the pixels; it keeps them alive, and nobody may write to them afterwards."""
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
