"""``overread analyze`` and ``overread models`` on a small series, with the tests' own model."""

from __future__ import annotations

import functools
import json
import shutil
from functools import partial
from importlib import resources
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

import engine_readers
from overread.core.dicom.seg_read import read_segments
from overread.core.errors import Exit
from overread.inference import cards
from overread.inference.cards import Installed
from overread.inference.client import EngineClient
from overread.viewer.cli import analyze, models
from overread.viewer.cli.main import main

SLICES, SIDE = 16, 64
SERIES_UID = "1.2.826.0.1.3680043.10.1.7"


def write_series(folder: Path, *, modality: str = "CT", series_uid: str = SERIES_UID) -> None:
    """Air with a box of 1000 HU: k 4-6, j 10-13, i 20-25; 1 x 1 x 3 mm, first voxel at (-30, -40, 50)."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(SLICES):
        stored = np.zeros((SIDE, SIDE), dtype=np.uint16)
        if 4 <= k < 7:
            stored[10:14, 20:26] = 2024
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = UID(f"{series_uid}.{k + 1}")
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{series_uid[-1]}-{k:02}.dcm"
        one = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        one.SOPClassUID = CTImageStorage
        one.SOPInstanceUID = f"{series_uid}.{k + 1}"
        one.StudyInstanceUID = "1.2.826.0.1.3680043.10.1"
        one.SeriesInstanceUID = series_uid
        one.FrameOfReferenceUID = "1.2.826.0.1.3680043.10.1.99"
        one.Modality = modality
        one.BodyPartExamined = "CHEST"
        one.PatientID = "P1"
        one.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        one.InstanceNumber = k + 1
        one.ImagePositionPatient = [-30.0, -40.0, 50.0 + 3 * k]
        one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        one.PixelSpacing = [1.0, 1.0]
        one.Rows = one.Columns = SIDE
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 12, 11, 0
        one.RescaleSlope, one.RescaleIntercept = 1, -1024
        one.PixelData = stored.tobytes()
        pydicom.dcmwrite(path, one, enforce_file_format=True)


@pytest.fixture(scope="module", autouse=True)
def resource_tracker() -> None:
    """The helper process of multiprocessing stays until this process ends: it is no leftover of a test."""
    ensure_running()


@pytest.fixture(autouse=True)
def own_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sees the tests' card, and an engine with the tests' readers."""
    own = Installed(MappingProxyType({"ball": engine_readers.CARD}), MappingProxyType({}))
    monkeypatch.setattr(cards, "installed", lambda: own)
    monkeypatch.setattr(models, "installed", lambda: own)
    monkeypatch.setattr(analyze, "EngineClient", functools.partial(EngineClient, serve=engine_readers.serve))


def test_analyze_prints_and_writes_the_box_in_patient_mm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "in")
    out = tmp_path / "out"
    code = main(["analyze", str(tmp_path / "in"), "--model", "ball", "--device", "cpu", "--out", str(out), "--json"])
    printed = capsys.readouterr()
    assert code == Exit.DONE
    assert printed.err == ""
    found = json.loads(printed.out)
    assert found == json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert (found["series_uid"], found["split"], found["suits"]) == (SERIES_UID, "", "fits")
    assert found["model"] == {"name": "ball", "version": "1", "digest": "0" * 64}
    (one,) = found["findings"]
    assert (one["number"], one["origin"], one["state"], one["label"], one["kind"]) == (
        1, "model", "proposed", "nodule", "solid",
    )  # fmt: skip
    # Mean index (i, j, k) = (22.5, 11.5, 5) at 1, 1, 3 mm from (-30, -40, 50).
    assert one["centre_lps_mm"] == pytest.approx([-7.5, -28.5, 65.0])
    assert one["place"] == "R 7.5, A 28.5, S 65.0 mm"
    # Six columns by four rows of 1 mm: from edge to edge of the hull of the points between inner and outer pixels.
    assert one["long_mm"] == pytest.approx(np.hypot(6, 3))
    assert one["judged"] is None
    assert one["box_lps_mm"] == [[-10.5, -30.5, 60.5], [-4.5, -26.5, 69.5]]
    assert one["volume_mm3"] == pytest.approx(3 * 4 * 6 * 3.0)
    assert one["equivalent_diameter_mm"] == pytest.approx((6 * 216 / np.pi) ** (1 / 3))
    assert one["mean_hu"] == pytest.approx(1000.0)
    assert one["uid"].startswith("2.25.")
    assert found["record"]["device"] == "cpu"
    assert found["record"]["verified_by_a_person"] is False
    heatmap = sitk.ReadImage(str(out / found["record"]["heatmap"]))
    assert heatmap.GetPixel(20, 10, 4) == 255
    assert heatmap.GetPixel(19, 10, 4) == 0
    assert heatmap.TransformIndexToPhysicalPoint((20, 10, 4)) == pytest.approx((-10.0, -30.0, 62.0))
    assert sorted(path.name for path in out.iterdir()) == ["findings.json", "heatmap.nii.gz", "seg.dcm", "sr.dcm"]
    assert found["record"]["dicom"] == ["seg.dcm", "sr.dcm"]


