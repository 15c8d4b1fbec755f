"""The figures of a model: what it finds of real, inserted and synthetic targets, and what controls raise.

The model is asked through a function, so that the figures come from the same way that a reader's work takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import msgspec
import numpy as np

from overread.core.geometry import Triple
from overread.core.mask import Mask
from overread.core.volume import Volume
from overread.inference.cards import Measured, ModelCard
from overread.inference.evaluate.cases import Case, Known
from overread.inference.evaluate.froc import RATES, Curve, Mark, Matched, Target, bootstrap, curve, match
from overread.inference.evaluate.insert import Inserted, Room, insert_all, insert_tubes, room_in
from overread.inference.evaluate.shapes import Shape
from overread.inference.protocol import Proposal

Ask = Callable[[Volume], Sequence[Proposal]]
Draw = Callable[[np.random.Generator, int], list[Shape]]
Targets = Literal["real", "inserted", "synthetic"]

PER_SCAN: Final = 14
"""Nodules inserted into one scan: more would be no lung any more."""
TUBES: Final = 12
TOLD_RATES: Final = {1.0: "1 false mark", 4.0: "4 false marks"}
SIZES: Final = ((6.0, "below 6 mm"), (10.0, "6 to 10 mm"), (np.inf, "10 mm and more"))
SAME_MM: Final = 3.0
"""A mark this close to one of the scan without the control is that same mark."""


class Progress(Protocol):
    """Hears how many scans of all were read."""

    def __call__(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Insertions: how many nodules in all, from where their shapes come, and the seed of all that is random."""

    count: int
    draw: Draw
    seed: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One target, and the mark on it with the best score, if any."""

    known: Known
    proposal: Proposal | None
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """All scans whose targets are of one sort."""

    targets: Targets
    scans: tuple[Matched, ...]
    hits: tuple[Hit, ...]

    def curve(self) -> Curve:
        """Its FROC curve."""
        return curve(self.scans)


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Rows for the card, and the groups that they were computed from."""

    rows: tuple[Measured, ...]
    groups: tuple[Group, ...]


