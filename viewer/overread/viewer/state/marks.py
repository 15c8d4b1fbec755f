"""How findings are shown: which is selected, what is being edited, the heatmap's look. No finding is kept here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.mask import Mask
from overread.viewer.state.observable import Property

HEAT_LEAST, HEAT_MOST = 0.25, 0.95
"""The lowest and the highest threshold. Below the lowest the colours are so dark that they vanish in lung."""
HEAT_TOP = 255
"""The value of a map that stands for 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """A model's map over a series: uint8 [k, j, i] on a grid of its own, with the text id of its name.

    It is kept in memory only, for the series that it was made of (``series_key``).
    """

    values: NDArray[np.uint8]
    geometry: Geometry
    name: str
    series_key: str


def heat_level(threshold: float) -> int:
    """The least value of a map (0 to 255) that lies above a threshold (0 to 1)."""
    return math.ceil(max(HEAT_LEAST, threshold) * HEAT_TOP - 1e-9)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a command would make of a finding's mask, before it is applied: drawn with fine dashes."""

    uid: str
    mask: Mask
    slices: tuple[int, ...] = ()


@dataclass(slots=True)
class Marks:
    """View state of findings. ``selected`` is a tracking UID, or empty."""

    selected: Property[str] = field(default_factory=lambda: Property(""))
    editing: Property[bool] = field(default_factory=lambda: Property(False))
    preview: Property[Preview | None] = field(default_factory=lambda: Property(None))
    rejected_shown: Property[bool] = field(default_factory=lambda: Property(False))
    heat: Property[Heat | None] = field(default_factory=lambda: Property(None))
    heat_threshold: Property[float] = field(default_factory=lambda: Property(0.3))
    """Share of the map's range below which nothing is drawn."""
    heat_opacity: Property[float] = field(default_factory=lambda: Property(0.4))
