"""The whole window with the sample and its prior: beside, linked by place, the same nodule, what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from overread.core.edits import Add
from overread.core.finding import Finding, Measures, Origin
from overread.core.journal import Entry, Journal
from overread.core.measure import measure_mask
from overread.core.paths import default_paths
from overread.core.sample.chest import PRIOR_SHIFT_MM, ChestSample
from overread.core.sample.nodules import Nodule
from overread.core.sample.study import write_sample
from overread.core.store import new_uid, now
from overread.core.volume import Volume
from overread.viewer.app import Program
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.state.views import VolumeState

SEED = 5
LANDMARK, GROWN, NEW = 5, 9, 3
"""Nodules of the seed: one in both studies, one that has grown, one that was not there."""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ChestSample, ChestSample]:
    folder = tmp_path_factory.mktemp("sample")
    return folder, write_sample(folder, SEED, "small"), write_sample(folder / "prior", SEED, "small", prior=True)


@pytest.fixture
def program(qtbot: QtBot) -> Iterator[Program]:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    made = Program(default_paths())
    made.window.resize(1600, 1000)
    made.window.show()
    yield made
    made.window.may_close = lambda: True
    made.window.close()
    application.setStyleSheet("")


def nodule(sample: ChestSample, number: int) -> Nodule:
    return next(one for one in sample.nodules if one.number == number)


def marked(sample: ChestSample, number: int, series_uid: str, frame: str, letter: int) -> Finding:
    """A nodule as a person would have marked it."""
    mask = nodule(sample, number).mask
    assert mask is not None
    measures: Measures = measure_mask(mask, Volume(sample.voxels, sample.geometry, series_uid))
    return Finding(
        uid=new_uid(), number=letter, origin=Origin.PERSON, label="code.nodule", series_uid=series_uid,
        frame_of_reference_uid=frame, mask=mask, measures=measures, who="Reader 1", at=now(),
    )  # fmt: skip


def open_both(program: Program, qtbot: QtBot, folder: Path) -> VolumeState:
    program.study.open_paths([folder / "series", folder / "prior" / "series"])
    qtbot.waitUntil(
        lambda: program.study.shown.value is not None and program.store.reading is not None, timeout=20000
    )
    shown = program.study.shown.value
    assert shown is not None
    qtbot.waitUntil(lambda: shown.state.complete, timeout=20000)
    assert shown.series.study.date == "2026-03-02"
    return shown.state


def put_beside(program: Program, qtbot: QtBot) -> VolumeState:
    program.registry.trigger("prior.beside")
    qtbot.waitUntil(lambda: program.comparing.beside is not None, timeout=20000)
    beside = program.comparing.beside
    assert beside is not None
    qtbot.waitUntil(lambda: beside.prior.complete, timeout=20000)
    return beside.prior


def add(program: Program, qtbot: QtBot, finding: Finding) -> None:
    program.store.apply(Add(finding))
    qtbot.waitUntil(
        lambda: program.store.reading is not None and program.store.reading.finding(finding.uid) is not None
    )
    program.workspace.marks.selected.set(finding.uid)


def words_of(program: Program) -> list[str]:
    page = program.window.right.currentWidget()
    assert page is not None
    return [one.text() for one in page.findChildren(QLabel) if one.isVisible()]


def message(program: Program) -> str:
    shown = program.window.messages.shown
    return "" if shown is None else program.window.words.tell(shown.text)


def test_a_linked_place_shows_the_same_nodule_and_what_has_changed(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    folder, sample, earlier = studies
    current = open_both(program, qtbot, folder)
    catalogue = program.study.catalogue.value
    prior_series = next(one for one in catalogue if one.study.date == "2025-02-24")
    there = marked(earlier, GROWN, prior_series.uid, "", 2)
    journal = Journal(program.paths.journal)
    journal.append(Entry(new_uid(), prior_series.study.uid, now(), "Reader 1", Add(there)))
    journal.close()

    prior = put_beside(program, qtbot)
    assert [view.volume.value for view in program.workspace.views.value] == [current, prior]
    assert (program.workspace.layout.value, prior.is_prior) == ("1x2", True)
    assert "Shift and move), then link it (Shift+F)" in message(program)

    current.go_to_lps_mm(nodule(sample, LANDMARK).centre_lps_mm)
    prior.go_to_lps_mm(nodule(earlier, LANDMARK).centre_lps_mm)
    program.registry.trigger("prior.link")
    assert prior.link_words.value is not None
    assert prior.link_words.value.say() == "linked by place, offset x −3.0, y +2.0, z −11.0 mm"

    here = marked(sample, GROWN, current.series.uid, current.volume.geometry.frame_of_reference_uid, 1)
    add(program, qtbot, here)
    program.registry.trigger("finding.prior")
    truth = np.array(nodule(earlier, GROWN).centre_lps_mm)
    assert np.linalg.norm(np.array(prior.place_lps_mm()) - truth) < 3.0
    assert np.linalg.norm(np.array(nodule(sample, GROWN).centre_lps_mm) - PRIOR_SHIFT_MM - truth) < 1e-6
    for widget in program.area.views:
        port = widget.port() if isinstance(widget, SliceView) else None
        assert port is not None
        x, y = port.point_of_ijk(port.state.place_ijk.value)
        assert abs(x - port.width / 2) < 1.5
        assert abs(y - port.height / 2) < 1.5
        assert min(port.width, port.height) / port.zoom == pytest.approx(120, abs=0.5)

    # Linked views show one section: what is panned and zoomed in one is panned and zoomed in the other.
    left, right = (widget.port() for widget in program.area.views if isinstance(widget, SliceView))
    assert left is not None
    assert right is not None
    left.zoom_at(100, 120, 1.4)
    left.view.pan.set((left.view.pan.value[0] + 37, left.view.pan.value[1] - 21))
    for number in (GROWN, LANDMARK):
        here_at = left.point_of_lps(nodule(sample, number).centre_lps_mm)
        assert right.point_of_lps(nodule(earlier, number).centre_lps_mm) == pytest.approx(here_at, abs=1.0)
    program.registry.trigger("view.reset")
    assert [view.pan.value for view in program.workspace.views.value] == [(0.0, 0.0)] * 2

    qtbot.waitUntil(lambda: any("Finding A and finding B of 2025-02-24" in text for text in words_of(program)))
    told = words_of(program)
    assert "linked by place, offset x −3.0, y +2.0, z −11.0 mm" in told
    assert "371 days, 2025-02-24 to 2026-03-02" in told
    grown = (here.measures.volume_mm3 / there.measures.volume_mm3 - 1) * 100
    assert f"+{grown:.1f} %" in told
    assert here.measures.volume_mm3 > 3 * there.measures.volume_mm3


def test_without_a_link_nothing_is_guessed(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    folder, sample, _earlier = studies
    current = open_both(program, qtbot, folder)
    add(program, qtbot, marked(sample, GROWN, current.series.uid, "", 1))
    program.registry.trigger("finding.prior")
    qtbot.waitUntil(lambda: program.comparing.beside is not None, timeout=20000)
    beside = program.comparing.beside
    assert beside is not None
    assert beside.link is None
    assert beside.prior.link_words.value is not None
    assert beside.prior.link_words.value.say() == "not linked: another frame of reference"
    x, y, z = beside.current.place_lps_mm()
    assert (x, y, z) == pytest.approx(nodule(sample, GROWN).centre_lps_mm, abs=3)
    assert beside.prior.place_lps_mm()[:2] == pytest.approx((x, y))
    before = beside.prior.place_lps_mm()
    current.go_to_lps_mm((0, 0, 0))
    assert beside.prior.place_lps_mm() == before


def test_a_nodule_that_was_not_there_has_nothing_to_be_compared_with(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    folder, sample, _earlier = studies
    current = open_both(program, qtbot, folder)
    prior = put_beside(program, qtbot)
    prior.go_to_lps_mm(np.subtract(current.place_lps_mm(), PRIOR_SHIFT_MM))  # type: ignore[arg-type]  # three numbers
    program.registry.trigger("prior.link")
    add(program, qtbot, marked(sample, NEW, current.series.uid, "", 1))
    program.registry.trigger("finding.prior")
    qtbot.waitUntil(lambda: "lies within 10 mm of this place" in message(program))


def test_the_priors_memory_goes_back_with_it(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    current = open_both(program, qtbot, studies[0])
    prior = put_beside(program, qtbot)
    blocks = [program.shelf.block_of(state.series.key) for state in (current, prior)]
    assert all(block is not None and block.block.path.exists() for block in blocks)
    program.registry.trigger("prior.beside")
    assert program.comparing.beside is None
    assert program.workspace.layout.value == "chest"
    assert not prior.is_prior
    qtbot.waitUntil(lambda: [block is not None and block.block.path.exists() for block in blocks] == [True, False])

    again = put_beside(program, qtbot)
    block = program.shelf.block_of(again.series.key)
    program.study.show(again.series.key)
    assert program.study.shown.value is not None
    assert program.study.shown.value.state is again
    assert not again.is_prior
    assert block is not None
    assert block.block.path.exists()
    assert not program.shelf.is_shelved(current.series.key)
    assert not program.registry.action("prior.beside").isEnabled()
    program.study.close_all()
    # A loader that is still in the middle of a slice gives the memory back itself, a moment later.
    qtbot.waitUntil(lambda: not block.block.path.exists())


def test_the_panel_names_the_prior_and_puts_it_beside(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    open_both(program, qtbot, studies[0])
    qtbot.waitUntil(lambda: "2025-02-24 CT chest (synthetic)" in words_of(program))
    qtbot.waitUntil(lambda: "PRIOR" in [one.text() for one in program.window.left.findChildren(QLabel)])
    program.own_read.prior_clicked.emit()
    qtbot.waitUntil(lambda: program.comparing.beside is not None, timeout=20000)
    assert program.registry.action("prior.beside").isChecked()
    assert program.registry.action("prior.link").isEnabled()
    assert not program.registry.action("prior.link").isChecked()


def test_a_length_on_the_prior_does_not_enter_the_reading_of_the_current_study(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    open_both(program, qtbot, studies[0])
    put_beside(program, qtbot)
    program.registry.trigger("tool.length")
    for widget in reversed(program.area.views):
        left, right = QPoint(100, 200), QPoint(180, 200)
        qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=left)
        qtbot.mouseMove(widget, right)
        qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=right)
        if widget is program.area.views[1]:
            assert "Open its study by itself" in message(program)
    qtbot.waitUntil(lambda: program.store.reading is not None and len(program.store.reading.measurements) == 1)
    current = program.study.shown.value
    assert current is not None
    assert program.store.reading is not None
    assert program.store.reading.measurements[0].series_uid == current.series.uid


def test_the_prior_can_be_put_off_while_it_loads(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    current = open_both(program, qtbot, studies[0])
    program.registry.trigger("prior.beside")
    program.registry.trigger("prior.beside")
    assert program.comparing.beside is None
    qtbot.wait(300)
    assert program.comparing.beside is None
    kept = [one.key for one in program.study.catalogue.value if program.shelf.is_shelved(one.key)]
    assert kept == [current.series.key]


def test_a_mark_on_the_prior_does_not_enter_the_reading_of_the_current_study(
    program: Program, qtbot: QtBot, studies: tuple[Path, ChestSample, ChestSample]
) -> None:
    open_both(program, qtbot, studies[0])
    put_beside(program, qtbot)
    program.registry.trigger("finding.mark")
    qtbot.mouseClick(program.area.views[1], Qt.MouseButton.LeftButton, pos=QPoint(150, 300))
    assert "Open its study by itself" in message(program)
    qtbot.wait(200)
    assert program.store.reading is not None
    assert program.store.reading.findings == ()
