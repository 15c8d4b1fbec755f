"""The store: journal first, one door, undo that survives a restart."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.core.edits import CannotApplyError, DeclareOwnRead, Measure, RemoveMeasure, Undo, apply
from overread.core.finding import Measurement
from overread.core.history import History
from overread.core.journal import Journal
from overread.core.reading import OwnRead, Reading
from overread.core.store import Change, ReadingStore
from overread.core.text import Sentence


def measurement(uid: str) -> Measurement:
    return Measurement(
        uid=uid, kind="length", points_lps_mm=((0, 0, 0), (3, 4, 0)), value=5.0, unit="mm", series_uid="1.2"
    )


class Bench:
    """A store with a lane and a GUI thread that run when the test says so."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.todo: deque[Callable[[], None]] = deque()
        self.told: list[Sentence] = []
        self.changes: list[Change] = []
        self.store = ReadingStore(self.journal, self.todo.append, self.todo.append, self.told.append)
        self.store.reader = "reader"
        self.store.watch(self.changes.append)
        self.opened = False

    def run(self) -> None:
        while self.todo:
            self.todo.popleft()()

    def open(self, uid: str = "1.9") -> Bench:
        self.store.open_study(uid, lambda: setattr(self, "opened", True))
        self.run()
        return self

    def uids(self) -> list[str]:
        assert self.store.reading is not None
        return [one.uid for one in self.store.reading.measurements]


