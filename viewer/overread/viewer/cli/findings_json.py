"""The JSON form of a model's proposals: what ``overread analyze`` prints and writes as findings.json."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from typing import Any

import numpy as np

from overread.core.geometry import Geometry, place_letters_mm
from overread.core.mask import Box, Mask
from overread.core.text import Sentence, say
from overread.core.volume import Volume
from overread.inference.cards import ModelCard, Suitability
from overread.inference.client import Answer
from overread.inference.protocol import Proposal

ORIGIN = "model"
STATE = "proposed"
NOT_KNOWN = "place.not-known"


def document(card: ModelCard, suitability: Suitability, volume: Volume, answer: Answer) -> dict[str, Any]:
    """All that the model answered on one series, as JSON-ready values; sentences are English.

    Findings stand by score, highest first; those below the card's ``list_from`` are left out. Places are patient
    LPS mm.
    """
    proposals = answer.proposals
    shown = [one for one in proposals.findings if one.score >= card.score.list_from]
    shown.sort(key=lambda one: (-one.score, one.centre_lps_mm))
    warnings = [one.say() for one in suitability.reasons]
    return {
        "series_uid": volume.series_uid,
        "split": volume.split,
        "model": {"name": card.name, "version": card.version, "digest": card.digest},
        "suits": str(suitability.kind),
        "warnings": warnings + [one.sentence().say() for one in proposals.warnings],
        "findings": [
            finding(number, one, volume, card, suitability.reasons) for number, one in enumerate(shown, start=1)
        ],
        "record": {
            "program": f"overread {version('overread')}",
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": proposals.device,
            "elapsed_s": round(proposals.elapsed_s, 3),
            "stage_seconds": {stage: round(value, 3) for stage, value in proposals.stage_seconds.items()},
            "verified_by_a_person": False,
        },
    }


def finding(
    number: int, proposal: Proposal, volume: Volume, card: ModelCard, warnings: Sequence[Sentence]
) -> dict[str, Any]:
    """One proposal. Volume, mean and equivalent diameter are of its mask; the axes are the model's, null if none."""
    mask = proposal.region()
    volume_mm3 = mask.voxels * volume.geometry.voxel_mm3
    return {
        "uid": f"2.25.{uuid.uuid4().int}",
        "number": number,
        "origin": ORIGIN,
        "state": STATE,
        "label": say(card.gives.label),
        "kind": say(proposal.kind) if proposal.kind in card.gives.kinds else proposal.kind,
        "place": _place(proposal),
        "score": proposal.score,
        "score_name": say(proposal.score_name),
        "centre_lps_mm": list(proposal.centre_lps_mm),
        "box_lps_mm": box_lps_mm(mask.box, volume.geometry),
        "long_mm": proposal.measures.get("long_mm"),
        "short_mm": proposal.measures.get("short_mm"),
        "equivalent_diameter_mm": (6 * volume_mm3 / math.pi) ** (1 / 3),
        "volume_mm3": volume_mm3,
        "mean_hu": _mean(mask, volume),
        "why": dict(proposal.why),
        "warnings": [one.say() for one in warnings] + [one.sentence().say() for one in proposal.warnings],
    }


def _place(proposal: Proposal) -> str:
    """Where the model says that it is, and the patient's millimetres; these alone when the model does not know."""
    letters = ", ".join(place_letters_mm(proposal.centre_lps_mm))
    if proposal.place is None or proposal.place.id == NOT_KNOWN:
        return letters
    return f"{proposal.place.sentence().say()} ({letters})"


def box_lps_mm(box: Box, geometry: Geometry) -> list[list[float]]:
    """Smallest and largest x, y, z of the outer faces of a box of voxels."""
    (k0, k1), (j0, j1), (i0, i1) = box
    faces = product((i0 - 0.5, i1 - 0.5), (j0 - 0.5, j1 - 0.5), (k0 - 0.5, k1 - 0.5))
    corners = geometry.lps_from_ijk(list(faces))
    return [[float(value) for value in corners.min(axis=0)], [float(value) for value in corners.max(axis=0)]]


def _mean(mask: Mask, volume: Volume) -> float | None:
    if mask.is_empty:
        return None
    (k0, k1), (j0, j1), (i0, i1) = mask.box
    inside = volume.voxels[k0:k1, j0:j1, i0:i1][mask.to_array()]
    return float(np.mean(inside, dtype=np.float64)) * volume.slope + volume.intercept
