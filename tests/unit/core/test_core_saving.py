"""Saving: values in mm and bits on asymmetric series, faults injected alone, disks that refuse."""

from __future__ import annotations

import errno
import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from build_series import Stack
from finding_kit import result
from overread.core import saving
from overread.core.dicom import seg, sr
from overread.core.dicom.scan import scan
from overread.core.dicom.seg_read import read_segments
from overread.core.edits import Judge, Propose, Save
from overread.core.errors import NotReadableError, NotWrittenError
from overread.core.finding import State
from overread.core.journal import Journal
from overread.core.mask import Mask
from overread.core.paths import default_paths
from overread.core.reading import Reading
from overread.core.saving import result_folder, save_proposals, save_reading
from overread.core.store import ReadingStore
from saving_kit import MODEL, Case, accepted, case, stack, stepped

OBLIQUE: dict[str, object] = {
    "row": (0.8, 0.6, 0.0),
    "column": (-0.36, 0.48, 0.8),
    "step": (0.48 * 2.5, -0.64 * 2.5, 0.6 * 2.5),
}
SHAPES: dict[str, dict[str, object]] = {
    "plain": {},
    "flipped rows and columns": {"row": (-1.0, 0.0, 0.0), "column": (0.0, -1.0, 0.0), "step": (0.0, 0.0, 2.5)},
    "feet first": {"step": (0.0, 0.0, -2.5)},
    "coronal": {"row": (1.0, 0.0, 0.0), "column": (0.0, 0.0, -1.0), "step": (0.0, 2.5, 0.0)},
    "oblique": OBLIQUE,
}


def judged(made: Case, *uids: str) -> Reading:
    """A reading with some of the findings."""
    return Reading(made.series.study.uid, findings=tuple(one for one in made.findings if one.uid in uids))


def points_of(mask: Mask, made: Case) -> set[tuple[float, ...]]:
    """Centres of a mask's voxels in the volume, in patient mm to a hundredth."""
    k, j, i = np.nonzero(mask.to_volume(made.grid.shape_kji))
    return rounded(made.grid.lps_from_ijk(np.stack([i, j, k], axis=1)))


def rounded(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> set[tuple[float, ...]]:
    return {tuple(float(value) for value in np.round(point, 2) + 0.0) for point in points}


@pytest.mark.parametrize("name", SHAPES)
def test_segments_lie_at_the_same_mm_as_the_masks(tmp_path: Path, name: str) -> None:
    made = case(tmp_path / "in", stack(**SHAPES[name]))
    report = save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")
    read = read_segments(report.folder / "seg-1.dcm")
    assert [(one.number, one.tracking_uid, one.label, one.algorithm_type) for one in read.segments] == [
        (1, "2.25.11", "nodule 1", "AUTOMATIC"),
        (2, "2.25.12", "nodule 2", "SEMIAUTOMATIC"),
        (3, "2.25.21", "nodule A", "MANUAL"),
    ]
    for segment, finding in zip(read.segments, (made.findings[0], made.findings[1], made.findings[4]), strict=True):
        found = rounded(np.concatenate([plane.points_lps_mm() for plane in segment.planes]))
        assert found == points_of(finding.mask, made)
        assert segment.mask(made.grid) == finding.mask


def test_a_known_voxel_is_a_known_bit(tmp_path: Path) -> None:
    """Voxel (k 2, j 2, i 11) of the stack lies at -10 + 11 x 0.75, -20 + 2 x 1.5, -30 + 2 x 2.5 mm."""
    made = case(tmp_path / "in", stack())
    report = save_reading(judged(made, "2.25.11"), [made.series], tmp_path / "out", "Reader 1")
    dataset = pydicom.dcmread(report.folder / "seg-1.dcm")
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, dtype=np.uint8), bitorder="little")
    frames = bits[: 3 * 13 * 17].reshape(3, 13, 17).astype(bool)
    places = [
        [float(value) for value in frame.PlanePositionSequence[0].ImagePositionPatient]
        for frame in dataset.PerFrameFunctionalGroupsSequence
    ]
    at = places.index([-10.0, -20.0, -25.0])
    assert np.array_equal(frames[at], stepped()[2])
    assert [frames[at, 2, 10], frames[at, 2, 11], frames[at, 2, 12]] == [False, True, False]
    points = np.concatenate(
        [plane.points_lps_mm() for plane in read_segments(report.folder / "seg-1.dcm").segments[0].planes]
    )
    assert (-1.75, -17.0, -25.0) in rounded(points)
    assert len(points) == int(stepped().sum())


