"""Small series on disk with findings on them, for tests of what is written and read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from build_series import Stack
from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.finding import Finding, Judgement, ModelRef, Origin
from overread.core.geometry import Geometry
from overread.core.mask import Mask
from overread.core.measure import measure_mask
from overread.core.reading import Reading
from overread.core.series import Series
from overread.core.volume import Volume

MODEL = ModelRef(name="lung-nodule", version="0.1.0", digest="ab" * 32)
AT = "2026-01-02T03:04:05.678+00:00"
SHAPE = (7, 13, 17)
"""221 pixels an image: no multiple of 8, so that the bits of a frame begin within a byte."""


def complete(header: Dataset, _k: int) -> None:
    """What a scanner writes and the bare stack leaves out."""
    header.BodyPartExamined, header.StudyTime, header.StudyID = "CHEST", "101500", "S1"
    header.AccessionNumber, header.ReferringPhysicianName = "A1", "Roe^Richard"


def stack(**changes: object) -> Stack:
    """An anisotropic stack: 1.5 mm between rows, 0.75 between columns, 2.5 between slices."""
    return Stack(**{"shape": SHAPE, "change": complete, **changes})  # type: ignore[arg-type]  # names of Stack's fields


def stepped(shape_kji: tuple[int, int, int] = SHAPE) -> NDArray[np.bool_]:
    """A region without any symmetry: k 2-4, a row longer on one side, a single pixel at the other end."""
    whole = np.zeros(shape_kji, dtype=np.bool_)
    whole[2, 3:6, 4:9] = True
    whole[3, 3:7, 4:10] = True
    whole[4, 5, 9:12] = True
    whole[2, 2, 11] = True
    return whole


@dataclass(frozen=True, slots=True)
class Case:
    """A scanned series, the grid of its volume, and findings on it."""

    series: Series
    grid: Geometry
    findings: tuple[Finding, ...]

    def reading(self) -> Reading:
        """The reading that holds the findings."""
        return Reading(self.series.study.uid, findings=self.findings)


def accepted(reason: str = "", verdict: str = "accepted") -> Judgement:
    """A judgement of Reader 1."""
    return msgspec.convert({"verdict": verdict, "who": "Reader 1", "at": AT, "reason": reason}, Judgement)


def model_mark(uid: str, number: int, mask: Mask, volume: Volume, judgement: Judgement | None) -> Finding:
    """A mark of the model."""
    measures = measure_mask(mask, volume)
    return Finding(
        uid=uid, number=number, origin=Origin.MODEL, label="card.lung-nodule.label", series_uid=volume.series_uid,
        split=volume.split, frame_of_reference_uid=volume.geometry.frame_of_reference_uid, mask=mask,
        measures=measures, who="lung-nodule 0.1.0", at=AT, kind="card.lung-nodule.solid", proposed_mask=mask,
        proposed_measures=measures, score=0.75, model=MODEL, job_uid="0" * 32, judgement=judgement,
    )  # fmt: skip


def corrected(mark: Finding, mask: Mask, volume: Volume) -> Finding:
    """A model's mark whose mask a person changed."""
    return msgspec.structs.replace(mark, mask=mask, measures=measure_mask(mask, volume), edited_by="Reader 1")


def own_mark(uid: str, number: int, mask: Mask, volume: Volume) -> Finding:
    """A mark that Reader 1 added."""
    return Finding(
        uid=uid, number=number, origin=Origin.PERSON, label="code.nodule", series_uid=volume.series_uid,
        split=volume.split, frame_of_reference_uid=volume.geometry.frame_of_reference_uid, mask=mask,
        measures=measure_mask(mask, volume), who="Reader 1", at=AT, note="at the fissure",
    )  # fmt: skip


def case(folder: Path, source: Stack) -> Case:
    """Write a stack, scan it and mark it: accepted (1), corrected (2), rejected (3), not judged (4), added (A).

    The corrected one overlaps the accepted one.
    """
    (series,) = scan([source.write(folder)]).series
    with load(series) as loading:
        volume = loading.volume
        first = stepped()
        small, moved = np.zeros_like(first), np.zeros_like(first)
        small[5, 8:11, 2:5] = True
        moved[3:6, 6:10, 6:8] = True
        placed = [Mask.from_array(one, _offset(volume)) for one in (first, moved, small)]
        mark = model_mark("2.25.12", 2, placed[2], volume, accepted())
        findings = (
            model_mark("2.25.11", 1, placed[0], volume, accepted()),
            corrected(mark, placed[1], volume),
            model_mark("2.25.13", 3, placed[2], volume, accepted("vessel", "rejected")),
            model_mark("2.25.14", 4, placed[2], volume, None),
            own_mark("2.25.21", 1, placed[2], volume),
        )
        return Case(series, volume.geometry, findings)


def _offset(volume: Volume) -> tuple[int, int, int]:
    """Upright grids are larger than the images: masks are moved to where the middle image lies in them."""
    if volume.acquired is None:
        return 0, 0, 0
    middle = volume.acquired.shape_kji[0] // 2
    first = volume.geometry.ijk_from_lps(volume.acquired.lps_from_ijk([0, 0, middle]))
    return 0, round(float(first[1])), round(float(first[0]))
