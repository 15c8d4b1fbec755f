"""The real program on a virtual screen, with a real mouse and keys: open, look, measure, be killed, come back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless
from PySide6.QtGui import QImage

from build_series import Stack
from overread.viewer.cli.screen import Screen
from window_steps import blocks_of

SHAPE = (40, 96, 128)
SPACING = (2.0, 1.5)
STEP = 3.0


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with Screen() as made:
        yield made
    log = own_home / "log" / "overread.log"
    assert "ERROR" not in (log.read_text(encoding="utf-8") if log.exists() else "")


@pytest.fixture
def series(tmp_path: Path) -> Path:
    return Stack(shape=SHAPE, spacing_mm=SPACING, step=(0, 0, STEP)).write(tmp_path / "study")


def opened(screen: Screen, *arguments: str) -> dict[str, Any]:
    screen.start(arguments)
    screen.wait(lambda: screen.state().get("slices"), "a series")
    screen.wait(lambda: screen.state()["loaded"] == screen.state()["slices"], "all images")
    return screen.state()


def z_of(screen: Screen) -> float:
    return float(screen.state()["place_lps_mm"][2])


def test_open_look_measure_and_come_back_after_a_kill(screen: Screen, series: Path, tmp_path: Path) -> None:
    state = opened(screen, str(series))
    assert state["slices"] == 40
    start = z_of(screen)

    screen.click(screen.point("view-axial", 0.3, 0.3))
    screen.key("Down")
    screen.wait(lambda: z_of(screen) == start - STEP, "the next image by key")
    screen.wheel(screen.point("view-axial"), 2)
    screen.wait(lambda: z_of(screen) == start - 3 * STEP, "two more by wheel")
    screen.key("shift+Up")
    screen.wait(lambda: z_of(screen) == start + 7 * STEP, "ten back")
    screen.key("End")
    screen.wait(lambda: z_of(screen) == -30.0, "the last image")
    screen.key("Up", "Up")

    screen.key("2")
    screen.wait(lambda: screen.state()["window"] == [40, 400], "the preset of key 2")
    screen.key("0")
    screen.wait(lambda: screen.state()["window"] == [-600, 1500], "the window of the file")
    screen.drag(screen.point("view-axial", 0.4, 0.5), screen.point("view-axial", 0.5, 0.5))
    screen.wait(lambda: screen.state()["window"][1] > 1500, "a wider window")

    screen.key("d")
    screen.wait(lambda: screen.state()["tool"] == "length", "the length tool")
    left, top = screen.point("view-axial", 0.35, 0.4)
    screen.drag((left, top), (left + 200, top))
    screen.wait(lambda: screen.state()["measurements"], "a measurement")
    value, unit = screen.state()["measurements"][0]
    # The axial view is 680 x 820 points or a little less; the image is 192 x 192 mm and fills 98 % of its width.
    where = screen.where("view-axial")
    assert where is not None
    zoom = 0.98 * min(where[2] / 192, where[3] / 192)
    assert unit == "mm"
    assert value == pytest.approx(200 / zoom, abs=0.75)

    screen.key("ctrl+z")
    screen.wait(lambda: not screen.state()["measurements"], "the measurement taken back")
    screen.key("ctrl+shift+z")
    screen.wait(lambda: screen.state()["measurements"], "the measurement again")

    screen.wait(lambda: screen.state()["place_kept"], "the place on disk")
    before = screen.state()
    assert screen.program is not None
    pids = [screen.program.pid]
    screen.kill()
    screen.start_again()
    pids.append(screen.program.pid)
    screen.wait(lambda: screen.state().get("measurements") == before["measurements"], "the work back")
    screen.wait(lambda: screen.state().get("place_lps_mm") == before["place_lps_mm"], "the same image")
    screen.wait(lambda: screen.state().get("window") == before["window"], "the same window")
    assert screen.quit() == 0
    assert "Traceback" not in screen.log()
    # Of the killed one too: the next start sweeps what it left.
    assert [path for pid in pids for path in blocks_of(pid)] == []


def test_layouts_views_and_3d(screen: Screen, series: Path, tmp_path: Path) -> None:
    opened(screen, str(series))
    screen.key("v")
    screen.wait(lambda: screen.state()["layout"] == "2x2", "four views")
    screen.wait(lambda: screen.state()["volume_drawn"], "the 3D picture")
    axial, coronal = screen.where("view-axial"), screen.where("view-coronal")
    assert axial is not None
    assert coronal is not None
    assert abs(axial[2] - coronal[2]) <= 1
    assert coronal[0] == axial[0] + axial[2] + 1
    screen.key("Tab")
    screen.wait(lambda: screen.state()["active"] == 1, "the next view")
    screen.key("Tab", "Tab", "2")
    screen.wait(lambda: screen.state()["volume_preset"][3] == "bone", "the bones alone in 3D")
    screen.key("shift+Tab", "shift+Tab")
    screen.wait(lambda: screen.state()["active"] == 1, "the coronal view again")
    y = screen.state()["place_lps_mm"][1]
    screen.key("Down")
    screen.wait(lambda: screen.state()["place_lps_mm"][1] == y + SPACING[0], "the coronal plane one row on")
    screen.key("v")
    screen.wait(lambda: screen.state()["layout"] == "chest", "the chest layout")

    # Held Space takes everything off the image: the corner with the name turns black.
    screen.click(screen.point("view-axial", 0.5, 0.5))
    shown = brightest(screen, tmp_path / "shown.png")
    subprocess.run(["xdotool", "keydown", "space"], env=screen.environment(), check=True)
    screen.wait(lambda: brightest(screen, tmp_path / "held.png") < shown / 2, "the corner without words")
    subprocess.run(["xdotool", "keyup", "space"], env=screen.environment(), check=True)
    screen.wait(lambda: brightest(screen, tmp_path / "again.png") == shown, "the words again")
    assert screen.quit() == 0


def brightest(screen: Screen, path: Path) -> int:
    """Brightest grey in the corner that holds the patient's name."""
    screen.shot(path)
    found = screen.where("view-axial")
    assert found is not None
    image = QImage(str(path))
    return max(image.pixelColor(found[0] + x, found[1] + y).lightness() for x in range(10, 80) for y in range(7, 18))


