"""Asking a model in the real window with a real engine: run, cancel, be killed; nothing betrays what it found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

import asking_kit
from overread.core.edits import Propose
from overread.core.paths import default_paths
from overread.inference.cards import Installed
from overread.inference.client import EngineClient, Serve
from overread.viewer import asking, asking_rows
from overread.viewer.app import Program
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.pages.model_card import CardPage
from overread.viewer.pages.models import ModelsPage
from overread.viewer.presenters.jobs import Job, JobState
from overread.viewer.presenters.unasked import Unasked

WAIT_MS = 60_000


@pytest.fixture(scope="module", autouse=True)
def resource_tracker() -> None:
    """The helper process of multiprocessing stays until this process ends: it is no leftover of a test."""
    ensure_running()


class Desk:
    """A window in which the models of ``asking_kit`` are installed."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.program = Program(default_paths())
        self.window = self.program.window
        qtbot.addWidget(self.window)
        self.window.resize(1600, 1000)
        with qtbot.waitExposed(self.window):
            self.window.show()
        self.until(lambda: self.program.asking.cards)

    def until(self, seen: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(seen()), timeout=WAIT_MS)

    def open(self, *folders: Path) -> None:
        self.program.study.open_paths(folders)
        self.until(lambda: self.program.study.shown.value is not None)
        shown = self.program.study.shown.value
        assert shown is not None
        self.until(lambda: shown.state.complete and self.program.store.reading is not None)

    def run(self, name: str, *, again: bool = False) -> None:
        self.program.asking.run(asking_kit.CARDS[name].digest, again=again)

    @property
    def job(self) -> Job:
        """The newest job."""
        return self.program.asking.jobs.all.value[-1]

    def ended(self) -> Job:
        self.until(lambda: not self.job.is_open)
        return self.job

    def message(self) -> str:
        shown = self.window.messages.shown
        return "" if shown is None else self.window.words.tell(shown.text)


@contextmanager
def a_desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, serve: Serve) -> Iterator[Desk]:
    monkeypatch.setattr(asking, "EngineClient", partial(EngineClient, serve=serve))
    monkeypatch.setattr(asking, "installed", lambda: Installed(asking_kit.CARDS, {}))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    made = Desk(qtbot)
    yield made
    made.window.close()
    application.setStyleSheet("")


@pytest.fixture
def desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with a_desk(qtbot, monkeypatch, asking_kit.serve) as made:
        yield made


def workers() -> list[psutil.Process]:
    """The engine and its workers, without the helper of multiprocessing."""
    found = psutil.Process().children(recursive=True)
    return [one for one in found if "resource_tracker" not in " ".join(one.cmdline())]


