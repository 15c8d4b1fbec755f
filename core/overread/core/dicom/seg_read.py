"""Segmentations read from disk, by pydicom and own arithmetic alone: nothing of what wrote them takes part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from overread.core.errors import NotReadableError
from overread.core.geometry import Float, Geometry, Triple
from overread.core.mask import Bool, Mask
from overread.core.text import sentence

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
PUSH = 1e-6
"""A place this close below the middle between two pixels belongs to the upper one."""


@dataclass(frozen=True, slots=True)
class SegmentPlane:
    """One frame: the set pixels [row, column] from (``row``, ``column``) on, and where the frame lies.

    ``position_lps_mm`` is the centre of pixel (0, 0); ``spacing_mm`` is between rows and between columns;
    ``source_uid`` is the image it was drawn on, empty where the object names none.
    """

    position_lps_mm: Triple
    row_direction: Triple
    column_direction: Triple
    spacing_mm: tuple[float, float]
    source_uid: str
    size: tuple[int, int]
    bits: Bool
    row: int
    column: int

    def pixels(self) -> Bool:
        """The whole frame [row, column]."""
        whole = np.zeros(self.size, dtype=np.bool_)
        height, width = self.bits.shape
        whole[self.row : self.row + height, self.column : self.column + width] = self.bits
        return whole

    def points_lps_mm(self) -> Float:
        """The centres of the set pixels in patient mm, (n, 3)."""
        rows, columns = np.nonzero(self.bits)
        down = (rows + self.row)[:, None] * self.spacing_mm[0] * np.array(self.column_direction)
        right = (columns + self.column)[:, None] * self.spacing_mm[1] * np.array(self.row_direction)
        points: Float = np.array(self.position_lps_mm) + down + right
        return points


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment with what it says of itself; codes are (value, scheme)."""

    number: int
    label: str
    tracking_uid: str
    tracking_id: str
    algorithm_type: str
    algorithm: tuple[str, str]
    """Name and version; both empty where there is none."""
    category: tuple[str, str]
    type: tuple[str, str]
    planes: tuple[SegmentPlane, ...]

    def mask(self, geometry: Geometry) -> Mask:
        """The segment in a grid, each pixel in the voxel nearest to its centre. Raises ValueError outside it."""
        points = np.concatenate([plane.points_lps_mm() for plane in self.planes] or [np.zeros((0, 3))])
        indices = np.floor(geometry.ijk_from_lps(points) + 0.5 + PUSH).astype(np.int64)
        if (indices < 0).any() or (indices >= np.array(geometry.shape_ijk)).any():
            raise ValueError("the segment leaves the grid")
        whole = np.zeros(geometry.shape_kji, dtype=np.bool_)
        whole[indices[:, 2], indices[:, 1], indices[:, 0]] = True
        return Mask.from_array(whole)


@dataclass(frozen=True, slots=True)
class SegmentationFile:
    """What a segmentation says as a whole, and its segments."""

    sop_instance_uid: str
    study_uid: str
    patient_id: str
    frame_of_reference_uid: str
    segments: tuple[Segment, ...]


def read_segments(path: Path) -> SegmentationFile:
    """The segments of a binary DICOM segmentation. Raises NotReadableError for anything else or anything broken."""
    try:
        dataset = pydicom.dcmread(path)
        if dataset.SOPClassUID != SEGMENTATION_STORAGE or dataset.SegmentationType != "BINARY":
            raise NotReadableError(sentence("saving.no-segmentation", file=path.name))
        planes: dict[int, list[SegmentPlane]] = {int(item.SegmentNumber): [] for item in dataset.SegmentSequence}
        for number, plane in _planes(dataset):
            planes[number].append(plane)
        return SegmentationFile(
            str(dataset.SOPInstanceUID),
            str(dataset.StudyInstanceUID),
            str(dataset.PatientID or ""),
            str(dataset.FrameOfReferenceUID),
            tuple(_segment(item, tuple(planes[int(item.SegmentNumber)])) for item in dataset.SegmentSequence),
        )
    except (OSError, InvalidDicomError, AttributeError, KeyError, ValueError, TypeError, IndexError) as error:
        raise NotReadableError(sentence("saving.no-segmentation", file=path.name)) from error


