"""Edits that the journal could not take: said with a way to keep them, and not lost when the window closes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from overread.core.errors import NotWrittenError, OverreadError
from overread.core.journal import Journal
from overread.core.store import Change, ReadingStore
from overread.core.text import Sentence, sentence
from overread.viewer.tasks import Tasks
from overread.viewer.window import MainWindow

SUFFIX = ".jsonl"
FILE_NAME = f"overread-edits{SUFFIX}"


class Rescue:
    """Guards the window: with edits in memory only it closes when they are kept, or when it is closed twice."""

    def __init__(self, window: MainWindow, tasks: Tasks, journal: Journal, store: ReadingStore) -> None:
        self._window = window
        self._tasks = tasks
        self._journal = journal
        self._store = store
        self._asked = False
        self._kept = 0
        self._before = window.may_close
        window.may_close = self.may_close

    def tell(self, told: Sentence) -> None:
        """Say what the store could not do; where edits wait, with a link that keeps them."""
        if self._journal.waiting:
            self._window.messages.tell("error", told, sentence("journal.save-elsewhere"), self.choose)
        else:
            self._window.messages.tell("error", told)

    def changed(self, _change: Change) -> None:
        """After another edit leaving asks again."""
        self._asked, self._kept = False, 0

    def choose(self) -> None:
        """Ask for a file and write the waiting edits into it."""
        title = self._window.words.say("journal.choose-file")
        chosen, _filter = QFileDialog.getSaveFileName(self._window, title, FILE_NAME, f"*{SUFFIX}")
        if chosen:
            self.save(Path(chosen))

    def save(self, path: Path) -> None:
        """Write the waiting edits, in the thread that owns the journal."""

        def work() -> None:
            count = len(self._journal.waiting)
            try:
                self._journal.save_elsewhere(path)
            except NotWrittenError as error:
                failed = error.sentence
                self._tasks.post(lambda: self.tell(failed))
            else:
                self._tasks.post(lambda: self._saved(count, path))

        self._tasks.lane(work)

    def _saved(self, count: int, path: Path) -> None:
        self._kept = count
        self._window.messages.tell("note", sentence("journal.saved-elsewhere", n=count, file=str(path)))

    def takes(self, paths: Sequence[Path]) -> bool:
        """True for a file of edits: they go into the journal, and the reading in hand is read anew."""
        if len(paths) != 1 or paths[0].suffix != SUFFIX:
            return False
        self._tasks.lane(lambda: self._take_back(paths[0]))
        return True

    def _take_back(self, path: Path) -> None:
        try:
            count = self._journal.take_back(path)
        except OverreadError as error:
            failed = error.sentence
            self._tasks.post(lambda: self.tell(failed))
        else:
            self._tasks.post(lambda: self._taken(count, path))

    def _taken(self, count: int, path: Path) -> None:
        self._window.messages.tell("note", sentence("journal.taken-back", n=count, file=path.name))
        if self._store.reading is not None:
            self._store.open_study(self._store.reading.study_uid, lambda: None)

    def may_close(self) -> bool:
        """False while edits are in memory only: they are tried once more, then it is asked; asked twice it closes."""
        if not self._before():
            return False
        if self._asked or len(self._journal.waiting) <= self._kept:
            return True
        self._tasks.lane(self._try_again)
        return False

    def _try_again(self) -> None:
        try:
            self._journal.flush()
        except OverreadError:
            self._tasks.post(self._ask)
        else:
            self._tasks.post(self._leave)

    def _leave(self) -> None:
        self._window.close()

    def _ask(self) -> None:
        self._asked = True
        told = sentence("journal.leaving", n=len(self._journal.waiting))
        self._window.messages.tell("error", told, sentence("journal.save-elsewhere"), self.choose, at_once=True)