def test_analyze_writes_seg_and_sr_marked_as_proposals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "in")
    out = tmp_path / "out"
    assert (
        main(["analyze", str(tmp_path / "in"), "--model", "ball", "--device", "cpu", "--out", str(out)]) == Exit.DONE
    )
    capsys.readouterr()
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    (segment,) = read_segments(out / "seg.dcm").segments
    assert segment.tracking_uid == found["findings"][0]["uid"]
    assert (segment.label, segment.algorithm_type, segment.algorithm) == ("nodule 1", "AUTOMATIC", ("ball", "1"))
    points = np.concatenate([plane.points_lps_mm() for plane in segment.planes])
    assert len(points) == 3 * 4 * 6
    assert points.min(axis=0) == pytest.approx([-10.0, -30.0, 62.0])
    assert points.max(axis=0) == pytest.approx([-5.0, -27.0, 68.0])
    report = pydicom.dcmread(out / "sr.dcm")
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert report.SeriesDescription == "Overread proposals, not verified by a person, research only"
    observers = [item for item in report.ContentSequence if item.ValueType == "PNAME"]
    assert observers == []


def test_analyze_without_out_writes_nothing_and_tells_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path / "in")
    assert main(["analyze", str(tmp_path / "in"), "--model", "ball", "--device", "cpu"]) == Exit.DONE
    printed = capsys.readouterr()
    assert printed.out == (
        "1 proposal, not verified by a person.\n"
        "1. R 7.5, A 28.5, S 65.0 mm  long 6.7 mm, short 4.5 mm, 216 mm³, blob score 0.50\n"
    )
    assert printed.err == ""


def test_analyze_says_why_a_series_does_not_suit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "in", modality="MR")
    assert main(["analyze", str(tmp_path / "in"), "--model", "ball", "--json"]) == Exit.DOES_NOT_FIT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"ball does not fit series {SERIES_UID}: The model needs CT; this series is MR.\n"


def test_analyze_asks_which_of_two_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "in")
    write_series(tmp_path / "in", series_uid=SERIES_UID[:-1] + "8")
    assert main(["analyze", str(tmp_path / "in"), "--model", "ball"]) == Exit.WRONG_USE
    assert capsys.readouterr().err.startswith("2 series are here that the model suits. Choose one with --series: ")
    assert (
        main(["analyze", str(tmp_path / "in"), "--model", "ball", "--series", SERIES_UID, "--device", "cpu"])
        == Exit.DONE
    )
    assert main(["analyze", str(tmp_path / "in"), "--model", "ball", "--series", "9.9"]) == Exit.NOT_READABLE


def test_analyze_tells_an_engine_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "in")
    nothing = functools.partial(EngineClient, serve=engine_readers.serve_nothing)
    monkeypatch.setattr(analyze, "EngineClient", nothing)
    assert main(["analyze", str(tmp_path / "in"), "--model", "ball"]) == Exit.ENGINE_FAILED
    assert capsys.readouterr().err.startswith("The engine could not start (exit code 7).")


def test_analyze_leaves_nothing_half_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "in")
    blocked = tmp_path / "out"
    blocked.write_text("a file where the folder should be", encoding="utf-8")
    words = ["analyze", str(tmp_path / "in"), "--model", "ball", "--device", "cpu", "--out", str(blocked)]
    assert main(words) == Exit.NOT_WRITTEN
    assert "could not be written" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_analyze_of_an_empty_folder_and_of_an_unknown_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(tmp_path), "--model", "ball"]) == Exit.NOT_READABLE
    assert main(["analyze", str(tmp_path), "--model", "x"]) == Exit.WRONG_USE
    assert capsys.readouterr().err.endswith("There is no model “x”. There is: ball.\n")


def test_models_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == Exit.DONE
    listed = json.loads(capsys.readouterr().out)["models"]
    assert [(one["name"], one["title"]["zh"]) for one in listed] == [("ball", "肺结节")]
    assert main(["models", "show", "ball", "--json"]) == Exit.DONE
    shown = json.loads(capsys.readouterr().out)
    assert shown["needs"]["min_slices"] == 12
    assert shown["parameters"] == {"threshold_hu": 500}
    assert main(["models", "show", "ball"]) == Exit.DONE
    assert "slices 0.3 to 5 mm apart, at least 12 slices." in capsys.readouterr().out


def test_a_damaged_card_is_named_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(Path(str(resources.files("overread.resources") / "models")), tmp_path / "models")
    (tmp_path / "models" / "broken.toml").write_text("schema = = 1", encoding="utf-8")
    found = cards.read_folder(tmp_path / "models")
    for module in (cards, models):
        monkeypatch.setattr(module, "installed", lambda: found)
    assert main(["models", "list"]) == Exit.DONE_WITH_OMISSIONS
    said = capsys.readouterr()
    assert said.out.startswith("lung-nodule ")
    assert said.err.startswith("The model card broken.toml cannot be used: Invalid value (at line 1, column 10).")
    assert main(["models", "list", "--json"]) == Exit.DONE_WITH_OMISSIONS
    listed = json.loads(capsys.readouterr().out)
    assert ([one["name"] for one in listed["models"]], [one["file"] for one in listed["damaged"]]) == (
        ["lung-nodule"], ["broken.toml"],
    )  # fmt: skip
    assert main(["models", "show", "broken"]) == Exit.NOT_READABLE
    assert "broken.toml cannot be used" in capsys.readouterr().err


def test_a_folder_in_which_no_card_is_right_is_not_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (tmp_path / "gone", tmp_path):
        (tmp_path / "broken.toml").write_text("schema = = 1", encoding="utf-8")
        monkeypatch.setattr(models, "installed", partial(cards.read_folder, folder))
        assert main(["models", "list"]) == Exit.NOT_READABLE
        assert "cannot be used" in capsys.readouterr().err