def test_a_tilted_series_is_written_on_its_acquired_images(tmp_path: Path) -> None:
    """Each slice lies 0.9 mm lower than the one before: 0.6 rows of 1.5 mm, so the nearest row is meant."""
    made = case(tmp_path / "in", stack(step=(0.0, 0.9, 2.5)))
    assert "gantry-tilt" in made.series.verdict.codes
    report = save_reading(judged(made, "2.25.11"), [made.series], tmp_path / "out", "Reader 1")
    (segment,) = read_segments(report.folder / "seg-1.dcm").segments
    by_uid = {one.sop_instance_uid: one for one in made.series.instances}
    for plane in segment.planes:
        assert plane.position_lps_mm == pytest.approx(by_uid[plane.source_uid].position_lps_mm)
    points = np.concatenate([plane.points_lps_mm() for plane in segment.planes])
    upright = np.array(sorted(points_of(made.findings[0].mask, made)))
    assert len(points) == len(upright)
    for point in points:
        assert (np.abs(upright - point) <= [0.01, 0.76, 0.01]).all(axis=1).any()
    assert segment.mask(made.grid) == made.findings[0].mask


def test_masks_where_no_image_is_are_left_out_and_said(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack(skip=(3,)))
    report = save_reading(judged(made, "2.25.11"), [made.series], tmp_path / "out", "Reader 1")
    assert [one.say() for one in report.notes] == [
        "24 voxels of 1 lie where there is no image; the segment leaves them out."
    ]
    (segment,) = read_segments(report.folder / "seg-1.dcm").segments
    assert sum(int(plane.bits.sum()) for plane in segment.planes) == int(stepped().sum()) - 24


