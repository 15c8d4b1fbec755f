"""Geometry: affine round trips, axes, letters, places in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.core.geometry import Geometry, orientation_letters, place_letters_mm

AXIAL = np.diag([0.7, 0.8, 2.5, 1.0])


def test_lps_of_a_voxel() -> None:
    affine = AXIAL.copy()
    affine[:3, 3] = [-100, -90, -30]
    geometry = Geometry((10, 20, 30), affine)
    assert geometry.lps_from_ijk([10, 5, 2]).tolist() == [-93.0, -86.0, -25.0]
    assert geometry.spacing_ijk_mm == (0.7, 0.8, 2.5)
    assert geometry.voxel_mm3 == pytest.approx(1.4)
    assert geometry.shape_ijk == (30, 20, 10)


@given(
    st.lists(st.floats(-1, 1), min_size=9, max_size=9),
    st.lists(st.floats(-500, 500), min_size=3, max_size=3),
    st.lists(st.floats(-500, 500), min_size=3, max_size=3),
)
def test_a_point_comes_back(numbers: list[float], shift: list[float], point: list[float]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array(numbers).reshape(3, 3) + 3 * np.eye(3)
    affine[:3, 3] = shift
    if abs(np.linalg.det(affine[:3, :3])) < 0.1:
        return
    geometry = Geometry((4, 4, 4), affine)
    assert geometry.ijk_from_lps(geometry.lps_from_ijk(point)) == pytest.approx(np.array(point), abs=1e-6)


def test_a_singular_or_infinite_affine_is_refused() -> None:
    with pytest.raises(ValueError, match="singular"):
        Geometry((1, 1, 1), np.diag([1.0, 0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="finite"):
        Geometry((1, 1, 1), np.diag([1.0, np.nan, 1.0, 1.0]))


def test_axes_of_a_sagittal_acquisition() -> None:
    # Columns run to the back, rows to the feet, slices to the left.
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = [0, 1, 0], [0, 0, -1], [2, 0, 0]
    geometry = Geometry((5, 6, 7), affine)
    assert [geometry.axis_of(axis) for axis in range(3)] == [2, 0, 1]


def test_a_shear_is_seen() -> None:
    affine = AXIAL.copy()
    affine[1, 2] = 0.7
    assert Geometry((2, 2, 2), affine).is_sheared
    assert not Geometry((2, 2, 2), AXIAL).is_sheared


@pytest.mark.parametrize(
    ("direction", "letters"),
    [((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, -2, 0), "A"), ((0, 0, 1), "H"), ((0, 0, -1), "F"),
     ((0.8, 0, 0.6), "LH"), ((-0.6, 0.8, 0), "PR"), ((0, 0, 0), "")],
)  # fmt: skip
def test_letters(direction: tuple[float, float, float], letters: str) -> None:
    assert orientation_letters(direction) == letters


def test_a_place_in_words() -> None:
    assert place_letters_mm((56.42, 86.34, -117.51)) == ("L 56.4", "P 86.3", "I 117.5")
    assert place_letters_mm((-1.0, -2.0, 3.0)) == ("R 1.0", "A 2.0", "S 3.0")


def test_a_point_belongs_to_the_voxel_whose_centre_is_nearest() -> None:
    geometry = Geometry((2, 3, 4), AXIAL)
    assert geometry.contains_ijk((-0.5, 0, 0))
    assert geometry.contains_ijk((3.49, 2.49, 1.49))
    assert not geometry.contains_ijk((3.5, 0, 0))
    assert not geometry.contains_ijk((0, 0, -0.51))
