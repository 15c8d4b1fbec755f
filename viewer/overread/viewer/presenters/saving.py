"""What the page after saving shows: which files, what is in them, and what was not written. Knows no toolkit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from overread.core.finding import Finding
from overread.core.reading import Reading
from overread.core.text import Language, say
from overread.viewer.presenters.findings import FindingRow, Listed, Teller

if TYPE_CHECKING:
    # The writer of DICOM objects takes a second to import; the window starts without it.
    from overread.core.saving import SaveReport


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One file: what kind it is, what is in it, and how it was verified."""

    kind: str
    what: str
    verified: str


@dataclass(frozen=True, slots=True)
class SavedView:
    """All that is said after a save."""

    time: str
    files: tuple[SavedFile, ...]
    place: str
    folder: Path
    heading: str
    rows: tuple[FindingRow, ...]
    notes: tuple[str, ...]


def saved_view(report: SaveReport, reading: Reading, found: Listed, teller: Teller) -> SavedView:
    """A save in words. Findings that the list folds away are counted, not listed."""
    language = teller.language
    left = {one.uid for one in report.left_out if one.why.id == "saving.not-judged"}
    listed = [one for one in found.findings if one.uid in left]
    beside = len(left) - len(listed)
    notes = [one.why.say(language) for one in report.left_out if one.uid not in left]
    notes += [one.say(language) for one in report.notes]
    if beside:
        notes.append(say("save-page.folded", language, n=beside))
    return SavedView(
        time=datetime.fromisoformat(report.at).astimezone().strftime("%H:%M:%S"),
        files=tuple(_file(name, report, reading, language) for name in sorted(report.files, key=_rank)),
        place=f"{report.folder.parent.name} / {report.folder.name} / {', '.join(report.files)}",
        folder=report.folder,
        heading=say("save-page.not-written", language, n=len(listed)) if listed else "",
        rows=tuple(teller.row(one, found) for one in listed),
        notes=tuple(notes),
    )


def _kind(name: str) -> str:
    return "json" if name.endswith(".json") else name.split("-")[0]


def _rank(name: str) -> int:
    """What a person looks for first stands first."""
    return ("seg", "sr", "assessment", "json").index(_kind(name))


def _file(name: str, report: SaveReport, reading: Reading, language: Language) -> SavedFile:
    kind = _kind(name)
    written = [one for one in reading.findings if one.uid in report.written]
    rejected = [one for one in reading.findings if one.uid in report.rejected]
    told = rejected if kind == "assessment" else written
    what = say(f"save-page.{kind}", language, n=len(told), tags=_tags(told))
    shown = {"seg": "SEG", "json": "JSON"}.get(kind, "SR")
    verified = say(f"save-page.verified-{'voxels' if kind == 'seg' else 'values'}", language)
    return SavedFile(shown, what, verified)


def _tags(findings: Sequence[Finding]) -> str:
    return ", ".join(one.tag for one in findings) or "0"
