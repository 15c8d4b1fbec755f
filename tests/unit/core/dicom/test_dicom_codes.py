"""Codes of findings and reasons: complete, short enough for DICOM, and never borrowed from something similar."""

from __future__ import annotations

import tomllib
from pathlib import Path

from overread.core.dicom.codes import Coded, kind_code, label_codes, reason_code, reason_keys
from overread.core.text import table

CARD = Path(__file__).resolve().parents[3] / "data" / "card.toml"


def test_every_reason_has_words_and_a_code() -> None:
    assert reason_keys() == ("vessel", "scar", "calcified-granuloma", "artefact", "anatomy", "other")
    assert {f"reason.{key}" for key in reason_keys()} == {one for one in table() if one.startswith("reason.")}
    codes = [reason_code(key) for key in reason_keys()]
    assert len({one.value for one in codes}) == 6
    assert [one for one in codes if len(one.value) > 16 or one.scheme != "99OVERREAD"] == []
    assert [one.meaning for one in codes] == [table()[f"reason.{key}"]["en"] for key in reason_keys()]
    assert (reason_code("mood").scheme, reason_code("mood").meaning) == ("99OVERREAD", "mood")


def test_the_nodule_card_has_standard_codes() -> None:
    gives = tomllib.loads(CARD.read_text(encoding="utf-8"))["gives"]
    codes = label_codes(gives["label"])
    assert (codes.category.value, codes.type.value, codes.type.scheme) == ("49755003", "27925004", "SCT")
    assert codes.site == Coded("39607008", "SCT", "Lung")
    assert label_codes("code.nodule").site is None
    assert [kind_code(kind).value for kind in gives["kinds"]] == ["SOLID", "SUBSOLID"]


def test_a_label_without_a_code_gets_one_of_our_own() -> None:
    codes = label_codes("card.lung-nodule.heatmap")
    assert (codes.type.scheme, codes.type.meaning) == ("99OVERREAD", "blobness")
    assert len(codes.type.value) == 10
    assert codes.type == label_codes("card.lung-nodule.heatmap").type
    assert codes.category.meaning == "Spatial and Relational Concept"
