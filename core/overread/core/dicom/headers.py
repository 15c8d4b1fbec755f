"""Headers: from a file to what its header says, without its pixels, and never trusting a length or a number."""

from __future__ import annotations

import math
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from overread.core.geometry import Triple
from overread.core.series import Instance, Patient, PixelFormat, Study
from overread.core.text import Sentence, sentence
from overread.core.window import Function, Window

MOST_SIDE = 32_768
"""Rows and columns above this are no radiology image (PS3.3 allows 65535; 2 GiB a frame is no use)."""
_TAG_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_LONG_VRS = (b"OB", b"OW", b"UN", b"OF", b"OD", b"OL", b"OV")
_UNIT_TOLERANCE = 1e-3
"""Cosines further than this from unit length or right angles are no directions (header rounding is 1e-6)."""
FUNCTIONS: dict[str, Function] = {
    "": "LINEAR",
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}
EXTRA_ATTRIBUTES = (
    "Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "KVP", "SliceThickness", "PatientPosition",
    "ImageType", "ContrastBolusAgent", "ProtocolName", "BurnedInAnnotation", "LossyImageCompression",
)  # fmt: skip


class BadFileError(Exception):
    """A file that is left out: ``code`` is stable (docs/geometry.md), ``reason`` is for people."""

    def __init__(self, code: str, reason: Sentence) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Header:
    """One instance and the facts above it."""

    instance: Instance
    patient: Patient
    study: Study
    series_uid: str
    series_number: int | None
    series_description: str
    modality: str
    body_part: str
    frame_of_reference_uid: str
    content_key: tuple[str, ...]
    """What may tell apart images at one place: acquisition, echo, trigger time, temporal position, b-value."""
    had_preamble: bool
    attributes: tuple[tuple[str, str], ...]


