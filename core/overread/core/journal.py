"""The journal: one SQLite file per user, one row per edit, each row holding the hash of the one before.

A row is on disk before ``append`` answers (WAL with ``synchronous=FULL``). The hash chain shows a changed past; a
cut tail it cannot show. A full or read-only disk is said at once: the entry waits in memory, later ones queue behind
it, and ``save_elsewhere`` writes them all to another place.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from overread.core.edits import Edit, decode, encode, kind
from overread.core.errors import NotReadableError, NotWrittenError
from overread.core.text import sentence
from overread.core.whole import write_whole

SCHEMA_VERSION = 2
"""2: findings. The tables are those of 1, but a program that knows only 1 must not read rows that it cannot know."""
FIRST_HASH = bytes(32)
_SCHEMA = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    study_uid TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    mask BLOB,
    hash BLOB NOT NULL
);
CREATE INDEX entry_of_study ON entry (study_uid, seq);
CREATE TABLE place (study_uid TEXT PRIMARY KEY, body TEXT NOT NULL);
"""
_CHANGING = "('judge', 'paint', 'add', 'remove', 'note', 'undo', 'redo')"
"""Kinds of edits after which files no longer say what the reading says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: who did what, when (UTC, ISO 8601), to which study."""

    uid: str
    study_uid: str
    at: str
    who: str
    edit: Edit


