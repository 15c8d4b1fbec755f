"""What is measured on masks: known balls, ellipses, boxes, on anisotropic and sheared grids."""

from __future__ import annotations

import math

import numpy as np
import pytest

from finding_kit import GRID, ball, grid_volume
from overread.core.geometry import Geometry
from overread.core.mask import EMPTY, Mask
from overread.core.measure import measure_mask
from overread.core.volume import Volume


def ellipsoid_volume(affine: np.ndarray, half_mm: tuple[float, float, float]) -> tuple[Mask, Volume]:
    """An ellipsoid with half axes along patient x, y, z about the patient's origin."""
    geometry = Geometry((40, 60, 60), affine, "1")
    k, j, i = np.indices(geometry.shape_kji)
    points = geometry.lps_from_ijk(np.stack([i, j, k], axis=-1))
    inside = ((points / np.array(half_mm)) ** 2).sum(axis=-1) <= 1
    return Mask.from_array(inside), Volume(np.zeros(geometry.shape_kji, dtype=np.int16), geometry, "1.2")


def centred(spacing: tuple[float, float, float], degrees: float = 0.0) -> np.ndarray:
    turn = math.radians(degrees)
    c, s = math.cos(turn), math.sin(turn)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(spacing)
    affine[:3, 3] = -affine[:3, :3] @ np.array([29.3, 30.1, 19.6])
    return affine


@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_an_ellipsoid_has_its_own_axes_volume_and_centre(degrees: float) -> None:
    mask, volume = ellipsoid_volume(centred((0.5, 0.5, 1.0), degrees), (10.0, 6.0, 8.0))
    found = measure_mask(mask, volume)
    assert found.long_mm == pytest.approx(20.0, abs=0.5)
    assert found.short_mm == pytest.approx(12.0, abs=0.5)
    assert found.volume_mm3 == pytest.approx(4 / 3 * math.pi * 10 * 6 * 8, rel=0.01)
    assert found.equivalent_diameter_mm == pytest.approx(2 * (480 ** (1 / 3)), rel=0.01)
    assert found.centre_lps_mm == pytest.approx((0, 0, 0), abs=0.1)
    assert found.long_points_lps_mm is not None
    assert found.short_points_lps_mm is not None
    long = np.subtract(*found.long_points_lps_mm)
    short = np.subtract(*found.short_points_lps_mm)
    assert abs(long @ short) < 0.02 * np.linalg.norm(long) * np.linalg.norm(short)
    assert abs(long[0]) == pytest.approx(20.0, abs=0.6)
    assert np.linalg.norm(short) == pytest.approx(found.short_mm)


def test_one_voxel_is_as_long_as_it_is() -> None:
    mask = Mask.from_array(np.ones((1, 1, 1), dtype=np.bool_), (5, 6, 7))
    found = measure_mask(mask, grid_volume())
    assert (found.long_mm, found.short_mm, found.volume_mm3) == pytest.approx((1.0, 1.0, 1.0))
    assert found.slice_k == 5
    assert found.centre_lps_mm == (7.0, 6.0, 5.0)


def test_a_row_of_voxels_is_as_wide_as_one() -> None:
    mask = Mask.from_array(np.ones((1, 1, 9), dtype=np.bool_), (5, 6, 7))
    found = measure_mask(mask, grid_volume())
    assert found.long_mm == pytest.approx(9.0)
    assert found.short_mm == pytest.approx(1.0)


def test_the_mean_leaves_out_holes_and_padding() -> None:
    voxels = np.full(GRID, 100, dtype=np.int16)
    voxels[10] = -2000
    voxels[11, 12, 14] = -1024
    volume = Volume(
        voxels, grid_volume().geometry, "1.2", holes=frozenset({10}), padding_value=-1024, slope=2.0, intercept=1.0
    )
    found = measure_mask(ball(3), volume)
    assert found.mean_value == 201.0
    assert found.across_gap
    only_hole = Mask.from_array(np.ones((1, 2, 2), dtype=np.bool_), (10, 4, 4))
    assert measure_mask(only_hole, volume).mean_value is None


def test_without_mm_there_are_no_axes() -> None:
    found = measure_mask(ball(3), grid_volume(), has_mm=False)
    assert found.long_mm is None
    assert found.short_points_lps_mm is None


def test_an_empty_mask_and_one_that_leaves_the_volume_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        measure_mask(EMPTY, grid_volume())
    outside = Mask.from_array(np.ones((2, 2, 2), dtype=np.bool_), (23, 0, 0))
    with pytest.raises(ValueError, match="leaves"):
        measure_mask(outside, grid_volume())
