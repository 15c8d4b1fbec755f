"""The whole window without a screen: modes, folds, languages and saving act on what is shown at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from judging_kit import CORNERS, STUDY, centre_mm, edits, journalled
from overread.core.dicom.scan import scan
from overread.core.edits import Judge, Save
from overread.core.finding import Judgement
from overread.core.paths import default_paths
from overread.core.store import now
from overread.viewer.app import Program
from overread.viewer.presenters.inbox import Arrival, ArrivalStatus


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    journalled()
    made = Program(default_paths())
    qtbot.addWidget(made.window)
    made.window.resize(1600, 1000)
    made.window.show()
    made.study.open_paths([STUDY.write(tmp_path / "study")])
    qtbot.waitUntil(
        lambda: made.study.shown.value is not None and made.study.shown.value.state.complete, timeout=20000
    )
    qtbot.waitUntil(lambda: made.places.is_recalled, timeout=20000)
    yield made
    made.close()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet("")


def tags(program: Program) -> list[object]:
    return [tag for _uid, tag, _state, _selected in program.judging.facts()]


def settled(qtbot: QtBot, seen: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(seen()), timeout=20000)


def test_the_mode_of_reading_shows_and_hides_marks_at_once(program: Program) -> None:
    window = program.window
    assert tags(program) == []
    assert window.right.currentWidget() is program.own_read
    program.change_setting("reading-mode", "concurrent")
    assert tags(program) == ["1", "2", "3"]
    assert window.right.currentWidget() is program.judging.panel
    program.judging.step(1)
    assert program.workspace.marks.selected.value == "2.25.1"
    program.change_setting("reading-mode", "second")
    assert tags(program) == []
    assert program.workspace.marks.selected.value == ""
    assert window.right.currentWidget() is program.own_read


def test_all_views_go_there_and_enter_accepts_nothing(qtbot: QtBot, program: Program) -> None:
    program.change_setting("reading-mode", "concurrent")
    program.judging.step(-1)
    shown = program.study.shown.value
    assert shown is not None
    assert shown.state.place_lps_mm() == pytest.approx(tuple(centre_mm(CORNERS[2])))
    assert all(view.zoom.value is not None for view in program.workspace.views.value)
    assert [one for one in edits() if isinstance(one, Judge)] == []


def test_the_list_of_arrivals_knows_at_once_what_was_judged(qtbot: QtBot, program: Program) -> None:
    program.change_setting("reading-mode", "concurrent")
    uid = STUDY.study_uid
    series = program.study.catalogue.value
    program.inbox.arrivals.set((Arrival(Path("a"), uid, "A", "", "", ArrivalStatus.NEW, series),))
    assert program.inbox.next_after("") is not None
    program.store.reader = "Reader 1"
    program.store.apply(Judge("2.25.1", Judgement(verdict="accepted", who="Reader 1", at=now())))
    settled(qtbot, lambda: program.inbox.arrivals.value[0].status is ArrivalStatus.JUDGED)
    assert program.inbox.next_after("") is None
    program.registry.trigger("edit.undo")
    settled(qtbot, lambda: program.saving.unsaved() == 0)


def test_a_case_that_arrives_while_another_is_read_is_loaded_behind_it(
    qtbot: QtBot, program: Program, tmp_path: Path
) -> None:
    folder = replace(STUDY, study_uid="1.2.77", series_uid="1.2.77.1", patient_id="P2").write(tmp_path / "next")
    series = scan((folder,)).series
    assert not program.shelf.is_shelved(series[0].key)
    program.inbox.arrivals.set((Arrival(folder, "1.2.77", "B", "", "", ArrivalStatus.NEW, series),))
    settled(qtbot, lambda: program.shelf.is_shelved(series[0].key))
    shown = program.study.shown.value
    assert shown is not None
    assert shown.series.study.uid == STUDY.study_uid


def test_the_page_after_saving_speaks_the_language_of_the_window_and_the_inbox_knows(
    qtbot: QtBot, program: Program
) -> None:
    program.change_setting("reading-mode", "concurrent")
    assert program._status_of(STUDY.study_uid) is ArrivalStatus.NEW
    program.store.reader = "Reader 1"
    program.store.apply(Judge("2.25.1", Judgement(verdict="accepted", who="Reader 1", at=now())))
    settled(qtbot, lambda: program.saving.unsaved() == 1)
    assert program._status_of(STUDY.study_uid) is ArrivalStatus.JUDGED
    assert not program.window.may_close()
    program.registry.trigger("findings.save")
    settled(qtbot, lambda: program.window.right.currentWidget() is program.saving.page)
    settled(qtbot, lambda: isinstance(edits()[-1], Save) and program.saving.unsaved() == 0)
    assert program._status_of(STUDY.study_uid) is ArrivalStatus.SAVED
    assert program.window.may_close()

    def shown() -> list[str]:
        return [each.text() for each in program.saving.page.findChildren(QLabel)]

    assert "1 segment: 1" in shown()
    program.change_setting("language", "zh")
    assert "1 个分割：1" in shown()
    program.registry.trigger("edit.undo")
    settled(qtbot, lambda: program._status_of(STUDY.study_uid) is ArrivalStatus.JUDGED)
