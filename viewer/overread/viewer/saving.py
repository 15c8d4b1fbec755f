"""Saving from the window: judged findings to files that are read back, the page that says so, and leaving unsaved."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from overread.core.edits import Add, Judge, Note, Paint, Redo, Remove, Save, Undo
from overread.core.errors import OverreadError
from overread.core.journal import Journal
from overread.core.reading import Reading
from overread.core.series import Series
from overread.core.store import Change, ReadingStore, now
from overread.core.text import Sentence, sentence
from overread.viewer.findings_json import document
from overread.viewer.judging import Judging
from overread.viewer.pages.saved import LeavePage, SavedPage
from overread.viewer.presenters.background import Background
from overread.viewer.presenters.edit_session import EditSession
from overread.viewer.presenters.findings import listed
from overread.viewer.presenters.saving import SavedView, saved_view
from overread.viewer.presenters.study import Shown, StudyPresenter
from overread.viewer.window import MainWindow

if TYPE_CHECKING:
    # The writer of DICOM objects takes a second to import; the window starts without it.
    from overread.core.saving import SaveReport

COMMANDS = ("findings.save",)
CHANGES = (Judge, Paint, Add, Remove, Note, Undo, Redo)
"""Edits after which the files no longer say what the reading says."""


@dataclass
class Saving:
    """Owner of the page after saving and of the question before leaving.

    ``folder`` is the user's folder for results; ``status_changed`` is told when a study became saved or unsaved.
    ``session`` holds the strokes that are not worked out yet, ``journal`` the edits that no disk has taken.
    """

    window: MainWindow
    tasks: Background
    study: StudyPresenter
    store: ReadingStore
    judging: Judging
    folder: Callable[[], Path]
    status_changed: Callable[[], None]
    session: EditSession
    journal: Journal
    saved_studies: frozenset[str] = frozenset()
    page: SavedPage = field(init=False)
    question: LeavePage = field(init=False)
    _shown: tuple[SaveReport, Reading, SavedView] | None = field(init=False, default=None)
    _running: bool = field(init=False, default=False)
    _leaving: bool = field(init=False, default=False)
    _left_open: int = field(init=False, default=0)
    _overtaken: frozenset[str] = field(init=False, default=frozenset())
    _gives_up: bool = field(init=False, default=False)

    def connect(self) -> None:
        """Make the pages and connect the command, the closing of the window and the reading."""
        window = self.window
        self.page = SavedPage(window.words, window.look, window.registry)
        self.question = LeavePage(window.words, window.look)
        window.registry.connect("findings.save", self.save)
        window.may_close = self.may_close
        self.page.open_folder.connect(self._open_folder)
        self.question.save.connect(self.save)
        self.question.leave.connect(self._leave)
        self.question.closed.connect(self._stay)
        self.store.watch(self.changed)
        self.study.shown.watch(self._study_shown)
        window.words.bind(self._show_again)

    def take_saved(self, studies: frozenset[str]) -> None:
        """Learn which studies were saved in earlier sessions."""
        self.saved_studies = self.saved_studies | studies
        self.status_changed()

    def changed(self, change: Change) -> None:
        """A study is saved until the next edit that a file would have to tell."""
        uid = {change.reading.study_uid}
        before = self.saved_studies
        if isinstance(change.edit, Save):
            self.saved_studies = before | (uid - self._overtaken)
        elif isinstance(change.edit, CHANGES):
            self.saved_studies = before - uid
            self._leaving = self._gives_up = False
            if self._running:
                self._overtaken = self._overtaken | uid
        if self.saved_studies != before:
            self.status_changed()
        self._left_open = self.unsaved()

    def _study_shown(self, shown: Shown | None) -> None:
        """A study that is closed with unsaved judgements is told of: the next case must not wait for an answer."""
        if shown is None and self._left_open:
            self.window.messages.tell("warning", sentence("save-page.closed-unsaved", n=self._left_open))
            self._left_open = 0

    def save(self) -> None:
        """Write the judged findings in a worker thread and read them back; what comes of it is told.

        What was drawn or decided before is worked out first, so that the files hold what is on the screen.
        """
        self.session.then(self._save)

    def _save(self) -> None:
        reading = self.store.reading
        if reading is None or self._running:
            return
        second = self.judging.second_reader()
        if not any(one.is_judged for one in reading.visible(second)):
            self.window.messages.tell("note", sentence("saving.nothing"))
            return
        self._running, self._overtaken, began = True, frozenset(), now()
        series = [one for one in self.study.catalogue.value if one.study.uid == reading.study_uid]
        root, reader = self.folder(), self.store.reader
        self.window.messages.tell("note", sentence("save-page.under-way"))
        self.tasks.run(
            lambda _cancel: _write(reading, series, root, reader, second_reader=second),
            lambda report: self._saved(report, reading, began),
            self._failed,
        )

    def _saved(self, report: SaveReport, reading: Reading, began: str) -> None:
        self._running = False
        self.store.record(reading.study_uid, Save(replace(report.saved, at=began)), report.who)
        for told in report.told[:1]:
            self.window.messages.tell("note", told)
        here = self.store.reading
        if here is None or here.study_uid != reading.study_uid:
            return
        if here.findings != reading.findings:
            self.window.messages.tell("warning", sentence("save-page.changed-meanwhile"))
        self._show(report, reading)
        self.window.show_page(self.page)

    def _show(self, report: SaveReport, reading: Reading) -> None:
        found = listed(reading, self.judging.second_reader(), self.judging.opened)
        self._shown = report, reading, saved_view(report, reading, found, self.judging.teller())
        self.page.show_view(self._shown[2])

    def _show_again(self) -> None:
        if self._shown is not None:
            self._show(*self._shown[:2])

    def _failed(self, error: Exception) -> None:
        self._running = False
        told = error.sentence if isinstance(error, OverreadError) else None
        self.window.messages.tell("error", told or sentence("save-page.unexpected", error=type(error).__name__))

    def _open_folder(self) -> None:
        if self._shown is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._shown[2].folder)))

    # leaving

    def unsaved(self) -> int:
        """How many judged findings of the open study no file tells of."""
        reading = self.store.reading
        if reading is None or reading.study_uid in self.saved_studies:
            return 0
        return sum(one.is_judged for one in reading.visible(self.judging.second_reader()))

    def may_close(self) -> bool:
        """False, with a question on the right, when judgements are not saved; asked again, the window closes.

        Strokes and edits that are under way are finished, and what no disk has taken yet is tried again, before the
        window closes of itself.
        """
        if self._running:
            self.window.messages.tell("note", sentence("save-page.wait"))
            return False
        if self.session.is_busy or self.store.is_busy:
            self.session.then(lambda: self.tasks.post(self._close))
            return False
        if self.journal.waiting:
            self.tasks.lane(self._flush if not self._gives_up else self._try_last)
            if not self._gives_up:
                return False
        count = self.unsaved()
        if self._leaving or not count:
            return True
        self._leaving = True
        self.question.ask(count)
        self.window.show_page(self.question)
        return False

    def _flush(self) -> None:
        """In the lane: try once more, then close."""
        try:
            self.journal.flush()
        except OverreadError:
            self.tasks.post(self._still_waiting)
        else:
            self.tasks.post(self._close)

    def _try_last(self) -> None:
        # That these edits are lost otherwise was said, and the window was closed all the same.
        with contextlib.suppress(OverreadError):
            self.journal.flush()

    def _still_waiting(self) -> None:
        self._gives_up = True
        told = sentence("save-page.not-on-disk", n=len(self.journal.waiting))
        self.window.messages.tell_first(told, sentence("save-page.keep-elsewhere"), self._choose_elsewhere)

    def journal_failed(self, told: Sentence) -> None:
        """The journal could not be read or written: say so, with a way to keep elsewhere what waits."""
        if self.journal.waiting:
            self._tell_waiting(told)
        else:
            self.window.messages.tell("error", told)

    def _tell_waiting(self, told: Sentence) -> None:
        self.window.messages.tell("error", told, sentence("save-page.keep-elsewhere"), self._choose_elsewhere)

    def _choose_elsewhere(self) -> None:
        title = self.window.words.say("save-page.keep-elsewhere")
        chosen, _filter = QFileDialog.getSaveFileName(self.window, title, "overread-edits.jsonl")
        if chosen:
            self.keep_elsewhere(Path(chosen))

    def keep_elsewhere(self, path: Path) -> None:
        """Write the edits that no disk has taken to another place."""

        def write() -> None:
            count = len(self.journal.waiting)
            try:
                self.journal.save_elsewhere(path)
            except OverreadError as error:
                told = error.sentence
                self.tasks.post(lambda: self._tell_waiting(told))
            else:
                told = sentence("save-page.kept-elsewhere", n=count, file=path.name)
                self.tasks.post(lambda: self.window.messages.tell("note", told))

        self.tasks.lane(write)

    def _stay(self) -> None:
        self._leaving = False

    def _close(self) -> None:
        self.window.close()

    def _leave(self) -> None:
        self._leaving = True
        self.window.close()


def _write(reading: Reading, series: Sequence[Series], root: Path, reader: str, *, second_reader: bool) -> SaveReport:
    # Imported when first needed, in a worker: it brings highdicom, which takes a second.
    from overread.core.saving import save_reading  # noqa: PLC0415 - see above

    extra = _documents(reading, series, reader, second_reader=second_reader)
    return save_reading(reading, series, root, reader, second_reader=second_reader, extra=extra)


def _documents(reading: Reading, series: Sequence[Series], reader: str, *, second_reader: bool) -> dict[str, bytes]:
    """The judged findings in the form of ``overread analyze``, one document for each series that has any."""
    found: dict[str, bytes] = {}
    for one in series:
        key = (one.uid, one.split)
        judged = [
            each for each in reading.visible(second_reader) if each.is_judged and (each.series_uid, each.split) == key
        ]
        results = [] if reading.hides_marks(second_reader) else reading.results
        newest = next((each for each in reversed(results) if (each.series_uid, each.split) == key), None)
        if judged and one.geometry is not None:
            written = document(judged, newest, one.geometry, {"saved_by": reader})
            name = "findings.json" if not found else f"findings_{len(found) + 1}.json"
            found[name] = json.dumps(written, ensure_ascii=False, indent=1).encode()
    return found
