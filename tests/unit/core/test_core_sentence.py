"""The number of an image in its stack."""

from __future__ import annotations

import numpy as np

from overread.core.geometry import Geometry
from overread.core.sentence import image_in_stack


def test_axial_images_count_from_the_head() -> None:
    upwards = Geometry((111, 4, 4), np.eye(4), "1")
    assert image_in_stack(upwards, 110) == (1, 111)
    assert image_in_stack(upwards, 0) == (111, 111)
    downwards = Geometry((111, 4, 4), np.diag([1.0, 1.0, -2.0, 1.0]), "1")
    assert image_in_stack(downwards, 0) == (1, 111)
    coronal = Geometry((50, 4, 4), np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]), "1")
    assert image_in_stack(coronal, 4) == (5, 50)
