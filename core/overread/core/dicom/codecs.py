"""Stored pixels of one frame: native bytes straight from the file, compressed ones through a decode worker."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.uid import UID, ExplicitVRBigEndian

from overread.core.dicom.decode_messages import MOST_FRAME_BYTES
from overread.core.dicom.decode_pool import DecodeFailedError, DecodePool, borrowed
from overread.core.dicom.headers import BadFileError, frame_bytes
from overread.core.series import Instance, PixelFormat
from overread.core.text import sentence

_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_WHY = {
    "damaged": "dicom.decode-failed",
    "unsupported": "dicom.decode-unsupported",
    "size": "dicom.decode-size",
    "memory": "dicom.decode-memory",
    "stopped": "dicom.decode-stopped",
    "slow": "dicom.decode-slow",
    "not-started": "dicom.decode-not-started",
    "closed": "dicom.decode-closed",
}
"""Why a frame was not decoded, to the id of its sentence."""
COSTLY = frozenset({_WHY["stopped"], _WHY["slow"]})
"""Sentences of frames that cost a worker and seconds."""


def read_frame(
    one: Instance,
    frame: int = 0,
    decoder: DecodePool | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> NDArray[np.generic]:
    """Stored values of a frame, [row, column] (or [row, column, sample]), sign and unused bits already right.

    Compressed frames go through ``decoder``; without one, through a worker that is started for this frame. Raises
    BadFileError, with a sentence, for whatever is wrong with the file, and DecodeCancelledError when ``cancelled``
    turned true while a worker decoded.
    """
    if frame_bytes(one.pixels) > MOST_FRAME_BYTES:
        raise BadFileError("bad-pixel-module", sentence("dicom.bad-pixel-module", file=one.path.name))
    try:
        if one.pixel_offset is not None:
            raw = _native(one, frame)
        elif is_compressed(one):
            raw = _decoded(one, frame, decoder, cancelled)
        else:
            raw = _unpacked(one, frame)
    except OSError as error:
        raise BadFileError("unreadable", sentence("dicom.unreadable", file=one.path.name)) from error
    return clean_bits(raw, one.pixels)


def _native(one: Instance, frame: int) -> NDArray[np.generic]:
    pixels = one.pixels
    if pixels.bits_allocated == 1 or one.pixel_offset is None:
        raise BadFileError("decode-failed", sentence("dicom.decode-failed", file=one.path.name))
    size = frame_bytes(pixels)
    with open(one.path, "rb") as file:
        file.seek(one.pixel_offset + frame * size)
        data = file.read(size)
    if len(data) != size:
        raise BadFileError("truncated", sentence("dicom.truncated", file=one.path.name))
    shape = (pixels.rows, pixels.columns) if pixels.samples == 1 else (pixels.rows, pixels.columns, pixels.samples)
    return np.frombuffer(data, dtype=stored_dtype(one)).reshape(shape)


def stored_dtype(one: Instance) -> np.dtype[Any]:
    """The numpy type of native stored values."""
    kind = "i" if one.pixels.signed else "u"
    order = ">" if one.transfer_syntax_uid == ExplicitVRBigEndian else "<"
    return np.dtype(f"{order}{kind}{max(1, one.pixels.bits_allocated // 8)}")


def is_compressed(one: Instance) -> bool:
    """True where the frames lie in fragments (PS3.5 A.4) that a codec must read. Deflated files are not of these."""
    return bool(UID(one.transfer_syntax_uid).is_encapsulated)


def _decoded(
    one: Instance, frame: int, decoder: DecodePool | None, cancelled: Callable[[], bool]
) -> NDArray[np.generic]:
    try:
        data = _fragments(one, frame)
        with borrowed(decoder, 1) as pool:
            return pool.decode(data, one.transfer_syntax_uid, one.pixels, cancelled)
    except DecodeFailedError as error:
        told = sentence(_WHY[error.why], file=one.path.name, seconds=round(error.seconds))
        raise BadFileError("decode-failed", told) from error


def _fragments(one: Instance, frame: int) -> bytes:
    """The compressed bytes of a frame. Raises BadFileError, OSError."""
    try:
        with open(one.path, "rb") as file, warnings.catch_warnings():
            # What pydicom warns of here is a defect of the file; what the decoder makes of it is checked.
            warnings.simplefilter("ignore")
            state = os.fstat(file.fileno())
            start, offsets = _encapsulated(one.path, state.st_size, state.st_mtime_ns)
            file.seek(start)
            return get_frame(file, frame, extended_offsets=offsets, number_of_frames=one.pixels.frames)
    except (BadFileError, OSError):
        raise
    except Exception as error:
        # A stranger's fragments can make pydicom fail in any way; the file is named and left out.
        raise _damaged(one) from error


@lru_cache(maxsize=64)
def _encapsulated(path: Path, size: int, _changed_ns: int) -> tuple[int, tuple[list[int], list[int]] | None]:
    """Where the fragments of a file begin, and its Extended Offset Table. Kept: the header of a file of a thousand
    frames takes longer to read than a frame. Raises BadFileError, OSError and whatever pydicom raises."""
    with open(path, "rb") as file:
        dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        if file.read(12)[:4] != _PIXEL_DATA:
            raise BadFileError("truncated", sentence("dicom.truncated", file=path.name))
        return file.tell(), _offsets(dataset, size)


def _offsets(dataset: pydicom.Dataset, size: int) -> tuple[list[int], list[int]] | None:
    """The Extended Offset Table (PS3.3 C.7.6.3.1.8), where there is one and it stays within the file."""
    offsets, lengths = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    if not offsets or not lengths:
        return None
    starts, sizes = (np.frombuffer(table, dtype="<u8") for table in (offsets, lengths))
    if len(starts) != len(sizes) or max(int(starts.max()), int(sizes.max())) > size:
        return None
    return starts.tolist(), sizes.tolist()


def _unpacked(one: Instance, frame: int) -> NDArray[np.generic]:
    """What is neither fragments nor bytes at an offset: deflated files, single bits, floating-point pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = np.asarray(pydicom.dcmread(one.path, force=True).pixel_array)
            return decoded[frame] if one.pixels.frames > 1 else decoded
    except OSError:
        raise
    except Exception as error:
        raise _damaged(one) from error


def _damaged(one: Instance) -> BadFileError:
    return BadFileError("decode-failed", sentence("dicom.decode-failed", file=one.path.name))


def clean_bits(raw: NDArray[np.generic], pixels: PixelFormat) -> NDArray[np.generic]:
    """Mask to Bits Stored at High Bit and extend the sign from there (PS3.5 8.1.1)."""
    if raw.dtype.kind == "f" or pixels.samples != 1:
        return raw
    shift = pixels.high_bit + 1 - pixels.bits_stored
    if pixels.bits_stored == pixels.bits_allocated and (raw.dtype.kind == "i") == pixels.signed:
        return raw.astype(raw.dtype.newbyteorder("="), copy=False)
    if not pixels.signed and raw.dtype.kind == "u" and shift == 0 and int(raw.max()) < 1 << pixels.bits_stored:
        return raw.astype(raw.dtype.newbyteorder("="), copy=False)
    bits = (raw.astype(np.int64) >> shift) & ((1 << pixels.bits_stored) - 1)
    if pixels.signed:
        top = 1 << (pixels.bits_stored - 1)
        bits = (bits ^ top) - top
    return bits.astype(np.int32)
