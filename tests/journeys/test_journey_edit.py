"""The real program: a model's mark is painted, erased, taken back, killed and found again; a missed one is marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from pydicom.dataset import Dataset

from build_series import Stack
from finding_kit import MODEL, result
from overread.core.edits import DeclareOwnRead, Propose
from overread.core.finding import Finding, Origin
from overread.core.geometry import Geometry, Triple
from overread.core.journal import Entry, Journal
from overread.core.mask import Mask
from overread.core.measure import measure_mask
from overread.core.paths import default_paths
from overread.core.reading import OwnRead
from overread.core.store import new_uid
from overread.core.volume import Volume
from overread.viewer.cli.screen import Screen

SHAPE = (40, 96, 96)
SPACING, STEP = 1.5, 2.0
LUNG, TISSUE = -850, 40
AT = "2026-01-02T03:04:05.678+00:00"
FIRST_MM: Triple = (60.0, 72.0, 40.0)
"""Centres from the first voxel: the model's mark, and the one that it missed."""
MISSED_MM: Triple = (105.0, 72.0, 40.0)


def away_mm(centre_mm: Triple) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    x, y, z = i * SPACING - centre_mm[0], j * SPACING - centre_mm[1], k * STEP - centre_mm[2]
    return np.sqrt(x**2 + y**2 + z**2)


def chest() -> np.ndarray[tuple[int, int, int], np.dtype[np.int16]]:
    voxels = np.full(SHAPE, LUNG, dtype=np.int16)
    for centre in (FIRST_MM, MISSED_MM):
        voxels[away_mm(centre) <= 12.0] = TISSUE
    return voxels


def write(folder: Path) -> Path:
    voxels = chest()

    def change(made: Dataset, k: int) -> None:
        made.PixelData = (voxels[k] + 1024).astype("<u2").tobytes()

    stack = Stack(
        shape=SHAPE, spacing_mm=(SPACING, SPACING), origin=(0.0, 0.0, 0.0), step=(0, 0, STEP), change=change
    )
    return stack.write(folder)


def prepare_journal() -> Mask:
    """A journal in which a model proposed a mark and the own read is done; the mask of the mark."""
    volume = Volume(chest(), Geometry(SHAPE, np.diag([SPACING, SPACING, STEP, 1.0]), "1.2.3.9"), "1.2.3.4")
    mask = Mask.from_array(away_mm(FIRST_MM) <= 9.0)
    measures = measure_mask(mask, volume)
    mark = Finding(
        uid="2.25.77", number=1, origin=Origin.MODEL, label="code.nodule", series_uid="1.2.3.4",
        frame_of_reference_uid="1.2.3.9", mask=mask, measures=measures, who="lung-nodule 0.1", at=AT,
        proposed_mask=mask, proposed_measures=measures, score=0.9, model=MODEL, job_uid="0" * 32,
    )  # fmt: skip
    proposed = Propose(msgspec.structs.replace(result(), series_uid="1.2.3.4"), (mark,))
    journal = Journal(default_paths().journal)
    for fact in (DeclareOwnRead(OwnRead("Reader 1", AT, 0)), proposed):
        journal.append(Entry(new_uid(), "1.2.3", AT, "Reader 1", fact))
    journal.close()
    return mask


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with Screen() as made:
        yield made
    log = own_home / "log" / "overread.log"
    assert "ERROR" not in (log.read_text(encoding="utf-8") if log.exists() else "")


def point(screen: Screen, name: str, right_mm: float, down_mm: float) -> tuple[int, int]:
    """The point of a view that lies so far from the middle of its image; the whole image is seen."""
    left, top, width, height = screen.where(name) or (0, 0, 0, 0)
    wide, high = SHAPE[2] * SPACING, (SHAPE[1] * SPACING if name == "view-axial" else SHAPE[0] * STEP)
    zoom = 0.98 * min(width / wide, height / high)
    return round(left + width / 2 + right_mm * zoom), round(top + height / 2 + down_mm * zoom)


def voxels(screen: Screen) -> int:
    return int(screen.state()["masks"][0][2])


def test_a_mark_is_painted_erased_taken_back_and_survives_a_kill(screen: Screen, tmp_path: Path) -> None:
    proposed = prepare_journal().voxels
    screen.start([str(write(tmp_path / "study"))])
    screen.wait(lambda: screen.state().get("masks"), "the mark of the journal")
    screen.wait(lambda: screen.state()["loaded"] == SHAPE[0], "all images")
    middle = (SHAPE[2] - 1) * SPACING / 2
    x, y = FIRST_MM[0] - middle, FIRST_MM[1] - middle

    # Editing begins on the mark under the pointer; the edge of the lesion, which the model left out, is painted.
    screen.move(point(screen, "view-axial", x, y))
    screen.key("e")
    screen.wait(lambda: screen.state()["editing"], "editing")
    assert screen.state()["selected"] == ["1", "proposed", proposed]
    assert screen.state()["tool"] == "brush"
    screen.drag(point(screen, "view-axial", x - 10, y - 3), point(screen, "view-axial", x - 10, y + 3))
    screen.wait(lambda: voxels(screen) > proposed, "a stroke")
    painted = voxels(screen)
    assert screen.state()["selected"][1] == "edited"

    # With Ctrl it is erased, in another plane; then taken back.
    screen.drag_with("ctrl", point(screen, "view-coronal", x - 3, 0), point(screen, "view-coronal", x + 3, 0))
    screen.wait(lambda: voxels(screen) < painted, "less of it")
    erased = voxels(screen)
    screen.key("ctrl+z")
    screen.wait(lambda: voxels(screen) == painted, "the eraser taken back")
    screen.key("ctrl+shift+z")
    screen.wait(lambda: voxels(screen) == erased, "the eraser again")
    screen.key("Return")
    screen.wait(lambda: not screen.state()["editing"], "the end of editing")
    assert screen.state()["tool"] == "window"

    screen.kill()
    screen.start_again()
    screen.wait(lambda: screen.state().get("masks"), "the work back")
    assert screen.state()["masks"] == [["1", "edited", erased]]
    screen.wait(lambda: screen.state()["undo"], "steps to take back")
    screen.key("ctrl+z", "ctrl+z")
    screen.wait(lambda: screen.state()["masks"] == [["1", "proposed", proposed]], "what the model drew")

    # What the model missed is marked by one click: grown, measured, selected, and taken away again.
    screen.wait(lambda: screen.state()["loaded"] == SHAPE[0], "all images")
    screen.click(point(screen, "view-axial", 0, -60))
    screen.key("m")
    screen.wait(lambda: screen.state()["tool"] == "mark", "the tool of marking")
    screen.click(point(screen, "view-axial", MISSED_MM[0] - middle, MISSED_MM[1] - middle))
    screen.wait(lambda: screen.state()["selected"], "an own mark")
    lesion = int((away_mm(MISSED_MM) <= 12.0).sum())
    tag, state, size = screen.state()["selected"]
    assert (tag, state) == ("A", "added")
    assert size == pytest.approx(lesion, rel=0.05)
    screen.key("Delete")
    screen.wait(lambda: len(screen.state()["masks"]) == 1, "the mark removed")
    assert screen.quit() == 0
    assert "Traceback" not in screen.log()
