"""What was written, read back from disk and held against the findings, value by value. The first difference is told.

Segmentations come through ``seg_read``, reports through pydicom; expectations are made anew from the findings and the
scanned series, so that a fault of the writer meets an arithmetic that does not share it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from overread.core.dicom.codes import kind_code, label_codes, reason_code
from overread.core.dicom.seg_read import PUSH, Segment, SegmentPlane, code_of, read_segments
from overread.core.dicom.tilt import straightening
from overread.core.errors import NotReadableError, NotWrittenError
from overread.core.finding import Finding, Origin, State
from overread.core.mask import Bool
from overread.core.series import Instance, Series
from overread.core.text import sentence

POSITION_MM = 1e-3
DIRECTION = 1e-4
"""Cosines that differ by more are other directions (docs/geometry.md)."""
RELATIVE = 1e-6
"""A decimal string of 16 characters keeps at least nine digits."""
DECISIONS = {
    State.PROPOSED: "PROPOSED",
    State.ACCEPTED: "ACCEPTED",
    State.CORRECTED: "MODIFIED",
    State.ADDED: "ADDED",
    State.REJECTED: "REJECTED",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding in a report, and the segment that it must point at (None: none)."""

    finding: Finding
    segmentation_uid: str = ""
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What a report must say as a whole. ``reader`` is a person name, empty where no person stands behind it."""

    study_uid: str
    patient_id: str
    title: str
    reader: str
    complete: bool
    previous: tuple[str, ...] = ()


def _differs(name: str, what: str, tag: str = "") -> NoReturn:
    raise NotWrittenError(sentence(f"saving.differs-{what}", file=name, tag=tag))


def verify_segmentation(path: Path, name: str, findings: Sequence[Finding], series: Series) -> str:
    """Hold a segmentation on disk against findings: segment n is the n-th. Gives its SOP Instance UID.

    ``name`` is what the file is called in a sentence. Every voxel, position, direction, spacing, number, tracking
    UID, label and code is compared. Raises NotWrittenError with a sentence that names the first difference.
    """
    try:
        read = read_segments(path)
    except NotReadableError:
        _differs(name, "file")
    if (read.study_uid, read.patient_id.strip()) != (series.study.uid, series.patient.id):
        _differs(name, "patient")
    wanted = series.geometry.frame_of_reference_uid if series.geometry is not None else ""
    if not read.frame_of_reference_uid or (wanted and read.frame_of_reference_uid != wanted):
        _differs(name, "frame-of-reference")
    if [one.number for one in read.segments] != list(range(1, len(findings) + 1)):
        _differs(name, "segments")
    for segment, finding in zip(read.segments, findings, strict=True):
        _verify_words(name, segment, finding)
        _verify_planes(name, segment, finding, series)
    return read.sop_instance_uid


def _verify_words(name: str, segment: Segment, finding: Finding) -> None:
    codes = label_codes(finding.label)
    by_model = finding.origin is not Origin.PERSON and finding.model is not None
    kind = "MANUAL" if not by_model else "SEMIAUTOMATIC" if finding.mask != finding.proposed_mask else "AUTOMATIC"
    algorithm = (finding.model.name, finding.model.version) if by_model and finding.model else ("", "")
    if segment.tracking_uid != finding.uid:
        _differs(name, "tracking", finding.tag)
    if not segment.label.endswith(f" {finding.tag}") or segment.tracking_id != segment.label:
        _differs(name, "label", finding.tag)
    if (segment.algorithm_type, segment.algorithm) != (kind, algorithm):
        _differs(name, "algorithm", finding.tag)
    wanted = (codes.category.value, codes.category.scheme), (codes.type.value, codes.type.scheme)
    if (segment.category, segment.type) != wanted:
        _differs(name, "code", finding.tag)


def _verify_planes(name: str, segment: Segment, finding: Finding, series: Series) -> None:
    """Every frame of a segment: its place first, in mm, then its pixels."""
    instances = {one.sop_instance_uid: one for one in series.instances}
    left = {plane.source_uid: plane for plane in segment.planes}
    if len(left) != len(segment.planes) or not set(left) <= set(instances):
        _differs(name, "source", finding.tag)
    for plane in segment.planes:
        _verify_place(name, plane, instances[plane.source_uid], finding)
    for uid, wanted in _expected_pixels(finding, series).items():
        found = left.pop(uid, None)
        if found is None or not np.array_equal(found.pixels(), wanted):
            _differs(name, "pixels", finding.tag)
    if any(plane.bits.any() for plane in left.values()):
        _differs(name, "pixels", finding.tag)


def _verify_place(name: str, plane: SegmentPlane, image: Instance, finding: Finding) -> None:
    directions = (plane.row_direction, image.row_direction), (plane.column_direction, image.column_direction)
    if any(wanted is None or not np.allclose(found, wanted, rtol=0, atol=DIRECTION) for found, wanted in directions):
        _differs(name, "orientation", finding.tag)
    spacing = image.pixel_spacing_mm
    if spacing is None or not np.allclose(plane.spacing_mm, spacing, rtol=DIRECTION, atol=0):
        _differs(name, "spacing", finding.tag)
    position = image.position_lps_mm
    if position is None or not np.allclose(plane.position_lps_mm, position, rtol=0, atol=POSITION_MM):
        _differs(name, "position", finding.tag)
    if plane.size != (image.pixels.rows, image.pixels.columns):
        _differs(name, "pixels", finding.tag)


def _expected_pixels(finding: Finding, series: Series) -> dict[str, Bool]:
    """The pixels of a mask on each image, by UID, worked out from the places of the images in mm."""
    if series.geometry is None:
        return {}
    tilted = "gantry-tilt" in series.verdict.codes
    grid = straightening(series.geometry).straight if tilted else series.geometry
    along = np.array(series.geometry.affine[:3, 2])
    start = np.array(series.geometry.affine[:3, 3])
    expected = {}
    for image in series.instances:
        position = np.array(image.position_lps_mm)
        k = math.floor(float((position - start) @ along) / float(along @ along) + 0.5)
        cut = finding.mask.plane(0, k)
        if cut is None or not cut[0].any():
            continue
        i, j, _k = np.floor(grid.ijk_from_lps(position) + 0.5 + PUSH).astype(int) if tilted else (0, 0, k)
        bits, (row, column) = cut
        rows, columns = np.nonzero(bits)
        rows, columns = rows + row - j, columns + column - i
        inside = (rows >= 0) & (rows < image.pixels.rows) & (columns >= 0) & (columns < image.pixels.columns)
        pixels = np.zeros((image.pixels.rows, image.pixels.columns), dtype=np.bool_)
        pixels[rows[inside], columns[inside]] = True
        if pixels.any():
            expected[image.sop_instance_uid] = pixels
    return expected


def verify_report(path: Path, name: str, expected: Sequence[Expected], document: Document) -> str:
    """Hold a report (or, by its title, an assessment) on disk against findings. Gives its SOP Instance UID.

    Raises NotWrittenError with a sentence that names the first difference.
    """
    try:
        dataset = pydicom.dcmread(path)
        _verify_document(name, dataset, document)
        groups = [item for item in _walk(dataset) if _concept(item) == ("125007", "DCM")]
        if len(groups) != len(expected):
            _differs(name, "groups")
        for group, one in zip(groups, expected, strict=True):
            _verify_group(name, group, one, assessed=document.title == "ASSESSMENT")
        return str(dataset.SOPInstanceUID)
    except (OSError, InvalidDicomError, AttributeError, KeyError, ValueError, TypeError, IndexError):
        _differs(name, "file")


def _verify_document(name: str, dataset: Dataset, document: Document) -> None:
    if (dataset.StudyInstanceUID, str(dataset.PatientID or "").strip()) != (document.study_uid, document.patient_id):
        _differs(name, "patient")
    status = dataset.VerificationFlag, dataset.PreliminaryFlag, dataset.CompletionFlag
    if status != ("UNVERIFIED", "PRELIMINARY", "COMPLETE" if document.complete else "PARTIAL"):
        _differs(name, "status")
    if dataset.ConceptNameCodeSequence[0].CodeValue != document.title:
        _differs(name, "status")
    children = list(dataset.ContentSequence)
    people = [str(item.PersonName) for item in children if _concept(item) == ("121008", "DCM")]
    kinds = [code_of(item.ConceptCodeSequence[0])[0] for item in children if _concept(item) == ("121005", "DCM")]
    if people != ([document.reader] if document.reader else []) or "121007" not in kinds:
        _differs(name, "observer")
    previous = tuple(
        str(item.ReferencedSOPInstanceUID)
        for study in dataset.get("PredecessorDocumentsSequence") or []
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    )
    if previous != document.previous:
        _differs(name, "previous")


def _verify_group(name: str, group: Dataset, expected: Expected, *, assessed: bool) -> None:
    finding = expected.finding
    texts, coded, numbers = _values(group)
    if texts.get(("112040", "DCM")) != [finding.uid]:
        _differs(name, "tracking", finding.tag)
    if not texts.get(("112039", "DCM"), [""])[0].endswith(f" {finding.tag}"):
        _differs(name, "label", finding.tag)
    by_model = finding.model if finding.origin is not Origin.PERSON else None
    algorithm = ([by_model.name], [by_model.version]) if by_model is not None else ([], [])
    if (texts.get(("111001", "DCM"), []), texts.get(("111003", "DCM"), [])) != algorithm:
        _differs(name, "algorithm", finding.tag)
    if coded != _expected_codes(finding, assessed=assessed):
        _differs(name, "code", finding.tag)
    wanted = {} if assessed else _expected_numbers(finding)
    if set(numbers) != set(wanted) or any(
        numbers[key][1] != wanted[key][1] or not math.isclose(numbers[key][0], wanted[key][0], rel_tol=RELATIVE)
        for key in wanted
    ):
        _differs(name, "value", finding.tag)
    if assessed:
        _verify_judgement(name, group, texts, finding)
    elif _segment_of(group) != (expected.segmentation_uid, expected.segment):
        _differs(name, "reference", finding.tag)
    judged = finding.judgement.note if finding.judgement is not None else ""
    note = (judged if assessed else finding.note).strip()
    if note and note not in texts.get(("121106", "DCM"), []):
        _differs(name, "note", finding.tag)


def _verify_judgement(name: str, group: Dataset, texts: dict[tuple[str, str], list[str]], finding: Finding) -> None:
    if finding.judgement is None:
        return
    at = [
        datetime.strptime(str(item.ObservationDateTime), "%Y%m%d%H%M%S%z")
        for item in _walk(group)
        if _concept(item)[0] == "DECISION"
    ]
    if at != [datetime.fromisoformat(finding.judgement.at).replace(microsecond=0)]:
        _differs(name, "judgement", finding.tag)
    if [_letters(text) for text in texts.get(("121008", "DCM"), [""])] != [_letters(finding.judgement.who)]:
        _differs(name, "judgement", finding.tag)


def _letters(name: str) -> str:
    """A name without the marks that DICOM gives a meaning of their own."""
    return "".join(letter for letter in name[:64] if letter.isalnum())


def _expected_codes(finding: Finding, *, assessed: bool) -> dict[tuple[str, str], tuple[str, str]]:
    own = "99OVERREAD"
    codes = {("DECISION", own): (DECISIONS[finding.state], own)}
    if assessed:
        if finding.judgement is not None and finding.judgement.reason:
            reason = reason_code(finding.judgement.reason)
            codes["REASON", own] = reason.value, reason.scheme
        return codes
    label = label_codes(finding.label)
    codes["276214006", "SCT"] = label.category.value, label.category.scheme
    codes["121071", "DCM"] = label.type.value, label.type.scheme
    if label.site is not None:
        codes["363698007", "SCT"] = label.site.value, label.site.scheme
    if finding.kind:
        kind = kind_code(finding.kind)
        codes["KIND", own] = kind.value, kind.scheme
    return codes


def _expected_numbers(finding: Finding) -> dict[tuple[str, str], tuple[float, str]]:
    measures = finding.measures
    values = {
        ("118565006", "SCT"): (measures.volume_mm3, "mm3"),
        ("81827009", "SCT"): (measures.equivalent_diameter_mm, "mm"),
    }
    if measures.long_mm is not None and measures.short_mm is not None:
        values["103339001", "SCT"] = measures.long_mm, "mm"
        values["103340004", "SCT"] = measures.short_mm, "mm"
    if measures.mean_value is not None and measures.unit == "HU":
        values["112181", "DCM"] = measures.mean_value, "[hnsf'U]"
    if finding.score is not None:
        values["SCORE", "99OVERREAD"] = finding.score, "1"
    return values


def _segment_of(group: Dataset) -> tuple[str, int]:
    for item in group.ContentSequence:
        if _concept(item) == ("121191", "DCM"):
            reference = item.ReferencedSOPSequence[0]
            return str(reference.ReferencedSOPInstanceUID), int(reference.ReferencedSegmentNumber)
    return "", 0


def _values(
    group: Dataset,
) -> tuple[
    dict[tuple[str, str], list[str]],
    dict[tuple[str, str], tuple[str, str]],
    dict[tuple[str, str], tuple[float, str]],
]:
    """Texts, codes and numbers (with their units) of the items right below a measurement group, by concept."""
    texts: dict[tuple[str, str], list[str]] = {}
    coded: dict[tuple[str, str], tuple[str, str]] = {}
    numbers: dict[tuple[str, str], tuple[float, str]] = {}
    for item in group.ContentSequence:
        concept = _concept(item)
        if item.ValueType in ("TEXT", "UIDREF", "PNAME"):
            text = item.get("TextValue") or item.get("UID") or item.get("PersonName")
            texts.setdefault(concept, []).append(str(text))
        elif item.ValueType == "CODE":
            coded[concept] = code_of(item.ConceptCodeSequence[0])
        elif item.ValueType == "NUM":
            value = item.MeasuredValueSequence[0]
            unit = code_of(value.MeasurementUnitsCodeSequence[0])[0]
            numbers[concept] = float(value.NumericValue), unit
    return texts, coded, numbers


def _walk(item: Dataset) -> list[Dataset]:
    below = list(item.get("ContentSequence") or [])
    return [*below, *(deeper for one in below for deeper in _walk(one))]


def _concept(item: Dataset) -> tuple[str, str]:
    names = item.get("ConceptNameCodeSequence")
    return code_of(names[0]) if names else ("", "")