class Journal:
    """The file. Used from one thread (the lane that writes)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._base: sqlite3.Connection | None = None
        self.waiting: list[Entry] = []
        """Entries that are not on disk yet, oldest first."""

    def _open(self) -> sqlite3.Connection:
        """The open file. Raises NotWrittenError, or NotReadableError for a newer version (which stays untouched)."""
        if self._base is not None:
            return self._base
        base: sqlite3.Connection | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
            found = int(base.execute("PRAGMA user_version").fetchone()[0])
            if found > SCHEMA_VERSION:
                base.close()
                raise NotReadableError(
                    sentence("journal.newer", file=self.path.name, found=found, known=SCHEMA_VERSION)
                )
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA synchronous=FULL")
            base.execute("PRAGMA foreign_keys=ON")
            if found < SCHEMA_VERSION:
                tables = _SCHEMA if found == 0 else ""
                base.executescript(f"BEGIN;{tables}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
        except (OSError, sqlite3.Error) as error:
            if base is not None:
                base.close()
            raise NotWrittenError(sentence("journal.not-open", file=self.path.name, why=str(error))) from error
        self._base = base
        return base

    def append(self, entry: Entry) -> None:
        """Put an entry on disk, behind those that still wait. Raises NotWrittenError: then it waits with them."""
        self.waiting.append(entry)
        self.flush()

    def flush(self) -> None:
        """Try to put all waiting entries on disk. Raises NotWrittenError when some still wait."""
        try:
            base = self._open()
        except NotReadableError as error:
            told = sentence("journal.newer-waiting", file=self.path.name, n=len(self.waiting))
            raise NotWrittenError(told) from error
        try:
            while self.waiting:
                self._write(base, self.waiting[0])
                del self.waiting[0]
        except sqlite3.Error as error:
            raise NotWrittenError(sentence("journal.not-written", n=len(self.waiting), why=str(error))) from error

    @staticmethod
    def _write(base: sqlite3.Connection, entry: Entry) -> None:
        base.execute("BEGIN IMMEDIATE")
        try:
            row = base.execute("SELECT hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
            before = FIRST_HASH if row is None else bytes(row[0])
            body, mask = encode(entry.edit)
            base.execute(
                "INSERT INTO entry (uid, study_uid, at, who, kind, body, mask, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.uid,
                    entry.study_uid,
                    entry.at,
                    entry.who,
                    kind(entry.edit),
                    body,
                    mask,
                    chained(before, (entry.uid, entry.study_uid, entry.at, entry.who, body), mask),
                ),
            )
            base.execute("COMMIT")
        except sqlite3.Error:
            if base.in_transaction:
                base.execute("ROLLBACK")
            raise

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises NotReadableError where the file is damaged."""
        base = self._open()
        try:
            return base.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise NotReadableError(sentence("journal.damaged", file=self.path.name)) from error

    def entries(self, study_uid: str) -> tuple[Entry, ...]:
        """The entries of a study, oldest first, waiting ones included. Raises NotReadableError for a damaged row."""
        rows = self._rows(
            "SELECT uid, study_uid, at, who, body, mask FROM entry WHERE study_uid = ? ORDER BY seq", study_uid
        )
        try:
            stored = tuple(Entry(row[0], row[1], row[2], row[3], decode(row[4], row[5])) for row in rows)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise NotReadableError(sentence("journal.damaged", file=self.path.name)) from error
        return stored + tuple(entry for entry in self.waiting if entry.study_uid == study_uid)

    def verify(self) -> int | None:
        """The first row whose hash does not fit its content and the row before; None when all fit.

        Raises NotReadableError where the file itself is damaged.
        """
        before = FIRST_HASH
        query = "SELECT seq, uid, study_uid, at, who, body, mask, hash FROM entry ORDER BY seq"
        for seq, uid, study_uid, at, who, body, mask, stored in self._rows(query):
            want = chained(before, (uid, study_uid, at, who, body), mask)
            if want != bytes(stored):
                return int(seq)
            before = want
        return None

    def studies(self) -> frozenset[str]:
        """The studies that a person worked on; that a model read one is no work."""
        rows = self._rows("SELECT DISTINCT study_uid FROM entry WHERE kind != 'propose'")
        return frozenset(row[0] for row in rows)

    def saved_studies(self) -> frozenset[str]:
        """The studies in which nothing was judged, drawn or taken back after the newest save took its reading.

        What was done while files were written stands before the save in the file, and is in none of its files: so
        the times count too.
        """
        newest = f"MAX(CASE WHEN kind IN {_CHANGING} THEN {{}} ELSE {{}} END)"
        rows = self._rows(
            "SELECT study_uid FROM entry GROUP BY study_uid HAVING"
            f" MAX(CASE kind WHEN 'save' THEN seq ELSE 0 END) > {newest.format('seq', 0)} AND"
            " MAX(CASE kind WHEN 'save' THEN json_extract(body, '$.saved.at') ELSE '' END)"
            f" > {newest.format('at', repr(''))}"
        )
        return frozenset(row[0] for row in rows)

    def remember_place(self, study_uid: str, place: dict[str, object]) -> None:
        """Keep where a reader was in a study (slice, window). It is no edit and not part of the chain."""
        try:
            self._open().execute(
                "INSERT INTO place (study_uid, body) VALUES (?, ?)"
                " ON CONFLICT (study_uid) DO UPDATE SET body = excluded.body",
                (study_uid, json.dumps(place)),
            )
        except sqlite3.Error as error:
            raise NotWrittenError(sentence("journal.not-written", n=len(self.waiting), why=str(error))) from error

    def place(self, study_uid: str) -> dict[str, object] | None:
        """Where a reader was in a study. Raises NotReadableError for a damaged row."""
        rows = self._rows("SELECT body FROM place WHERE study_uid = ?", study_uid)
        if not rows:
            return None
        try:
            found = json.loads(rows[0][0])
        except (TypeError, ValueError) as error:
            raise NotReadableError(sentence("journal.damaged", file=self.path.name)) from error
        return found if isinstance(found, dict) else None

    def save_elsewhere(self, path: Path) -> None:
        """Write the entries that wait to a JSON-lines file. Raises NotWrittenError; nothing half-written stays."""
        lines = [_line(one) for one in self.waiting]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        try:
            write_whole(path, text.encode())
        except OSError as error:
            raise NotWrittenError(sentence("journal.not-open", file=path.name, why=error.strerror or "")) from error

    def take_back(self, path: Path) -> int:
        """Append the entries of a file of ``save_elsewhere`` that are not here yet, in their order; how many.

        Raises NotReadableError when the file is none, before anything is written, and NotWrittenError.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            found = [_entry(json.loads(line)) for line in lines]
        except (OSError, KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
            raise NotReadableError(sentence("journal.no-edits", file=path.name)) from error
        known = {row[0] for row in self._open().execute("SELECT uid FROM entry")}
        known |= {entry.uid for entry in self.waiting}
        fresh = [entry for entry in found if entry.uid not in known]
        for entry in fresh:
            self.append(entry)
        return len(fresh)

    def close(self) -> None:
        """Close the file."""
        if self._base is not None:
            self._base.close()
            self._base = None


def _line(entry: Entry) -> dict[str, str]:
    body, mask = encode(entry.edit)
    line = {"uid": entry.uid, "study_uid": entry.study_uid, "at": entry.at, "who": entry.who, "edit": body}
    return line if mask is None else line | {"mask": base64.b64encode(mask).decode()}


def _entry(line: dict[str, str]) -> Entry:
    mask = base64.b64decode(line["mask"], validate=True) if "mask" in line else None
    return Entry(line["uid"], line["study_uid"], line["at"], line["who"], decode(line["edit"], mask))


def chained(before: bytes, texts: tuple[str, ...], mask: bytes | None) -> bytes:
    """The hash of a row: each part with its length before it, so that no two rows hash alike."""
    digest = hashlib.sha256(before)
    for part in (*(text.encode() for text in texts), mask or b""):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
