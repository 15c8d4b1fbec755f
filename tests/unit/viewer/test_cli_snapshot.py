"""``overread snapshot``: what is drawn where, to the pixel, and what is kept back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from judging_kit import CORNERS, SHAPE, STUDY, centre_mm, journalled
from overread.core.edits import DeclareOwnRead, Judge
from overread.core.finding import Judgement
from overread.core.geometry import Geometry
from overread.core.paths import default_paths
from overread.core.reading import OwnRead
from overread.core.store import now
from overread.viewer.canvas.area import places_of
from overread.viewer.cli.main import main
from overread.viewer.render.camera import Camera, Look
from overread.viewer.render.palette import colour

DONE = DeclareOwnRead(OwnRead("Reader 1", now(), 0))
HIDDEN = "The own read of this study is not done: marks of models are not drawn."
X, Y, Z = centre_mm(CORNERS[0])
AT = f"--at={X},{Y},{Z}"


@pytest.fixture
def series(tmp_path: Path) -> Path:
    return STUDY.write(tmp_path / "study")


@pytest.fixture
def taken(qapp: QApplication, series: Path, tmp_path: Path) -> Taken:
    return Taken(series, tmp_path)


class Taken:
    """Takes pictures of the series; ``codes`` are the exit codes."""

    def __init__(self, series: Path, folder: Path) -> None:
        self.series, self.folder = series, folder
        self.codes: list[int] = []

    def __call__(self, *words: str) -> QImage:
        file = self.folder / f"{len(self.codes)}.png"
        self.codes.append(main(["snapshot", str(self.series), "--to", str(file), *words]))
        return QImage(str(file))


def axial_point(width: int, height: int) -> tuple[float, float, float]:
    """Where the first finding's centre is in a fitted axial view, and the points that a pixel takes."""
    _nk, nj, ni = SHAPE
    scale = 0.98 * min(width / ni, height / nj)
    i, j = (X - STUDY.origin[0]) / 1.5, (Y - STUDY.origin[1]) / 1.5
    return width / 2 + (i + 0.5 - ni / 2) * scale, height / 2 + (j + 0.5 - nj / 2) * scale, scale


def ring_points(width: int, height: int) -> Sequence[tuple[float, float]]:
    """Points on the four arcs of the ring around the first finding, 7 x 5 pixels in this plane."""
    x, y, scale = axial_point(width, height)
    radius = 0.86 * math.hypot(7, 5) * scale / 2 + 9
    return [(x + a * radius * math.sqrt(0.5), y + b * radius * math.sqrt(0.5)) for a in (-1, 1) for b in (-1, 1)]


def differs(first: QImage, second: QImage, area: QRect) -> int:
    """How many pixels of an area are not the same in two pictures."""
    places = [
        QPoint(x, y) for y in range(area.top(), area.bottom() + 1) for x in range(area.left(), area.right() + 1)
    ]
    return sum(first.pixel(each) != second.pixel(each) for each in places)


def like(found: QColor, wanted: QColor) -> bool:
    """True for a colour of the same hue, over grey or lit from a side."""
    return abs((found.hue() - wanted.hue() + 180) % 360 - 180) < 12 and found.saturation() > 100


def test_findings_are_drawn_as_in_the_window_once_the_own_read_is_done(
    taken: Taken, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = Judge("2.25.1", Judgement(verdict="accepted", who="Reader 1", at=now()))
    journalled(DONE, judged)
    without, drawn = taken(AT, "--size", "700x600"), taken(AT, "--size", "700x600", "--overlay")
    green = colour("state.accepted")
    for x, y in ring_points(700, 600):
        assert like(drawn.pixelColor(math.floor(x), math.floor(y)), green)
        assert without.pixelColor(math.floor(x), math.floor(y)).saturation() < 20
    assert taken.codes == [0, 0]
    assert capsys.readouterr().err == ""


def test_hidden_marks_are_not_drawn_and_that_is_said_with_or_without_any(
    taken: Taken, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = taken(AT, "--size", "300x300", "--overlay")
    assert not default_paths().journal.exists()
    told = capsys.readouterr().err
    journalled()
    full = taken(AT, "--size", "300x300", "--overlay")
    assert HIDDEN in told
    assert capsys.readouterr().err == told
    assert taken.codes == [1, 1]
    assert empty == full


def test_the_layout_holds_the_views_where_the_window_has_them(taken: Taken) -> None:
    whole = taken(AT, "--view", "layout")
    assert (whole.width(), whole.height()) == (1032, 820)
    place = places_of("chest", 3, QRect(0, 0, 1032, 820))[1]
    alone = taken(AT, "--view", "coronal", "--size", f"{place.width()}x{place.height()}")
    part = whole.copy(place)
    assert differs(part, alone, QRect(0, 0, place.width(), 300)) == 0
    assert whole.pixelColor(680, 400) == colour("line")


@pytest.mark.parametrize("view", ["axial", "coronal", "3d", "layout"])
def test_every_picture_says_what_the_program_is_not_for(taken: Taken, view: str) -> None:
    width = places_of("chest", 3, QRect(0, 0, 800, 600))[0].width() if view == "layout" else 800
    for language, half in (("en", 120), ("zh", 60)):
        drawn = taken("--view", view, "--size", "800x600", "--language", language)
        # In the narrow first view of the layout the English words stand above those of the corners.
        top = 600 - (74 if (view, language) == ("layout", "en") else 34)
        plate = drawn.copy(width // 2 - half, top + 1, 2 * half, 15)
        greys = [plate.pixelColor(x, y).lightness() for y in range(plate.height()) for x in range(plate.width())]
        # Letters on a dark plate, also over white.
        assert sum(grey > 130 for grey in greys) > 80
        assert sum(grey < 110 for grey in greys) > len(greys) / 2


def test_3d_shows_a_finding_in_its_colour_where_its_centre_is(taken: Taken) -> None:
    journalled(DONE)
    affine = np.diag([1.5, 1.5, 3.0, 1.0])
    affine[:3, 3] = STUDY.origin
    grid = Geometry(SHAPE, affine, "")
    x, y, per_mm = Camera.of(grid).point_of(Look(), (X, Y, Z), 500, 400)
    assert per_mm > 1
    without = taken("--view", "3d", "--size", "500x400")
    drawn = taken("--view", "3d", "--size", "500x400", "--overlay")
    assert like(drawn.pixelColor(round(x), round(y)), colour("state.proposed"))
    assert not like(without.pixelColor(round(x), round(y)), colour("state.proposed"))
    other = taken("--view", "3d", "--size", "500x400", "--preset", "bone")
    assert differs(without, other, QRect(150, 100, 200, 200)) > 1000


def test_what_cannot_be_drawn_is_said_and_nothing_is_written(
    taken: Taken, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert taken("--size", "10x10").isNull()
    assert "80 to 8192 pixels" in capsys.readouterr().err
    assert taken("--at=9000,0,0").isNull()
    assert capsys.readouterr().err == "The place 9000,0,0 (LPS mm) lies outside the images of this series.\n"
    for file in sorted(taken.series.iterdir())[1:]:
        file.unlink()
    assert taken("--view", "3d").isNull()
    assert "This series makes no volume" in capsys.readouterr().err
    assert taken.codes == [2, 2, 3]
    images = taken("--view", "layout")
    assert (images.width(), taken.codes[-1]) == (1032, 0)
