"""Sentences and numbers as people read them."""

from __future__ import annotations

import pytest

from overread.core.text import millimetres, number, say, sentence, volume_text


def test_one_and_many() -> None:
    assert say("badge.missing-slices", n=1) == "1 image missing"
    assert say("badge.missing-slices", n=3) == "3 images missing"
    assert say("badge.missing-slices", "zh", n=1) == "缺 1 幅图像"


def test_a_sentence_is_the_same_fact_in_two_languages() -> None:
    told = sentence("view.window", width="1500", centre="−600")
    assert (told.say("en"), told.say("zh")) == ("W 1500 L −600", "窗宽 1500 窗位 −600")


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("no.such-text")


def test_numbers() -> None:
    assert number(-3.26, 1) == "−3.3"
    assert number(-0.04, 1) == "0.0"
    assert millimetres(31.84) == "31.8"
    assert volume_text(999.4) == "999 mm³"
    assert volume_text(6700) == "6.7 cm³"


def test_a_sentence_within_a_sentence_is_said_in_the_same_language() -> None:
    told = sentence("open.measured-length", image=3, plane=sentence("view.coronal"))
    assert "Coronal" in told.say("en")
    assert "冠状位" in told.say("zh")
    assert "Coronal" not in told.say("zh")
