"""Windows: the worked values of PS3.3 C.11.2.1.2 for centre 40, width 400, output 0 to 255."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.window import Function, Window

X = np.array([-160.0, -159.0, 40.0, 239.0, 240.0])


@pytest.mark.parametrize(
    ("function", "greys"),
    [
        ("LINEAR", [0, 0.639, 127.820, 255, 255]),
        ("LINEAR_EXACT", [0, 0.638, 127.5, 254.363, 255]),
        ("SIGMOID", [30.397, 30.665, 127.5, 224.335, 224.603]),
    ],
)
def test_worked_values(function: Function, greys: list[float]) -> None:
    assert Window(40, 400, function).apply(X) * 255 == pytest.approx(np.array(greys), abs=6e-4)


def test_a_width_of_one_is_a_threshold() -> None:
    assert Window(40, 1).apply(np.array([39.0, 39.5, 39.6, 40.0])).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("width", "function"), [(0.5, "LINEAR"), (0, "LINEAR_EXACT"), (-1, "SIGMOID")])
def test_impossible_widths_are_refused(width: float, function: Function) -> None:
    with pytest.raises(ValueError, match="width"):
        Window(40, width, function)


def test_an_extreme_sigmoid_does_not_overflow() -> None:
    assert Window(0, 0.001, "SIGMOID").apply(np.array([-1e6, 1e6])).tolist() == [pytest.approx(0), 1]
