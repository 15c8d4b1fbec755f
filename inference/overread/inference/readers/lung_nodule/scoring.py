"""From the values of the rules to a score: a sum of terms, one for each rule, so that each can be told.

Two sorts of terms. A curve is five numbers at even steps from a low to a high value of the rule, linear between and
flat beyond. A gate is the logarithm of a logistic step, not below a floor, over what is typical of false candidates,
times a weight. The score is the logistic function of the sum: a rank between 0 and 1, never a probability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def first_look(values: Mapping[str, Float], terms: Mapping[str, Any]) -> Float:
    """The sums [n] of the curves of one pass over values that need no region."""
    total = np.full(len(values["ratio"]), float(terms["start"]))
    for name, curve in terms["curves"].items():
        total += _along(values[name], curve, log=name in terms["logs"])
    return total


def moved(why: Mapping[str, float], gates: Mapping[str, Any], terms: Mapping[str, Any]) -> dict[str, float]:
    """By how much each rule moves the sum away from that of a typical false candidate."""
    by = {name: float(_along(np.array(why[name]), curve, log=name in terms["logs"]))
          for name, curve in terms["curves"].items()}  # fmt: skip
    for name, (weight, typical) in terms["gates"].items():
        by[name] = by.get(name, 0.0) + weight * (_gate(name, why, gates, float(terms["floor"])) - typical)
    return by


def score(
    by: Mapping[str, float], why: Mapping[str, float], gates: Mapping[str, Any], terms: Mapping[str, Any]
) -> float:
    """The score of a region from what its rules say; 0 outside the range of diameters of its pass.

    A veto is a logistic step that multiplies the score: no sum of other rules can make up for a vessel.
    """
    low, high = gates["range_mm"]
    if not low <= why["diameter_mm"] <= high:
        return 0.0
    points = _logistic(float(terms["start"]) + math.fsum(by.values()))
    for name, (middle, slope) in terms["vetoes"].items():
        points *= _logistic(slope * (why[name] - middle))
    return points


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


def _gate(name: str, why: Mapping[str, float], gates: Mapping[str, Any], floor: float) -> float:
    """The logarithm of one gate; 0, as of an open one, where the pass has none of that name."""
    if name not in gates["rules"]:
        return 0.0
    large = name in gates["large"] and why["diameter_mm"] >= gates["large_from_mm"]
    middle, slope = gates["large" if large else "rules"][name]
    return max(math.log(_logistic(slope * (why[name] - middle))), floor)


def _along(values: Float, curve: list[float], *, log: bool) -> Float:
    low, high, *heights = curve
    seen = np.log(np.maximum(values, 1e-6)) if log else values
    along: Float = np.interp(seen, np.linspace(low, high, len(heights)), heights)
    return along
