"""One smoothing, two ways: torch equals scipy."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.inference.readers.lung_nodule.gaussian import gaussian
from overread.inference.readers.lung_nodule.smoothing import by_torch, smooth

Float32 = NDArray[np.float32]


def image() -> Float32:
    """Values of CT with edges at the border, of odd and unequal sides."""
    values = np.random.default_rng(3).normal(-850, 60, size=(21, 34, 17)).astype(np.float32)
    values[5:9, :12, 3:] = 100
    return values


if importlib.util.find_spec("torch") is not None:

    @pytest.mark.parametrize("sigma", [0.8, 1.1, 2.4, 6.3])
    def test_torch_smooths_as_scipy_does(sigma: float) -> None:
        assert np.abs(by_torch(image(), sigma, "cpu") - gaussian(image(), sigma)).max() < 0.01


def test_on_the_processor_it_is_scipy() -> None:
    assert np.array_equal(smooth(image(), 1.5, "cpu"), gaussian(image(), 1.5))
    point = np.zeros((15, 15, 15), dtype=np.float32)
    point[7, 7, 7] = 1
    assert float(gaussian(point, 1.0)[7, 7, 7]) == pytest.approx((2 * np.pi) ** -1.5, rel=0.02)
