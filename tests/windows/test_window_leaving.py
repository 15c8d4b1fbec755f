"""The whole window: what was done is kept when it is left, and each list leads to the images of its own series."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from build_series import Stack
from judging_kit import CORNERS, STUDY, edits, journalled
from overread.core.edits import Add, Edit, Judge, MarkKeyImage, Measure, Save
from overread.core.finding import Judgement, KeyImage, Measurement
from overread.core.journal import Entry, Journal
from overread.core.paths import default_paths
from overread.core.store import now
from overread.viewer.app import Program

OTHER = Stack(
    shape=(12, 20, 24), series_uid="1.2.3.77", frame_uid="1.2.3.78", origin=(500, 500, 500), study_uid=STUDY.study_uid
)


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    journalled()
    made = Program(default_paths())
    made.change_setting("reading-mode", "concurrent")
    made.window.show()
    STUDY.write(tmp_path / "study")
    OTHER.write(tmp_path / "study", "other")
    made.study.open_paths([tmp_path / "study"])
    settled(qtbot, lambda: made.study.shown.value is not None and made.study.shown.value.state.complete)
    settled(qtbot, lambda: made.places.is_recalled)
    yield made
    made.window.may_close = lambda: True
    made.window.close()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet("")


def settled(qtbot: QtBot, seen: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(seen()), timeout=20000)


def message(program: Program) -> str:
    shown = program.window.messages.shown
    return "" if shown is None else program.window.words.tell(shown.text)


def accept(program: Program, uid: str) -> None:
    program.store.apply(Judge(uid, Judgement(verdict="accepted", who="Reader 1", at=now())))


@pytest.mark.parametrize(
    ("marked", "place"),
    [
        (
            MarkKeyImage(KeyImage(
                uid="key", series_uid=OTHER.series_uid, split="", sop_instance_uid="1.2.3.79", slice_k=4,
                image_number=5,
            )),
            None,
        ),
        (
            Measure(
                Measurement(
                    uid="key", kind="length", points_lps_mm=((505, 503, 510), (509, 505, 510)), value=4.5, unit="mm",
                    series_uid=OTHER.series_uid, plane="axial",
                )
            ),
            (507, 504, 510),
        ),
    ],
)  # fmt: skip
def test_a_row_leads_to_the_images_of_its_own_series(
    qtbot: QtBot, program: Program, marked: Edit, place: tuple[float, float, float] | None
) -> None:
    program.study.show(next(one.key for one in program.study.catalogue.value if one.uid == STUDY.series_uid))
    settled(qtbot, lambda: program.study.shown.value and program.study.shown.value.series.uid == STUDY.series_uid)
    program.store.apply(marked)
    settled(qtbot, lambda: not program.store.is_busy)
    program.go_to_measurement("key")
    settled(qtbot, lambda: program.study.shown.value and program.study.shown.value.series.uid == OTHER.series_uid)
    shown = program.study.shown.value
    assert shown is not None
    if place is None:
        settled(qtbot, lambda: shown.state.place_ijk.value[2] == 4)
    else:
        settled(qtbot, lambda: shown.state.place_lps_mm() == pytest.approx(place, abs=1.5))


def test_what_is_under_way_is_finished_before_the_window_closes(qtbot: QtBot, program: Program) -> None:
    shown = program.study.shown.value
    assert shown is not None
    k, j, i = CORNERS[0]
    program.editing.session.mark(shown.state, (float(i), float(j), float(k)))
    assert program.window.close() is False
    settled(qtbot, lambda: program.window.right.currentWidget() is program.saving.question)
    assert isinstance(edits()[-1], Add)


def test_edits_that_no_disk_takes_are_told_before_they_are_lost_and_can_be_kept(
    qtbot: QtBot, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    def full(_base: sqlite3.Connection, _entry: Entry) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    length = Measurement(
        uid="m", kind="length", points_lps_mm=((0, 0, 0), (3, 4, 0)), value=5.0, unit="mm", series_uid="1"
    )
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_write", staticmethod(full))
        program.store.apply(Measure(length))
        settled(qtbot, lambda: not program.store.is_busy)
        assert "1 edit is not on disk yet: database or disk is full." in message(program)
        assert program.window.close() is False
        settled(qtbot, lambda: program.saving._gives_up)
        assert message(program).startswith("1 edit is in memory only and is lost when the window closes.")
        program.saving.keep_elsewhere(tmp_path / "kept.jsonl")
        settled(qtbot, lambda: (tmp_path / "kept.jsonl").exists())
    (line,) = (tmp_path / "kept.jsonl").read_text().splitlines()
    assert json.loads(json.loads(line)["edit"])["measurement"]["value"] == 5.0
    program.saving._gives_up = False
    program.window.close_requested.connect(lambda: closed.append(True))
    assert program.window.close() is False
    settled(qtbot, lambda: closed)
    assert edits()[-1] == Measure(length)


def test_what_is_judged_while_files_are_written_is_not_saved(qtbot: QtBot, program: Program) -> None:
    program.store.reader = "Reader 1"
    accept(program, "2.25.1")
    settled(qtbot, lambda: program.saving.unsaved() == 1)
    program.registry.trigger("findings.save")
    settled(qtbot, lambda: program.saving._running)
    accept(program, "2.25.2")
    settled(qtbot, lambda: program.window.right.currentWidget() is program.saving.page)
    settled(qtbot, lambda: isinstance(edits()[-1], Save))
    assert program.saving.unsaved() == 2
    journal = Journal(default_paths().journal)
    assert journal.saved_studies() == frozenset()
    journal.close()


def test_a_save_right_after_a_mark_holds_it(qtbot: QtBot, program: Program) -> None:
    shown = program.study.shown.value
    assert shown is not None
    program.store.reader = "Reader 1"
    program.editing.session.mark(shown.state, (70.0, 20.0, 10.0))
    program.registry.trigger("findings.save")
    settled(qtbot, lambda: isinstance(edits()[-1], Save))
    added, saved = edits()[-2:]
    assert isinstance(added, Add)
    assert isinstance(saved, Save)
    assert saved.saved.finding_uids == (added.finding.uid,)
    settled(qtbot, lambda: program.saving.unsaved() == 0)
