"""Jobs without a window or an engine: whose turn it is, what gives way, how long it takes, who keeps the memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

import asking_kit
from overread.core.dicom.scan import scan
from overread.core.edits import Propose
from overread.core.journal import Journal
from overread.core.series import Series
from overread.core.text import Sentence, sentence
from overread.inference.cards import suits
from overread.inference.client import Answer, EngineClient, Event, Request
from overread.inference.protocol import Failure, Progress, Proposals, Started, Told
from overread.viewer.presenters.jobs import Desk, Job, Jobs, JobState
from overread.viewer.presenters.volumes import VolumeShelf
from steps import Steps

CANCELLED = Told.of(sentence("engine.cancelled"))


class Engine:
    """A client that does nothing by itself."""

    def __init__(self, hear: Callable[[Event], None]) -> None:
        self.hear = hear
        self.asked: list[Request] = []
        self.cancelled: list[str] = []

    def start(self) -> None:
        """Nothing to start."""

    def submit(self, request: Request) -> str:
        self.asked.append(request)
        return str(len(self.asked))

    def cancel(self, uid: str) -> None:
        self.cancelled.append(uid)

    def close(self) -> None:
        """Nothing to end."""


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = Steps()
        self.told: list[str] = []
        self.recorded: list[tuple[str, Propose, str]] = []
        self.open_study = ""
        self.now = 100.0
        self.engine: Engine | None = None
        self.shelf = VolumeShelf(self.steps, self._tell)
        desk = Desk(
            self.steps, self.shelf, Journal(folder / "j.sqlite"), lambda *fact: self.recorded.append(fact),
            lambda: self.open_study, self._tell, lambda _job, _answer: None,
        )  # fmt: skip
        self.jobs = Jobs(desk, self._make, lambda: self.now)

    def _make(self, hear: Callable[[Event], None]) -> EngineClient:
        self.engine = Engine(hear)
        return cast(EngineClient, self.engine)

    def _tell(self, _kind: str, told: Sentence) -> None:
        self.told.append(told.say())

    def series(self, number: int) -> Series:
        return scan((asking_kit.study(self.folder / str(number), number),)).series[0]

    def ask(self, series: Series, name: str = "many", *, unasked: bool = False) -> Job:
        card = asking_kit.CARDS[name]
        job = self.jobs.ask(card, series, suits(card, series), "Reader 1", unasked=unasked)
        self.steps.finish()
        return job

    def hear(self, event: Event) -> None:
        assert self.engine is not None
        self.engine.hear(event)
        self.steps.finish()

    def answer(self, uid: str) -> None:
        self.hear(Answer(uid, Proposals(uid, [], "cpu", 1.0)))

    def states(self) -> list[str]:
        return [str(job.state) for job in self.jobs.all.value]

    def asked(self) -> list[str]:
        assert self.engine is not None
        return [request.volume.series_uid for request in self.engine.asked]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_one_job_at_a_time_and_the_open_case_before_others(bench: Bench) -> None:
    bench.ask(bench.series(1), unasked=True)
    bench.ask(bench.series(2), unasked=True)
    third = bench.series(3)
    bench.ask(third, unasked=True)
    assert bench.asked() == ["1.2.1.4"]
    bench.open_study = third.study.uid
    bench.answer("1")
    assert bench.asked() == ["1.2.1.4", "1.2.3.4"]
    assert bench.states() == ["stored", "waiting", "running"]
    bench.jobs.close()
    bench.shelf.close()


def test_an_unasked_job_gives_way_and_begins_again(bench: Bench) -> None:
    bench.ask(bench.series(1), unasked=True)
    bench.ask(bench.series(2))
    assert bench.engine is not None
    assert bench.engine.cancelled == ["1"]
    bench.hear(Failure("1", CANCELLED, retryable=True, cancelled=True))
    assert bench.states() == ["waiting", "running"]
    bench.answer("2")
    assert bench.asked() == ["1.2.1.4", "1.2.2.4", "1.2.1.4"]
    bench.answer("3")
    assert bench.states() == ["stored", "stored"]
    assert [who for _uid, _fact, who in bench.recorded] == ["many 1", "many 1"]
    bench.shelf.close()


def test_a_job_that_a_person_asked_for_does_not_give_way(bench: Bench) -> None:
    bench.ask(bench.series(1))
    bench.ask(bench.series(2))
    assert bench.engine is not None
    assert bench.engine.cancelled == []
    bench.jobs.cancel(0)
    bench.hear(Failure("1", CANCELLED, retryable=True, cancelled=True))
    assert bench.states() == ["cancelled", "running"]
    assert bench.told == []
    bench.jobs.close()
    bench.shelf.close()


def test_time_left_is_said_from_a_tenth_on(bench: Bench) -> None:
    bench.ask(bench.series(1))
    bench.now = 105.0
    bench.hear(Started("1", "cpu", 1))
    bench.now = 115.0
    bench.hear(Progress("1", "engine.queued", 2, 30, 10.0))
    assert bench.jobs.left_s() is None
    bench.hear(Progress("1", "engine.queued", 3, 30, 10.0))
    # A tenth took 10 s: nine tenths take 90 s. The job itself has been there for 15 s.
    assert bench.jobs.left_s() == pytest.approx(90.0)
    assert bench.jobs.elapsed_s() == pytest.approx(15.0)
    bench.jobs.close()
    bench.shelf.close()


def test_a_job_keeps_its_series_while_another_one_is_shown(bench: Bench) -> None:
    series = bench.series(1)
    bench.ask(series)
    loading = bench.shelf.block_of(series.key)
    assert loading is not None
    bench.shelf.keep_only(set())
    assert loading.block.path.exists()
    bench.answer("1")
    assert not loading.block.path.exists()
    assert bench.states() == ["stored"]


def test_a_series_with_an_image_that_cannot_be_read_is_refused(bench: Bench) -> None:
    series = bench.series(1)
    series.instances[5].path.unlink()
    bench.ask(series)
    assert bench.states() == ["failed"]
    assert bench.told[-1] == (
        "1 image of this series cannot be read, so no model runs on it: a nodule could lie just there."
    )
    assert bench.engine is None


def test_a_failure_is_told_and_the_next_job_runs(bench: Bench) -> None:
    bench.ask(bench.series(1))
    bench.ask(bench.series(2))
    bench.hear(Failure("1", Told.of(sentence("engine.killed", signal="SIGKILL")), retryable=True))
    assert bench.states() == ["failed", "running"]
    assert "SIGKILL" in bench.told[-1]
    assert bench.jobs.job(0).why == sentence("engine.killed", signal="SIGKILL")
    bench.jobs.cancel(1)
    assert bench.jobs.job(1).state is JobState.RUNNING
    bench.hear(Failure("2", CANCELLED, retryable=True, cancelled=True))
    assert bench.jobs.running is None
    assert bench.jobs.left_s() is None
