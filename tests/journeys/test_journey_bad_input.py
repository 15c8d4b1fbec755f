"""Bad input in the real window: one clear sentence, the window stays, and what lies on disk is untouched."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from build_series import Stack
from overread.core.journal import SCHEMA_VERSION
from overread.core.paths import default_paths
from overread.viewer.cli.screen import Screen
from window_steps import clean_screen, loaded, open_study, quit_clean


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with clean_screen(own_home) as made:
        yield made


def says(screen: Screen, part: str) -> None:
    screen.wait(lambda: part in str(screen.state().get("message")), part)


def read_on(screen: Screen) -> None:
    """Read the shown message: the next one comes."""
    screen.click(screen.point("message-read"))


def test_a_folder_of_other_files_is_said_and_each_is_listed(screen: Screen, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    for name in ("one.txt", "two.txt"):
        (folder / name).write_text("no image", encoding="utf-8")
    screen.start([str(folder)])
    says(screen, "No image was found in “letters”. Choose a folder that holds DICOM files.")
    assert screen.state()["series"] == 0
    read_on(screen)
    says(screen, "2 files were left out")
    screen.click(screen.point("message-action"))
    screen.wait(lambda: screen.where("left-out-page"), "the list")
    quit_clean(screen)


def test_truncated_and_unreadable_files_are_named_and_the_others_are_read(screen: Screen, tmp_path: Path) -> None:
    folder = Stack(shape=(20, 32, 32)).write(tmp_path / "study")
    cut = sorted(folder.iterdir())[4]
    cut.write_bytes(cut.read_bytes()[:-200])
    (folder / "broken").symlink_to("/proc/self/mem")
    screen.start([str(folder)])
    loaded(screen)
    says(screen, "2 files were left out; the others are shown.")
    assert screen.state()["slices"] == 20
    quit_clean(screen)


def test_a_folder_that_is_gone_when_its_next_series_is_loaded_is_said(screen: Screen, tmp_path: Path) -> None:
    folder = Stack(shape=(20, 32, 32)).write(tmp_path / "study")
    Stack(shape=(12, 32, 32), series_uid="1.2.3.5").write(folder, "b")
    open_study(screen, folder)
    shutil.rmtree(folder)
    screen.key("Page_Down")
    says(screen, "12 of 12 images cannot be read")
    assert screen.state()["slices"] == 12
    quit_clean(screen)


def test_a_journal_of_a_newer_version_is_said_kept_and_what_is_done_is_asked_about(
    screen: Screen, tmp_path: Path
) -> None:
    path = default_paths().journal
    path.parent.mkdir(parents=True)
    base = sqlite3.connect(path)
    base.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    base.execute("CREATE TABLE future (x)")
    base.commit()
    base.close()
    before = path.read_bytes()
    open_study(screen, Stack(shape=(20, 32, 32)).write(tmp_path / "study"))
    says(screen, "The journal journal.sqlite was written by a newer version (form 3, this program knows 2).")
    screen.key("d")
    screen.drag(screen.point("view-axial", 0.4, 0.5), screen.point("view-axial", 0.5, 0.5))
    screen.wait(lambda: screen.state()["measurements"], "a length, in memory")
    read_on(screen)
    says(screen, "is left untouched: 1 edit is not in it. It stays in memory and can be saved elsewhere.")
    screen.key("ctrl+q")
    says(screen, "1 edit is in memory only and ends with this window.")
    quit_clean(screen)
    assert path.read_bytes() == before