def test_a_folder_without_images_is_said_and_the_window_stays(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    screen.start([str(tmp_path / "nothing")])
    screen.wait(lambda: "No image was found" in str(screen.state().get("message")), "the sentence")
    assert screen.state()["series"] == 0
    assert screen.quit() == 0


def test_a_key_image_is_marked_by_its_key_and_the_patient_hidden(
    screen: Screen, series: Path, tmp_path: Path
) -> None:
    opened(screen, str(series))
    screen.key("Home", "Down", "Down", "k")
    screen.wait(lambda: screen.state()["key_images"] == [3], "the third image marked")
    screen.key("Down", "k")
    screen.wait(lambda: screen.state()["key_images"] == [3, 4], "the fourth too")
    screen.key("k")
    screen.wait(lambda: screen.state()["key_images"] == [3], "the fourth no longer")
    screen.key("ctrl+z", "ctrl+z")
    screen.wait(lambda: screen.state()["key_images"] == [3], "both taken back")
    shown = corner_width(screen, tmp_path / "shown.png")
    screen.key("ctrl+h")
    screen.wait(lambda: corner_width(screen, tmp_path / "hidden.png") != shown, "other words in the corner")
    screen.key("ctrl+h")
    screen.wait(lambda: corner_width(screen, tmp_path / "again.png") == shown, "the name again")
    assert screen.quit() == 0


def corner_width(screen: Screen, path: Path) -> int:
    """How many points of the first line of the axial view's corner are bright."""
    screen.shot(path)
    found = screen.where("view-axial")
    assert found is not None
    image = QImage(str(path))
    points = [image.pixelColor(found[0] + x, found[1] + y).lightness() for x in range(8, 200) for y in range(6, 20)]
    return sum(value > 150 for value in points)


def test_files_that_were_left_out_are_said_and_listed(screen: Screen, series: Path) -> None:
    (series / "notes.txt").write_text("no image", encoding="utf-8")
    opened(screen, str(series))
    screen.wait(lambda: screen.state()["message"] == "1 file was left out; the others are shown.", "the sentence")
    screen.click(screen.point("message-action"))
    screen.wait(lambda: screen.where("left-out-page"), "the list")
    screen.key("Escape")
    screen.wait(lambda: screen.where("left-out-page") is None, "the list closed by its key")
    assert screen.quit() == 0


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGLSLossless])
def test_the_window_closes_while_a_series_loads(screen: Screen, tmp_path: Path, syntax: str) -> None:
    def change(made: Dataset, _k: int) -> None:
        if syntax != ExplicitVRLittleEndian:
            made.compress(syntax)

    folder = Stack(shape=(150, 256, 256), change=change).write(tmp_path / "study")
    screen.start([str(folder)])
    screen.wait(lambda: screen.state().get("slices"), "a series")
    assert screen.quit() == 0
    assert "Traceback" not in screen.log()


def test_chinese_from_the_first_start(screen: Screen, series: Path) -> None:
    opened(screen, "--language", "zh", str(series))
    screen.key("2")
    screen.wait(lambda: "窗宽 400" in str(screen.state().get("message")), "a Chinese sentence")
    assert screen.quit() == 0
