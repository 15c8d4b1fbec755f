"""A small grey picture of a series for lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.codecs import read_frame
from overread.core.dicom.decode_pool import DecodePool
from overread.core.dicom.headers import BadFileError
from overread.core.dicom.load import grey
from overread.core.errors import NotReadableError
from overread.core.series import Series
from overread.core.window import Window


def thumbnail(series: Series, size_px: int = 56, decoder: DecodePool | None = None) -> NDArray[np.uint8]:
    """The middle image in its window, uint8 [size_px, size_px], with black beside it where it is not square.

    Raises NotReadableError when the image cannot be read. For ``decoder`` see ``codecs.read_frame``.
    """
    one = series.instances[len(series.instances) // 2]
    try:
        raw = read_frame(one, one.pixels.frames // 2, decoder)
    except BadFileError as error:
        raise NotReadableError(error.reason) from error
    if raw.ndim == 3:
        raw = grey(raw)
    values = raw.astype(np.float64) * one.slope + one.intercept
    window = one.windows[0] if one.windows else _range(values)
    rows_mm, columns_mm = one.pixel_spacing_mm or (1.0, 1.0)
    height, width = values.shape[0] * rows_mm, values.shape[1] * columns_mm
    high = max(1, round(size_px * min(1.0, height / width)))
    wide = max(1, round(size_px * min(1.0, width / height)))
    rows = ((np.arange(high) + 0.5) * values.shape[0] / high).astype(int)
    columns = ((np.arange(wide) + 0.5) * values.shape[1] / wide).astype(int)
    picture = np.zeros((size_px, size_px), dtype=np.uint8)
    top, left = (size_px - high) // 2, (size_px - wide) // 2
    shade = window.apply(values[np.ix_(rows, columns)])
    if one.pixels.photometric == "MONOCHROME1":
        shade = 1.0 - shade
    picture[top : top + high, left : left + wide] = np.round(shade * 255)
    return picture


def _range(values: NDArray[np.float64]) -> Window:
    low, high = float(values.min()), float(values.max())
    return Window((low + high + 1) / 2, max(1.0, high - low + 1))
