"""Findings as a DICOM Segmentation (binary, one segment a finding), on the images as they were acquired."""

from __future__ import annotations

import math
import tomllib
import uuid
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import version

import highdicom
import numpy as np
import pydicom
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DS

from overread.core.dicom.codes import Coded, label_codes
from overread.core.dicom.tilt import straightening
from overread.core.dicom.verdict import grid_index
from overread.core.errors import NotWrittenError
from overread.core.finding import Finding, Origin
from overread.core.mask import Bool
from overread.core.series import Instance, Series
from overread.core.text import say, sentence

PROGRAM = "Overread"
FAMILY = Code("123110", "DCM", "Artificial Intelligence")
"""PS3.16 CID 7162 has nothing closer for a model of unknown making."""
TIE = 1e-6
"""A shift that ends this close below half a pixel counts as half a pixel and is rounded up."""
HEADER_DEFAULTS = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
"""Attributes that must be there and may be empty (type 2) in what is written."""


@dataclass(frozen=True, slots=True)
class DrawnPlane:
    """The part of a mask on one image: its bits [row, column] and where their first pixel lies."""

    instance: Instance
    bits: Bool
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finding on the images of its series. ``lost`` voxels lie where there is no image."""

    finding: Finding
    planes: tuple[DrawnPlane, ...]
    lost: int


@dataclass(frozen=True, slots=True)
class Author:
    """Who stands behind an object: ``reader`` is empty when no person does. ``number`` counts saves."""

    reader: str
    number: int

    @property
    def person_name(self) -> str:
        """The reader's name in DICOM's form (PN): one component unless it has several already."""
        cleaned = "".join(" " if c in "\\=" or ord(c) < 32 else c for c in self.reader).strip()[:64]
        return cleaned if "^" in cleaned or not cleaned else f"{cleaned}^"

    @property
    def description(self) -> str:
        """What series of this author are called: a label for what was checked by nobody or is for research only."""
        return say("saving.series-reader" if self.reader else "saving.series-model")


def draw(finding: Finding, series: Series) -> Drawn:
    """The mask of a finding carried back onto the acquired images.

    A series whose tilt was put upright is shifted back by whole pixels, slice by slice, to the nearest. Raises
    ValueError for a series without a grid.
    """
    if series.geometry is None:
        raise ValueError("a series without a grid has no masks")
    by_k = dict(zip(grid_index(series.instances, series.geometry), series.instances, strict=True))
    shift = straightening(series.geometry) if "gantry-tilt" in series.verdict.codes else None
    planes = []
    lost = 0
    for k in range(*finding.mask.box[0]):
        cut, (row, column) = finding.mask.plane(0, k) or (np.zeros((0, 0), dtype=np.bool_), (0, 0))
        if shift is not None:
            row -= math.floor(shift.shift_j * k + shift.offset_j + 0.5 + TIE)
            column -= math.floor(shift.shift_i * k + shift.offset_i + 0.5 + TIE)
        if k not in by_k:
            lost += int(cut.sum())
            continue
        plane, outside = _clip(by_k[k], cut, row, column)
        lost += outside
        if plane.bits.any():
            planes.append(plane)
    return Drawn(finding, tuple(planes), lost)


def _clip(instance: Instance, cut: Bool, row: int, column: int) -> tuple[DrawnPlane, int]:
    """The part of a cut that lies on the image, and how many set pixels do not."""
    rows, columns = instance.pixels.rows, instance.pixels.columns
    up, left = max(0, -row), max(0, -column)
    inside = cut[up : max(up, rows - row), left : max(left, columns - column)]
    return DrawnPlane(instance, inside, row + up, column + left), int(cut.sum() - inside.sum())


def read_sources(instances: Sequence[Instance], series: Series) -> dict[str, Dataset]:
    """Headers of images of a series by SOP Instance UID, on copies in memory, made fit for what is written of them.

    Empty values stand where something must be there, text is re-coded as UTF-8, and directions and spacing are those
    of the grid. Raises NotWrittenError when a file is gone or is no longer the same image.
    """
    headers: dict[str, Dataset] = {}
    for one in instances:
        try:
            with warnings.catch_warnings():
                # pydicom warns of what it repairs while reading; the images themselves were judged when opened.
                warnings.simplefilter("ignore")
                header = pydicom.dcmread(one.path, stop_before_pixels=True, force=True)
                header.decode()
        except (OSError, ValueError, KeyError, TypeError, LookupError) as error:
            raise NotWrittenError(sentence("saving.source-unreadable", file=one.path.name)) from error
        if header.get("SOPInstanceUID") != one.sop_instance_uid:
            raise NotWrittenError(sentence("saving.source-changed", file=one.path.name))
        header.SpecificCharacterSet = "ISO_IR 192"
        for name in HEADER_DEFAULTS:
            if name not in header:
                setattr(header, name, "")
        if not header.get("FrameOfReferenceUID"):
            header.FrameOfReferenceUID = made_frame_of_reference(series)
        _set_grid(header, series)
        headers[one.sop_instance_uid] = header
    return headers


def made_frame_of_reference(series: Series) -> str:
    """A frame of reference for a series that names none: the same with every save."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, series.key).int}"