def test_a_report_says_what_was_measured_and_decided(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    report = save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")
    assert report.files == ("seg-1.dcm", "assessment-1.dcm", "sr-1.dcm")
    assert report.written == ("2.25.11", "2.25.12", "2.25.21")
    assert report.rejected == ("2.25.13",)
    assert [(one.tag, one.state) for one in report.left_out] == [("4", State.PROPOSED)]
    assert [one.say() for one in report.told] == [
        f"3 findings saved and verified: read back from disk and the same. They lie in {report.folder}.",
        "1 mark is not judged and was not written.",
    ]
    dataset = pydicom.dcmread(report.folder / "sr-1.dcm")
    assert (dataset.VerificationFlag, dataset.PreliminaryFlag, dataset.CompletionFlag) == (
        "UNVERIFIED", "PRELIMINARY", "PARTIAL",
    )  # fmt: skip
    groups = dataset.ContentSequence[-1].ContentSequence
    numbers = {
        item.ConceptNameCodeSequence[0].CodeMeaning: item.MeasuredValueSequence[0]
        for item in groups[0].ContentSequence
        if item.ValueType == "NUM"
    }
    # 3 x 5 + 4 x 6 + 3 + 1 voxels of 0.75 x 1.5 x 2.5 mm.
    volume = float(numbers["Volume"].NumericValue)
    assert volume == pytest.approx(43 * 0.75 * 1.5 * 2.5)
    diameter = float(numbers["Diameter"].NumericValue)
    assert diameter == pytest.approx((6 * volume / math.pi) ** (1 / 3))
    assert {name: item.MeasurementUnitsCodeSequence[0].CodeValue for name, item in numbers.items()} == {
        "Volume": "mm3", "Diameter": "mm", "Long axis": "mm", "Short axis": "mm",
        "Mean Attenuation Coefficient": "[hnsf'U]", "Detection score": "1",
    }  # fmt: skip
    decisions = [
        item.ConceptCodeSequence[0].CodeValue
        for group in groups
        for item in group.ContentSequence
        if item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeValue == "DECISION"
    ]
    assert decisions == ["ACCEPTED", "MODIFIED", "ADDED"]
    texts = [item.TextValue for item in groups[0].ContentSequence if item.ValueType == "TEXT"]
    assert texts == ["nodule 1", MODEL.name, MODEL.version, f"digest={MODEL.digest}"]
    assert "at the fissure" in [item.TextValue for item in groups[2].ContentSequence if item.ValueType == "TEXT"]


def test_rejected_marks_stand_in_the_assessment_and_nowhere_else(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    report = save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")
    said = {name: (report.folder / name).read_bytes() for name in report.files}
    assert b"2.25.13" in said["assessment-1.dcm"]
    assert b"2.25.13" not in said["sr-1.dcm"]
    assert b"2.25.13" not in said["seg-1.dcm"]
    dataset = pydicom.dcmread(report.folder / "assessment-1.dcm")
    rows = []
    for group in dataset.ContentSequence[-1].ContentSequence:
        coded = {
            item.ConceptNameCodeSequence[0].CodeValue: item.ConceptCodeSequence[0].CodeValue
            for item in group.ContentSequence
            if item.ValueType == "CODE"
        }
        uid = next(item.UID for item in group.ContentSequence if item.ValueType == "UIDREF")
        rows.append((uid, coded["DECISION"], coded.get("REASON")))
    assert rows == [
        ("2.25.11", "ACCEPTED", None), ("2.25.12", "MODIFIED", None), ("2.25.13", "REJECTED", "VESSEL"),
    ]  # fmt: skip


def test_when_all_is_rejected_the_report_says_none(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    first = save_reading(judged(made, "2.25.11"), [made.series], tmp_path / "out", "Reader 1")
    gone = msgspec.structs.replace(made.findings[0], judgement=accepted("artefact", "rejected"))
    report = save_reading(
        Reading(made.series.study.uid, findings=(gone,)), [made.series], tmp_path / "out", "Reader 1"
    )
    assert report.files == ("assessment-2.dcm", "sr-2.dcm")
    dataset = pydicom.dcmread(report.folder / "sr-2.dcm")
    (statement,) = dataset.ContentSequence[-1].ContentSequence
    assert statement.ConceptCodeSequence[0].CodeMeaning == "None"
    before = dataset.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert before.ReferencedSOPInstanceUID == pydicom.dcmread(first.folder / "sr-1.dcm").SOPInstanceUID


def test_tracking_uids_survive_closing_opening_and_a_second_save(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    study = made.series.study.uid
    mark = msgspec.structs.replace(made.findings[0], judgement=None)
    path = tmp_path / "journal.sqlite"
    for turn in (1, 2):
        journal = Journal(path)
        store = ReadingStore(journal, lambda call: call(), lambda call: call(), lambda said: pytest.fail(said.say()))
        store.reader = "Reader 1"
        store.open_study(study, lambda: None)
        if turn == 1:
            store.apply(Propose(result(), (mark,)))
            store.apply(Judge(mark.uid, accepted()))
        assert store.reading is not None
        report = save_reading(store.reading, [made.series], tmp_path / "out", "Reader 1")
        store.apply(Save(report.saved))
        assert store.reading.saved is not None
        assert store.reading.saved.files == (f"seg-{turn}.dcm", f"assessment-{turn}.dcm", f"sr-{turn}.dcm")
        journal.close()
    folder = result_folder(tmp_path / "out", study)
    uids = [read_segments(folder / f"seg-{turn}.dcm").segments[0].tracking_uid for turn in (1, 2)]
    assert uids == ["2.25.11", "2.25.11"]
    assert folder.name == hashlib.sha256(study.encode()).hexdigest()[:8]


def test_findings_in_two_series_make_one_report_and_two_segmentations(tmp_path: Path) -> None:
    one = case(tmp_path / "one", stack())
    two = case(tmp_path / "two", stack(series_uid="1.2.3.5", step=(0.0, 0.0, -2.5)))
    other = msgspec.structs.replace(two.findings[4], uid="2.25.22", number=2)
    reading = Reading(one.series.study.uid, findings=(one.findings[0], other))
    report = save_reading(reading, [one.series, two.series], tmp_path / "out", "Reader 1")
    assert report.files == ("seg-1-1.dcm", "seg-1-2.dcm", "assessment-1.dcm", "sr-1.dcm")
    segments = [read_segments(report.folder / name).segments for name in report.files[:2]]
    assert [[one.tracking_uid for one in found] for found in segments] == [["2.25.11"], ["2.25.22"]]
    assert segments[1][0].mask(two.grid) == other.mask
    groups = pydicom.dcmread(report.folder / "sr-1.dcm").ContentSequence[-1].ContentSequence
    series = [item.UID for group in groups for item in group.ContentSequence if item.ValueType == "UIDREF"]
    assert series == ["2.25.11", "1.2.3.4", "2.25.22", "1.2.3.5"]


def test_an_accepted_mark_of_a_series_that_is_not_there_is_said(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    lost = msgspec.structs.replace(made.findings[1], series_uid="9.9")
    reading = Reading(made.series.study.uid, findings=(made.findings[0], lost))
    report = save_reading(reading, [made.series], tmp_path / "out", "Reader 1")
    assert report.written == ("2.25.11",)
    assert [one.why.say() for one in report.left_out] == [
        "2 was not written: its series is not among the images that are open."
    ]
    assert pydicom.dcmread(report.folder / "sr-1.dcm").CompletionFlag == "PARTIAL"


def test_the_images_are_not_touched(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    before = {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    save_reading(made.reading(), [made.series], default_paths().results, "Reader 1")
    assert {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


# --- faults of the writer, each alone ---


def _pixels(made: Dataset) -> None:
    made.PixelData = bytes([made.PixelData[0] ^ 0x10]) + made.PixelData[1:]


def _orientation(made: Dataset) -> None:
    shared = made.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]


def _spacing(made: Dataset) -> None:
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.75, 1.5]


def _segment_number(made: Dataset) -> None:
    frame = made.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0]
    frame.ReferencedSegmentNumber = 3 - frame.ReferencedSegmentNumber


def _position(made: Dataset) -> None:
    made.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [-10, -20, -27.5]


def _tracking(made: Dataset) -> None:
    made.SegmentSequence[0].TrackingUID = "2.25.99"


def _label(made: Dataset) -> None:
    made.SegmentSequence[0].SegmentLabel = "nodule 7"


def _segment_swap(made: Dataset) -> None:
    made.SegmentSequence[0].SegmentNumber, made.SegmentSequence[1].SegmentNumber = 2, 1


def _patient(made: Dataset) -> None:
    made.PatientID = "P2"


SEG_FAULTS: dict[str, tuple[Callable[[Dataset], None], str]] = {
    "pixels": (_pixels, "the pixels of 1 differ"),
    "orientation": (_orientation, "the orientation of 1 differs"),
    "spacing": (_spacing, "the spacing of 1 differs"),
    "segment number": (_segment_number, "differ"),
    "position": (_position, "the position of 1 differs"),
    "tracking": (_tracking, "the tracking UID of 1 differs"),
    "label": (_label, "the name of 1 differs"),
    "segments": (_segment_swap, "its segments are not numbered as the findings are"),
    "patient": (_patient, "it names another patient or study"),
}


@pytest.mark.parametrize("name", SEG_FAULTS)
def test_a_fault_in_the_segmentation_makes_the_save_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fault, words = SEG_FAULTS[name]
    made = case(tmp_path / "in", stack())
    honest = seg.segmentation

    def faulty(*arguments: object) -> Dataset:
        dataset: Dataset = honest(*arguments)  # type: ignore[arg-type]  # passed on as they came
        fault(dataset)
        return dataset

    monkeypatch.setattr(saving, "segmentation", faulty)
    with pytest.raises(NotWrittenError, match=r"seg-1.dcm was read back from disk, and") as caught:
        save_reading(judged(made, "2.25.11", "2.25.12"), [made.series], tmp_path / "out", "Reader 1")
    assert words in str(caught.value)
    assert not list((tmp_path / "out").rglob("*.dcm"))
    assert not list((tmp_path / "out").rglob(".part*"))


def _item(made: Dataset, concept: str) -> Dataset:
    """The first item of a concept in the first group."""
    for item in made.ContentSequence[-1].ContentSequence[0].ContentSequence:
        if item.ConceptNameCodeSequence[0].CodeValue == concept:
            found: Dataset = item
            return found
    raise LookupError(concept)


def _value(made: Dataset) -> None:
    _item(made, "118565006").MeasuredValueSequence[0].NumericValue = "1"


def _unit(made: Dataset) -> None:
    _item(made, "103339001").MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "cm"


def _code(made: Dataset) -> None:
    _item(made, "121071").ConceptCodeSequence[0].CodeValue = "1"


def _reference(made: Dataset) -> None:
    _item(made, "121191").ReferencedSOPSequence[0].ReferencedSegmentNumber = 2


def _report_tracking(made: Dataset) -> None:
    _item(made, "112040").UID = "2.25.99"


def _signed(made: Dataset) -> None:
    made.VerificationFlag = "VERIFIED"


def _observer(made: Dataset) -> None:
    for item in made.ContentSequence:
        if item.ValueType == "PNAME":
            item.PersonName = "Somebody^Else"


def _group(made: Dataset) -> None:
    del made.ContentSequence[-1].ContentSequence[1]


SR_FAULTS: dict[str, tuple[Callable[[Dataset], None], str]] = {
    "value": (_value, "a measured value of 1 differs"),
    "unit": (_unit, "a measured value of 1 differs"),
    "code": (_code, "a code of 1 differs"),
    "reference": (_reference, "1 points at another segment"),
    "tracking": (_report_tracking, "the tracking UID of 1 differs"),
    "signed": (_signed, "nobody has signed it"),
    "observer": (_observer, "it names another observer"),
    "group": (_group, "it does not hold each finding once"),
}


@pytest.mark.parametrize("name", SR_FAULTS)
def test_a_fault_in_the_report_makes_the_save_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fault, words = SR_FAULTS[name]
    made = case(tmp_path / "in", stack())
    honest = sr.report

    def faulty(*arguments: object) -> Dataset:
        dataset = honest(*arguments)  # type: ignore[arg-type]  # passed on as they came
        fault(dataset)
        return dataset

    monkeypatch.setattr(saving, "report", faulty)
    with pytest.raises(NotWrittenError) as caught:
        save_reading(judged(made, "2.25.11", "2.25.12"), [made.series], tmp_path / "out", "Reader 1")
    assert "sr-1.dcm was read back from disk" in str(caught.value)
    assert words in str(caught.value)
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_a_fault_in_the_assessment_makes_the_save_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(tmp_path / "in", stack())
    honest = sr.assessment

    def faulty(*arguments: object) -> Dataset:
        dataset = honest(*arguments)  # type: ignore[arg-type]  # passed on as they came
        _item(dataset, "DECISION").ConceptCodeSequence[0].CodeValue = "REJECTED"
        return dataset

    monkeypatch.setattr(saving, "assessment", faulty)
    with pytest.raises(NotWrittenError, match=r"assessment-1.dcm was read back from disk, and a code of 1 differs"):
        save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")


# --- disks, and what cannot be saved ---


def test_a_full_disk_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(tmp_path / "in", stack())
    first = save_reading(judged(made, "2.25.11"), [made.series], tmp_path / "out", "Reader 1")
    there = sorted(path.name for path in first.folder.iterdir())

    def full(path: Path) -> None:
        if "sr-2" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(saving, "_flush", full)
    with pytest.raises(NotWrittenError, match=r"cannot be written .No space left on device."):
        save_reading(judged(made, "2.25.11"), [made.series], tmp_path / "out", "Reader 1")
    assert sorted(path.name for path in first.folder.iterdir()) == there


def test_a_place_that_is_no_folder_says_so(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(NotWrittenError, match="Choose another folder in the settings or make room"):
        save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")


def test_a_rename_that_fails_takes_back_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(tmp_path / "in", stack())
    honest = os.replace

    def broken(source: Path, target: Path) -> None:
        if target.name.startswith("sr-"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        honest(source, target)

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(NotWrittenError, match="Input/output error"):
        save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_nothing_judged_is_nothing_to_save(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    with pytest.raises(NotWrittenError, match="There is nothing to save"):
        save_reading(judged(made, "2.25.14"), [made.series], tmp_path / "out", "Reader 1")
    with pytest.raises(NotWrittenError, match="A report names its reader"):
        save_reading(made.reading(), [made.series], tmp_path / "out", " ")
    assert not (tmp_path / "out").exists()


def test_hidden_marks_are_not_counted(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    report = save_reading(
        judged(made, "2.25.14", "2.25.21"), [made.series], tmp_path / "out", "Reader 1", second_reader=True
    )
    assert (report.written, report.left_out) == (("2.25.21",), ())


def test_a_series_without_a_grid_is_refused_with_its_reason(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    (series,) = scan([Stack(shape=(1, 13, 17), change=None).write(tmp_path / "one")]).series
    reading = judged(made, "2.25.11")
    with pytest.raises(NotWrittenError, match="cannot be written on its images: This is a single image"):
        save_reading(reading, [series], tmp_path / "out", "Reader 1")
    with pytest.raises(NotWrittenError, match="1 was not written: its series is not among the images"):
        save_reading(reading, [], tmp_path / "out", "Reader 1")
    with pytest.raises(NotWrittenError, match="cannot be written on its images"):
        save_proposals(reading.findings, series, tmp_path / "out")


def test_images_that_are_gone_or_changed_are_said(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    used = made.series.instances[3].path
    used.write_bytes(made.series.instances[0].path.read_bytes())
    with pytest.raises(NotWrittenError, match="is no longer the image that was opened"):
        save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")
    used.unlink()
    with pytest.raises(NotWrittenError, match="can no longer be read"):
        save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1")


def test_further_files_are_numbered_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(tmp_path / "in", stack())
    words = {"findings.json": b"{}"}
    report = save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1", extra=words)
    assert (report.folder / "findings-1.json").read_bytes() == b"{}"
    assert report.files[0] == "findings-1.json"
    monkeypatch.setattr(saving, "_write_bytes", lambda path, data: path.write_bytes(data[:-1]))
    with pytest.raises(NotWrittenError, match=r"findings-2.json was read back from disk, and it is not the same"):
        save_reading(made.reading(), [made.series], tmp_path / "out", "Reader 1", extra=words)


def test_names_in_any_script_are_kept(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack(patient_name="Zhang^San=张^三"))
    report = save_reading(made.reading(), [made.series], tmp_path / "out", "李 医生")
    dataset = pydicom.dcmread(report.folder / "sr-1.dcm")
    assert str(dataset.PatientName) == "Zhang^San=张^三"
    assert [str(item.PersonName) for item in dataset.ContentSequence if item.ValueType == "PNAME"] == ["李 医生^"]


def test_names_and_notes_that_dicom_has_marks_for_are_written_and_verified(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    judgement = msgspec.structs.replace(accepted("other", "rejected"), who="WARD\\reader=1", note=" two\nlines \n")
    mark = msgspec.structs.replace(made.findings[2], judgement=judgement, note="  ")
    own = msgspec.structs.replace(made.findings[4], note="\tat the fissure\n")
    reading = Reading(made.series.study.uid, findings=(mark, own))
    report = save_reading(reading, [made.series], tmp_path / "out", "WARD\\reader=1")
    dataset = pydicom.dcmread(report.folder / "assessment-1.dcm")
    (group,) = dataset.ContentSequence[-1].ContentSequence
    assert [str(item.PersonName) for item in group.ContentSequence if item.ValueType == "PNAME"] == ["WARD reader 1^"]
    assert "two\nlines" in [item.TextValue for item in group.ContentSequence if item.ValueType == "TEXT"]


def test_a_file_that_is_no_segmentation_is_said(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    with pytest.raises(NotReadableError, match="is no binary DICOM segmentation"):
        read_segments(made.series.instances[0].path)


def test_proposals_of_nothing_are_a_report_of_nothing(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    save_proposals((made.findings[3],), made.series, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["seg.dcm", "sr.dcm"]
    save_proposals((), made.series, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["sr.dcm"]
