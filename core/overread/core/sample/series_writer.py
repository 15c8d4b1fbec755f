"""A volume of HU as a real DICOM CT series, with what a scanner writes; every word says that it is no patient's."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from overread.core.errors import NotWrittenError
from overread.core.geometry import Geometry
from overread.core.text import sentence

IMPLEMENTATION_UID = "2.25.264587233907354871216394327016832447331"
RESCALE_INTERCEPT = -1024
MAKER = "Overread (synthetic)"


@dataclass(frozen=True, slots=True)
class SeriesText:
    """The words of a series header."""

    patient_name: str
    patient_id: str
    birth_date: str
    sex: str
    age: str
    study_date: str
    study_description: str
    series_description: str
    comment: str
    identity: str
    """What the UIDs are made from: equal text gives equal UIDs."""
    person: str
    """What the frame of reference is made from beside the study."""


def uid_of(text: str) -> str:
    """A UID that follows from a text (PS3.5 B.2: 2.25 and a number of 128 bits)."""
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big') or 1}"


def write_series(voxels: NDArray[np.int16], geometry: Geometry, text: SeriesText, folder: Path) -> tuple[str, str]:
    """Write voxels [k, j, i] of HU into a new ``folder``; the study and series UID.

    Raises NotWrittenError when the folder exists or cannot be written; nothing half-written stays.
    """
    part = folder.with_name(f".part-{folder.name}-{os.getpid()}")
    study, series = uid_of(f"{text.identity}/study"), uid_of(f"{text.identity}/series")
    if folder.exists():
        raise NotWrittenError(sentence("sample.exists", folder=str(folder)))
    try:
        part.mkdir(parents=True)
        for k in range(voxels.shape[0]):
            # Scanners number images from the head down; the grid counts from the feet up.
            number = voxels.shape[0] - k
            made = _instance(voxels[k], geometry, text, k, number)
            made.save_as(part / f"IM{number:05d}", enforce_file_format=True)
        os.replace(part, folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise NotWrittenError(
            sentence("sample.not-written", folder=str(folder), why=error.strerror or type(error).__name__)
        ) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return study, series


def _instance(pixels: NDArray[np.int16], geometry: Geometry, text: SeriesText, k: int, number: int) -> FileDataset:
    sop = UID(uid_of(f"{text.identity}/image/{number}"))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = sop
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, sop
    _identify(made, text)
    _describe_scan(made, geometry)
    _place(made, geometry, k, number)
    _store(made, pixels)
    return made


def _identify(made: Dataset, text: SeriesText) -> None:
    made.PatientName, made.PatientID = text.patient_name, text.patient_id
    made.PatientBirthDate, made.PatientSex, made.PatientAge = text.birth_date, text.sex, text.age
    made.PatientComments = text.comment
    made.StudyInstanceUID = uid_of(f"{text.identity}/study")
    made.SeriesInstanceUID = uid_of(f"{text.identity}/series")
    made.FrameOfReferenceUID = uid_of(f"{text.person}/{text.study_date}/frame")
    made.PositionReferenceIndicator = ""
    made.StudyID, made.AccessionNumber = "1", uid_of(text.identity)[-8:]
    made.StudyDescription, made.SeriesDescription = text.study_description, text.series_description
    made.ReferringPhysicianName = ""
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(made, name, text.study_date)
    for name in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"):
        setattr(made, name, "101500")
    made.SeriesNumber, made.AcquisitionNumber = 2, 1
    made.ImageComments = text.comment


def _describe_scan(made: Dataset, geometry: Geometry) -> None:
    made.Modality, made.Manufacturer, made.ManufacturerModelName = "CT", MAKER, "sample"
    made.InstitutionName, made.StationName, made.DeviceSerialNumber = "", "SAMPLE", "1"
    made.SoftwareVersions = "1"
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.BodyPartExamined, made.PatientPosition, made.ProtocolName = "CHEST", "HFS", "Chest"
    made.ScanOptions, made.GantryDetectorTilt, made.TableHeight = "HELICAL MODE", 0, 150
    made.KVP, made.XRayTubeCurrent, made.ExposureTime, made.Exposure = 120, 180, 500, 90
    made.ConvolutionKernel, made.FilterType = "LUNG", "BODY FILTER"
    made.DataCollectionDiameter = made.ReconstructionDiameter = round(
        geometry.spacing_ijk_mm[0] * geometry.shape_kji[2], 3
    )
    made.SliceThickness = round(geometry.spacing_ijk_mm[2], 4)
    made.SpacingBetweenSlices = round(geometry.spacing_ijk_mm[2], 4)
    made.RotationDirection = "CW"


def _place(made: Dataset, geometry: Geometry, k: int, number: int) -> None:
    corner = geometry.lps_from_ijk([0, 0, k])
    made.InstanceNumber = number
    made.ImagePositionPatient = [round(float(value), 6) for value in corner]
    made.ImageOrientationPatient = [round(float(value), 9) + 0.0 for value in geometry.directions[:, :2].T.ravel()]
    made.SliceLocation = round(float(corner[2]), 4)
    made.PixelSpacing = [round(geometry.spacing_ijk_mm[1], 6), round(geometry.spacing_ijk_mm[0], 6)]


def _store(made: Dataset, pixels: NDArray[np.int16]) -> None:
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.RescaleIntercept, made.RescaleSlope, made.RescaleType = RESCALE_INTERCEPT, 1, "HU"
    made.WindowCenter, made.WindowWidth = [-600, 40], [1500, 400]
    made.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
    made.PixelData = (pixels.astype(np.int32) - RESCALE_INTERCEPT).astype("<u2").tobytes()
