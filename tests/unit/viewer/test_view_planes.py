"""Planes: the fast way equals vtkImageReslice in pixel and place; letters; the window's greys."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.render.lut import grey_pixels, window_table
from overread.viewer.render.planes import grid_at, plane_pixels
from overread.viewer.render.reslice import reslice
from overread.viewer.state.views import Plane
from overread_testkit import AXIAL, field_volume, loaded, series_for

SAGITTAL = np.array([[0, 0, 2.0, -20], [0.8, 0, 0, -25], [0, -1.0, 0, 30], [0, 0, 0, 1]])
CORONAL = np.array([[0.8, 0, 0, -20], [0, 0, 2.0, -25], [0, -1.0, 0, 30], [0, 0, 0, 1]])
FEET_FIRST = np.array([[-0.8, 0, 0, 20], [0, 1.0, 0, -25], [0, 0, -2.0, 30], [0, 0, 0, 1]])
OBLIQUE = np.array([[0.8, 0, 0, -20], [0, 0.8, -1.2, -25], [0, 0.6, 1.6, -30], [0, 0, 0, 1]])


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
@pytest.mark.parametrize("affine", [AXIAL, SAGITTAL, CORONAL, FEET_FIRST, OBLIQUE])
def test_fast_planes_equal_vtk_in_pixel_and_place(affine: NDArray[np.float64], plane: Plane) -> None:
    volume = field_volume((12, 16, 20), affine)
    for index in (0, 5, 11):
        grid = grid_at(volume.geometry, plane, index)
        pixels = plane_pixels(volume, grid)
        assert pixels.shape == (grid.rows, grid.columns)
        assert pixels.flags.c_contiguous
        origin = volume.geometry.lps_from_ijk(grid.origin_ijk)
        cut = reslice(volume.voxels, volume.geometry, origin, grid.right_lps, grid.down_lps, pixels.shape)
        assert np.array_equal(pixels, cut)
        rows, columns = np.mgrid[0 : grid.rows, 0 : grid.columns]
        points = volume.geometry.lps_from_ijk(grid.ijk(columns, rows))
        assert np.array_equal(pixels, np.round(points @ [2.0, 3.0, 5.0]))


@pytest.mark.parametrize(
    ("plane", "letters"),
    [
        (Plane.AXIAL, ("R", "L", "A", "P")),
        (Plane.CORONAL, ("R", "L", "H", "F")),
        (Plane.SAGITTAL, ("A", "P", "H", "F")),
    ],
)
@pytest.mark.parametrize("affine", [AXIAL, SAGITTAL, CORONAL, FEET_FIRST])
def test_letters_of_every_acquisition(affine: NDArray[np.float64], plane: Plane, letters: tuple[str, ...]) -> None:
    grid = grid_at(Geometry((12, 16, 20), affine), plane, 3)
    assert grid.letters() == letters


def test_letters_of_an_oblique_plane_name_both_axes() -> None:
    assert grid_at(Geometry((12, 16, 20), OBLIQUE), Plane.AXIAL, 0).letters() == ("R", "L", "AF", "PH")


def test_a_pixel_of_a_grid_comes_back() -> None:
    grid = grid_at(Geometry((12, 16, 20), FEET_FIRST), Plane.CORONAL, 4)
    assert grid.pixel(grid.ijk(3.5, 7.25)) == pytest.approx((3.5, 7.25))


def test_a_sheared_plane_is_cut_where_it_lies() -> None:
    affine = AXIAL.copy()
    affine[1, 2] = 0.9
    volume = field_volume((12, 30, 20), affine)
    # A true coronal plane through y = 0: 2 mm apart in z, 0.8 in x; the field is linear, so the values are exact.
    origin = np.array([-15.0, 0.0, -10.0])
    cut = reslice(volume.voxels, volume.geometry, origin, np.array([0.8, 0, 0]), np.array([0, 0, 1.0]), (3, 6))
    rows, columns = np.mgrid[0:3, 0:6]
    want = 2 * (origin[0] + 0.8 * columns) + 5 * (origin[2] + rows)
    assert np.abs(cut.astype(float) - want).max() <= 1.0


def test_greys_follow_the_linear_window() -> None:
    values = np.array([[-160, -159, 40, 239, 240]], dtype=np.int16)
    volume = Volume(values[None], Geometry((1, 1, 5), np.eye(4)), "1")
    window = Window(40, 400)
    pixels = grey_pixels(values, window_table(window, volume), window, volume)
    assert (pixels & 0xFF).tolist() == [[0, 1, 128, 255, 255]]
    assert (pixels >> 24).tolist() == [[255] * 5]


def test_monochrome1_changes_the_display_only() -> None:
    values = np.array([[-160, 240]], dtype=np.int16)
    volume = Volume(values[None], Geometry((1, 1, 2), np.eye(4)), "1", inverted=True)
    window = Window(40, 400)
    assert (grey_pixels(values, window_table(window, volume), window, volume) & 0xFF).tolist() == [[255, 0]]
    assert volume.value_at((1, 0, 0)) == 240


def test_a_rescale_beside_the_voxels_is_applied() -> None:
    stored = np.array([[0, 1000]], dtype=np.int16)
    volume = Volume(stored[None], Geometry((1, 1, 2), np.eye(4)), "1", slope=0.4, intercept=-160.0)
    window = Window(40, 400)
    assert (grey_pixels(stored, window_table(window, volume), window, volume) & 0xFF).tolist() == [[0, 255]]


def test_float_volumes_are_windowed_directly() -> None:
    values = np.array([[-160.0, 40.0, 240.0]], dtype=np.float32)
    volume = Volume(values[None], Geometry((1, 1, 3), np.eye(4)), "1")
    window = Window(40, 400)
    assert (grey_pixels(values, window_table(window, volume), window, volume) & 0xFF).tolist() == [[0, 128, 255]]


def test_image_numbers_run_from_the_head_down() -> None:
    state = loaded()
    state.show_slice(Plane.AXIAL, 0)
    assert state.image_number(Plane.AXIAL) == 20
    state.step_image(Plane.AXIAL, -3)
    assert (state.slice_index(Plane.AXIAL), state.image_number(Plane.AXIAL)) == (3, 17)
    state.step_image(Plane.AXIAL, 1000)
    assert state.image_number(Plane.AXIAL) == 20
    feet_first = field_volume((12, 16, 20), FEET_FIRST)
    turned = loaded(feet_first, series_for(feet_first))
    turned.show_slice(Plane.AXIAL, 0)
    assert turned.image_number(Plane.AXIAL) == 1