def _set_grid(header: Dataset, series: Series) -> None:
    """One direction and spacing for all images: they may differ by rounding, a segmentation has but one of each."""
    first = series.instances[0]
    if series.geometry is None or first.row_direction is None or first.column_direction is None:
        return
    normal = np.cross(first.row_direction, first.column_direction)
    step = abs(float(normal @ series.geometry.affine[:3, 2]))
    header.ImageOrientationPatient = [
        DS(v, auto_format=True) for v in (*first.row_direction, *first.column_direction)
    ]
    header.PixelSpacing = [DS(value, auto_format=True) for value in first.pixel_spacing_mm or ()]
    header.SpacingBetweenSlices = DS(step, auto_format=True)
    if not header.get("SliceThickness"):
        header.SliceThickness = DS(step, auto_format=True)


def segmentation(drawn: Sequence[Drawn], headers: Mapping[str, Dataset], author: Author) -> Segmentation:
    """The segmentation of findings of one series; segment n is the n-th of ``drawn``. Every one has a plane.

    ``headers`` are those of the images (``read_sources``). Frames without a set pixel are left out.
    """
    used = {plane.instance.sop_instance_uid for one in drawn for plane in one.planes}
    uids = [uid for uid in headers if uid in used]
    described = [_segment(number, one.finding) for number, one in enumerate(drawn, start=1)]
    made = Segmentation(
        source_images=[headers[uid] for uid in uids],
        pixel_array=_pixels(drawn, uids),
        segmentation_type="BINARY",
        segment_descriptions=described,
        series_instance_uid=highdicom.UID(),
        series_number=9000 + author.number,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=PROGRAM,
        manufacturer_model_name=PROGRAM,
        software_versions=version("overread"),
        device_serial_number=version("overread"),
        content_description=author.description,
        content_creator_name=author.person_name or None,
        content_label="FINDINGS" if author.reader else "PROPOSALS",
        series_description=author.description,
    )
    _copy_body_part(made, headers[uids[0]])
    return made


def _copy_body_part(made: Dataset, source: Dataset) -> None:
    """Without the true body part, whether Laterality is needed is not known to whoever reads the object."""
    if source.get("BodyPartExamined"):
        made.BodyPartExamined = source.BodyPartExamined


def _pixels(drawn: Sequence[Drawn], uids: Sequence[str]) -> NDArray[np.generic]:
    """A label map [frame, row, column] where no findings overlap, else one layer a finding as a fourth axis."""
    place = {uid: n for n, uid in enumerate(uids)}
    pixels = drawn[0].planes[0].instance.pixels
    shape = (len(uids), pixels.rows, pixels.columns)
    labels = np.zeros(shape, dtype=np.uint8 if len(drawn) < 256 else np.uint16)
    for number, one in enumerate(drawn, start=1):
        for plane in one.planes:
            window = _window(labels[place[plane.instance.sop_instance_uid]], plane)
            if (window[plane.bits] != 0).any():
                return _layers(drawn, place, shape)
            window[plane.bits] = number
    return labels


def _layers(drawn: Sequence[Drawn], place: Mapping[str, int], shape: tuple[int, int, int]) -> NDArray[np.generic]:
    layers = np.zeros((*shape, len(drawn)), dtype=np.bool_)
    for number, one in enumerate(drawn):
        for plane in one.planes:
            _window(layers[place[plane.instance.sop_instance_uid], ..., number], plane)[plane.bits] = True
    return layers


def _window(image: NDArray[np.generic], plane: DrawnPlane) -> NDArray[np.generic]:
    height, width = plane.bits.shape
    return image[plane.row : plane.row + height, plane.column : plane.column + width]


def _segment(number: int, finding: Finding) -> SegmentDescription:
    codes = label_codes(finding.label)
    model = finding.model
    algorithm = None
    if model is not None and finding.origin is not Origin.PERSON:
        algorithm = highdicom.AlgorithmIdentificationSequence(
            name=model.name, family=FAMILY, version=model.version, parameters={"digest": model.digest}
        )
    return SegmentDescription(
        segment_number=number,
        segment_label=tracking_id(finding),
        segmented_property_category=pydicom_code(codes.category),
        segmented_property_type=pydicom_code(codes.type),
        algorithm_type=algorithm_type(finding),
        algorithm_identification=algorithm,
        tracking_uid=finding.uid,
        tracking_id=tracking_id(finding),
        anatomic_regions=None if codes.site is None else [pydicom_code(codes.site)],
        display_color=_colour(finding),
    )


def _colour(finding: Finding) -> highdicom.color.CIELabColor:
    """The colour of the finding's state, so that other programs show it as it looks here."""
    colour = _state_colours()[finding.state].lstrip("#")
    return highdicom.color.CIELabColor.from_rgb(*(int(colour[at : at + 2], 16) for at in (0, 2, 4)))


@cache
def _state_colours() -> dict[str, str]:
    file = resources.files("overread.resources") / "palette" / "overread.toml"
    colours: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))["state"]
    return colours


def algorithm_type(finding: Finding) -> str:
    """AUTOMATIC for what a model drew, SEMIAUTOMATIC where a person changed it, MANUAL for an own mark."""
    if finding.origin is Origin.PERSON or finding.model is None:
        return "MANUAL"
    return "SEMIAUTOMATIC" if finding.is_edited else "AUTOMATIC"


def tracking_id(finding: Finding) -> str:
    """The name of a finding for people: its label and what stands beside its outline (``nodule 3``, ``nodule A``)."""
    return f"{say(finding.label)[:48]} {finding.tag}"


def pydicom_code(coded: Coded) -> Code:
    """A code as highdicom takes it."""
    return Code(coded.value, coded.scheme, coded.meaning)