def _segment(item: Dataset, planes: tuple[SegmentPlane, ...]) -> Segment:
    algorithm = ("", "")
    if "SegmentationAlgorithmIdentificationSequence" in item:
        named = item.SegmentationAlgorithmIdentificationSequence[0]
        algorithm = (str(named.AlgorithmName), str(named.AlgorithmVersion))
    return Segment(
        number=int(item.SegmentNumber),
        label=str(item.SegmentLabel),
        tracking_uid=str(item.get("TrackingUID", "")),
        tracking_id=str(item.get("TrackingID", "")),
        algorithm_type=str(item.SegmentAlgorithmType),
        algorithm=algorithm,
        category=code_of(item.SegmentedPropertyCategoryCodeSequence[0]),
        type=code_of(item.SegmentedPropertyTypeCodeSequence[0]),
        planes=planes,
    )


def code_of(item: Dataset) -> tuple[str, str]:
    """Value and scheme of an item of a code sequence."""
    return str(item.get("CodeValue", "")), str(item.get("CodingSchemeDesignator", ""))


def _planes(dataset: Dataset) -> Iterator[tuple[int, SegmentPlane]]:
    """(segment number, plane) of every frame. Bits run on from frame to frame without padding (PS3.5 8.1.1)."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    frames = dataset.PerFrameFunctionalGroupsSequence
    count = int(dataset.NumberOfFrames)
    packed = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    if len(frames) != count or len(packed) * 8 < count * rows * columns:
        raise ValueError("frames and pixels do not agree")
    for place, frame in enumerate(frames):
        bits = _frame_bits(packed, place * rows * columns, rows * columns).reshape(rows, columns)
        measures = _group(frame, shared, "PixelMeasuresSequence")
        orientation = [float(v) for v in _group(frame, shared, "PlaneOrientationSequence").ImageOrientationPatient]
        x, y, z = (float(v) for v in _group(frame, shared, "PlanePositionSequence").ImagePositionPatient)
        between_rows, between_columns = (float(v) for v in measures.PixelSpacing)
        row, column, inner = _cropped(bits)
        yield (
            int(_group(frame, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber),
            SegmentPlane(
                position_lps_mm=(x, y, z),
                row_direction=(orientation[0], orientation[1], orientation[2]),
                column_direction=(orientation[3], orientation[4], orientation[5]),
                spacing_mm=(between_rows, between_columns),
                source_uid=_source(frame),
                size=(rows, columns),
                bits=inner,
                row=row,
                column=column,
            ),
        )


def _frame_bits(packed: NDArray[np.uint8], start: int, count: int) -> Bool:
    first, last = start // 8, (start + count + 7) // 8
    bits = np.unpackbits(packed[first:last], bitorder="little")
    inner: Bool = bits[start - 8 * first : start - 8 * first + count].astype(np.bool_)
    return inner


def _cropped(bits: Bool) -> tuple[int, int, Bool]:
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if len(rows) == 0:
        return 0, 0, bits[:0, :0]
    inner = bits[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    return int(rows[0]), int(columns[0]), inner


def _group(frame: Dataset, shared: Dataset, name: str) -> Dataset:
    """The item of a functional group, which is either the frame's own or shared by all."""
    item: Dataset = (frame if name in frame else shared)[name].value[0]
    return item


def _source(frame: Dataset) -> str:
    derivation = frame.get("DerivationImageSequence") or []
    sources = derivation[0].get("SourceImageSequence") or [] if derivation else []
    return str(sources[0].ReferencedSOPInstanceUID) if sources else ""
