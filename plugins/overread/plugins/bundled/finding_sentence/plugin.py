"""A finding as a sentence, from a template that a site or a reader can change."""

from __future__ import annotations

import re
import string
import tomllib

import msgspec

from overread.core.sentence import place_of
from overread.core.text import Language, millimetres, say, volume_text
from overread.plugins.api import FindingSubject, Phrase, Plugin

TEMPLATE = "template.toml"
NO_NUMBER = "–"
WHERE = frozenset({"series", "image"})
WITHOUT_MM = WHERE | {"place", "kind", "label", "where"}
WITH_MM = WITHOUT_MM | {"long_mm", "short_mm", "volume"}


class Templates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The whole template file."""

    with_mm: Phrase
    without_mm: Phrase
    where: Phrase
    where_without_series: Phrase


def register(plugin: Plugin) -> None:
    """Read the templates and offer the sentence."""
    templates = plugin.read(TEMPLATE, parse)
    plugin.add_finding_text(lambda subject, language: finding_sentence(subject, language, templates))


def parse(text: str) -> Templates:
    """The templates of a file. Raises ValueError, naming what is wrong."""
    found = msgspec.convert(tomllib.loads(text), Templates)
    allowed = {"with_mm": WITH_MM, "without_mm": WITHOUT_MM, "where": WHERE, "where_without_series": WHERE}
    for name, names in allowed.items():
        phrase: Phrase = getattr(found, name)
        for template in (phrase.en, phrase.zh):
            for _literal, given, spec, conversion in string.Formatter().parse(template):
                if given is not None and (given not in names or spec or conversion):
                    raise ValueError(f"{{{given}}}")
    return found


def finding_sentence(subject: FindingSubject, language: Language, templates: Templates) -> str:
    """The sentence of a finding."""
    finding, measures = subject.finding, subject.finding.measures
    has_series = subject.series_number is not None
    values = {
        "place": _joined(place_of(finding).say(language), language),
        "kind": say(finding.kind, language).lower() if finding.kind else "",
        "label": say(finding.label, language),
        "series": str(subject.series_number) if has_series else NO_NUMBER,
        "image": str(subject.image_number),
    }
    where = templates.where if has_series else templates.where_without_series
    values["where"] = where.say(language).format(**values)
    template = templates.without_mm
    if measures.long_mm is not None and measures.short_mm is not None:
        template = templates.with_mm
        values["long_mm"], values["short_mm"] = millimetres(measures.long_mm), millimetres(measures.short_mm)
        values["volume"] = volume_text(measures.volume_mm3)
    # A value that is not known leaves no gap.
    return re.sub(" {2,}", " ", template.say(language).format(**values))


def _joined(place: str, language: Language) -> str:
    """A place that ends in Latin signs (mm) needs a gap before Chinese words follow it."""
    return f"{place} " if language == "zh" and place[-1:].isascii() else place
