"""The strip of five steps: follows what was done in the window and says what comes next."""

from __future__ import annotations

from collections.abc import Callable

from overread.core.reading import Reading
from overread.core.store import ReadingStore
from overread.viewer.commands import CommandRegistry
from overread.viewer.panels.guide import GuideStep, GuideStrip
from overread.viewer.presenters.study import StudyPresenter
from overread.viewer.state.views import Workspace
from overread.viewer.window import MainWindow

LOOKED_MM = 40.0
"""Whoever went this far from where the study opened has begun to look through it."""


class Guide:
    """Shows the strip above the images and keeps it true. Nothing is asked or held back by it.

    ``ready`` is called once, when all images of the first study are there.
    """

    def __init__(
        self,
        window: MainWindow,
        registry: CommandRegistry,
        study: StudyPresenter,
        store: ReadingStore,
        workspace: Workspace,
        ready: Callable[[], None],
    ) -> None:
        self._study, self._store, self._workspace = study, store, workspace
        self._ready: Callable[[], None] | None = ready
        self._looked = False
        self._start_mm: tuple[float, float, float] | None = None
        self.strip = GuideStrip(window.words, window.look, registry)
        self.strip.closed.connect(lambda: window.show_guide(None))
        window.show_guide(self.strip)
        store.watch(lambda _change: self._refresh())
        workspace.marks.selected.watch(lambda _uid: self._refresh())
        study.shown.watch(lambda _shown: self._shown())
        self._refresh()

    def _shown(self) -> None:
        shown = self._study.shown.value
        if shown is not None:
            self._start_mm = shown.state.place_lps_mm()
            shown.state.place_ijk.watch(lambda _place: self._moved())
            shown.state.revision.watch(lambda _count: self._arrived())
        self._refresh()

    def _arrived(self) -> None:
        """All images of the first study are there: what was to begin by itself begins, once."""
        shown, ready = self._study.shown.value, self._ready
        if ready is not None and shown is not None and shown.state.complete:
            self._ready = None
            ready()

    def _moved(self) -> None:
        shown = self._study.shown.value
        if shown is None or self._start_mm is None or self._looked:
            return
        pairs = zip(shown.state.place_lps_mm(), self._start_mm, strict=True)
        if max(abs(a - b) for a, b in pairs) >= LOOKED_MM:
            self._looked = True
            self._refresh()

    def _refresh(self) -> None:
        self.strip.set_steps(steps(self._store.reading, self._looked, self._workspace.marks.selected.value))


def steps(reading: Reading | None, looked: bool, selected: str) -> tuple[GuideStep, ...]:
    """The five steps, done or not, as a reading stands."""
    own_read = reading is not None and reading.own_read is not None
    judged = reading is not None and any(one.judgement is not None for one in reading.findings)
    saved = reading is not None and reading.saved is not None
    return (
        GuideStep("guide.look", ("slice.next",), looked or own_read),
        GuideStep("guide.own-read", ("own-read.done",), own_read),
        GuideStep("guide.next", ("finding.next",), own_read and (bool(selected) or judged)),
        GuideStep("guide.judge", ("finding.accept", "finding.reject", "edit.brush"), judged),
        GuideStep("guide.save", ("findings.save",), saved),
    )
