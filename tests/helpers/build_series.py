"""Small DICOM series whose every voxel is a known function of patient position.

The value in HU of a voxel at LPS (x, y, z) mm is ``2 x + 3 y + 5 z`` rounded, plus 100: a flip, a swapped axis, a
wrong spacing or a wrong order all change values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

WEIGHTS = np.array([2.0, 3.0, 5.0])
OFFSET = 100.0


def value_at(points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The field at patient positions [..., 3]."""
    value: NDArray[np.float64] = np.round(points_lps_mm @ WEIGHTS + OFFSET)
    return value


@dataclass
class Stack:
    """A stack to be written: change what a case needs, then ``write``."""

    shape: tuple[int, int, int] = (6, 12, 16)
    spacing_mm: tuple[float, float] = (1.5, 0.75)
    """Between rows, between columns."""
    origin: tuple[float, float, float] = (-10.0, -20.0, -30.0)
    row: tuple[float, float, float] = (1.0, 0.0, 0.0)
    column: tuple[float, float, float] = (0.0, 1.0, 0.0)
    step: tuple[float, float, float] = (0.0, 0.0, 2.5)
    slope: float = 1.0
    intercept: float = -1024.0
    patient_id: str = "P1"
    patient_name: str = "Doe^Jane"
    series_uid: str = "1.2.3.4"
    study_uid: str = "1.2.3"
    frame_uid: str = "1.2.3.9"
    change: Callable[[Dataset, int], None] | None = None
    skip: Sequence[int] = field(default=())

    def position(self, k: int) -> NDArray[np.float64]:
        """Place of the first pixel of slice k."""
        place: NDArray[np.float64] = np.array(self.origin) + k * np.array(self.step)
        return place

    def points(self, k: int) -> NDArray[np.float64]:
        """Patient positions [row, column, 3] of a slice."""
        _nk, nj, ni = self.shape
        rows = np.arange(nj)[:, None, None] * self.spacing_mm[0] * np.array(self.column)
        columns = np.arange(ni)[None, :, None] * self.spacing_mm[1] * np.array(self.row)
        points: NDArray[np.float64] = self.position(k) + rows + columns
        return points

    def dataset(self, k: int) -> FileDataset:
        """One image."""
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = UID(f"{self.series_uid}.{k + 1}")
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        made.SpecificCharacterSet = "ISO_IR 192"
        made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        made.PatientID, made.PatientName, made.PatientBirthDate, made.PatientSex = (
            self.patient_id, self.patient_name, "19600102", "F",
        )  # fmt: skip
        made.StudyInstanceUID, made.SeriesInstanceUID = self.study_uid, self.series_uid
        made.FrameOfReferenceUID = self.frame_uid
        made.StudyDate, made.Modality, made.SeriesNumber, made.SeriesDescription = "20260102", "CT", 2, "Chest"
        made.InstanceNumber = self.shape[0] - k
        made.ImagePositionPatient = [float(v) for v in self.position(k)]
        made.ImageOrientationPatient = [*self.row, *self.column]
        made.PixelSpacing = list(self.spacing_mm)
        made.Rows, made.Columns = self.shape[1], self.shape[2]
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
        made.RescaleSlope, made.RescaleIntercept = self.slope, self.intercept
        made.WindowCenter, made.WindowWidth = [-600, 40], [1500, 400]
        stored = np.round((value_at(self.points(k)) - self.intercept) / self.slope)
        made.PixelData = stored.astype("<u2").tobytes()
        if self.change is not None:
            self.change(made, k)
        return made

    def write(self, folder: Path, prefix: str = "") -> Path:
        """Write the stack; file names do not follow the order of the slices."""
        folder.mkdir(parents=True, exist_ok=True)
        for k in range(self.shape[0]):
            if k not in self.skip:
                self.dataset(k).save_as(folder / f"{prefix}{(k * 7) % 101:03d}x{k}", enforce_file_format=True)
        return folder