def measure(
    cases: Sequence[Case], ask: Ask, model: ModelCard, data: str, plan: Plan | None, progress: Progress
) -> Figures:
    """Ask the model about all cases, and with a plan about the cases with insertions and controls in them."""
    draws = -(-plan.count // PER_SCAN) if plan is not None else 0
    ask = _counted(ask, len(cases) + (draws + 2 * len(cases) if plan is not None else 0), progress)
    plain = [_scan(case.volume, case.known, ask(case.volume)) for case in cases]
    groups = []
    for origin in ("real", "synthetic"):
        chosen = [scan for case, scan in zip(cases, plain, strict=True) if case.origin == origin]
        if any(scan.hits for scan in chosen):
            groups.append(_group(origin, chosen))
    rows: list[Measured] = []
    if plan is not None:
        inserted, control_rows = _insertions(cases, plain, ask, model, data, plan)
        groups.append(inserted)
        rows += control_rows
    return Figures(tuple([row for group in groups for row in _rows(group, model, data)] + rows), tuple(groups))


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    matched: Matched
    hits: tuple[Hit, ...]
    proposals: tuple[Proposal, ...]


def _scan(
    volume: Volume, known: Sequence[Known], proposals: Sequence[Proposal], excluded: Sequence[Known] = ()
) -> _Scan:
    ordered = sorted(proposals, key=lambda one: (-one.score, one.centre_lps_mm))
    targets = [Target(one.centre_lps_mm, one.diameter_mm) for one in known]
    outside = [Target(one.centre_lps_mm, one.diameter_mm, excluded=True) for one in excluded]
    matched = match([*targets, *outside], [Mark(one.centre_lps_mm, one.score) for one in ordered])
    hits = []
    for one, target in zip(known, targets, strict=True):
        rank = next((n for n, mark in enumerate(ordered, start=1) if target.holds(mark.centre_lps_mm)), 0)
        hits.append(Hit(one, ordered[rank - 1] if rank else None, rank))
    return _Scan(matched, tuple(hits), tuple(ordered))


def _group(targets: Targets, scans: Sequence[_Scan]) -> Group:
    return Group(targets, tuple(one.matched for one in scans), tuple(hit for one in scans for hit in one.hits))


def _counted(ask: Ask, total: int, progress: Progress) -> Ask:
    """The same question, telling before each scan how many were read."""
    done = 0

    def counted(volume: Volume) -> Sequence[Proposal]:
        nonlocal done
        progress(done, total)
        done += 1
        return ask(volume)

    return counted


def _insertions(
    cases: Sequence[Case], plain: Sequence[_Scan], ask: Ask, model: ModelCard, data: str, plan: Plan
) -> tuple[Group, list[Measured]]:
    """Scans with nodules put into them, and the rows of the controls."""
    rooms = [room_in(case.volume, model.parameters["lungs"]) for case in cases]
    scans = []
    for number, first in enumerate(range(0, plan.count, PER_SCAN)):
        case, room = cases[number % len(cases)], rooms[number % len(cases)]
        rng = np.random.default_rng([plan.seed, number])
        shapes = plan.draw(rng, min(plan.count - first, PER_SCAN))
        volume, done = insert_all(case.volume, room, shapes, rng)
        known = [Known(one.centre_lps_mm, one.diameter_mm, one.kind, one.mask) for one in done]
        scans.append(_scan(volume, known, ask(volume), case.known))
    controls = [
        (_null(case, room, before, ask, model, plan), _tubes(case, room, before, ask, model, plan))
        for case, room, before in zip(cases, rooms, plain, strict=True)
    ]
    rows = []
    for number, words in enumerate(("added by insertions without contrast", "on inserted tubes")):
        marks, count = np.sum([control[number] for control in controls], axis=0)
        measure = f"marks {words}, at score {model.score.cut:g}"
        rows.append(_row("inserted", data, len(cases), int(count), measure, marks))
    return _group("inserted", scans), rows


def _null(case: Case, room: Room, before: _Scan, ask: Ask, model: ModelCard, plan: Plan) -> tuple[int, int]:
    """Marks that nodules without contrast add, and how many were put in."""
    rng = np.random.default_rng([plan.seed, 1_000_000])
    volume, done = insert_all(case.volume, room, plan.draw(rng, PER_SCAN), rng, contrast=False)
    marks = _fresh(ask(volume), before, model.score.cut)
    return len(marks), len(done)


def _tubes(case: Case, room: Room, before: _Scan, ask: Ask, model: ModelCard, plan: Plan) -> tuple[int, int]:
    """Marks that lie in inserted tubes, and how many tubes there are."""
    rng = np.random.default_rng([plan.seed, 2_000_000])
    volume, done = insert_tubes(case.volume, room, TUBES, rng)
    marks = _fresh(ask(volume), before, model.score.cut)
    return sum(any(_within(mark.centre_lps_mm, tube, volume) for tube in done) for mark in marks), len(done)


def _fresh(proposals: Sequence[Proposal], before: _Scan, cut: float) -> list[Proposal]:
    """Marks from the cut on that the scan without the control did not have."""
    old = [one.centre_lps_mm for one in before.proposals if one.score >= cut]
    return [
        one
        for one in proposals
        if one.score >= cut and not any(np.linalg.norm(np.subtract(one.centre_lps_mm, o)) < SAME_MM for o in old)
    ]


def _within(point_lps_mm: Triple, tube: Inserted, volume: Volume) -> bool:
    i, j, k = (int(value) for value in np.round(volume.geometry.ijk_from_lps(point_lps_mm)))
    (k0, k1), (j0, j1), (i0, i1) = tube.mask.box
    if not (k0 <= k < k1 and j0 <= j < j1 and i0 <= i < i1):
        return False
    return bool(tube.mask.to_array()[k - k0, j - j0, i - i0])


def _rows(group: Group, model: ModelCard, data: str) -> list[Measured]:
    """The rows of a group for the card."""
    cut, count = model.score.cut, len(group.hits)
    rows = _curve_rows(group, data)
    false = [sum(score >= cut for score in one.false) for one in group.scans]
    ranks = [hit.rank for hit in group.hits if hit.rank]
    overlaps = [value for hit in group.hits if (value := _dice(hit)) is not None]
    values: list[tuple[str, int, float | None]] = [
        (f"sensitivity at score {cut:g}", count, _found(group.hits, cut)),
        (f"false marks per scan at score {cut:g}", count, float(np.mean(false))),
        ("median rank of the targets found", len(ranks), float(np.median(ranks)) if ranks else None),
        ("mean Dice of the targets found", len(overlaps), float(np.mean(overlaps)) if overlaps else None),
    ]
    scans = len(group.scans)
    rows += [_row(group.targets, data, scans, n, words, value) for words, n, value in values if value is not None]
    return rows + _parts(group, cut, data)


def _curve_rows(group: Group, data: str) -> list[Measured]:
    """Sensitivity at the rates that are told, and the CPM, with intervals over scans where there are several."""
    made, spread = group.curve(), bootstrap(group.scans)
    words = [f"sensitivity at {name} per scan" for name in TOLD_RATES.values()]
    values = [float(value) for value in made.at(list(TOLD_RATES))]
    ranges = [(0.0, 0.0)] * (len(values) + 1)
    if spread is not None:
        told = [RATES.index(rate) for rate in TOLD_RATES]
        ranges = [(float(spread.at[n, 0]), float(spread.at[n, 1])) for n in told] + [spread.cpm]
    words.append("CPM (mean sensitivity at 1/8 to 8 false marks per scan)")
    values.append(made.cpm())
    rows = [
        _row(group.targets, data, len(group.scans), len(group.hits), *pair)
        for pair in zip(words, values, strict=True)
    ]
    if spread is None:
        return rows
    pairs = zip(rows, ranges, strict=True)
    return [msgspec.structs.replace(row, low=round(low, 4), high=round(high, 4)) for row, (low, high) in pairs]


def _parts(group: Group, cut: float, data: str) -> list[Measured]:
    """Sensitivity at the cut by size and kind, where there are several targets."""
    if len(group.hits) < 2:
        return []
    parts: list[tuple[str, list[Hit]]] = []
    low = 0.0
    for high, words in SIZES:
        parts.append((words, [hit for hit in group.hits if low <= hit.known.diameter_mm < high]))
        low = high
    scans = len(group.scans)
    kinds = sorted({hit.known.kind for hit in group.hits if hit.known.kind})
    parts += [(kind, [hit for hit in group.hits if hit.known.kind == kind]) for kind in kinds]
    return [
        _row(group.targets, data, scans, len(hits), f"sensitivity at score {cut:g}, {words}", _found(hits, cut))
        for words, hits in parts
        if hits
    ]


def _found(hits: Sequence[Hit], cut: float) -> float:
    return float(np.mean([hit.proposal is not None and hit.proposal.score >= cut for hit in hits]))


def _dice(hit: Hit) -> float | None:
    """Overlap of a target's mask and that of its mark; None where one is not known."""
    if hit.proposal is None or hit.known.mask is None:
        return None
    return dice(hit.known.mask, hit.proposal.region())


def dice(one: Mask, other: Mask) -> float:
    """Twice the common voxels over the sum of both; 1 for equal masks, also for two empty ones."""
    if one.is_empty and other.is_empty:
        return 1.0
    spans = [(min(a0, b0), max(a1, b1)) for (a0, a1), (b0, b1) in zip(one.box, other.box, strict=True)]
    arrays = []
    for mask in (one, other):
        whole = np.zeros([high - low for low, high in spans], dtype=np.bool_)
        whole[tuple(slice(a - s, b - s) for (a, b), (s, _e) in zip(mask.box, spans, strict=True))] = mask.to_array()
        arrays.append(whole)
    return float(2 * (arrays[0] & arrays[1]).sum() / (arrays[0].sum() + arrays[1].sum()))


def _row(targets: Targets, data: str, scans: int, n: int, measure: str, value: float) -> Measured:
    return Measured(targets=targets, data=data, scans=scans, n=n, measure=measure, value=round(float(value), 4))
