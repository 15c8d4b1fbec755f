"""A scan as JSON-ready values: the form that ``overread scan --json`` prints."""

from __future__ import annotations

from typing import Any

from overread.core.series import Permission, Rejected, ScanResult, Series
from overread.core.text import Language


def listing(result: ScanResult, language: Language = "en") -> dict[str, Any]:
    """``{"series": [...], "rejected": [...]}``; an affine maps voxel (i, j, k) to LPS mm."""
    return {
        "series": [series_entry(series, language) for series in result.series],
        "rejected": [rejected_entry(rejected, language) for rejected in result.rejected],
    }


def series_entry(series: Series, language: Language = "en") -> dict[str, Any]:
    """One series of the listing."""
    geometry = series.geometry
    first = series.instances[0]
    frames = sum(one.pixels.frames for one in series.instances)
    return {
        "patient_id": series.patient.id,
        "patient_name": series.patient.name,
        "study_uid": series.study.uid,
        "study_date": series.study.date,
        "series_uid": series.uid,
        "split": series.split,
        "modality": series.modality,
        "description": series.description,
        "instances": len(series.instances),
        "files": [str(one.path) for one in series.instances],
        "verdict": str(series.verdict.kind),
        "codes": list(series.verdict.codes),
        "reasons": [reason.sentence.say(language) for reason in series.verdict.reasons],
        "numbers": {reason.code: dict(reason.numbers) for reason in series.verdict.reasons if reason.numbers},
        "may": sorted(str(permission) for permission in series.verdict.may),
        "shape": list(geometry.shape_kji) if geometry else [frames, first.pixels.rows, first.pixels.columns],
        "affine": [[float(value) for value in row] for row in geometry.affine] if geometry else None,
        "spacing_kind": series.spacing_kind,
        "spacing_mm": list(first.pixel_spacing_mm)
        if first.pixel_spacing_mm and Permission.MEASURE_MM in series.verdict.may
        else None,
        "suv_bw_per_value": None,
    }


def rejected_entry(rejected: Rejected, language: Language = "en") -> dict[str, Any]:
    """One file that was left out."""
    return {"file": str(rejected.path), "codes": list(rejected.codes), "reason": rejected.reason.say(language)}
