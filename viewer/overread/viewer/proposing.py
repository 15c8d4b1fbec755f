"""From an answer of the engine to findings: the one way in which a model's marks become part of a reading."""

from __future__ import annotations

from collections.abc import Sequence

from overread.core.edits import Propose
from overread.core.finding import Finding, ModelRef, ModelResult, Origin
from overread.core.geometry import Triple, place_letters_mm
from overread.core.measure import measure_mask
from overread.core.series import Permission, Series
from overread.core.store import new_uid, now
from overread.core.text import Sentence, sentence
from overread.core.volume import Volume
from overread.inference.cards import ModelCard, Suitability
from overread.inference.client import Answer
from overread.inference.protocol import Proposal

NOT_KNOWN = "place.not-known"
"""What a model says that does not know where in the body a mark lies."""


def engine_facts(series: Series) -> dict[str, str]:
    """Header values that a model may ask for, by DICOM keyword; never who the patient is."""
    return {"Modality": series.modality, "BodyPartExamined": series.body_part, **dict(series.attributes)}


def proposed(
    answer: Answer,
    card: ModelCard,
    suitability: Suitability,
    series: Series,
    volume: Volume,
    asked_by: str,
    first_number: int = 1,
) -> Propose:
    """The edit that puts a model's marks beside what is there, numbered by score from ``first_number`` on.

    Marks below the card's ``list_from`` are left out, and so are empty ones. Measures are taken here, from the masks
    on this volume, never believed. Raises ValueError when a mask leaves the volume.
    """
    model = ModelRef(name=card.name, version=card.version, digest=card.digest)
    result = ModelResult(
        job_uid=answer.job_uid,
        model=model,
        series_uid=series.uid,
        split=series.split,
        asked_by=asked_by,
        at=now(),
        device=answer.proposals.device,
        elapsed_s=answer.proposals.elapsed_s,
        suits=str(suitability.kind),
        warnings=(*suitability.reasons, *(one.sentence() for one in answer.proposals.warnings)),
        cut=card.score.cut,
    )
    marks = [
        one for one in answer.proposals.findings if one.score >= card.score.list_from and not one.region().is_empty
    ]
    marks.sort(key=lambda one: (-one.score, one.centre_lps_mm))
    return Propose(
        result,
        tuple(
            _finding(number, one, result, card, series, volume)
            for number, one in enumerate(marks, start=first_number)
        ),
    )


def _finding(
    number: int, proposal: Proposal, result: ModelResult, card: ModelCard, series: Series, volume: Volume
) -> Finding:
    mask = proposal.region()
    measures = measure_mask(mask, volume, has_mm=Permission.MEASURE_MM in series.verdict.may)
    return Finding(
        uid=new_uid(),
        number=number,
        origin=Origin.MODEL,
        label=card.gives.label,
        series_uid=series.uid,
        split=series.split,
        frame_of_reference_uid=volume.geometry.frame_of_reference_uid,
        mask=mask,
        measures=measures,
        who=f"{card.name} {card.version}",
        at=result.at,
        kind=proposal.kind if proposal.kind in card.gives.kinds else "",
        place=_place(proposal) or place_in_mm(measures.centre_lps_mm),
        proposed_mask=mask,
        proposed_measures=measures,
        score=proposal.score,
        score_name=card.score.name,
        score_word=card.word(proposal.score),
        why=dict(proposal.why),
        warnings=_warnings(result.warnings, proposal),
        model=result.model,
        job_uid=result.job_uid,
    )


def _warnings(of_result: Sequence[Sentence], proposal: Proposal) -> tuple[Sentence, ...]:
    return (*of_result, *(one.sentence() for one in proposal.warnings))


def _place(proposal: Proposal) -> Sentence | None:
    """Where the model says that it is; None when it says that it does not know."""
    told = None if proposal.place is None else proposal.place.sentence()
    return None if told is None or told.id == NOT_KNOWN else told


def place_in_mm(point_lps_mm: Triple) -> Sentence:
    """A place of which nothing is known but where it is: ``L 56.4, P 86.3, I 117.5 mm``."""
    x, y, z = place_letters_mm(point_lps_mm)
    return sentence("finding.place-mm", x=x, y=y, z=z)
