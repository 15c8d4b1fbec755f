"""Asking a model: which fit, jobs and their strip, the own read before marks show. One of the window's composers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QTimer

from overread.core.edits import DeclareOwnRead
from overread.core.errors import OverreadError
from overread.core.finding import Origin
from overread.core.geometry import Triple
from overread.core.journal import Journal
from overread.core.reading import OwnRead, Reading
from overread.core.series import Series
from overread.core.settings import Settings
from overread.core.store import Change, ReadingStore, now
from overread.core.text import Sentence, sentence
from overread.inference.cards import Fit, Installed, ModelCard, Suitability, installed, suits
from overread.inference.client import Answer, EngineClient
from overread.viewer import asking_rows
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.heat_bar import HeatBar
from overread.viewer.commands import CommandRegistry
from overread.viewer.pages.jobs import JobsPage
from overread.viewer.pages.model_card import CardPage
from overread.viewer.pages.models import ModelsPage
from overread.viewer.panels.own_read import OwnReadPanel
from overread.viewer.presenters.heat import MapDesk, Maps
from overread.viewer.presenters.inbox import Inbox
from overread.viewer.presenters.jobs import Desk, Job, Jobs, JobState
from overread.viewer.presenters.study import Shown, StudyPresenter
from overread.viewer.presenters.unasked import Unasked
from overread.viewer.presenters.volumes import VolumeShelf
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.marks import Heat
from overread.viewer.state.views import Workspace
from overread.viewer.tasks import Tasks
from overread.viewer.window import MainWindow

COMMANDS = ("models.fitting", "jobs.list", "job.cancel", "own-read.done", "heatmap.shown", "heatmap.to-mask")
"""The commands that this module gives."""
TICK_MS = 500
"""How often the strip's clock is looked at while a job runs."""


@dataclass(slots=True)
class Parts:
    """What asking needs of the window's composition."""

    registry: CommandRegistry
    window: MainWindow
    own_read: OwnReadPanel
    area: ViewArea
    workspace: Workspace
    study: StudyPresenter
    shelf: VolumeShelf
    store: ReadingStore
    journal: Journal
    inbox: Inbox
    tasks: Tasks
    settings: Settings
    words: Words
    show_checks: Callable[[], None]


@dataclass(slots=True)
class _Pages:
    models: ModelsPage
    card: CardPage
    jobs: JobsPage


