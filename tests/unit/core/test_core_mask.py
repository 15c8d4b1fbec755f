"""Masks: tight boxes, packed bits, cuts, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from overread.core.mask import EMPTY, Mask


@given(arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7))))
def test_a_mask_comes_back(array: NDArray[np.bool_]) -> None:
    mask = Mask.from_array(array)
    assert np.array_equal(mask.to_volume((array.shape[0], array.shape[1], array.shape[2])), array)
    assert mask.voxels == int(array.sum())


def test_the_box_is_tight_and_moved() -> None:
    array = np.zeros((4, 5, 6), dtype=np.bool_)
    array[1:3, 2, 4:6] = True
    mask = Mask.from_array(array, (10, 20, 30))
    assert mask.box == ((11, 13), (22, 23), (34, 36))
    cut = mask.plane(0, 12)
    assert cut is not None
    assert cut[0].tolist() == [[True, True]]
    assert cut[1] == (22, 34)
    assert mask.plane(0, 13) is None


def test_an_empty_mask() -> None:
    assert Mask.from_array(np.zeros((3, 3, 3), dtype=np.bool_)) == EMPTY
    assert EMPTY.is_empty
    assert EMPTY.voxels == 0


def test_bits_that_do_not_fill_the_box_are_refused() -> None:
    good = Mask.from_array(np.ones((4, 4, 4), dtype=np.bool_))
    with pytest.raises(ValueError, match="fill"):
        Mask(((0, 8), (0, 4), (0, 4)), good.bits).to_array()


def test_a_mask_outside_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves"):
        Mask.from_array(np.ones((2, 2, 2), dtype=np.bool_), (3, 0, 0)).to_volume((4, 4, 4))
