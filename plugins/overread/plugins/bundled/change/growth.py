"""Arithmetic of growth: doubling times, their error bands, and what is within repeatability.

``t ln 2 / ln(V2 / V1)``, with diameters ``t ln 2 / (3 ln(d2 / d1))``; a change of volume below 25 % is within the
error of measurement (Callister et al., Thorax 2015, 70 Suppl 2: ii1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

VOLUME_ERROR = 0.25
"""Share of the volume by which two measurements of one nodule may differ."""
DIAMETER_ERROR_MM = 0.5
"""Half a millimetre is enough to change what follows from a doubling time of diameters."""
SHORT_DAYS = 90
"""Below this interval the error of measurement weighs too much."""


@dataclass(frozen=True, slots=True)
class Doubling:
    """A doubling time in days with the band in which it lies; ``longest`` None: no growth is possible too."""

    days: float
    shortest: float
    longest: float | None


def doubling_days(days: float, before: float, now: float) -> float | None:
    """Days in which a volume doubles; None when it has not grown."""
    return days * math.log(2) / math.log(now / before) if now > before else None


def doubling_of_volumes(days: float, before_mm3: float, now_mm3: float) -> Doubling | None:
    """Doubling time with a volume ratio that may be a quarter more or less; None without growth."""
    middle = doubling_days(days, before_mm3, now_mm3)
    shortest = doubling_days(days, before_mm3, now_mm3 * (1 + VOLUME_ERROR))
    if middle is None or shortest is None:
        return None
    return Doubling(middle, shortest, doubling_days(days, before_mm3 * (1 + VOLUME_ERROR), now_mm3))


def doubling_of_diameters(days: float, before_mm: float, now_mm: float) -> Doubling | None:
    """Doubling time of the volume from diameters, the later one being half a mm more or less; None without growth."""
    middle = doubling_days(days / 3, before_mm, now_mm)
    shortest = doubling_days(days / 3, before_mm, now_mm + DIAMETER_ERROR_MM)
    if middle is None or shortest is None:
        return None
    return Doubling(middle, shortest, doubling_days(days / 3, before_mm, now_mm - DIAMETER_ERROR_MM))


def within_repeatability(before_mm3: float, now_mm3: float) -> bool:
    """True when two volumes differ by less than a quarter of the earlier one."""
    return abs(now_mm3 - before_mm3) < VOLUME_ERROR * before_mm3


def tenths(value_mm: float) -> int:
    """A length in tenths of a mm, halves up: differences of what is shown must be what is shown."""
    return math.floor(value_mm * 10 + 0.5)
