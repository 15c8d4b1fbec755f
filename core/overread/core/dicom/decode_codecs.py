"""From one compressed frame to its samples, in C. Runs in a decode worker: this reads strangers' bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.decode_messages import Kind, Task

_SIZE_WITHIN = 1 << 16
"""A JPEG 2000 codestream says its size at its start; a JP2 wrapper, which DICOM forbids, is shorter than this."""
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7})
"""ITU-T T.81 table B.1, and T.87's SOF55: JPEG in all its kinds and JPEG-LS."""
_RLE_HEADER, _MOST_SEGMENTS = 64, 15
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


class CodecError(Exception):
    """A frame that cannot be decoded; ``kind`` says why."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


def _jpeg(data: bytes, task: Task) -> NDArray[Any]:
    if task.samples == 1 or _names_its_colours(data):
        return np.asarray(imagecodecs.jpeg8_decode(data))
    # DICOM asks for no marker that names the colours; without one libjpeg guesses, but the header knows.
    space = "RGB" if task.photometric == "RGB" else "YCBCR"
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace="RGB"))


def _jpeg_lossless(data: bytes, task: Task) -> NDArray[Any]:
    if task.samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(data))
    return _rgb(np.asarray(imagecodecs.jpeg8_decode(data, colorspace="RGB", outcolorspace="RGB")), task)


def _jpeg_ls(data: bytes, task: Task) -> NDArray[Any]:
    return _rgb(np.asarray(imagecodecs.jpegls_decode(data)), task)


def _jpeg_2000(data: bytes, _task: Task) -> NDArray[Any]:
    return np.asarray(imagecodecs.jpeg2k_decode(data, numthreads=1))


def _htj2k(data: bytes, _task: Task) -> NDArray[Any]:
    return np.asarray(imagecodecs.htj2k_decode(data))


def _rle(data: bytes, task: Task) -> NDArray[Any]:
    """PS3.5 annex G: planes of bytes, one sample after the other."""
    kind = np.dtype(f"<{'i' if task.signed else 'u'}{task.bits_allocated // 8}")
    if not _has_segments(data, task.samples * kind.itemsize):
        raise CodecError("damaged")
    flat = np.frombuffer(imagecodecs.dicomrle_decode(data, dtype=kind), dtype=kind)
    if flat.size != task.rows * task.columns * task.samples:
        raise CodecError("size")
    planes = flat.reshape(task.samples, task.rows, task.columns)
    return planes[0] if task.samples == 1 else _rgb(planes.transpose(1, 2, 0), task)


def _has_segments(data: bytes, wanted: int) -> bool:
    """True when the RLE header (PS3.5 G.5) names as many segments as wanted, in order and within the data.

    The decoder does not check all of this, and dies of some of it.
    """
    head = np.frombuffer(data[:_RLE_HEADER].ljust(_RLE_HEADER, b"\0"), dtype="<u4").astype(np.int64)
    offsets = head[1 : wanted + 1]
    ordered = bool((np.diff(offsets, prepend=_RLE_HEADER - 1) > 0).all())
    return wanted <= _MOST_SEGMENTS and int(head[0]) == wanted and ordered and int(offsets[-1]) < len(data)


CODECS: dict[str, tuple[str, Callable[[bytes, Task], NDArray[Any]]]] = {
    "1.2.840.10008.1.2.4.50": ("JPEG", _jpeg),
    "1.2.840.10008.1.2.4.51": ("JPEG", _jpeg),
    "1.2.840.10008.1.2.4.57": ("JPEG Lossless", _jpeg_lossless),
    "1.2.840.10008.1.2.4.70": ("JPEG Lossless", _jpeg_lossless),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS", _jpeg_ls),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS", _jpeg_ls),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000", _jpeg_2000),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", _jpeg_2000),
    # High-Throughput JPEG 2000 (PS3.5 A.4.11): lossless, lossless RPCL, lossy.
    "1.2.840.10008.1.2.4.201": ("HTJ2K", _htj2k),
    "1.2.840.10008.1.2.4.202": ("HTJ2K", _htj2k),
    "1.2.840.10008.1.2.4.203": ("HTJ2K", _htj2k),
    "1.2.840.10008.1.2.5": ("RLE", _rle),
}
"""Transfer syntax UID to the codec's name and its decoder."""


