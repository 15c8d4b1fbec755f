"""The store: the only door through which a reading changes. The journal first, then the reading, then the views."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from overread.core.edits import CannotApplyError, Edit, Fact, Redo, Undo
from overread.core.errors import OverreadError
from overread.core.history import History
from overread.core.journal import Entry, Journal
from overread.core.reading import Reading
from overread.core.text import Sentence, sentence

Call = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What views hear: the new reading, the edit that made it, and by whom. ``edit`` is None after opening."""

    reading: Reading
    edit: Edit | None
    who: str


def new_uid() -> str:
    """A new DICOM UID (PS3.5 B.2: 2.25 and a UUID as a number)."""
    return f"2.25.{uuid.uuid4().int}"


def now() -> str:
    """The present moment as it stands in journal and judgements: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def replayed(study_uid: str, entries: Iterable[Entry], failed: Callable[[Sentence], object]) -> History:
    """The reading of a study and its steps from the entries of the journal; a step that cannot be done is told."""
    history = History(Reading(study_uid))
    for entry in entries:
        try:
            history.take(entry.uid, entry.edit)
        except CannotApplyError:
            failed(sentence("journal.step-left-out", at=entry.at))
    return history


class ReadingStore:
    """Owner of the reading of the open study.

    ``apply`` hands the entry to the lane that writes; when it is on disk (or its failure is told) the edit enters the
    reading and the watchers hear of it, on the thread that ``post`` leads to. So edits take effect in the order in
    which they were asked, and none shows before it was tried to be kept.
    """

    def __init__(
        self,
        journal: Journal,
        lane: Callable[[Call], None],
        post: Callable[[Call], None],
        failed: Callable[[Sentence], None],
    ) -> None:
        self._journal = journal
        self._lane = lane
        self._post = post
        self._failed = failed
        self._history: History | None = None
        self._opening = ""
        self._watchers: list[Callable[[Change], None]] = []
        self._asked: deque[Call] = deque()
        self._busy = False
        self.reader = ""

    def watch(self, watcher: Callable[[Change], None]) -> None:
        """Call ``watcher`` with each Change."""
        self._watchers.append(watcher)

    @property
    def reading(self) -> Reading | None:
        """The reading of the open study."""
        return None if self._history is None else self._history.reading

    @property
    def undo_words(self) -> Sentence | None:
        """What undo would take back."""
        return self._history.done[-1].words if self._history and self._history.done else None

    @property
    def redo_words(self) -> Sentence | None:
        """What redo would do again."""
        return self._history.undone[-1].words if self._history and self._history.undone else None

    def open_study(self, study_uid: str, ready: Call) -> None:
        """Replay the journal of a study, then ``ready``. One that cannot be read is told; the reading is empty."""
        self._history, self._opening = None, study_uid

        def work() -> None:
            try:
                entries = self._journal.entries(study_uid)
            except OverreadError as error:
                entries = ()
                told = error.sentence
                self._post(lambda: self._failed(told))
            self._post(lambda: self._opened(study_uid, entries, ready))

        self._lane(work)

    def _opened(self, study_uid: str, entries: tuple[Entry, ...], ready: Call) -> None:
        if study_uid != self._opening:
            # Another study was opened, or this one closed, while its journal was read.
            return
        history = replayed(study_uid, entries, self._failed)
        self._history, self._opening = history, ""
        self._tell(Change(history.reading, None, self.reader))
        ready()

    def close_study(self) -> None:
        """No study is open any more."""
        self._history, self._opening = None, ""

    @property
    def study_uid(self) -> str:
        """The study that is open, or is being opened; empty when there is none."""
        return self._opening if self._history is None else self._history.reading.study_uid

    def apply(self, edit: Edit, who: str = "", study_uid: str = "") -> None:
        """Journal an edit, then let it enter the reading. Without an open study nothing happens.

        ``who`` is the reader of the moment when it is empty; a model's result names the model. ``study_uid`` is the
        study that the edit belongs to, when another may have been opened since it was begun; else the open one. An
        edit never enters another study than its own, whatever is opened before its turn comes.
        """
        author, uid, history = who or self.reader, study_uid or self.study_uid, self._history
        self._ask(lambda: self._write(uid, history, edit, author))

    def record(self, study_uid: str, fact: Fact, who: str) -> None:
        """Journal what happened to a study that need not be open; if it is, the fact enters its reading too."""
        self._ask(lambda: self._write(study_uid, None, fact, who))

    @property
    def is_busy(self) -> bool:
        """True while something that was asked has not entered the reading yet."""
        return self._busy or bool(self._asked)

    def then(self, call: Call) -> None:
        """Call something when all that was asked before has entered the reading or could not."""
        self._ask(call)

    def undo(self) -> None:
        """Take back the newest edit that stands when all that was asked before has entered."""
        uid, history = self.study_uid, self._history
        self._ask(lambda: self._undo(uid, history))

    def redo(self) -> None:
        """Do again what was taken back last."""
        uid, history = self.study_uid, self._history
        self._ask(lambda: self._redo(uid, history))

    def _undo(self, uid: str, history: History | None) -> None:
        found = self._newest(uid, history)
        if found and found.done:
            self._write(uid, found, Undo(found.done[-1].entry_uid), self.reader)

    def _redo(self, uid: str, history: History | None) -> None:
        found = self._newest(uid, history)
        if found and found.undone:
            self._write(uid, found, Redo(found.undone[-1].entry_uid), self.reader)

    def _newest(self, uid: str, history: History | None) -> History | None:
        """The history of a study: the open one, which may have been read anew, else the one that was open."""
        return self._history if self._history is not None and self._history.reading.study_uid == uid else history

    def _ask(self, call: Call) -> None:
        """One at a time: an undo must know what the edit before it became."""
        self._asked.append(call)
        self._next()

    def _next(self) -> None:
        while self._asked and not self._busy:
            self._asked.popleft()()

    def _write(self, uid: str, history: History | None, edit: Edit, who: str) -> None:
        if uid:
            self._keep(Entry(new_uid(), uid, now(), who, edit), history)

    def _keep(self, entry: Entry, history: History | None) -> None:
        self._busy = True

        def work() -> None:
            try:
                self._journal.append(entry)
            except OverreadError as error:
                told = error.sentence
                self._post(lambda: self._failed(told))
            self._post(lambda: self._enter(history, entry))

        self._lane(work)

    def _enter(self, history: History | None, entry: Entry) -> None:
        self._busy = False
        # The study may have been opened, and its journal read, just before this entry was written.
        found = self._newest(entry.study_uid, history)
        if found is not None and found.reading.study_uid == entry.study_uid:
            self._take(found, entry)
        self._next()

    def _take(self, history: History, entry: Entry) -> None:
        try:
            reading = history.take(entry.uid, entry.edit)
        except CannotApplyError:
            self._failed(sentence("journal.step-left-out", at=entry.at))
        else:
            if history is self._history:
                self._tell(Change(reading, entry.edit, entry.who))

    def _tell(self, change: Change) -> None:
        for watcher in tuple(self._watchers):
            watcher(change)
