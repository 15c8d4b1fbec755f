"""A finding as a sentence, from a template that a site or a reader can change."""

from __future__ import annotations

import re
import string
import tomllib

import msgspec

from overread.core.geometry import place_letters_mm
from overread.core.text import Language, Sentence, millimetres, say, sentence, volume_text
from overread.plugins.api import FindingSubject, Phrase, Plugin

TEMPLATE = "template.toml"
NO_NUMBER = "–"
WITHOUT_MM = frozenset({"place", "kind", "label", "series", "image"})
WITH_MM = WITHOUT_MM | {"long_mm", "short_mm", "volume"}


class Templates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The whole template file."""

    with_mm: Phrase
    without_mm: Phrase


def register(plugin: Plugin) -> None:
    """Read the templates and offer the sentence."""
    templates = plugin.read(TEMPLATE, parse)
    plugin.add_finding_text(lambda subject, language: finding_sentence(subject, language, templates))


def parse(text: str) -> Templates:
    """The templates of a file. Raises ValueError, naming what is wrong."""
    found = msgspec.convert(tomllib.loads(text), Templates)
    for phrase, allowed in ((found.with_mm, WITH_MM), (found.without_mm, WITHOUT_MM)):
        for template in (phrase.en, phrase.zh):
            for _literal, name, spec, conversion in string.Formatter().parse(template):
                if name is not None and (name not in allowed or spec or conversion):
                    raise ValueError(f"{{{name}}}")
    return found


def finding_sentence(subject: FindingSubject, language: Language, templates: Templates) -> str:
    """The sentence of a finding."""
    finding, measures = subject.finding, subject.finding.measures
    values = {
        "place": (finding.place or _place_in_mm(subject)).say(language),
        "kind": say(finding.kind, language) if finding.kind else "",
        "label": say(finding.label, language),
        "series": NO_NUMBER if subject.series_number is None else str(subject.series_number),
        "image": str(subject.image_number),
    }
    template = templates.without_mm
    if measures.long_mm is not None and measures.short_mm is not None:
        template = templates.with_mm
        values |= {
            "long_mm": millimetres(measures.long_mm),
            "short_mm": millimetres(measures.short_mm),
            "volume": volume_text(measures.volume_mm3),
        }
    # A value that is not known leaves no gap.
    return re.sub(" {2,}", " ", template.say(language).format(**values))


def _place_in_mm(subject: FindingSubject) -> Sentence:
    x, y, z = place_letters_mm(subject.finding.measures.centre_lps_mm)
    return sentence("finding.place-mm", x=x, y=y, z=z)
