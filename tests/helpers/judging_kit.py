"""A series on disk and a journal with a model's marks on it, made before the program starts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from build_series import Stack
from finding_kit import MODEL, result
from overread.core.edits import Edit, Propose
from overread.core.finding import Finding, Measures, Origin
from overread.core.journal import Entry, Journal
from overread.core.mask import Mask
from overread.core.paths import default_paths
from overread.core.store import new_uid, now
from saving_kit import complete

SHAPE = (40, 96, 128)
STUDY = Stack(shape=SHAPE, spacing_mm=(1.5, 1.5), step=(0, 0, 3.0), change=complete)
CORNERS = ((30, 60, 40), (20, 30, 80), (8, 45, 60))
"""First voxel (k, j, i) of each finding: blocks of 3 x 5 x 7 voxels."""


def centre_mm(corner: tuple[int, int, int]) -> list[float]:
    """Patient place of the middle voxel of a block."""
    k, j, i = corner[0] + 1, corner[1] + 2, corner[2] + 3
    return [STUDY.origin[0] + 1.5 * i, STUDY.origin[1] + 1.5 * j, STUDY.origin[2] + 3.0 * k]


def proposal(number: int, corner: tuple[int, int, int]) -> Finding:
    mask = Mask.from_array(np.ones((3, 5, 7), dtype=np.bool_), corner)
    x, y, z = centre_mm(corner)
    measures = Measures(
        centre_lps_mm=(x, y, z), slice_k=corner[0] + 1, volume_mm3=105 * 6.75, equivalent_diameter_mm=11.0,
        long_mm=12.9, short_mm=10.2,
    )  # fmt: skip
    return Finding(
        uid=f"2.25.{number}", number=number, origin=Origin.MODEL, label="code.nodule", series_uid=STUDY.series_uid,
        frame_of_reference_uid=STUDY.frame_uid, mask=mask, measures=measures, who="lung-nodule 0.1", at=now(),
        proposed_mask=mask, proposed_measures=measures, score=1 - number / 10, model=MODEL, job_uid="0" * 32,
    )  # fmt: skip


def journalled(*further: Edit) -> None:
    """Put a model's result, and what is given, into the journal before the program starts."""
    read = msgspec.structs.replace(result(), series_uid=STUDY.series_uid)
    marks = tuple(proposal(n, corner) for n, corner in enumerate(CORNERS, start=1))
    path = default_paths().journal
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(path)
    for edit in (Propose(read, marks), *further):
        journal.append(Entry(new_uid(), STUDY.study_uid, now(), "Reader 1", edit))
    journal.close()


def edits() -> Sequence[Edit]:
    journal = Journal(default_paths().journal)
    found = [entry.edit for entry in journal.entries(STUDY.study_uid)]
    journal.close()
    return found
