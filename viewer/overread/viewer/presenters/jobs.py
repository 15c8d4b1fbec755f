"""Jobs: which model reads which series, in what order, and how each ended. One job at a time; knows no toolkit.

What a person asked for goes first, then what is read unasked; an unasked job that runs gives way and begins again
later. Nothing that is told here depends on what a model found: a job that ended well is "stored", whatever came.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

import msgspec

from overread.core.edits import Propose
from overread.core.errors import OverreadError
from overread.core.finding import ModelResult
from overread.core.journal import Journal
from overread.core.series import Series
from overread.core.store import now
from overread.core.text import Sentence, sentence
from overread.inference.cards import ModelCard, Suitability
from overread.inference.client import Answer, EngineClient, Event, Request
from overread.inference.protocol import Failure, Progress, Started, Told
from overread.viewer.presenters.background import Background
from overread.viewer.presenters.volumes import Hold, VolumeShelf
from overread.viewer.proposing import engine_facts, proposed
from overread.viewer.state.observable import Property
from overread.viewer.state.views import VolumeState

LEFT_FROM_SHARE = 0.1
"""From this share of a job on its speed is known well enough to say how long it still takes."""
LEFT_FROM_S = 2.0
"""Sooner than this a share is mostly what was quick at the start."""
INBOX = "inbox"
"""Who asked for a job that nobody asked for."""

WAITING_STAGE = sentence("asking.stage-waiting")
LOADING_STAGE = sentence("asking.stage-loading")

MakeClient = Callable[[Callable[[Event], None]], EngineClient]


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    STORING = "storing"
    STORED = "stored"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({JobState.WAITING, JobState.RUNNING, JobState.STORING})


@dataclass(frozen=True, slots=True)
class Job:
    """One job since the start of the program. ``asked_at`` is UTC, ISO 8601; ``why`` says why it failed."""

    number: int
    card: ModelCard
    series: Series
    suitability: Suitability
    asked_by: str
    asked_at: str
    unasked: bool = False
    state: JobState = JobState.WAITING
    stage: Sentence = WAITING_STAGE
    done: int = 0
    total: int = 0
    elapsed_s: float = 0.0
    why: Sentence | None = None

    @property
    def is_open(self) -> bool:
        """True until it has ended."""
        return self.state in OPEN


@dataclass(slots=True, eq=False)
class _Run:
    """The job that runs: what it holds and since when. ``worked_from`` is when a worker took it up."""

    number: int
    began: float
    hold: Hold | None = None
    stop: Callable[[], None] = field(default=lambda: None)
    uid: str = ""
    worked_from: float | None = None
    gives_way: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What the journal holds of models' results for a study: the records, and the highest number of a mark."""

    results: tuple[ModelResult, ...] = ()
    highest: int = 0

    def has(self, digest: str) -> bool:
        """True when this very model has read the study."""
        return any(one.model.digest == digest for one in self.results)


@dataclass(slots=True)
class Desk:
    """What jobs need of the window. ``open_study`` gives the UID of the study in hand; ``came`` hears of each
    answer that was stored, for its map."""

    background: Background
    shelf: VolumeShelf
    journal: Journal
    record: Callable[[str, Propose, str], None]
    open_study: Callable[[], str]
    tell: Callable[[str, Sentence], None]
    came: Callable[[Job, Answer], None]


