"""Scanning: what belongs together, what the geometry is, what is left out and why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from build_series import Stack
from overread.core.dicom.listing import listing
from overread.core.dicom.scan import scan
from overread.core.series import Patient, Permission, Series, VerdictKind
from overread.viewer.cli.main import main


def only(folder: Path) -> Series:
    result = scan((folder,))
    assert len(result.series) == 1, [series.key for series in result.series]
    return result.series[0]


def test_a_regular_series_is_a_quiet_volume(tmp_path: Path) -> None:
    series = only(Stack().write(tmp_path / "s"))
    assert series.verdict.kind is VerdictKind.VOLUME
    assert series.verdict.codes == ()
    assert series.verdict.may == frozenset(Permission)
    assert series.geometry is not None
    assert series.geometry.shape_kji == (6, 12, 16)
    expected = np.array([[0.75, 0, 0, -10], [0, 1.5, 0, -20], [0, 0, 2.5, -30], [0, 0, 0, 1]])
    assert np.allclose(series.geometry.affine, expected, atol=1e-9)
    assert [one.position_lps_mm[2] for one in series.instances if one.position_lps_mm] == [
        -30,
        -27.5,
        -25,
        -22.5,
        -20,
        -17.5,
    ]
    assert (series.patient.shown_name, series.patient.birth_date, series.study.date) == (
        "Doe, Jane",
        "1960-01-02",
        "2026-01-02",
    )
    assert [(w.centre, w.width) for w in series.windows] == [(-600, 1500), (40, 400)]


def test_missing_slices_are_named_with_their_place(tmp_path: Path) -> None:
    series = only(Stack(shape=(12, 8, 8), skip=(4,)).write(tmp_path / "s"))
    assert series.verdict.kind is VerdictKind.WARN
    assert series.verdict.codes == ("missing-slices",)
    assert series.missing_k == (4,)
    assert series.geometry is not None
    assert series.geometry.shape_kji[0] == 12
    assert "1 image is missing, at −20.0 mm" in series.verdict.reasons[0].sentence.say()
    assert Permission.MODELS not in series.verdict.may
    assert Permission.MEASURE_MM in series.verdict.may


def _moved(k: int, by: float) -> Stack:
    def change(made: Dataset, number: int) -> None:
        if number == k:
            made.ImagePositionPatient = [*made.ImagePositionPatient[:2], float(made.ImagePositionPatient[2]) + by]

    return Stack(shape=(10, 8, 8), change=change)


def test_jitter_within_rounding_is_quiet(tmp_path: Path) -> None:
    assert only(_moved(4, 0.008).write(tmp_path / "s")).verdict.codes == ()


def test_jitter_is_said(tmp_path: Path) -> None:
    series = only(_moved(4, 0.4).write(tmp_path / "s"))
    assert series.verdict.kind is VerdictKind.WARN
    assert series.verdict.codes == ("irregular-spacing",)
    assert dict(series.verdict.reasons[0].numbers)["largest_deviation_mm"] == pytest.approx(0.36, abs=0.05)


def test_two_spacings_make_no_volume(tmp_path: Path) -> None:
    def change(made: Dataset, k: int) -> None:
        made.ImagePositionPatient = [*made.ImagePositionPatient[:2], -30 + 2.5 * k + (1.3 * (k - 5) if k > 5 else 0)]

    series = only(Stack(shape=(10, 8, 8), change=change).write(tmp_path / "s"))
    assert series.verdict.kind is VerdictKind.NONUNIFORM
    assert series.geometry is None
    assert Permission.PLANES not in series.verdict.may
    assert "2.5 to 3.8 mm apart" in series.verdict.reasons[0].sentence.say()


def test_identical_doubles_are_dropped_and_counted(tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")
    Stack(shape=(3, 12, 16)).write(tmp_path / "s", prefix="again-")
    series = only(tmp_path / "s")
    assert series.verdict.codes == ("duplicate-identical",)
    assert len(series.instances) == 6
    assert "3 images were there twice" in series.verdict.reasons[0].sentence.say()


def test_different_doubles_are_left_to_the_reader(tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")

    def brighter(made: Dataset, _k: int) -> None:
        made.PixelData = (np.frombuffer(made.PixelData, "<u2") + 7).astype("<u2").tobytes()

    Stack(shape=(2, 12, 16), change=brighter).write(tmp_path / "s", prefix="other-")
    series = only(tmp_path / "s")
    assert series.verdict.kind is VerdictKind.ASK
    assert series.verdict.may == {Permission.MEASURE_MM}


def test_phases_are_parted(tmp_path: Path) -> None:
    for phase in (1, 2):

        def change(made: Dataset, _k: int, phase: int = phase) -> None:
            made.TemporalPositionIdentifier = phase

        Stack(change=change).write(tmp_path / "s", prefix=f"p{phase}-")
    result = scan((tmp_path,))
    assert [series.verdict.codes for series in result.series] == [("phase-split",), ("phase-split",)]
    assert [series.split for series in result.series] == ["1", "2"]
    assert all(len(series.instances) == 6 for series in result.series)


def test_two_patients_are_never_mixed(tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")
    Stack(patient_id="P2", patient_name="Roe^John", origin=(-10, -20, -28.75)).write(tmp_path / "s", prefix="b")
    result = scan((tmp_path,))
    assert sorted(series.patient.id for series in result.series) == ["P1", "P2"]
    assert all(series.verdict.codes == ("patient-split",) for series in result.series)
    assert all(len(series.instances) == 6 for series in result.series)


def test_a_localizer_is_put_apart(tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")

    def scout(made: Dataset, _k: int) -> None:
        made.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        made.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]

    Stack(shape=(1, 20, 16), change=scout).write(tmp_path / "s", prefix="scout")
    result = scan((tmp_path,))
    kinds = sorted((str(series.verdict.kind), len(series.instances)) for series in result.series)
    assert kinds == [("image", 1), ("warn", 6)]
    assert all("localizer-split" in series.verdict.codes for series in result.series)


def test_tilt_is_measured_from_positions(tmp_path: Path) -> None:
    series = only(Stack(step=(0.0, 0.8, 2.4)).write(tmp_path / "s"))
    assert series.verdict.codes == ("gantry-tilt",)
    assert dict(series.verdict.reasons[0].numbers)["degrees"] == pytest.approx(18.435, abs=1e-3)
    assert series.geometry is not None
    assert series.geometry.is_sheared


def test_images_without_a_position_make_no_volume(tmp_path: Path) -> None:
    def change(made: Dataset, _k: int) -> None:
        del made.ImagePositionPatient

    series = only(Stack(change=change).write(tmp_path / "s"))
    assert series.verdict.kind is VerdictKind.IMAGES
    assert series.verdict.codes == ("no-position",)
    assert series.verdict.may == frozenset()
    assert [one.instance_number for one in series.instances] == [1, 2, 3, 4, 5, 6]


def test_one_image_has_no_third_axis(tmp_path: Path) -> None:
    series = only(Stack(shape=(1, 12, 16)).write(tmp_path / "s"))
    assert series.verdict.kind is VerdictKind.IMAGE
    assert series.verdict.codes == ("single-image",)
    assert series.verdict.may == {Permission.MEASURE_MM}


def test_bad_files_are_named_and_the_good_ones_stay(tmp_path: Path) -> None:
    folder = Stack().write(tmp_path / "s")
    (folder / "notes.txt").write_text("no image")
    whole = Stack(series_uid="1.2.3.5").dataset(0)
    whole.save_as(folder / "cut", enforce_file_format=True)
    data = (folder / "cut").read_bytes()
    (folder / "cut").write_bytes(data[:-100])
    whole.PixelSpacing = [0, 0]
    whole.save_as(folder / "zero", enforce_file_format=True)
    (folder / "empty").write_bytes(b"")
    result = scan((folder,))
    assert {file.path.name: file.codes for file in result.rejected} == {
        "notes.txt": ("not-dicom",), "cut": ("truncated",), "zero": ("bad-number",), "empty": ("not-dicom",),
    }  # fmt: skip
    assert "cut ends early" in next(f for f in result.rejected if f.path.name == "cut").reason.say()
    assert [len(series.instances) for series in result.series] == [6]


def test_an_empty_folder_and_a_missing_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert scan((tmp_path / "empty",)).series == ()
    assert main(["scan", str(tmp_path / "empty")]) == 3
    assert "No image was found" in capsys.readouterr().err
    assert scan((tmp_path / "gone",)).rejected[0].codes == ("unreadable",)


def test_a_scan_can_be_cancelled_and_tells_its_progress(tmp_path: Path) -> None:
    folder = Stack().write(tmp_path / "s")
    seen: list[tuple[int, int]] = []
    result = scan(
        (folder,), progress=lambda done, total: seen.append((done, total)), cancelled=lambda: len(seen) >= 2
    )
    assert seen == [(1, 6), (2, 6)]
    assert len(result.series[0].instances) == 2


def test_the_command_prints_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Stack().write(tmp_path / "s")
    (folder / "notes.txt").write_text("no image")
    assert main(["scan", str(folder), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(listing(scan((folder,)))))
    first = found["series"][0]
    assert (first["verdict"], first["shape"], first["spacing_mm"]) == ("volume", [6, 12, 16], [1.5, 0.75])
    assert first["may"] == ["measure_mm", "models", "planes", "write_back"]
    assert found["rejected"][0]["codes"] == ["not-dicom"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Wang^XiaoDong=王^小东", "王, 小东 Wang, XiaoDong"),
        ("Single", "Single"),
        ("", ""),
        ("^^", ""),
    ],
)
def test_names_as_they_are_shown(raw: str, shown: str) -> None:
    assert Patient(name=raw).shown_name == shown
