"""Readers of what the program writes that share nothing with it: pydicom, numpy, and the bytes of a NIfTI file."""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

Float = NDArray[np.float64]
NIFTI_TYPES = {2: "u1", 4: "<i2", 16: "<f4", 512: "<u2"}
"""Codes of the header's data type that are met here."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The voxels of one segment: their centres in LPS mm [n, 3], and the mm³ of all."""

    points_lps_mm: Float
    volume_mm3: float

    @property
    def centre_lps_mm(self) -> Float:
        """Mean of the voxels."""
        middle: Float = self.points_lps_mm.mean(axis=0)
        return middle


def segments_by_tracking_uid(path: Path) -> dict[str, Segment]:
    """All segments of a binary DICOM segmentation."""
    made = pydicom.dcmread(path)
    size = int(made.Rows) * int(made.Columns)
    bits = np.unpackbits(np.frombuffer(made.PixelData, dtype=np.uint8), bitorder="little")
    frames = bits[: size * int(made.NumberOfFrames)].reshape(-1, made.Rows, made.Columns)
    shared = made.SharedFunctionalGroupsSequence[0]
    directions = [float(v) for v in shared.PlaneOrientationSequence[0].ImageOrientationPatient]
    between_rows, between_columns = (float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing)
    between_slices = float(shared.PixelMeasuresSequence[0].SpacingBetweenSlices)
    across, down = np.array(directions[:3]) * between_columns, np.array(directions[3:]) * between_rows
    points: dict[int, list[Float]] = {}
    for bitmap, frame in zip(frames, made.PerFrameFunctionalGroupsSequence, strict=True):
        number = int(frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        first = np.array([float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient])
        row, column = np.nonzero(bitmap)
        points.setdefault(number, []).append(first + column[:, None] * across + row[:, None] * down)
    voxel = between_rows * between_columns * between_slices
    found = {}
    for one in made.SegmentSequence:
        there = np.concatenate(points[int(one.SegmentNumber)])
        found[str(one.TrackingUID)] = Segment(there, len(there) * voxel)
    return found


def numbers_by_tracking_uid(path: Path) -> dict[str, dict[str, float]]:
    """The measurements of each group of a structured report, by the meaning of their code."""
    groups = pydicom.dcmread(path).ContentSequence[-1].ContentSequence
    return {_tracking_uid(group): _numbers(group) for group in groups}


def _tracking_uid(group: Dataset) -> str:
    return next(str(item.UID) for item in group.ContentSequence if item.ValueType == "UIDREF")


def _numbers(group: Dataset) -> dict[str, float]:
    return {
        item.ConceptNameCodeSequence[0].CodeMeaning: float(item.MeasuredValueSequence[0].NumericValue)
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    }


def nifti(path: Path) -> tuple[Float, Float]:
    """Voxels [i, j, k] of a NIfTI-1 file, and the matrix of its header's sform from them to RAS mm [4, 4]."""
    data = gzip.decompress(path.read_bytes())
    shape = struct.unpack_from("<8h", data, 40)[1:4]
    (kind,) = struct.unpack_from("<h", data, 70)
    (offset,) = struct.unpack_from("<f", data, 108)
    (form,) = struct.unpack_from("<h", data, 254)
    if form <= 0:
        raise ValueError("the file has no sform")
    matrix = np.vstack([np.array(struct.unpack_from("<12f", data, 280)).reshape(3, 4), [0, 0, 0, 1]])
    count = int(np.prod(shape))
    voxels = np.frombuffer(data, dtype=NIFTI_TYPES[kind], count=count, offset=int(offset))
    return voxels.reshape(shape, order="F").astype(np.float64), matrix


def centre_ras_mm(inside: NDArray[np.bool_], matrix: Float) -> Float:
    """Mean place of the true voxels [i, j, k]."""
    place = np.argwhere(inside).mean(axis=0)
    centre: Float = matrix[:3, :3] @ place + matrix[:3, 3]
    return centre


def distances_mm(shape: tuple[int, ...], matrix: Float, point_ras_mm: Float) -> Float:
    """How far each voxel [i, j, k] lies from a point."""
    i, j, k = np.indices(shape, dtype=np.float64)
    places = np.stack([i, j, k], axis=-1) @ matrix[:3, :3].T + matrix[:3, 3]
    away: Float = np.linalg.norm(places - point_ras_mm, axis=-1)
    return away
