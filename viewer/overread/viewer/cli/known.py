"""What is known of a study against what was found in it: the table of the demo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overread.core.finding import Finding, Origin
from overread.core.geometry import Triple
from overread.core.history import History
from overread.core.journal import Journal
from overread.core.reading import Reading


@dataclass(frozen=True, slots=True)
class Known:
    """One nodule of ``truth.json`` (core.sample.study)."""

    number: int
    centre_lps_mm: Triple
    diameter_mm: float
    kind: str


def known_of(truth: Path) -> tuple[Known, ...]:
    """The nodules that are known; none where there is no such file."""
    if not truth.is_file():
        return ()
    return tuple(
        Known(
            int(one["number"]),
            (float(one["centre_lps_mm"][0]), float(one["centre_lps_mm"][1]), float(one["centre_lps_mm"][2])),
            float(one["diameter_mm"]),
            str(one["kind"]),
        )
        for one in json.loads(truth.read_text(encoding="utf-8"))["nodules"]
    )


def reading_of(home: Path) -> Reading:
    """The reading of the newest study in the journal below ``home``. Raises LookupError when there is none."""
    journal = Journal(home / "data" / "journal.sqlite")
    try:
        studies = journal.studies()
        if not studies:
            raise LookupError("nobody worked on a study")
        uid = sorted(studies)[0]
        history = History(Reading(uid))
        for entry in journal.entries(uid):
            history.take(entry.uid, entry.edit)
        return history.reading
    finally:
        journal.close()


def on(known: Known, findings: Sequence[Finding]) -> Finding | None:
    """The finding on a known nodule: its centre lies within the radius (as LUNA16 counts); the nearest one."""
    near = sorted((_away_mm(known, one), one.number, one) for one in findings)
    return near[0][2] if near and near[0][0] < known.diameter_mm / 2 else None


def _away_mm(known: Known, finding: Finding) -> float:
    return float(np.linalg.norm(np.subtract(known.centre_lps_mm, finding.measures.centre_lps_mm)))


def shown_marks(reading: Reading) -> list[Finding]:
    """The model's marks that the list shows at once: those from the cut on."""
    cuts = {one.job_uid: one.cut for one in reading.results}
    models = (one for one in reading.findings if one.origin is Origin.MODEL)
    return [one for one in models if (one.score or 0.0) >= cuts.get(one.job_uid, 0.0)]


def missed(home: Path, known: Sequence[Known]) -> Known | None:
    """The largest known nodule without a mark of the model in the list; None when each has one."""
    marks = shown_marks(reading_of(home))
    open_ones = [one for one in known if on(one, marks) is None]
    return max(open_ones, key=lambda one: one.diameter_mm, default=None)


def table(reading: Reading, known: Sequence[Known]) -> list[str]:
    """One line per known nodule, and a line on the marks that lie on none."""
    marks = shown_marks(reading)
    own = [one for one in reading.findings if one.origin is Origin.PERSON]
    lines, used = [], set()
    for one in known:
        place = "({:7.1f}, {:7.1f}, {:7.1f})".format(*one.centre_lps_mm)
        head = f"nodule {one.number:2d}  {one.kind:12s} {one.diameter_mm:5.1f} mm at LPS {place} mm"
        mark, by_hand = on(one, marks), on(one, own)
        if mark is not None:
            used.add(mark.uid)
            long_mm = f", long axis {mark.measures.long_mm:.1f} mm" if mark.measures.long_mm is not None else ""
            lines.append(
                f"{head}: found as {mark.tag}, score {mark.score:.2f}, {_away_mm(one, mark):.1f} mm off{long_mm},"
                f" {mark.state}"
            )
        else:
            lines.append(f"{head}: missed by the model" + (f", marked by hand as {by_hand.tag}" if by_hand else ""))
    found = sum(on(one, marks) is not None for one in known)
    lines.append(
        f"found {found} of {len(known)} known nodules; {len(marks) - len(used)} of {len(marks)} marks lie on none"
    )
    return lines
