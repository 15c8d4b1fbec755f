"""Free-response ROC by the rules of LUNA16: what is a hit, what is a false mark, and the curve.

A mark hits a target when the distance of their centres is strictly less than half the target's diameter (10 mm
where the diameter is negative). Of several hits on one target the best score counts and the others vanish. A mark
inside two targets hits both. Marks inside an excluded target vanish. Targets that are not hit stay in the
denominator. At most 100 marks of a scan count: beyond that only those that score strictly more than the 101st.
The curve is interpolated linearly between the distinct scores and flat beyond its last point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Triple

Float = NDArray[np.float64]

RATES: Final = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False marks per scan at which sensitivity is told; their mean sensitivity is the CPM."""
MOST_MARKS: Final = 100
NO_DIAMETER_MM: Final = 10.0
RESAMPLES: Final = 1000
SEED: Final = 12345


@dataclass(frozen=True, slots=True)
class Target:
    """Something to be found: centre (LPS mm) and diameter (mm). Excluded ones count neither as hit nor as miss."""

    centre_lps_mm: Triple
    diameter_mm: float
    excluded: bool = False

    def holds(self, point_lps_mm: Triple) -> bool:
        """True when a point is closer to the centre than the radius."""
        diameter = NO_DIAMETER_MM if self.diameter_mm < 0 else self.diameter_mm
        away = np.subtract(point_lps_mm, self.centre_lps_mm)
        return float(away @ away) < (diameter / 2) ** 2


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that a model proposed, and its score."""

    centre_lps_mm: Triple
    score: float


@dataclass(frozen=True, slots=True)
class Matched:
    """One scan by the rules: best score of each counted target (None: missed), scores of the false marks.

    ``irrelevant`` marks lay in excluded targets, ``double`` ones on targets that a better mark hit.
    """

    hits: tuple[float | None, ...]
    false: tuple[float, ...]
    irrelevant: int = 0
    double: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Points from (0, 0): false marks per scan and sensitivity, each at the next lower distinct score."""

    false_per_scan: Float
    sensitivity: Float

    def at(self, rates: Sequence[float] = RATES) -> Float:
        """Sensitivity at these false marks per scan."""
        values: Float = np.interp(rates, self.false_per_scan, self.sensitivity)
        return values

    def cpm(self) -> float:
        """Mean sensitivity at the seven rates."""
        return float(self.at().mean())


def match(targets: Sequence[Target], marks: Iterable[Mark]) -> Matched:
    """Hold the marks of one scan against its targets."""
    kept = _fewest(sorted(marks, key=lambda mark: -mark.score))
    counted = [one for one in targets if not one.excluded]
    best: list[float | None] = [None] * len(counted)
    false: list[float] = []
    irrelevant = double = 0
    for mark in kept:
        hit = [n for n, target in enumerate(counted) if target.holds(mark.centre_lps_mm)]
        fresh = [n for n in hit if best[n] is None]
        for n in fresh:
            best[n] = mark.score
        if hit:
            double += not fresh
        elif any(one.excluded and one.holds(mark.centre_lps_mm) for one in targets):
            irrelevant += 1
        else:
            false.append(mark.score)
    return Matched(tuple(best), tuple(false), irrelevant, double)


def _fewest(marks: list[Mark]) -> list[Mark]:
    """The first hundred, without those that are no better than the next one. ``marks`` fall in score."""
    if len(marks) <= MOST_MARKS:
        return marks
    return [mark for mark in marks if mark.score > marks[MOST_MARKS].score]


def curve(scans: Sequence[Matched]) -> Curve:
    """The curve over scans; those without marks or targets count too. Raises ValueError without any target."""
    hits = np.array([score for scan in scans for score in scan.hits if score is not None])
    false = np.array([score for scan in scans for score in scan.false])
    targets = sum(len(scan.hits) for scan in scans)
    if targets == 0:
        raise ValueError("a curve needs targets")
    scores = np.unique(np.concatenate([hits, false]))[::-1]
    found = [0, *((hits >= score).sum() for score in scores)]
    wrong = [0, *((false >= score).sum() for score in scores)]
    return Curve(np.array(wrong) / len(scans), np.array(found) / targets)


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """95 % intervals over resampled scans: (low, high) of the CPM and [rates, 2]; resamples without a target."""

    cpm: tuple[float, float]
    at: Float
    undefined: int


def bootstrap(scans: Sequence[Matched], resamples: int = RESAMPLES, seed: int = SEED) -> Spread | None:
    """Percentiles 2.5 and 97.5 over scans drawn with replacement; None for fewer than two scans."""
    if len(scans) < 2:
        return None
    rng = np.random.default_rng(seed)
    values, undefined = [], 0
    for _resample in range(resamples):
        drawn = [scans[n] for n in rng.integers(len(scans), size=len(scans))]
        if any(scan.hits for scan in drawn):
            values.append(curve(drawn).at())
        else:
            undefined += 1
    table = np.array(values)
    low, high = np.percentile(table.mean(axis=1), (2.5, 97.5))
    return Spread((float(low), float(high)), np.percentile(table, (2.5, 97.5), axis=0).T, undefined)