def test_a_model_reads_the_series_and_its_marks_are_journalled(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.run("many")
    desk.until(lambda: desk.window.jobs.model.text() == "many 1")
    assert desk.window.jobs.series.text() == "series 2"
    assert desk.ended().state is JobState.STORED
    reading = desk.program.store.reading
    assert reading is not None
    assert [one.number for one in reading.findings] == list(range(1, asking_kit.MANY + 1))
    # Voxel (i, j, k) = (3, 7, 3) is the middle of the first cube; the stack begins at (-10, -20, -30).
    assert reading.findings[0].measures.centre_lps_mm == pytest.approx((-7.6, -14.4, -21.0))
    assert reading.results[0].asked_by == desk.program.store.reader
    entries = desk.program.journal.entries("1.2.1")
    assert [(one.who, type(one.edit)) for one in entries] == [("many 1", Propose)]
    assert desk.window.jobs.model.text() == "many 1 on Series 2 · Chest: stored"


def test_j_shows_what_fits_and_enter_runs_it(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.program.asking.cards = tuple(asking_kit.CARDS[name] for name in ("none", "thick", "head"))
    QTest.keyClick(desk.window, Qt.Key.Key_J)
    page = desk.window.right.currentWidget()
    assert isinstance(page, ModelsPage)
    texts = [each.text() for each in page.findChildren(QLabel)]
    assert "The slices are 3.00 mm apart; above 2 mm the model makes more false marks." in texts
    assert "The model needs MR; this series is CT." in texts
    enabled = {name: page.choices[asking_kit.CARDS[name].digest].isEnabled() for name in ("none", "thick", "head")}
    assert enabled == {"none": True, "thick": True, "head": False}
    focus = QApplication.focusWidget()
    assert focus is page.choices[asking_kit.CARDS["none"].digest]
    QTest.keyClick(focus, Qt.Key.Key_Return)
    assert desk.job.card.name == "none"
    assert desk.ended().state is JobState.STORED


def test_a_card_says_limits_needs_licence_and_digest(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.program.asking.show_card(asking_kit.CARDS["none"].digest)
    page = desk.window.right.currentWidget()
    assert isinstance(page, CardPage)
    texts = [each.text().replace("\N{ZERO WIDTH SPACE}", "") for each in page.findChildren(QLabel)]
    assert "CT, pixels of 0.3 to 1.5 mm, slices 0.3 to 5 mm apart, at least 12 slices" in texts
    assert "Apache-2.0" in texts
    assert asking_kit.CARDS["none"].digest in texts
    assert "nothing yet: what this model finds and misses is not known" in texts


def test_cancel_ends_a_job_and_the_next_one_works(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.run("deaf")
    desk.until(workers)
    desk.until(lambda: desk.job.total == 1)
    QTest.mouseClick(desk.window.jobs.cancel, Qt.MouseButton.LeftButton)
    assert desk.ended().state is JobState.CANCELLED
    assert desk.window.jobs.model.text() == "deaf 1 on Series 2 · Chest: cancelled"
    desk.run("none")
    assert desk.ended().state is JobState.STORED


@pytest.mark.parametrize("victim", ["worker", "engine"])
def test_a_killed_process_fails_the_job_with_a_sentence(
    desk: Desk, tmp_path: Path, victim: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.run("waits")
    desk.until(lambda: desk.job.total == 1)
    engine = next(one for one in workers() if one.ppid() == os.getpid())
    process = engine if victim == "engine" else engine.children()[-1]
    process.kill()
    assert desk.ended().state is JobState.FAILED
    assert "SIGKILL" in desk.message()
    assert "Your work" in desk.message() or "your work" in desk.message()
    desk.run("many")
    assert desk.ended().state is JobState.STORED
    caplog.clear()


def test_the_window_closes_while_a_job_runs(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.run("waits")
    desk.until(lambda: desk.job.total == 1)
    desk.window.close()
    assert workers() == []


def test_a_second_run_is_refused_unless_it_is_wished(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.run("many")
    desk.ended()
    desk.run("many")
    assert len(desk.program.asking.jobs.all.value) == 1
    assert desk.message().startswith("many 1 has read this series already")
    desk.window.messages.action.click()
    assert desk.ended().state is JobState.STORED
    reading = desk.program.store.reading
    assert reading is not None
    assert [one.number for one in reading.findings] == list(range(1, 2 * asking_kit.MANY + 1))


def test_the_result_of_a_study_that_is_no_longer_open_waits_for_it(desk: Desk, tmp_path: Path) -> None:
    first = asking_kit.study(tmp_path / "first", 1)
    desk.open(first)
    desk.run("many")
    desk.open(asking_kit.study(tmp_path / "second", 2, "Roe^Richard"))
    assert desk.ended().state is JobState.STORED
    reading = desk.program.store.reading
    assert reading is not None
    assert (reading.study_uid, reading.findings) == ("1.2.2", ())
    assert desk.window.jobs.model.text() == "No job is running"
    desk.open(first)
    desk.until(lambda: desk.program.store.reading is not None and desk.program.store.reading.findings)


def test_the_own_read_is_stored_and_then_marks_show(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.run("many")
    desk.ended()
    bar, asked = desk.window.patient_bar, desk.program.asking
    assert bar.mode_chip.text() == "Second reader · marks hidden"
    assert asked.hides_marks
    assert desk.program.own_read.hint.isVisible()
    QTest.keyClick(desk.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: not asked.hides_marks)
    assert bar.mode_chip.text() == "Second reader · marks shown"
    assert re.fullmatch(r"Own read stored \d\d:\d\d:\d\d with 0 marks. The model's marks are shown.", desk.message())
    assert not desk.program.own_read.hint.isVisible()
    assert not desk.program.registry.action("own-read.done").isEnabled()


def test_concurrent_reading_hides_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    desk.program.change_setting("reading-mode", "concurrent")
    assert not desk.program.asking.hides_marks
    assert desk.window.patient_bar.mode_chip.text() == "Concurrent · marks shown"


def pixels_of(desk: Desk) -> bytes:
    """The whole window."""
    QApplication.processEvents()
    image = desk.window.grab().toImage()
    return bytes(image.constBits())


def pictures_of(desk: Desk) -> list[bytes]:
    """The window with its home panel, the models, the jobs; and every command as it stands."""
    found = []
    for show in (desk.window.close_page, desk.program.asking.show_models, desk.program.asking.show_jobs):
        show()
        found.append(pixels_of(desk))
    QTest.keyClick(desk.window, Qt.Key.Key_H)
    QTest.keyClick(desk.window, Qt.Key.Key_U)
    found.append(pixels_of(desk))
    registry = desk.program.registry
    for command in registry.available:
        action = registry.action(command.id)
        found.append(f"{command.id} {action.isEnabled()} {action.isChecked()} {action.text()}".encode())
    found.append(desk.message().encode())
    return found


def test_nothing_differs_between_0_and_30_marks(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Only the time of day may differ between two runs.
    monkeypatch.setattr(asking_rows, "clock_time", lambda _at: "14:02:11")
    monkeypatch.setattr(asking_rows, "clock", lambda _seconds: "0:14")
    folder = asking_kit.study(tmp_path / "study")
    seen = []
    for serve in (asking_kit.serve, asking_kit.serve_blind):
        monkeypatch.setenv("OVERREAD_HOME", str(tmp_path / serve.__name__))
        with a_desk(qtbot, monkeypatch, serve) as desk:
            desk.open(folder)
            desk.run("many")
            desk.ended()
            reading = desk.program.store.reading
            assert reading is not None
            assert len(reading.findings) == (asking_kit.MANY if serve is asking_kit.serve else 0)
            seen.append(pictures_of(desk))
    assert len(seen[0][0]) == 1600 * 1000 * 4
    differs = [number for number, (one, other) in enumerate(zip(*seen, strict=True)) if one != other]
    assert differs == []


def test_an_arrival_is_read_once_and_the_list_shows_nothing_of_it(desk: Desk, tmp_path: Path) -> None:
    program = desk.program
    program.asking.unasked.take_cards((asking_kit.CARDS["many"],))
    asking_kit.study(program.paths.inbox / "a", 1)
    desk.until(lambda: program.inbox.arrivals.value)
    desk.until(lambda: program.asking.jobs.all.value)
    assert desk.job.unasked
    assert desk.ended().state is JobState.STORED
    (arrival,) = program.inbox.arrivals.value
    program.inbox.refresh_status()
    assert arrival == program.inbox.arrivals.value[0]
    assert program.journal.studies() == frozenset()
    again = Unasked(program.asking.jobs, program.tell)
    again.take_cards((asking_kit.CARDS["many"],))
    again.consider(program.inbox.arrivals.value)
    done: list[bool] = []
    program.tasks.lane(lambda: program.tasks.post(lambda: done.append(True)))
    desk.until(lambda: done)
    assert len(program.asking.jobs.all.value) == 1


def test_the_map_shows_on_h_and_becomes_a_mark_on_u(desk: Desk, tmp_path: Path) -> None:
    folder = asking_kit.study(tmp_path / "study")
    desk.open(folder)
    marks, heatmap = desk.program.workspace.marks, desk.program.workspace.overlays.heatmap
    QTest.keyClick(desk.window, Qt.Key.Key_H)
    assert desk.message() == "The model's map is hidden, as its marks are, until your own read is done."
    desk.run("many")
    desk.ended()
    assert marks.heat.value is None
    QTest.keyClick(desk.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: not desk.program.asking.hides_marks)
    QTest.keyClick(desk.window, Qt.Key.Key_H)
    assert heatmap.value
    assert desk.program.registry.action("heatmap.shown").isChecked()
    shown = desk.program.study.shown.value
    assert shown is not None
    shown.state.go_to_ijk((45.0, 25.0, 5.0))
    QTest.keyClick(desk.window, Qt.Key.Key_U)
    reading = desk.program.store
    desk.until(lambda: reading.reading is not None and len(reading.reading.findings) == asking_kit.MANY + 1)
    assert reading.reading is not None
    own = reading.reading.findings[-1]
    assert (str(own.state), own.tag, own.mask.box) == ("added", "A", ((4, 7), (20, 30), (40, 50)))
    # 3 x 10 x 10 voxels of 0.8 x 0.8 x 3 mm.
    assert own.measures.volume_mm3 == pytest.approx(300 * 0.8 * 0.8 * 3.0)
    assert desk.message().startswith("Mark A was made of the map above 0.30: 576 mm³.")
    QTest.keyClick(desk.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: reading.reading is not None and len(reading.reading.findings) == asking_kit.MANY)


def test_after_a_restart_h_says_that_the_map_is_not_kept(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = asking_kit.study(tmp_path / "study")
    with a_desk(qtbot, monkeypatch, asking_kit.serve) as desk:
        desk.open(folder)
        desk.run("many")
        desk.ended()
        desk.program.asking.declare_own_read()
        desk.until(lambda: not desk.program.asking.hides_marks)
    with a_desk(qtbot, monkeypatch, asking_kit.serve) as desk:
        desk.open(folder)
        assert not desk.program.asking.hides_marks
        QTest.keyClick(desk.window, Qt.Key.Key_H)
        assert not desk.program.workspace.overlays.heatmap.value
        assert not desk.program.registry.action("heatmap.shown").isChecked()
        assert desk.message().startswith("The map of this series is not kept")


def test_the_map_of_a_study_that_is_not_read_yet_never_flashes(desk: Desk, tmp_path: Path) -> None:
    asking_kit.study(tmp_path / "both" / "a", 1)
    asking_kit.study(tmp_path / "both" / "b", 2, "Roe^Richard")
    desk.open(tmp_path / "both")
    program = desk.program
    first, second = (one.key for one in program.study.catalogue.value)

    def go_to(key: str) -> None:
        program.study.show(key)
        desk.until(lambda: program.asking.reading is not None and program.study.shown.value.series.key == key)  # type: ignore[union-attr]  # a study is open

    for key in (second, first):
        go_to(key)
        desk.run("many")
        desk.ended()
    program.asking.declare_own_read()
    desk.until(lambda: not program.asking.hides_marks)
    QTest.keyClick(desk.window, Qt.Key.Key_H)
    assert program.workspace.marks.heat.value is not None
    maps: list[object] = []
    program.workspace.marks.heat.watch(maps.append)
    go_to(second)
    assert program.asking.hides_marks
    assert maps == [None]
    assert not program.workspace.overlays.heatmap.value


def test_the_pointer_points_at_the_image_that_is_under_it_now(desk: Desk, tmp_path: Path) -> None:
    desk.open(asking_kit.study(tmp_path / "study"))
    shown = desk.program.study.shown.value
    assert shown is not None
    view = desk.program.area.views[0]
    assert isinstance(view, SliceView)
    shown.state.go_to_ijk((10.0, 10.0, 5.0))
    port = view.port()
    assert port is not None
    x, y = port.point_of_ijk((30.0, 40.0, 5.0))
    desk.program.area.hovered.emit((port, x, y))
    shown.state.go_to_ijk((10.0, 10.0, 8.0))
    pointed = desk.program.asking.pointed_lps_mm()
    # Voxel (30, 40) of slice 8: -10 + 30 * 0.8, -20 + 40 * 0.8, -30 + 8 * 3.
    assert pointed == pytest.approx((14.0, 12.0, -6.0))
    desk.program.area.hovered.emit(None)
    assert desk.program.asking.pointed_lps_mm() == pytest.approx((-2.0, -12.0, -6.0))
