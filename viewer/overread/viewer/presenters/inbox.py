"""The watched folder: what arrived, in what state it is, and which case comes next.

A study is one folder (or file) directly below the inbox. It counts as arrived when two looks in a row find the
same files with the same sizes: a sender may still be writing. The list tells only what people did (new, judged,
saved), never anything that a model found.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from overread.core.dicom.scan import scan
from overread.core.series import Series
from overread.viewer.presenters.background import Background, Cancel
from overread.viewer.state.observable import Property

MOST_FILES = 200_000
"""Looking at more files than this every few seconds would keep a disk busy for nothing."""


class ArrivalStatus(StrEnum):
    """What people did with a study."""

    NEW = "new"
    JUDGED = "judged"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One study in the inbox."""

    path: Path
    study_uid: str
    patient_name: str
    study_date: str
    description: str
    status: ArrivalStatus
    series: tuple[Series, ...]


Print = tuple[int, int, int]
"""Files, bytes and newest change (ns) below an entry of the inbox."""


class Inbox:
    """Looks at the inbox when asked to, and keeps the list of arrivals (oldest first)."""

    def __init__(self, background: Background, status_of: Callable[[str], ArrivalStatus]) -> None:
        self._background = background
        self._status_of = status_of
        self._seen: dict[Path, Print] = {}
        self._known: dict[Path, Print] = {}
        self._looking: Cancel | None = None
        self.folder: Path | None = None
        self.arrivals: Property[tuple[Arrival, ...]] = Property(())

    def watch(self, folder: Path | None) -> None:
        """Watch another folder, or none."""
        if folder == self.folder:
            return
        self.folder = folder
        self._seen.clear()
        self._known.clear()
        self.arrivals.set(())

    def look(self) -> None:
        """Look once; a look that is still under way is not doubled."""
        folder = self.folder
        if folder is None or self._looking is not None:
            return
        seen, known = dict(self._seen), dict(self._known)
        self._looking = self._background.run(
            lambda cancel: _look(folder, seen, known, cancel),
            lambda found: self._looked(folder, found),
            lambda _error: self._looked(folder, None),
        )

    def _looked(self, folder: Path, found: _Look | None) -> None:
        self._looking = None
        if folder != self.folder or found is None:
            return
        self._seen = found.prints
        kept = [arrival for arrival in self.arrivals.value if arrival.path in found.prints]
        fresh = []
        for path, series in found.read.items():
            self._known[path] = found.prints[path]
            kept = [arrival for arrival in kept if arrival.path != path]
            fresh += self._arrivals(path, series)
        self.arrivals.set(tuple(kept + fresh))

    def _arrivals(self, path: Path, series: tuple[Series, ...]) -> list[Arrival]:
        studies: dict[tuple[str, str], list[Series]] = {}
        for one in series:
            studies.setdefault((one.patient.id, one.study.uid), []).append(one)
        return [
            Arrival(
                path,
                uid,
                group[0].patient.shown_name,
                group[0].study.date,
                group[0].study.description,
                self._status_of(uid),
                tuple(group),
            )
            for (_patient, uid), group in studies.items()
        ]

    def refresh_status(self) -> None:
        """Ask again what people did with each study."""
        self.arrivals.set(
            tuple(
                Arrival(
                    one.path,
                    one.study_uid,
                    one.patient_name,
                    one.study_date,
                    one.description,
                    self._status_of(one.study_uid),
                    one.series,
                )
                for one in self.arrivals.value
            )
        )

    def next_after(self, study_uid: str) -> Arrival | None:
        """The next case that nobody judged: after a study in the list, else from its start; None without one."""
        arrivals = self.arrivals.value
        place = next((n for n, one in enumerate(arrivals) if one.study_uid == study_uid), -1)
        turned = arrivals[place + 1 :] + arrivals[: max(place, 0)]
        return next((one for one in turned if one.status is ArrivalStatus.NEW), None)


@dataclass(frozen=True, slots=True)
class _Look:
    prints: dict[Path, Print]
    read: dict[Path, tuple[Series, ...]]


def _look(folder: Path, seen: dict[Path, Print], known: dict[Path, Print], cancel: Cancel) -> _Look:
    prints: dict[Path, Print] = {}
    read: dict[Path, tuple[Series, ...]] = {}
    try:
        entries = sorted(Path(entry.path) for entry in os.scandir(folder) if not entry.name.startswith("."))
    except OSError:
        return _Look({}, {})
    for path in entries:
        if cancel():
            break
        prints[path] = _print(path)
        if prints[path] == seen.get(path) and prints[path] != known.get(path) and prints[path][0]:
            read[path] = scan((path,), cancelled=cancel).series
    return _Look(prints, read)


def _print(path: Path) -> Print:
    files = size = newest = 0
    walk = os.walk(path) if path.is_dir() else [(str(path.parent), [], [path.name])]
    for root, _folders, names in walk:
        for name in names:
            try:
                status = os.stat(os.path.join(root, name))
            except OSError:
                continue
            files += 1
            size += status.st_size
            newest = max(newest, status.st_mtime_ns)
            if files >= MOST_FILES:
                return files, size, newest
    return files, size, newest
