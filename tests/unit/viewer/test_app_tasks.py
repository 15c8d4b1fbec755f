"""Worker threads: answers on the GUI thread, cancel, writes in order, everything joined."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from overread.viewer.presenters.background import Cancel
from overread.viewer.tasks import Tasks


@pytest.fixture
def tasks(qtbot: QtBot) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


def never(error: object) -> None:
    raise AssertionError(f"not expected: {error!r}")


def test_the_answer_comes_on_the_gui_thread(tasks: Tasks, qtbot: QtBot) -> None:
    answers: list[tuple[int, bool, bool]] = []
    gui = threading.current_thread()

    def work(_cancel: Cancel) -> tuple[int, bool]:
        return 6 * 7, threading.current_thread() is gui

    tasks.run(work, lambda pair: answers.append((*pair, threading.current_thread() is gui)), never)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [(42, False, True)]


def test_an_error_is_told_and_not_swallowed(tasks: Tasks, qtbot: QtBot) -> None:
    told: list[Exception] = []

    def work(_cancel: Cancel) -> None:
        raise ValueError("planted")

    tasks.run(work, never, told.append)
    qtbot.waitUntil(lambda: bool(told))
    assert str(told[0]) == "planted"


def test_after_a_cancel_no_answer_comes(tasks: Tasks, qtbot: QtBot) -> None:
    started, ended, later = threading.Event(), threading.Event(), threading.Event()

    def work(cancel: Cancel) -> bool:
        started.set()
        assert ended.wait(10)
        return cancel()

    cancel = tasks.run(work, never, never)
    assert started.wait(10)
    cancel.ask()
    ended.set()
    tasks.run(lambda _cancel: None, lambda _none: later.set(), never)
    qtbot.waitUntil(later.is_set)


def test_writes_keep_their_order_and_are_finished_at_close(qtbot: QtBot) -> None:
    tasks = Tasks()
    written: list[int] = []
    for number in range(50):
        tasks.lane(lambda number=number: written.append(number))  # type: ignore[misc]
    tasks.close()
    assert written == list(range(50))


def test_close_joins_the_threads_and_asks_reads_to_stop(qtbot: QtBot) -> None:
    tasks = Tasks()
    started = threading.Event()

    def work(cancel: Cancel) -> None:
        started.set()
        while not cancel():
            threading.Event().wait(0.001)

    tasks.run(work, never, never)
    assert started.wait(10)
    tasks.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("overread-")]
