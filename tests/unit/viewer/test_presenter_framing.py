"""Where views look when they go to a finding, in mm and points."""

from __future__ import annotations

import numpy as np
import pytest

from finding_kit import ball
from overread.core.geometry import Geometry
from overread.core.mask import Mask
from overread.core.volume import Volume
from overread.viewer.presenters.framing import STRIP, framed, largest_cuts
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.views import Plane
from overread_testkit import Kit, loaded

SHAPE = (200, 300, 400)


def port(plane: Plane, width: float = 600, height: float = 800) -> Viewport:
    """A view of a volume of 400 x 300 x 200 mm, voxels of 1 mm."""
    geometry = Geometry(SHAPE, np.eye(4), "1.9")
    kit = Kit(loaded(Volume(np.zeros(SHAPE, dtype=np.int16), geometry, "1.2.3")))
    made = Viewport.of(kit.view(plane), width, height)
    assert made is not None
    return made


def after(plane: Plane, mask: Mask) -> Viewport:
    made = port(plane)
    zoom, pan = framed(made, mask.box)
    made.view.zoom.set(zoom)
    made.view.pan.set(pan)
    return made


def block(size: int, corner: tuple[int, int, int]) -> Mask:
    return Mask.from_array(np.ones((size, size, size), dtype=np.bool_), corner)


def test_a_small_finding_keeps_its_surroundings() -> None:
    small = block(5, (100, 150, 200))
    assert after(Plane.AXIAL, small).zoom == pytest.approx(600 / 120)
    assert after(Plane.CORONAL, small).zoom == pytest.approx(600 / 140)
    assert after(Plane.SAGITTAL, small).zoom == pytest.approx(600 / 140)


def test_a_large_one_fills_a_third_of_the_smaller_side_and_the_image_is_never_smaller_than_it_fits() -> None:
    assert after(Plane.AXIAL, block(80, (60, 100, 150))).zoom == pytest.approx(600 / 240)
    huge = after(Plane.AXIAL, block(190, (5, 50, 100)))
    assert huge.zoom == pytest.approx(huge.fit)
    assert huge.view.pan.value == (0.0, 0.0)


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
def test_it_stands_in_the_middle(plane: Plane) -> None:
    seen = after(plane, block(20, (90, 140, 190)))
    assert seen.point_of_ijk((199.5, 149.5, 99.5)) == pytest.approx((300.0, 400.0), abs=0.01)


def test_at_the_edge_of_the_image_only_a_strip_of_nothing_comes_in() -> None:
    seen = after(Plane.AXIAL, block(10, (100, 288, 388)))
    left, top = seen.corner
    right, bottom = left + 400 * seen.zoom, top + 300 * seen.zoom
    assert right == pytest.approx(600 - STRIP * 600)
    assert bottom == pytest.approx(800 - STRIP * 800)
    x, y = seen.point_of_ijk((393, 293, 104))
    assert 0 < x < right
    assert 0 < y < bottom


def test_planes_meet_where_the_mask_is_largest() -> None:
    assert largest_cuts(ball(3)) == (14.0, 12.0, 10.0)
    plate = np.zeros((4, 6, 8), dtype=np.bool_)
    plate[2, :, :] = True
    plate[0:3, 5, 1] = True
    assert largest_cuts(Mask.from_array(plate, (10, 20, 30))) == (31.0, 25.0, 12.0)