_LIBRARIES = {
    "JPEG": "JPEG8",
    "JPEG Lossless": "JPEG8",
    "JPEG-LS": "JPEGLS",
    "JPEG 2000": "JPEG2K",
    "HTJ2K": "HTJ2K",
    "RLE": "DICOMRLE",
}
"""Codec to the name under which imagecodecs says whether its library is there."""


@cache
def codec_names() -> tuple[str, ...]:
    """The codecs whose libraries are there. Asking loads them, which a sandboxed worker can no longer do."""
    return tuple(name for name, library in _LIBRARIES.items() if getattr(imagecodecs, library).available)


def decode(data: bytes, task: Task) -> NDArray[Any]:
    """The samples of one frame, [row, column] or [row, column, sample], as the codec gives them.

    Colours come as RGB. Raises CodecError: for another size or wider samples than the task's before (where the
    codestream says its size) or after decoding, for a damaged codestream, and when memory runs out.
    """
    named = CODECS.get(task.syntax)
    if named is None or named[0] not in codec_names() or task.bits_allocated not in (8, 16, 32):
        raise CodecError("unsupported")
    said = said_size(data)
    if said is not None and said != (task.rows, task.columns, task.samples):
        raise CodecError("size")
    try:
        decoded = named[1](data, task)
    except CodecError:
        raise
    except MemoryError as error:
        raise CodecError("memory") from error
    except Exception as error:
        # Each library has its own kinds of errors; what they have in common is a codestream they do not like.
        raise CodecError("damaged") from error
    if decoded.shape != task.shape or decoded.dtype.kind not in "iu":
        raise CodecError("size")
    if decoded.dtype.itemsize * 8 > task.bits_allocated:
        raise CodecError("size")
    return decoded


def said_size(data: bytes) -> tuple[int, int, int] | None:
    """(rows, columns, samples) that the codestream itself says; None where its kind says none or it is cut off."""
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    start = data[:_SIZE_WITHIN]
    at = start.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 42 > len(start):
        return None
    right, bottom, left, top = (_big(start, at + place, 4) for place in (8, 12, 16, 20))
    return bottom - top, right - left, _big(start, at + 40, 2)


def _jpeg_size(data: bytes) -> tuple[int, int, int] | None:
    for marker, at in _segments(data):
        if marker in _START_OF_FRAME and at + 8 <= len(data):
            return _big(data, at + 3, 2), _big(data, at + 5, 2), data[at + 7]
    return None


def _names_its_colours(data: bytes) -> bool:
    """True with a JFIF or Adobe marker: it wins over the header, which is often wrong beside it."""
    names = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
    return any(data[at + 2 : at + 7] == names.get(marker) for marker, at in _segments(data))


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, place of its length) of a JPEG codestream, as far as the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:
            return
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            yield marker, at + 2
            at += 2 + max(2, _big(data, at + 2, 2))


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _rgb(decoded: NDArray[Any], task: Task) -> NDArray[Any]:
    """Full-range YCbCr to RGB (PS3.3 C.7.6.3.1.2) where the header says so and the codec left it as it was."""
    if task.photometric != "YBR_FULL" or decoded.ndim != 3 or decoded.shape[2] != 3 or decoded.dtype != np.uint8:
        return decoded
    luma, blue, red = (decoded[..., n].astype(np.float32) - (128 if n else 0) for n in range(3))
    colours = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
    return np.clip(np.round(np.stack(colours, axis=-1)), 0, 255).astype(np.uint8)
