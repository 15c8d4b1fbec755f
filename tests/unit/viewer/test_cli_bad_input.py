"""Commands, given what is wrong: one clear sentence, the exit code that is written down, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from build_series import Stack
from outside_readers import nifti
from overread.core.errors import Exit
from overread.viewer.cli.main import main

COMMANDS = {
    "scan": (),
    "export": ("--to", "OUT"),
    "analyze": ("--model", "lung-nodule", "--out", "OUT"),
    "snapshot": ("--to", "OUT/picture.png"),
}


@pytest.fixture(autouse=True)
def application(qapp: QApplication) -> None:
    """A picture needs an application, and the tests after these need one with widgets."""


def words(command: str, path: Path, out: Path) -> list[str]:
    """The command line that lets a command read a path."""
    return [command, str(path), *(word.replace("OUT", str(out)) for word in COMMANDS[command])]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("what", ["empty", "letters", "gone"])
def test_where_no_image_is_every_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, what: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("no image", encoding="utf-8")
    assert main(words(command, tmp_path / what, tmp_path / "out")) == Exit.NOT_READABLE
    (told,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / what) in told
    assert "Choose a folder that holds DICOM files." in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["scan", "export"])
def test_bad_files_are_left_out_and_said_by_each_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    folder = Stack().write(tmp_path / "study")
    whole = Stack(series_uid="1.2.3.5").dataset(0)
    whole.save_as(folder / "cut", enforce_file_format=True)
    (folder / "cut").write_bytes((folder / "cut").read_bytes()[:-100])
    # A file that opens and cannot be read, whoever asks.
    (folder / "broken").symlink_to("/proc/self/mem")
    assert main(words(command, folder, tmp_path / "out")) == Exit.DONE_WITH_OMISSIONS
    said = capsys.readouterr()
    told = said.out + said.err
    assert "cut ends early: its pixels are not all there. Copy it again from its source." in told
    assert "broken cannot be read: it is gone, or access is denied." in told
    if command == "export":
        assert len(list((tmp_path / "out").glob("*.nii.gz"))) == 1


def test_two_patients_are_two_series_and_two_exports(tmp_path: Path) -> None:
    # Nothing but the patient tells these apart.
    Stack().write(tmp_path / "both")
    Stack(patient_id="P2", patient_name="Roe^Richard", origin=(-10.0, -20.0, -15.0)).write(tmp_path / "both", "b")
    assert main(words("export", tmp_path / "both", tmp_path / "out")) == Exit.DONE
    heights = {round(float(nifti(path)[1][2, 3]), 3) for path in (tmp_path / "out").glob("*.nii.gz")}
    # Each begins where its own patient does, and has no slice of the other one.
    assert heights == {-30.0, -15.0}
    assert {nifti(path)[0].shape for path in (tmp_path / "out").glob("*.nii.gz")} == {(16, 12, 6)}


@pytest.mark.parametrize("command", ["export", "snapshot"])
def test_where_nothing_can_be_written_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert main(words(command, Stack().write(tmp_path / "study"), tmp_path / "file")) == Exit.NOT_WRITTEN
    (told,) = capsys.readouterr().err.splitlines()
    assert told.endswith("could not be written: File exists. Nothing half-written was left.")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "in the way"