def test_the_journal_comes_before_the_reading(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open()
    bench.store.apply(Measure(measurement("a")))
    assert bench.uids() == []
    bench.todo.popleft()()
    assert len(bench.journal.entries("1.9")) == 1
    assert bench.uids() == []
    bench.run()
    assert bench.uids() == ["a"]
    assert bench.changes[-1].who == "reader"
    bench.journal.close()


def test_what_waits_is_called_when_all_before_has_entered_or_could_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open()
    seen: list[list[str]] = []
    bench.store.then(lambda: seen.append(bench.uids()))
    bench.store.apply(Measure(measurement("a")))
    bench.store.apply(RemoveMeasure("not there"))
    bench.store.then(lambda: seen.append(bench.uids()))
    bench.store.apply(Measure(measurement("b")))
    assert seen == [[]]
    bench.run()
    assert seen == [[], ["a"]]
    assert [told.id for told in bench.told] == ["journal.step-left-out"]
    bench.journal.close()


def test_undo_and_redo_survive_a_restart_and_name_what_they_do(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open()
    for uid in ("a", "b"):
        bench.store.apply(Measure(measurement(uid)))
    bench.store.apply(RemoveMeasure("a"))
    bench.store.undo()
    bench.store.undo()
    bench.run()
    assert bench.uids() == ["a"]
    bench.journal.close()

    again = Bench(tmp_path / "j.sqlite").open()
    assert again.opened
    assert again.uids() == ["a"]
    assert again.store.undo_words is not None
    assert again.store.undo_words.say() == "measure 5.0 mm"
    assert again.store.redo_words is not None
    again.store.redo()
    again.store.redo()
    again.run()
    assert again.uids() == ["b"]
    assert len(again.journal.entries("1.9")) == 7
    again.journal.close()


def test_a_new_edit_ends_what_could_be_redone(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open()
    bench.store.apply(Measure(measurement("a")))
    bench.store.undo()
    bench.store.apply(Measure(measurement("b")))
    bench.run()
    assert bench.store.redo_words is None
    assert bench.uids() == ["b"]
    bench.journal.close()


def test_an_unwritable_journal_is_told_and_the_work_stays(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    bench = Bench(tmp_path / "blocked" / "j.sqlite").open()
    bench.store.apply(Measure(measurement("a")))
    bench.run()
    assert bench.uids() == ["a"]
    assert any("stays in memory" in told.say() for told in bench.told)
    assert len(bench.journal.waiting) == 1


def test_an_edit_that_does_not_fit_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open()
    bench.store.apply(RemoveMeasure("nothing"))
    bench.store.apply(Measure(measurement("a")))
    bench.run()
    assert "does not fit" in bench.told[0].say()
    assert bench.uids() == ["a"]
    bench.journal.close()


def test_another_study_has_a_reading_of_its_own(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open("1.1")
    bench.store.apply(Measure(measurement("a")))
    bench.run()
    assert bench.open("1.2").uids() == []
    assert bench.open("1.1").uids() == ["a"]
    bench.journal.close()


@given(st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 3)), max_size=12))
def test_the_way_back_restores_the_reading(steps: list[tuple[str, int]]) -> None:
    reading = Reading("1.9")
    for what, number in steps:
        edit = Measure(measurement(f"m{number}")) if what == "add" else RemoveMeasure(f"m{number}")
        try:
            after, way_back = apply(reading, edit)
        except CannotApplyError:
            continue
        assert way_back(after) == reading
        reading = after


def test_history_refuses_to_undo_what_is_not_the_newest() -> None:
    history = History(Reading("1.9"))
    history.take("e1", Measure(measurement("a")))
    history.take("e2", Measure(measurement("b")))
    with pytest.raises(CannotApplyError):
        history.take("e3", Undo("e1"))
    assert [one.uid for one in history.reading.measurements] == ["a", "b"]


def test_what_happens_to_a_study_that_is_not_open_is_kept_for_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open("1.9")
    own_read = DeclareOwnRead(OwnRead("reader", "2026-01-02T03:04:05.678+00:00", 0))
    bench.store.record("1.8", own_read, "lung-nodule 0.1")
    bench.store.apply(Measure(measurement("a")))
    bench.run()
    assert bench.store.reading is not None
    assert bench.store.reading.own_read is None
    assert bench.uids() == ["a"]
    assert [one.who for one in bench.journal.entries("1.8")] == ["lung-nodule 0.1"]
    bench.open("1.8")
    assert bench.store.reading == Reading("1.8", own_read=own_read.own_read)
    bench.store.record("1.8", DeclareOwnRead(OwnRead("other", "2026-01-02T03:04:06.678+00:00", 1)), "other")
    bench.run()
    assert bench.changes[-1].who == "other"
    bench.journal.close()


def test_a_fact_that_is_written_while_its_study_opens_enters_the_reading(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite")
    bench.store.open_study("1.9", lambda: None)
    bench.todo.popleft()()
    bench.store.record("1.9", DeclareOwnRead(OwnRead("reader", "2026-01-02T03:04:05.678+00:00", 0)), "reader")
    bench.run()
    assert bench.store.reading is not None
    assert bench.store.reading.own_read is not None
    assert len(bench.journal.entries("1.9")) == 1


def test_an_edit_enters_its_own_study_whatever_is_opened_before_its_turn(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite").open("1.9")
    for uid in ("a", "b", "c"):
        bench.store.apply(Measure(measurement(uid)))
    bench.store.undo()
    bench.open("1.8")
    bench.store.apply(Measure(measurement("late")), study_uid="1.9")
    bench.run()
    assert bench.uids() == []
    assert bench.journal.entries("1.8") == ()
    bench.open("1.9")
    assert bench.uids() == ["a", "b", "late"]
    assert bench.told == []
    bench.journal.close()


def test_what_is_done_while_a_study_is_being_opened_is_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite")
    bench.store.open_study("1.9", lambda: None)
    bench.store.apply(Measure(measurement("a")))
    bench.run()
    assert bench.uids() == ["a"]
    bench.journal.close()


def test_a_study_that_was_left_while_its_journal_was_read_does_not_come_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "j.sqlite")
    bench.store.open_study("1.9", lambda: None)
    bench.store.open_study("1.8", lambda: None)
    bench.run()
    assert [change.reading.study_uid for change in bench.changes] == ["1.8"]
    bench.store.open_study("1.9", lambda: None)
    bench.store.close_study()
    bench.run()
    assert bench.store.reading is None
    bench.journal.close()
