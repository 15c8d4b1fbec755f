"""The finding's sentence: shipped words in both languages, and a template of one's own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from finding_kit import finding
from overread.core.finding import Finding, Origin
from overread.core.text import Sentence, sentence
from overread.plugins.api import FindingSubject
from overread.plugins.host import Host


def host(config: Path) -> tuple[Host, list[str]]:
    told: list[Sentence] = []
    made = Host(config, frozenset(), told.append)
    made.start(window=False)
    return made, [one.say() for one in told]


@pytest.fixture
def nodule() -> Finding:
    found = finding("1", 1, origin=Origin.PERSON)
    measures = msgspec.structs.replace(found.measures, long_mm=8.04, short_mm=6.25, volume_mm3=1234.0)
    return msgspec.structs.replace(
        found,
        measures=measures,
        kind="preset.lung",
        place=sentence("finding.place-mm", x="L 1.0", y="P 2.0", z="S 3.0"),
    )


def test_the_sentence_in_both_languages(tmp_path: Path, nodule: Finding) -> None:
    made, told = host(tmp_path)
    subject = FindingSubject(nodule, 2, 118)
    assert made.finding_text(subject, "en") == (
        "L 1.0, P 2.0, S 3.0 mm: lung nodule, 8.0 × 6.2 mm, volume 1.2 cm³ (series 2, image 118)."
    )
    assert made.finding_text(subject, "zh") == (
        "L 1.0, P 2.0, S 3.0 mm 肺窗结节，约 8.0×6.2 mm，体积 1.2 cm³（序列 2，图像 118）。"
    )
    assert told == []


def test_what_is_not_known_leaves_no_gap(tmp_path: Path, nodule: Finding) -> None:
    bare = msgspec.structs.replace(nodule, kind="", place=None)
    measures = msgspec.structs.replace(bare.measures, long_mm=None, short_mm=None, centre_lps_mm=(-4, 5, -6))
    subject = FindingSubject(msgspec.structs.replace(bare, measures=measures), None, 7)
    assert host(tmp_path)[0].finding_text(subject, "en") == "R 4.0, P 5.0, I 6.0 mm: nodule (image 7)."


TEMPLATE = """
[with-mm]
en = "{label} of {volume}"
zh = "{label}{volume}"
[without-mm]
en = "{label}"
zh = "{label}"
[where]
en = "{series} {image}"
zh = "{series} {image}"
[where-without-series]
en = "{image}"
zh = "{image}"
"""


def own(config: Path, text: str) -> None:
    place = config / "plugin-files" / "finding-sentence"
    place.mkdir(parents=True)
    (place / "template.toml").write_text(text, encoding="utf-8")


def test_a_template_of_ones_own_comes_first(tmp_path: Path, nodule: Finding) -> None:
    own(tmp_path, TEMPLATE)
    assert host(tmp_path)[0].finding_text(FindingSubject(nodule, 2, 3), "en") == "nodule of 1.2 cm³"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (TEMPLATE.replace("{label} of", "{name} of"), "{name}"),
        (TEMPLATE.replace("{label} of", "{label.__class__} of"), "{label.__class__}"),
        (TEMPLATE.replace('zh = "{label}"', ""), "missing required field"),
        (TEMPLATE.replace('en = "{image}"', 'en = "{place}"'), "{place}"),
        (TEMPLATE.replace('en = "{image}"', 'en = "{image:>9}"'), "{image}"),
        (TEMPLATE.replace('en = "{image}"', 'en = "{image"'), "expected '}'"),
        ("[with-mm", "Expected"),
    ],
)
def test_a_wrong_template_is_named_and_the_shipped_one_used(
    tmp_path: Path, nodule: Finding, wrong: str, why: str
) -> None:
    own(tmp_path, wrong)
    made, told = host(tmp_path)
    assert len(told) == 1
    assert told[0].startswith("Your copy of “template.toml” for the plugin “finding-sentence” cannot be used: ")
    assert why in told[0]
    assert "volume 1.2 cm³" in (made.finding_text(FindingSubject(nodule, 2, 3), "en") or "")