def read_dataset(path: Path) -> tuple[pydicom.Dataset, int | None, int, bool]:
    """The header of a file: dataset without pixels, offset and length of the pixels, and whether it had a preamble.

    Offset is None and length 0 when the pixels cannot be read straight from the file. Raises BadFileError.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(132)
            had_preamble = len(start) == 132 and start[128:] == b"DICM"
            file.seek(0)
            with warnings.catch_warnings():
                # pydicom warns of what it repairs while reading; what matters of it is checked below.
                warnings.simplefilter("ignore")
                dataset = pydicom.dcmread(file, stop_before_pixels=True, force=not had_preamble)
            if not had_preamble and "SOPClassUID" not in dataset:
                raise BadFileError("not-dicom", sentence("dicom.not-dicom", file=path.name))
            offset, length = _pixels(file, dataset)
            return dataset, offset, length, had_preamble
    except (InvalidDicomError, EOFError, struct.error, NotImplementedError) as error:
        code = "truncated" if isinstance(error, EOFError) else "not-dicom"
        raise BadFileError(code, sentence(f"dicom.{code}", file=path.name)) from error
    except RecursionError as error:
        raise BadFileError("nested-too-deep", sentence("dicom.nested-too-deep", file=path.name)) from error
    except OSError as error:
        raise BadFileError("unreadable", sentence("dicom.unreadable", file=path.name)) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, LookupError) as error:
        # A stranger's header can make pydicom fail in any of these ways; the file is named and left out.
        raise BadFileError("bad-number", sentence("dicom.bad-header", file=path.name)) from error


def _pixels(file: BinaryIO, dataset: pydicom.Dataset) -> tuple[int | None, int]:
    """Where native pixels lie: (offset, bytes). The file stands at the pixel element after the header."""
    syntax = transfer_syntax(dataset)
    if syntax == DeflatedExplicitVRLittleEndian:
        return None, 0
    place = file.tell()
    head = file.read(12)
    if syntax == ExplicitVRBigEndian:
        if head[:4] != b"\x7f\xe0\x00\x10":
            return None, 0
        return place + 12, struct.unpack(">I", head[8:12])[0]
    if head[:4] != _TAG_PIXEL_DATA:
        return None, 0
    if syntax == ImplicitVRLittleEndian or head[4:6] not in _LONG_VRS:
        return place + 8, struct.unpack("<I", head[4:8])[0]
    return place + 12, struct.unpack("<I", head[8:12])[0]


def transfer_syntax(dataset: pydicom.Dataset) -> str:
    """UID of the transfer syntax; without file meta the one that reading took."""
    meta = getattr(dataset, "file_meta", None)
    named = "" if meta is None else str(meta.get("TransferSyntaxUID", "") or "")
    if named:
        return named
    implicit, little = dataset.original_encoding
    if little is False:
        return str(ExplicitVRBigEndian)
    return str(ImplicitVRLittleEndian) if implicit else "1.2.840.10008.1.2.1"


def read_header(path: Path) -> Header | None:
    """What the header of a file says; None when it is DICOM without an image. Raises BadFileError."""
    dataset, offset, length, had_preamble = read_dataset(path)
    try:
        if "Rows" not in dataset or "Columns" not in dataset:
            return None
        return _header(path, dataset, offset, length, had_preamble)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, IndexError) as error:
        raise BadFileError("bad-number", sentence("dicom.bad-header", file=path.name)) from error


def _header(path: Path, dataset: pydicom.Dataset, offset: int | None, length: int, had_preamble: bool) -> Header:
    pixels = _pixel_format(path, dataset)
    syntax = transfer_syntax(dataset)
    row, column = _directions(path, dataset)
    instance = Instance(
        path=path,
        sop_instance_uid=_text(dataset, "SOPInstanceUID"),
        sop_class_uid=_text(dataset, "SOPClassUID"),
        transfer_syntax_uid=syntax,
        pixels=pixels,
        pixel_offset=_checked_offset(path, pixels, syntax, offset, length),
        pixel_length=length,
        slope=_number(path, dataset, "RescaleSlope", 1.0) or 1.0,
        intercept=_number(path, dataset, "RescaleIntercept", 0.0),
        position_lps_mm=_triple(path, dataset.get("ImagePositionPatient")),
        row_direction=row,
        column_direction=column,
        pixel_spacing_mm=_spacing(path, dataset),
        instance_number=_integer(dataset, "InstanceNumber"),
        padding=_padding(dataset, pixels),
        image_type=tuple(str(part) for part in _many(dataset.get("ImageType"))),
        windows=_windows(dataset),
    )
    return Header(
        instance=instance,
        patient=_patient(dataset),
        study=_study(dataset),
        series_uid=_text(dataset, "SeriesInstanceUID"),
        series_number=_integer(dataset, "SeriesNumber"),
        series_description=_text(dataset, "SeriesDescription"),
        modality=_text(dataset, "Modality"),
        body_part=_text(dataset, "BodyPartExamined"),
        frame_of_reference_uid=_text(dataset, "FrameOfReferenceUID"),
        content_key=tuple(
            _text(dataset, name)
            for name in (
                "TemporalPositionIdentifier",
                "TriggerTime",
                "EchoTime",
                "DiffusionBValue",
                "AcquisitionNumber",
            )
        ),
        had_preamble=had_preamble,
        attributes=tuple(
            (name, "\\".join(str(part) for part in _many(dataset.get(name))))
            for name in EXTRA_ATTRIBUTES
            if dataset.get(name) not in (None, "")
        )
        + ((("ModalityLUT", "1"),) if "ModalityLUTSequence" in dataset else ()),
    )


def _pixel_format(path: Path, dataset: pydicom.Dataset) -> PixelFormat:
    allocated = int(dataset.get("BitsAllocated", 0) or 0)
    stored = int(dataset.get("BitsStored", allocated) or allocated)
    high = int(dataset.get("HighBit", stored - 1) or 0)
    made = PixelFormat(
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=bool(int(dataset.get("PixelRepresentation", 0) or 0)),
        samples=int(dataset.get("SamplesPerPixel", 1) or 1),
        photometric=_text(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        frames=int(dataset.get("NumberOfFrames", 1) or 1),
    )
    sides = 1 <= made.rows <= MOST_SIDE and 1 <= made.columns <= MOST_SIDE and made.frames >= 1
    bits = made.bits_allocated in (1, 8, 16, 32, 64) and 1 <= stored <= allocated and stored - 1 <= high < allocated
    if not (sides and bits and made.samples in (1, 3)):
        raise BadFileError("bad-pixel-module", sentence("dicom.bad-pixel-module", file=path.name))
    return made


def _checked_offset(path: Path, pixels: PixelFormat, syntax: str, offset: int | None, length: int) -> int | None:
    """The offset of native pixels, after checking that all of them are in the file."""
    if offset is None or pydicom.uid.UID(syntax).is_compressed:
        return None
    want = frame_bytes(pixels) * pixels.frames
    if length != 0xFFFFFFFF and length < want:
        raise BadFileError("pixel-length-mismatch", sentence("dicom.pixel-length-mismatch", file=path.name))
    if path.stat().st_size < offset + want:
        raise BadFileError("truncated", sentence("dicom.truncated", file=path.name))
    return offset


def frame_bytes(pixels: PixelFormat) -> int:
    """Bytes of one native frame."""
    return (pixels.rows * pixels.columns * pixels.samples * pixels.bits_allocated + 7) // 8


def _directions(path: Path, dataset: pydicom.Dataset) -> tuple[Triple | None, Triple | None]:
    values = _floats(path, dataset.get("ImageOrientationPatient"))
    if len(values) != 6:
        return None, None
    row, column = (values[0], values[1], values[2]), (values[3], values[4], values[5])
    lengths = [math.sqrt(sum(v * v for v in vector)) for vector in (row, column)]
    across = sum(a * b for a, b in zip(row, column, strict=True))
    if any(abs(length - 1) > _UNIT_TOLERANCE for length in lengths) or abs(across) > _UNIT_TOLERANCE:
        return None, None
    return row, column


def _spacing(path: Path, dataset: pydicom.Dataset) -> tuple[float, float] | None:
    values = _floats(path, dataset.get("PixelSpacing"))
    if len(values) != 2:
        return None
    if min(values) <= 0:
        raise BadFileError("bad-number", sentence("dicom.bad-header", file=path.name))
    return values[0], values[1]


def _triple(path: Path, value: Any) -> Triple | None:
    values = _floats(path, value)
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _floats(path: Path, value: Any) -> list[float]:
    numbers = [float(part) for part in _many(value)]
    if not all(math.isfinite(number) for number in numbers):
        raise BadFileError("bad-number", sentence("dicom.bad-header", file=path.name))
    return numbers


def _number(path: Path, dataset: pydicom.Dataset, name: str, default: float) -> float:
    values = _floats(path, dataset.get(name))
    return values[0] if values else default


def _many(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]


def _integer(dataset: pydicom.Dataset, name: str) -> int | None:
    value = dataset.get(name)
    return None if value in (None, "") else int(value)


def _padding(dataset: pydicom.Dataset, pixels: PixelFormat) -> tuple[int, int] | None:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    first, last = sorted((int(value), int(value if limit is None else limit)))
    if pixels.signed and first > 32767:
        first, last = first - 65536, last - 65536
    return first, last


def _windows(dataset: pydicom.Dataset) -> tuple[Window, ...]:
    centres, widths = _many(dataset.get("WindowCenter")), _many(dataset.get("WindowWidth"))
    names = _many(dataset.get("WindowCenterWidthExplanation"))
    function = FUNCTIONS.get(_text(dataset, "VOILUTFunction"))
    if function is None:
        return ()
    windows = []
    for place, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        name = str(names[place]) if place < len(names) else ""
        try:
            windows.append(Window(float(centre), float(width), function, name))
        except ValueError:
            continue  # a window that the standard forbids is no window; the presets stay
    return tuple(windows)


def _patient(dataset: pydicom.Dataset) -> Patient:
    return Patient(
        id=_text(dataset, "PatientID"),
        name=_text(dataset, "PatientName"),
        birth_date=iso_date(_text(dataset, "PatientBirthDate")),
        sex=_text(dataset, "PatientSex"),
        age=_text(dataset, "PatientAge"),
    )


def _study(dataset: pydicom.Dataset) -> Study:
    return Study(
        uid=_text(dataset, "StudyInstanceUID"),
        date=iso_date(_text(dataset, "StudyDate")),
        time=_text(dataset, "StudyTime"),
        description=_text(dataset, "StudyDescription"),
        accession_number=_text(dataset, "AccessionNumber"),
        id=_text(dataset, "StudyID"),
    )


def iso_date(value: str) -> str:
    """``YYYYMMDD`` (or the old ``YYYY.MM.DD``) as ISO; anything else is no date and gives an empty text."""
    digits = value.replace(".", "").strip()
    if len(digits) != 8 or not digits.isdigit():
        return ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _text(dataset: pydicom.Dataset, name: str) -> str:
    value = dataset.get(name)
    if value is None:
        return ""
    return "\\".join(str(part) for part in _many(value)).strip("\0 ")
