"""The whole window, given what is wrong: one clear sentence, nothing mixed, nothing lost, and it stays usable."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import resources
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

import asking_kit
import engine_readers
from judging_kit import STUDY, edits, journalled
from overread.core import saving
from overread.core.edits import DeclareOwnRead, Judge
from overread.core.finding import Judgement, State
from overread.core.paths import default_paths
from overread.core.reading import OwnRead
from overread.core.store import now
from overread.core.text import Sentence
from overread.inference.cards import Installed, read_folder
from overread.inference.client import EngineClient
from overread.viewer import asking
from overread.viewer.app import Program
from overread.viewer.panels.message_line import MessageKind, MessageLine
from overread.viewer.presenters.jobs import JobState

WAIT_MS = 30_000


class Desk:
    """The window with its program; ``said`` collects every sentence of the message line in its order."""

    def __init__(self, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.said: list[str] = []
        honest = MessageLine.tell

        def tell(line: MessageLine, kind: MessageKind, text: Sentence, *rest: Any, at_once: bool = False) -> None:
            self.said.append(text.say())
            honest(line, kind, text, *rest, at_once=at_once)

        monkeypatch.setattr(MessageLine, "tell", tell)
        self.program = Program(default_paths())
        self.window = self.program.window
        qtbot.addWidget(self.window)
        self.window.resize(1600, 1000)
        self.window.show()

    def until(self, seen: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(seen()), timeout=WAIT_MS)

    def hears(self, part: str) -> str:
        """Wait for a sentence; all of it."""
        self.until(lambda: any(part in one for one in self.said))
        return next(one for one in self.said if part in one)

    def open(self, folder: Path) -> None:
        self.program.study.open_paths([folder])
        self.until(lambda: self.program.study.shown.value is not None)
        self.until(lambda: self.program.places.is_recalled)

    def judge(self, uid: str) -> None:
        self.program.store.reader = "Reader 1"
        self.program.store.apply(Judge(uid, Judgement(verdict="accepted", who="Reader 1", at=now())))
        self.until(lambda: self.state_of(uid) is State.ACCEPTED)

    def state_of(self, uid: str) -> State | None:
        reading = self.program.store.reading
        found = None if reading is None else reading.finding(uid)
        return None if found is None else found.state

    def settle(self) -> None:
        """Wait until the thread that writes has done all that was asked, and its answers are here."""
        done: list[bool] = []
        self.program.tasks.lane(lambda: self.program.tasks.post(lambda: done.append(True)))
        self.until(lambda: done)


@contextmanager
def a_desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(qtbot, monkeypatch)
    yield made
    if made.window.isVisible():
        made.program.close()
        made.window.hide()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet("")


@pytest.fixture
def desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with a_desk(qtbot, monkeypatch) as made:
        yield made


@pytest.fixture
def judged(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Desk]:
    """A study with three marks, the own read done and the first mark accepted."""
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    with a_desk(qtbot, monkeypatch) as made:
        made.open(STUDY.write(tmp_path / "study"))
        made.judge("2.25.1")
        yield made


def test_a_damaged_card_is_said_and_the_other_models_stay(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(Path(str(resources.files("overread.resources") / "models")), tmp_path / "models")
    (tmp_path / "models" / "broken.toml").write_text("schema = = 1", encoding="utf-8")
    monkeypatch.setattr(asking, "installed", partial(read_folder, tmp_path / "models"))
    with a_desk(qtbot, monkeypatch) as desk:
        desk.hears("The model card broken.toml cannot be used: Invalid value (at line 1, column 10).")
        assert [card.name for card in desk.program.asking.cards] == ["lung-nodule"]


def is_read(program: Program, study_uid: str) -> bool:
    """True once the reading of a study is in hand."""
    return program.asking.reading is not None and program.asking.reading.study_uid == study_uid


def test_two_patients_of_one_folder_have_two_readings(desk: Desk, tmp_path: Path) -> None:
    asking_kit.study(tmp_path / "both", 1)
    asking_kit.study(tmp_path / "both" / "other", 2, "Roe^Richard")
    program = desk.program
    desk.open(tmp_path / "both")
    assert desk.hears("2 patients are in this folder")
    names = {}
    for uid in ("1.2.1", "1.2.2"):
        key = next(one.key for one in program.study.catalogue.value if one.study.uid == uid)
        program.study.show(key)
        desk.until(partial(is_read, program, uid))
        desk.until(lambda: program.study.shown.value is not None and program.study.shown.value.state.complete)
        assert program.store.reading is not None
        assert program.store.reading.key_images == ()
        program.turn_key_image()
        desk.until(lambda: program.store.reading is not None and program.store.reading.key_images)
        names[uid] = program.window.patient_bar.name.text()
        assert len(program.journal.entries(uid)) == 1
    assert names == {"1.2.1": "Doe, Jane", "1.2.2": "Roe, Richard"}


def test_an_engine_that_cannot_start_is_said_and_reading_goes_on(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ensure_running()
    monkeypatch.setattr(asking, "EngineClient", partial(EngineClient, serve=engine_readers.serve_nothing))
    monkeypatch.setattr(asking, "installed", lambda: Installed(asking_kit.CARDS, {}))
    with a_desk(qtbot, monkeypatch) as desk:
        program = desk.program
        desk.until(lambda: program.asking.cards)
        desk.open(asking_kit.study(tmp_path / "study"))
        desk.until(lambda: program.study.shown.value is not None and program.study.shown.value.state.complete)
        program.asking.run(asking_kit.CARDS["many"].digest)
        desk.until(lambda: program.asking.jobs.all.value[-1].state is JobState.FAILED)
        assert desk.hears("The engine could not start") == (
            "The engine could not start (exit code 7). Looking at images and your work go on without it;"
            " `overread doctor` says what is missing."
        )
        program.turn_key_image()
        desk.until(lambda: program.store.reading is not None and program.store.reading.key_images)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_the_report_is_said_and_the_next_save_works(
    judged: Desk, monkeypatch: pytest.MonkeyPatch, own_home: Path, number: int
) -> None:
    def refused(_path: Path) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(saving, "_flush", refused)
        judged.program.registry.trigger("findings.save")
        told = judged.hears(os.strerror(number))
    assert "cannot be written" in told
    assert "Choose another folder in the settings or make room" in told
    assert [path for path in (own_home / "results").rglob("*") if path.is_file()] == []
    assert judged.program.saving.unsaved() == 1
    judged.program.registry.trigger("findings.save")
    judged.hears("1 finding saved and verified")
    judged.until(lambda: judged.program.saving.unsaved() == 0)


def fill(desk: Desk) -> int:
    """Let the disk under the journal be full, and judge on until an edit waits; how many edits are on disk."""
    program = desk.program
    base = program.journal._open()
    pages = int(base.execute("PRAGMA page_count").fetchone()[0])
    base.execute(f"PRAGMA max_page_count = {pages}")
    while not program.journal.waiting:
        long = Judgement(verdict="rejected", who="Reader 1", at=now(), reason="other", note="x" * 4000)
        program.store.apply(Judge("2.25.2", long))
        desk.settle()
    return len(edits())


def make_room(desk: Desk) -> None:
    desk.program.journal._open().execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_under_the_journal_keeps_edits_until_there_is_room(judged: Desk) -> None:
    program, window = judged.program, judged.window
    on_disk = fill(judged)
    told = judged.hears("1 edit is not on disk yet")
    assert "It stays in memory and is tried again with the next edit; it can be saved elsewhere." in told
    assert judged.state_of("2.25.2") is State.REJECTED
    # First the question about what is not saved, then the one about what is not even in the journal.
    assert not window.may_close()
    assert not window.may_close()
    judged.hears("1 edit is in memory only and ends with this window.")
    make_room(judged)
    judged.judge("2.25.3")
    assert program.journal.waiting == []
    assert len(edits()) == on_disk + 2


def test_with_room_again_the_window_keeps_the_edits_and_closes(judged: Desk) -> None:
    on_disk = fill(judged)
    assert not judged.window.may_close()
    make_room(judged)
    judged.window.close()
    judged.until(lambda: not judged.window.isVisible())
    assert len(edits()) == on_disk + 1


def test_edits_that_wait_are_saved_elsewhere_and_taken_back(
    judged: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(judged)
    kept = tmp_path / "kept.jsonl"
    answers = iter([str(kept / "below"), str(tmp_path / "not-there" / "kept.jsonl")])
    kept.write_text("", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_rest: (next(answers), ""))
    judged.program.rescue.choose()
    judged.hears("The journal below cannot be written")
    judged.program.rescue.choose()
    judged.hears("1 edit that is not in the journal stands in")
    (line,) = (tmp_path / "not-there" / "kept.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["who"] == "Reader 1"
    assert not judged.window.may_close()
    assert judged.window.may_close()
    # As if the window had closed here and the disk had room the next time.
    judged.program.journal.waiting.clear()
    make_room(judged)
    on_disk = len(edits())
    judged.program.open_paths([tmp_path / "not-there" / "kept.jsonl"])
    judged.hears("1 edit of kept.jsonl was taken into the journal.")
    judged.until(lambda: judged.state_of("2.25.2") is State.REJECTED)
    assert len(edits()) == on_disk + 1
    judged.program.open_paths([kept.with_name("no.jsonl")])
    judged.hears("no.jsonl holds no edits that were saved elsewhere.")