class Asking:
    """Connects models, jobs and the own read to the window."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        window = parts.window
        self._tell = window.messages.tell
        self._hover: tuple[Viewport, float, float] | None = None
        self.cards: tuple[ModelCard, ...] = ()
        self._shown: Shown | None = None
        self._pages = _Pages(
            ModelsPage(window.words, window.look),
            CardPage(window.words, window.look),
            JobsPage(window.words, window.look),
        )
        desk = Desk(
            parts.tasks, parts.shelf, parts.journal, parts.store.record, self._open_study, self._told, self._came
        )
        self.jobs = Jobs(desk, EngineClient)
        self.unasked = Unasked(self.jobs, self._told)
        self.maps = Maps(MapDesk(parts.tasks, parts.workspace, parts.store, lambda: self.hides_marks, self._told))
        self.heat_bar = HeatBar(parts.area, parts.workspace, parts.words)
        self._timer = QTimer(window, interval=TICK_MS)
        self._connect()

    def _connect(self) -> None:
        parts, pages = self.parts, self._pages
        calls: dict[str, Callable[..., object]] = {
            "models.fitting": self.show_models,
            "jobs.list": self.show_jobs,
            "job.cancel": self.cancel,
            "own-read.done": self.declare_own_read,
            "heatmap.shown": self.maps.toggle,
            "heatmap.to-mask": self.heat_to_mask,
        }
        for command, call in calls.items():
            parts.registry.connect(command, call)
        parts.window.jobs.cancel_clicked.connect(self.cancel)
        pages.models.chosen.connect(self.run)
        pages.models.card_asked.connect(self.show_card)
        pages.card.run_asked.connect(partial(self.run, again=True))
        pages.jobs.cancel_asked.connect(self.jobs.cancel)
        parts.workspace.overlays.heatmap.watch(partial(parts.registry.set_checked, "heatmap.shown"))
        parts.area.hovered.connect(self._hovered)
        self._timer.timeout.connect(self._show_strip)
        self.jobs.all.watch(lambda _jobs: self._show_jobs())
        parts.inbox.arrivals.watch(self.unasked.consider)
        parts.words.current.watch(lambda _language: self.refresh())
        parts.tasks.run(lambda _cancel: installed(), self._take_installed, self._no_cards)
        self._show_jobs()
        self.refresh()

    def _take_installed(self, found: Installed) -> None:
        """The models that can be used; each card that is damaged is said, and takes no other along."""
        for error in found.damaged.values():
            self._tell("error", error.sentence)
        self.cards = tuple(found.cards.values())
        self.unasked.take_cards(self.cards)
        self.unasked.consider(self.parts.inbox.arrivals.value)
        self._fill_models()
        self.parts.show_checks()

    def check(self) -> tuple[Literal["ok", "note"], Sentence]:
        """What the set-up page says of models."""
        if not self.cards:
            return "note", sentence("asking.no-models")
        return "ok", sentence("asking.models-found", n=len(self.cards))

    def _no_cards(self, error: Exception) -> None:
        if isinstance(error, OverreadError):
            self._tell("error", error.sentence)
        else:
            self._tell("error", sentence("open.unexpected", error=type(error).__name__))

    def _told(self, kind: str, told: Sentence) -> None:
        self._tell("error" if kind == "error" else "warning" if kind == "warning" else "note", told)

    # what the window shows

    @property
    def reading(self) -> Reading | None:
        """The reading of the study in hand; None until its journal was read."""
        reading = self.parts.store.reading
        # While another study is being opened the store may still hold the one before, whose marks may be shown.
        return reading if reading is not None and reading.study_uid == self._open_study() else None

    @property
    def is_second_reader(self) -> bool:
        """True when a person reads first and alone."""
        return self.parts.settings.text("reading-mode") == "second"

    @property
    def hides_marks(self) -> bool:
        """True while nothing of a model may be seen of the study in hand."""
        reading = self.reading
        return self.is_second_reader and (reading is None or reading.hides_marks(second_reader=True))

    def _open_study(self) -> str:
        return "" if self._shown is None else self._shown.series.study.uid

    def shown(self, shown: Shown | None) -> None:
        """Another series is shown, or none."""
        self._shown = shown
        self._hover = None
        for command in ("models.fitting", "heatmap.shown", "heatmap.to-mask"):
            self.parts.registry.set_enabled(command, shown is not None)
        self.maps.show_for(None if shown is None else shown.state)
        self.refresh()

    def changed(self, change: Change) -> None:
        """The reading of the study in hand changed."""
        if isinstance(change.edit, DeclareOwnRead):
            own = change.edit.own_read
            text_id = "asking.own-read-done" if change.reading.results else "asking.own-read-no-result"
            self._tell("note", sentence(text_id, time=asking_rows.clock_time(own.at), n=own.marks))
        self.refresh()

    def refresh(self) -> None:
        """Show the reading mode, and what may be done in it."""
        parts, hides = self.parts, self.hides_marks
        has_study = self._shown is not None
        name = "hidden" if hides else "shown"
        mode = f"asking.mode-{name}" if self.is_second_reader else "asking.mode-concurrent"
        parts.window.patient_bar.show_mode(sentence(mode) if has_study else None, name)
        parts.own_read.set_mode(parts.words("asking.second" if self.is_second_reader else "asking.concurrent"))
        parts.own_read.set_hidden(hides)
        self.maps.refresh()
        parts.registry.set_enabled("own-read.done", has_study and hides and self.reading is not None)
        self._fill_models()
        self._show_strip()

    # models

    def _fits(self) -> list[tuple[ModelCard, Suitability]]:
        shown = self._shown
        return [] if shown is None else [(card, suits(card, shown.series)) for card in self.cards]

    def show_models(self) -> None:
        """The page of the models that fit the series in hand."""
        self.parts.window.show_page(self._pages.models)
        self._fill_models()
        self._pages.models.focus_first()

    def _fill_models(self) -> None:
        shown = self._shown
        if shown is not None and self._pages.models.isVisible():
            rows = asking_rows.model_rows(self._fits(), self._state_of, hides=self.hides_marks)
            images = sentence("asking.images", n=len(shown.series.instances))
            self._pages.models.show_models(asking_rows.series_name(shown.series), images, rows)

    def _state_of(self, card: ModelCard) -> Sentence | None:
        if self._shown is None:
            return None
        job = self.jobs.under_way(card, self._shown.series)
        if job is not None:
            return sentence("asking.waits-now" if job.state is JobState.WAITING else "asking.runs-now")
        at = self._read_at(card, self._shown.series)
        return None if at is None else sentence("asking.read-at", time=asking_rows.clock_time(at))

    def _read_at(self, card: ModelCard, series: Series) -> str | None:
        """When this very model read this series last, from the reading."""
        results = () if self.reading is None else self.reading.results
        times = [
            one.at
            for one in results
            if one.model.digest == card.digest and (one.series_uid, one.split) == (series.uid, series.split)
        ]
        return times[-1] if times else None

    def show_card(self, key: str) -> None:
        """The page of one card."""
        for card, suitability in self._fits():
            if card.digest == key and self._shown is not None:
                was_read = self._read_at(card, self._shown.series) is not None
                language = self.parts.words.current.value
                text = asking_rows.card_text(card, suitability, was_read=was_read, language=language)
                self._pages.card.show_card(text)
                self.parts.window.show_page(self._pages.card)
                self._pages.card.setFocus()

    def run(self, key: str, *, again: bool = False) -> None:
        """Let a model read the series in hand; a second time only when that is wished (``again``)."""
        shown = self._shown
        if shown is None:
            return
        for card, suitability in self._fits():
            if card.digest == key:
                self._run(card, suitability, shown.series, again=again)

    def _run(self, card: ModelCard, suitability: Suitability, series: Series, *, again: bool) -> None:
        name = asking_rows.model_name(card)
        open_job = self.jobs.under_way(card, series)
        if open_job is not None:
            if open_job.unasked:
                self.jobs.ask_for(open_job.number, self.parts.store.reader)
            self._tell("note", sentence("asking.runs-already", model=name))
        elif self._read_at(card, series) is not None and not again:
            self._tell(
                "note",
                sentence("asking.read-already", model=name),
                sentence("asking.run-again"),
                lambda: self._run(card, suitability, series, again=True),
            )
            return
        else:
            self.jobs.ask(card, series, suitability, self.parts.store.reader)
        self.parts.window.close_page()

    def run_first(self) -> None:
        """Let the first model that fits read the series in hand; none when none fits."""
        fitting = next((card for card, suitability in self._fits() if suitability.kind is not Fit.NO), None)
        if fitting is not None:
            self.run(fitting.digest)

    # jobs

    def show_jobs(self) -> None:
        """The page of the jobs since the start of the program."""
        self.parts.window.show_page(self._pages.jobs)

    def cancel(self) -> None:
        """End the job in hand."""
        job = self.jobs.running
        if job is not None:
            self.jobs.cancel(job.number)

    def _show_jobs(self) -> None:
        jobs = self.jobs.all.value
        self._pages.jobs.set_rows(asking_rows.job_rows(jobs))
        self._fill_models()
        running = self.jobs.running
        self.parts.registry.set_enabled("job.cancel", running is not None and running.state is JobState.RUNNING)
        if running is not None and not self._timer.isActive():
            self._timer.start()
        self._show_strip()

    def _show_strip(self) -> None:
        line = asking_rows.job_line(self.jobs, self._open_study())
        if line is None:
            self._timer.stop()
        self.parts.window.jobs.show_job(line, self._last_word())

    def _last_word(self) -> Sentence | None:
        """What became of the last job that was asked for on the study in hand."""
        here = self._open_study()
        ended = [
            job for job in self.jobs.all.value if not (job.is_open or job.unasked) and job.series.study.uid == here
        ]
        return asking_rows.last_word(ended[-1], self.parts.words.current.value) if ended else None

    # the map

    def _came(self, job: Job, answer: Answer) -> None:
        """A result is about to be stored: its map is kept until the program ends."""
        if answer.heatmap is not None and answer.heatmap_geometry is not None and job.card.gives.heatmap:
            name, key = job.card.gives.heatmap, job.series.key
            self.maps.keep(Heat(answer.heatmap, answer.heatmap_geometry, name, key))

    def _hovered(self, hover: object) -> None:
        """Which view the pointer is in, and where in it."""
        self._hover = hover if isinstance(hover, tuple) else None

    def pointed_lps_mm(self) -> Triple | None:
        """The place under the pointer on the image that is shown there now, else where the planes meet."""
        if self._hover is not None:
            before, x, y = self._hover
            # The image may have changed under a pointer at rest.
            port = Viewport.of(before.view, before.width, before.height)
            if port is not None and port.is_inside(x, y):
                return port.lps_at(x, y)
        return None if self._shown is None else self._shown.state.place_lps_mm()

    def heat_to_mask(self) -> None:
        """An own mark of the map under the pointer, else at the cross-hair."""
        place = self.pointed_lps_mm()
        if place is not None:
            self.maps.to_mask(place)

    # the own read

    def declare_own_read(self) -> None:
        """The own read is done: it is stored with its marks, then the model's are shown."""
        reading = self.reading
        if reading is not None and self.hides_marks:
            marks = sum(one.origin is Origin.PERSON for one in reading.findings)
            self.parts.store.apply(DeclareOwnRead(OwnRead(self.parts.store.reader, now(), marks)))

    def facts(self) -> dict[str, object]:
        """What is shown of jobs and own read, for a program that drives the window."""
        reading = self.reading
        return {
            "jobs": asking_rows.facts(self.jobs.all.value),
            "own_read": reading is not None and reading.own_read is not None,
            "marks_hidden": self.hides_marks,
        }

    def close(self) -> None:
        """End the engine; open jobs end without an answer."""
        self._timer.stop()
        self.jobs.close()
