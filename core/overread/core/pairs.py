"""Own marks that a model proposes too: one place, one row, told from the masks and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from overread.core.finding import Finding, Origin
from overread.core.mask import in_box, union

SHARE = 1 / 3
"""Two masks are one place when they share this part of the smaller one."""


def also_by_model(findings: Sequence[Finding]) -> dict[str, Finding]:
    """For each own mark (tracking UID) the model's mark on the same place, the one of the highest score."""
    marks = sorted(
        (one for one in findings if one.origin is Origin.MODEL), key=lambda one: (-(one.score or 0.0), one.number)
    )
    found: dict[str, Finding] = {}
    taken: set[str] = set()
    for own in findings:
        if own.origin is not Origin.PERSON:
            continue
        match = next((one for one in marks if one.uid not in taken and _same_place(own, one)), None)
        if match is not None:
            found[own.uid] = match
            taken.add(match.uid)
    return found


def _same_place(first: Finding, second: Finding) -> bool:
    if (first.series_uid, first.split) != (second.series_uid, second.split):
        return False
    spans = zip(first.mask.box, second.mask.box, strict=True)
    if any(a[0] >= b[1] or b[0] >= a[1] for a, b in spans):
        return False
    box = union(first.mask.box, second.mask.box)
    a, b = in_box(first.mask, box), in_box(second.mask, box)
    return int((a & b).sum()) >= SHARE * min(int(a.sum()), int(b.sum()))