class Jobs:
    """Owner of the engine and of all jobs of a session. GUI thread only, but for the engine's events."""

    def __init__(
        self, desk: Desk, make_client: MakeClient = EngineClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._desk = desk
        self._make_client = make_client
        self._clock = clock
        self._client: EngineClient | None = None
        self._run: _Run | None = None
        self._given: dict[str, int] = {}
        self.all: Property[tuple[Job, ...]] = Property(())

    # what is asked

    def ask(
        self, card: ModelCard, series: Series, suitability: Suitability, asked_by: str, *, unasked: bool = False
    ) -> Job:
        """Queue a job. A person's job goes before every unasked one."""
        job = Job(len(self.all.value), card, series, suitability, asked_by, now(), unasked)
        self.all.set((*self.all.value, job))
        self._make_way()
        self._next()
        return job

    def under_way(self, card: ModelCard, series: Series) -> Job | None:
        """The job that has not ended in which this model reads this series."""
        return next(
            (
                job
                for job in self.all.value
                if job.is_open and job.card.digest == card.digest and job.series.key == series.key
            ),
            None,
        )

    def ask_for(self, number: int, asked_by: str) -> None:
        """An unasked job is wanted now."""
        self._change(number, unasked=False, asked_by=asked_by)
        self._make_way()

    def cancel(self, number: int) -> None:
        """End a job; one whose answer is being stored is past that."""
        job = self.all.value[number]
        if job.state is JobState.WAITING:
            self._change(number, state=JobState.CANCELLED)
        elif job.state is JobState.RUNNING and self._run is not None:
            self._run.gives_way = False
            self._stop(self._run)

    def job(self, number: int) -> Job:
        """A job as it is now."""
        return self.all.value[number]

    @property
    def running(self) -> Job | None:
        """The job in hand."""
        return None if self._run is None else self.job(self._run.number)

    def elapsed_s(self) -> float:
        """How long the job in hand has run."""
        return 0.0 if self._run is None else self._clock() - self._run.began

    def left_s(self) -> float | None:
        """How long the job in hand may still run, from its speed so far; None while that is not known."""
        run, job = self._run, self.running
        if run is None or job is None or run.worked_from is None or job.total == 0 or job.state is JobState.STORING:
            return None
        worked = self._clock() - run.worked_from
        share = job.done / job.total
        return worked * (1 - share) / share if share >= LEFT_FROM_SHARE and worked >= LEFT_FROM_S else None

    def close(self) -> None:
        """End the engine. Jobs that have not ended do not end any more."""
        if self._run is not None:
            self._run.stop()
            self._run = None
        if self._client is not None:
            self._client.close()

    # the order

    def _make_way(self) -> None:
        """Stop an unasked job when a person waits for another one."""
        run = self._run
        wanted = any(job.state is JobState.WAITING and not job.unasked for job in self.all.value)
        if run is not None and wanted and not run.gives_way:
            job = self.job(run.number)
            if job.unasked and job.state is JobState.RUNNING:
                run.gives_way = True
                self._stop(run)

    def _next(self) -> None:
        if self._run is not None:
            return
        waiting = [job for job in self.all.value if job.state is JobState.WAITING]
        if not waiting:
            return
        here = self._desk.open_study()
        job = min(waiting, key=lambda one: (one.unasked, one.series.study.uid != here, one.number))
        run = self._run = _Run(job.number, self._clock())
        self._change(job.number, state=JobState.RUNNING, stage=LOADING_STAGE, done=0, total=0)
        hold = self._desk.shelf.hold(job.series, partial(self._opened, run), partial(self._not_loaded, run))
        if self._run is run:
            run.hold = hold
        else:
            self._desk.shelf.release(hold)

    def _opened(self, run: _Run, state: VolumeState) -> None:
        if self._run is not run:
            return
        if state.complete:
            self._submit(run)
        else:
            run.stop = state.revision.watch(lambda _count: self._arrived(run, state))

    def _arrived(self, run: _Run, state: VolumeState) -> None:
        if state.complete:
            run.stop()
            self._submit(run)

    def _not_loaded(self, run: _Run, why: Sentence) -> None:
        """The shelf has said it already."""
        if self._run is run:
            self._end(run, JobState.FAILED, why)

    def _submit(self, run: _Run) -> None:
        series = self.job(run.number).series
        loading = self._desk.shelf.block_of(series.key)
        if loading is None:
            self._fail(run, sentence("engine.no-volume"))
            return
        unreadable = loading.volume.holes - set(series.missing_k)
        if unreadable:
            self._fail(run, sentence("asking.slices-unreadable", n=len(unreadable)))
            return
        request = Request(self.job(run.number).card.name, loading.volume, loading.block, facts=engine_facts(series))
        self._change(run.number, stage=sentence("engine.starting"))
        self._with_client(lambda client: self._hand_over(run, client, request), partial(self._broken, run))

    def _with_client(self, use: Callable[[EngineClient], None], failed: Callable[[Exception], None]) -> None:
        """Start the engine at the first job, away from the GUI thread: it looks through the memory's folder."""
        if self._client is not None:
            use(self._client)
            return
        client = self._client = self._make_client(self._hear)
        self._desk.background.run(lambda _cancel: client.start(), lambda _none: use(client), failed)

    def _hand_over(self, run: _Run, client: EngineClient, request: Request) -> None:
        if self._run is run:
            run.uid = client.submit(request)

    def _stop(self, run: _Run) -> None:
        """Ask the engine to stop, or stop at once what has not reached it."""
        run.stop()
        if run.uid and self._client is not None:
            self._change(run.number, stage=sentence("asking.stage-cancelling"))
            self._client.cancel(run.uid)
        else:
            self._end(run, JobState.CANCELLED)

    # what the engine says

    def _hear(self, event: Event) -> None:
        """In the engine's thread."""
        self._desk.background.post(lambda: self._take(event))

    def _take(self, event: Event) -> None:
        run = self._run
        if run is None or run.uid != event.job_uid:
            return
        if isinstance(event, Started):
            run.worked_from = self._clock()
        elif isinstance(event, Progress):
            stage = Told(event.stage).sentence()
            self._change(run.number, stage=stage, done=min(event.done, event.total), total=event.total)
        elif isinstance(event, Failure):
            if event.cancelled:
                self._end(run, JobState.CANCELLED)
            else:
                self._fail(run, event.told.sentence())
        elif isinstance(event, Answer):
            self._answered(run, event)

    def _answered(self, run: _Run, answer: Answer) -> None:
        """Measure the marks in a worker thread; then number and record them."""
        job = self.job(run.number)
        loading = self._desk.shelf.block_of(job.series.key)
        if loading is None:
            self._fail(run, sentence("engine.no-volume"))
            return
        volume = loading.volume
        self._change(run.number, state=JobState.STORING, stage=sentence("asking.stage-storing"))
        self._desk.background.run(
            lambda _cancel: proposed(answer, job.card, job.suitability, job.series, volume, job.asked_by),
            lambda propose: self._number(run, answer, propose),
            partial(self._broken, run),
        )

    def _number(self, run: _Run, answer: Answer, propose: Propose) -> None:
        uid = self.job(run.number).series.study.uid
        self.stored(
            uid,
            lambda found: self._record(run, answer, propose, max(found.highest, self._given.get(uid, 0))),
            partial(self._fail, run),
        )

    def _record(self, run: _Run, answer: Answer, propose: Propose, highest: int) -> None:
        """Numbers go on where the study's last result ended, so that none is given twice."""
        job = self.job(run.number)
        uid = job.series.study.uid
        marks = tuple(msgspec.structs.replace(one, number=one.number + highest) for one in propose.findings)
        self._given[uid] = highest + len(marks)
        self._desk.came(job, answer)
        self._desk.record(uid, Propose(propose.result, marks), f"{job.card.name} {job.card.version}")
        # Behind the entry in the lane: then it was written, or its failure was told.
        self._desk.background.lane(lambda: self._desk.background.post(lambda: self._end(run, JobState.STORED)))

    def stored(self, study_uid: str, ready: Callable[[Stored], None], failed: Callable[[Sentence], None]) -> None:
        """Look in the journal what models have said of a study, in the thread that writes it."""

        def work() -> None:
            try:
                found = stored_in(self._desk.journal, study_uid)
            except OverreadError as error:
                told = error.sentence
                self._desk.background.post(lambda: failed(told))
            else:
                self._desk.background.post(lambda: ready(found))

        self._desk.background.lane(work)

    # the end of a job

    def _broken(self, run: _Run, error: Exception) -> None:
        told = error.sentence if isinstance(error, OverreadError) else sentence("engine.bad-message")
        self._fail(run, told)

    def _fail(self, run: _Run, why: Sentence) -> None:
        if self._run is run:
            self._end(run, JobState.FAILED, why)
            self._desk.tell("error", why)

    def _end(self, run: _Run, state: JobState, why: Sentence | None = None) -> None:
        if self._run is not run:
            return
        elapsed = self.elapsed_s()
        self._run = None
        run.stop()
        if run.hold is not None:
            self._desk.shelf.release(run.hold)
        if run.gives_way and state is JobState.CANCELLED:
            self._change(run.number, state=JobState.WAITING, stage=WAITING_STAGE, done=0, total=0)
        else:
            self._change(run.number, state=state, why=why, elapsed_s=elapsed)
        self._next()

    def _change(self, number: int, **values: object) -> None:
        changed = replace(self.all.value[number], **values)  # type: ignore[arg-type]  # fields of Job, named above
        self.all.set((*self.all.value[:number], changed, *self.all.value[number + 1 :]))


def stored_in(journal: Journal, study_uid: str) -> Stored:
    """What the journal holds of models' results for a study. Raises NotReadableError, NotWrittenError."""
    facts = [entry.edit for entry in journal.entries(study_uid) if isinstance(entry.edit, Propose)]
    numbers = [one.number for fact in facts for one in fact.findings]
    return Stored(tuple(fact.result for fact in facts), max(numbers, default=0))
