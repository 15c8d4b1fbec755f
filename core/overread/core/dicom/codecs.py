"""Stored pixels of one frame: native bytes straight from the file, compressed ones through a decoder."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from overread.core.dicom.headers import BadFileError, frame_bytes
from overread.core.series import Instance, PixelFormat
from overread.core.text import sentence

MOST_FRAME_BYTES = 1 << 30
"""A frame larger than this is refused before anything is allocated."""

_DECODERS: dict[str, Any] = {
    str(JPEG2000): imagecodecs.jpeg2k_decode,
    str(JPEG2000Lossless): imagecodecs.jpeg2k_decode,
    # High-Throughput JPEG 2000 (PS3.5 A.4.11): lossless, lossless RPCL, lossy.
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_decode,
    "1.2.840.10008.1.2.4.202": imagecodecs.htj2k_decode,
    "1.2.840.10008.1.2.4.203": imagecodecs.htj2k_decode,
    str(JPEGLSLossless): imagecodecs.jpegls_decode,
    str(JPEGLSNearLossless): imagecodecs.jpegls_decode,
    str(JPEGLossless): imagecodecs.jpeg8_decode,
    str(JPEGLosslessSV1): imagecodecs.jpeg8_decode,
}


def read_frame(one: Instance, frame: int = 0) -> NDArray[np.generic]:
    """Stored values of a frame, [row, column] (or [row, column, sample]), sign and unused bits already right.

    Raises BadFileError, with a sentence, for whatever is wrong with the file.
    """
    if frame_bytes(one.pixels) > MOST_FRAME_BYTES:
        raise BadFileError("bad-pixel-module", sentence("dicom.bad-pixel-module", file=one.path.name))
    try:
        raw = _native(one, frame) if one.pixel_offset is not None else _decoded(one, frame)
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


def _decoded(one: Instance, frame: int) -> NDArray[np.generic]:
    decoder = _DECODERS.get(one.transfer_syntax_uid)
    try:
        with warnings.catch_warnings():
            # What pydicom warns of here is a defect of the file; the shape and the range are checked below.
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(one.path, force=True)
            if decoder is None:
                decoded = np.asarray(dataset.pixel_array)
                return decoded[frame] if one.pixels.frames > 1 else decoded
            data = get_frame(dataset.PixelData, frame, number_of_frames=one.pixels.frames)
            return _shaped(one.path, one.pixels, np.asarray(decoder(data)))
    except BadFileError:
        raise
    except Exception as error:
        raise BadFileError("decode-failed", sentence("dicom.decode-failed", file=one.path.name)) from error


def _shaped(path: Path, pixels: PixelFormat, decoded: NDArray[np.generic]) -> NDArray[np.generic]:
    want = (pixels.rows, pixels.columns) if pixels.samples == 1 else (pixels.rows, pixels.columns, pixels.samples)
    if decoded.shape != want:
        raise BadFileError("decode-failed", sentence("dicom.decode-failed", file=path.name))
    return decoded


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
