"""What a reader is and what it answers. A reader is a function; it runs in a worker process of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Float
from overread.core.mask import Mask
from overread.core.text import Sentence
from overread.core.volume import Volume

Report = Callable[[str, int, int], None]
"""``report(stage, done, total)``: a text id, and parts done of all parts of the whole job."""
Cancelled = Callable[[], bool]


class StoppedError(Exception):
    """Raised by a reader that saw ``cancelled()`` become true."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One place that a reader proposes, in the caller's grid.

    ``mask`` is in voxels [k, j, i] of the volume; ``centre_lps_mm`` is patient LPS mm. ``kind`` is a text id of
    the card's ``gives.kinds``. ``why`` are the values of the rules that made the score, ``measures`` are
    figures with their unit in the name (``long_mm``, ``volume_mm3``, ``mean_hu``). ``place`` says where in the body
    it is, from what the reader knows of this scan; None when it knows nothing about that.
    """

    mask: Mask
    centre_lps_mm: tuple[float, float, float]
    score: float
    kind: str
    why: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[Sentence, ...] = ()
    place: Sentence | None = None
    """Where in the body it lies, in words, as far as the reader knows it."""


@dataclass(frozen=True, slots=True, eq=False)
class ReaderResult:
    """The candidates by score, highest first, and what was seen on the way.

    ``heatmap_u8`` is uint8 [k, j, i] on a grid of its own (``heatmap_affine``, voxel (i, j, k) to LPS mm);
    ``lung_mask`` is boolean [k, j, i] on that same grid.
    """

    candidates: tuple[Candidate, ...]
    heatmap_u8: NDArray[np.uint8] | None = None
    heatmap_affine: Float | None = None
    lung_mask: NDArray[np.bool_] | None = None
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[Sentence, ...] = ()


class Reader(Protocol):
    """Reads one volume with the card's ``parameters``; ``parameters["device"]`` is ``cpu`` or ``cuda:N``.

    Raises OverreadError for a series that it cannot read, StoppedError after ``cancelled()`` was true.
    """

    def __call__(
        self,
        volume: Volume,
        parameters: Mapping[str, Any],
        report: Report,
        cancelled: Cancelled,
    ) -> ReaderResult: ...
