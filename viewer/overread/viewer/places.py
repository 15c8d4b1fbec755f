"""Back where one was: the slice, the window and the series of each study, kept beside the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from overread.core.errors import OverreadError
from overread.core.journal import Journal
from overread.core.text import Sentence, sentence
from overread.core.window import Window
from overread.viewer.presenters.background import Background
from overread.viewer.presenters.study import Shown, StudyPresenter


class Places:
    """Remembers the place of the open study when it changed, and brings it back when the study is opened."""

    def __init__(
        self,
        background: Background,
        journal: Journal,
        study: StudyPresenter,
        tell: Callable[[str, Sentence], None],
    ) -> None:
        self._background = background
        self._journal = journal
        self._study = study
        self._tell = tell
        self._kept: tuple[str, dict[str, object]] | None = None
        self._recalled = ""

    def remember(self) -> None:
        """Keep the place of the open study, if it was recalled before and has changed since."""
        shown = self._study.shown.value
        if shown is None or self._recalled != shown.series.study.uid:
            return
        found = (shown.series.study.uid, place_of(shown))
        if found != self._kept:
            self._background.lane(lambda: self._write(*found))

    def _write(self, uid: str, place: dict[str, object]) -> None:
        try:
            self._journal.remember_place(uid, place)
        except OverreadError:
            # A place that is lost costs a scroll; an edit that cannot be written is told by the store.
            return
        self._kept = (uid, place)

    @property
    def is_kept(self) -> bool:
        """True when the present place is on disk."""
        shown = self._study.shown.value
        return shown is not None and self._kept == (shown.series.study.uid, place_of(shown))

    @property
    def is_recalled(self) -> bool:
        """True once the study that is open is back where it was left."""
        shown = self._study.shown.value
        return shown is not None and self._recalled == shown.series.study.uid

    def recall(self, study_uid: str) -> None:
        """Go to where this study was left."""

        def read() -> None:
            try:
                place = self._journal.place(study_uid)
            except OverreadError:
                place = None
            self._background.post(lambda: self._go(study_uid, place))

        self._background.lane(read)

    def _go(self, study_uid: str, place: dict[str, Any] | None) -> None:
        self._recalled = study_uid
        shown = self._study.shown.value
        if place is None or shown is None or shown.series.study.uid != study_uid:
            return
        try:
            i, j, k = (float(value) for value in place["ijk"])
            window = Window(float(place["centre"]), float(place["width"]))
            key = str(place["series"])
        except (KeyError, TypeError, ValueError):
            return
        if key != shown.series.key:
            self._study.show(key)
            return
        shown.state.go_to_ijk((i, j, k))
        shown.state.window.set(window)
        self._tell("note", sentence("open.back"))


def place_of(shown: Shown) -> dict[str, object]:
    """Where a reader is now, in JSON's terms."""
    window = shown.state.window.value
    return {
        "series": shown.series.key,
        "ijk": list(shown.state.place_ijk.value),
        "centre": window.centre,
        "width": window.width,
    }
