"""A finding as one sentence for a report, from templates that are data (resources/templates/finding.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from overread.core.finding import Finding
from overread.core.geometry import Geometry, place_letters_mm
from overread.core.text import Language, Sentence, millimetres, say, sentence, volume_text


def image_in_stack(geometry: Geometry, slice_k: int) -> tuple[int, int]:
    """Number of a stored slice among the images of its stack, from 1, and how many there are.

    Axial images count from the head to the feet; others as they are stored.
    """
    count = geometry.shape_kji[0]
    from_feet = geometry.axis_of(2) == 2 and float(geometry.directions[2, 2]) > 0
    return (count - slice_k if from_feet else slice_k + 1), count


def place_of(finding: Finding) -> Sentence:
    """Where a finding lies: in words where they are known, else in patient mm."""
    if finding.place is not None:
        return finding.place
    x, y, z = place_letters_mm(finding.measures.centre_lps_mm)
    return sentence("finding.place-mm", x=x, y=y, z=z)


def finding_sentence(
    finding: Finding, series_number: int | None, image_number: int, language: Language = "en"
) -> str:
    """A finding in one sentence: place, kind, axes, volume, series and image.

    What is not known (kind, series number, axes where the series gives no mm) is left out.
    """
    templates = _templates()
    measures = finding.measures
    kind = say(finding.kind, language).lower() if finding.kind else ""
    what = templates["kind-known" if kind else "kind-unknown"][language]
    where = templates["where-image" if series_number is None else "where-numbered"][language]
    values = {
        "place": _joined(place_of(finding).say(language), language),
        "what": what.format(kind=kind, label=say(finding.label, language)),
        "where": where.format(series=series_number, image=image_number),
        "volume": volume_text(measures.volume_mm3),
    }
    if measures.long_mm is None or measures.short_mm is None:
        return templates["no-mm"][language].format(**values)
    return templates["sentence"][language].format(
        **values, long_mm=millimetres(measures.long_mm), short_mm=millimetres(measures.short_mm)
    )


def _joined(place: str, language: Language) -> str:
    """A place that ends in Latin signs (mm) needs a gap before Chinese words follow it."""
    return f"{place} " if language == "zh" and place[-1:].isascii() else place


@cache
def _templates() -> Mapping[str, Mapping[str, str]]:
    file = resources.files("overread.resources") / "templates" / "finding.toml"
    found: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return found
