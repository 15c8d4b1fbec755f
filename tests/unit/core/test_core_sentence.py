"""A finding as a sentence, in both languages, with what is not known left out."""

from __future__ import annotations

import msgspec
import numpy as np

from finding_kit import finding
from overread.core.finding import Finding
from overread.core.geometry import Geometry
from overread.core.sentence import finding_sentence, image_in_stack
from overread.core.text import sentence


def sized(**values: object) -> Finding:
    """A finding of 31.8 × 25.6 mm and 6.7 cm³."""
    made = finding("f1", 1)
    measures = msgspec.structs.replace(made.measures, long_mm=31.82, short_mm=25.6, volume_mm3=6712.0)
    return msgspec.structs.replace(made, **{"measures": measures, "place": sentence("code.nodule"), **values})


def test_the_whole_sentence_in_both_languages() -> None:
    made = sized(kind="code.nodule")
    assert finding_sentence(made, 2, 40, "en") == (
        "nodule: nodule nodule, 31.8 × 25.6 mm, volume 6.7 cm³ (series 2, image 40)."
    )
    assert finding_sentence(made, 2, 40, "zh") == ("结节结节结节，约 31.8×25.6 mm，体积 6.7 cm³（序列 2，图像 40）。")


def test_what_is_not_known_is_left_out() -> None:
    made = sized(place=None)
    assert finding_sentence(made, None, 7, "en") == (
        "L 14.0, P 12.0, S 10.0 mm: nodule, 31.8 × 25.6 mm, volume 6.7 cm³ (image 7)."
    )
    bare = msgspec.structs.replace(made, measures=msgspec.structs.replace(made.measures, long_mm=None))
    assert finding_sentence(bare, 3, 7, "en") == "L 14.0, P 12.0, S 10.0 mm: nodule (series 3, image 7)."
    assert finding_sentence(bare, 3, 7, "zh") == "L 14.0, P 12.0, S 10.0 mm 结节（序列 3，图像 7）。"


def test_axial_images_count_from_the_head() -> None:
    upwards = Geometry((111, 4, 4), np.eye(4), "1")
    assert image_in_stack(upwards, 110) == (1, 111)
    assert image_in_stack(upwards, 0) == (111, 111)
    downwards = Geometry((111, 4, 4), np.diag([1.0, 1.0, -2.0, 1.0]), "1")
    assert image_in_stack(downwards, 0) == (1, 111)
    coronal = Geometry((50, 4, 4), np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]), "1")
    assert image_in_stack(coronal, 4) == (5, 50)
