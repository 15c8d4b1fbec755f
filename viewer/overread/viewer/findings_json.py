"""The JSON form of findings: what ``overread analyze`` prints, and what is written beside SEG and SR.

Sentences are English, so that one file reads the same wherever it was made. Places are patient LPS mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from itertools import product
from typing import Any

from overread.core.finding import Finding, ModelResult
from overread.core.geometry import Geometry
from overread.core.mask import Box
from overread.core.text import say


def document(
    findings: Sequence[Finding], result: ModelResult | None, geometry: Geometry, record: dict[str, Any]
) -> dict[str, Any]:
    """Findings of one series with what is known of the model's run. ``record`` is added to the run's own record."""
    first = findings[0] if findings else None
    model = None if result is None else result.model
    return {
        "series_uid": result.series_uid if result else first.series_uid if first else "",
        "split": result.split if result else first.split if first else "",
        "model": None if model is None else {"name": model.name, "version": model.version, "digest": model.digest},
        "suits": None if result is None else result.suits,
        "warnings": [] if result is None else [one.say() for one in result.warnings],
        "findings": [finding_document(one, geometry) for one in findings],
        "record": _record(result) | record,
    }


def _record(result: ModelResult | None) -> dict[str, Any]:
    program: dict[str, Any] = {"program": f"overread {version('overread')}"}
    if result is None:
        return program
    return program | {
        "finished": result.at,
        "asked_by": result.asked_by,
        "device": result.device,
        "elapsed_s": round(result.elapsed_s, 3),
    }


def finding_document(finding: Finding, geometry: Geometry) -> dict[str, Any]:
    """One finding. Measures are of its mask, on the volume it was drawn on; null where there is no mm or no value."""
    measures = finding.measures
    judgement = finding.judgement
    return {
        "uid": finding.uid,
        "number": finding.number,
        "tag": finding.tag,
        "origin": str(finding.origin),
        "state": str(finding.state),
        "label": say(finding.label),
        "kind": say(finding.kind) if finding.kind else "",
        "place": finding.place.say() if finding.place else "",
        "score": finding.score,
        "score_name": say(finding.score_name) if finding.score_name else "",
        "centre_lps_mm": list(measures.centre_lps_mm),
        "box_lps_mm": box_lps_mm(finding.mask.box, geometry),
        "long_mm": measures.long_mm,
        "short_mm": measures.short_mm,
        "equivalent_diameter_mm": measures.equivalent_diameter_mm,
        "volume_mm3": measures.volume_mm3,
        "mean_hu": measures.mean_value if measures.unit == "HU" else None,
        "why": dict(finding.why),
        "warnings": [one.say() for one in finding.warnings],
        "judged": None
        if judgement is None
        else {"verdict": judgement.verdict, "who": judgement.who, "at": judgement.at, "reason": judgement.reason},
        "note": finding.note,
    }


def box_lps_mm(box: Box, geometry: Geometry) -> list[list[float]]:
    """Smallest and largest x, y, z of the outer faces of a box of voxels."""
    (k0, k1), (j0, j1), (i0, i1) = box
    faces = product((i0 - 0.5, i1 - 0.5), (j0 - 0.5, j1 - 0.5), (k0 - 0.5, k1 - 0.5))
    corners = geometry.lps_from_ijk(list(faces))
    return [[float(value) for value in corners.min(axis=0)], [float(value) for value in corners.max(axis=0)]]
