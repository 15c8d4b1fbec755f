"""What is drawn: known voxels of brush and eraser, balls grown to their volume, shapes between slices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.geometry import Geometry, Triple
from overread.core.mask import EMPTY, Mask
from overread.core.segment import (
    CannotGrowError,
    CannotInterpolateError,
    ball,
    disc,
    grow,
    interpolated,
    joined,
    slab,
    value_range,
    within,
    without,
)
from overread.core.volume import Volume

SPACING_IJK = (0.7, 0.8, 1.25)
LUNG, TISSUE = -850.0, 40.0


def volume_of(values: NDArray[np.float64], spacing_ijk: Triple = SPACING_IJK, **more: object) -> Volume:
    affine = np.diag([*spacing_ijk, 1.0])
    return Volume(np.round(values).astype(np.int16), Geometry(values.shape, affine), "1.2.3", **more)  # type: ignore[arg-type]  # a 3D shape


def soft_ball(
    centre_ijk: Triple, radius_mm: float, shape: tuple[int, int, int] = (64, 100, 110)
) -> NDArray[np.float64]:
    """Share of each voxel that lies in a ball, by its distance from the edge in voxels of 0.9 mm."""
    k, j, i = np.ogrid[: shape[0], : shape[1], : shape[2]]
    away = np.sqrt(
        ((i - centre_ijk[0]) * SPACING_IJK[0]) ** 2
        + ((j - centre_ijk[1]) * SPACING_IJK[1]) ** 2
        + ((k - centre_ijk[2]) * SPACING_IJK[2]) ** 2
    )
    return np.clip((radius_mm - away) / 0.9 + 0.5, 0, 1)


def tissue(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return LUNG + (TISSUE - LUNG) * share


def voxels_of(mask: Mask) -> set[tuple[int, int, int]]:
    k, j, i = np.nonzero(mask.to_array())
    return set(zip(*(a + o for a, o in zip((k, j, i), mask.origin_kji, strict=True)), strict=True))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_dab_is_a_disc_of_its_size_in_the_plane(axis: int) -> None:
    geometry = Geometry((20, 20, 20), np.diag([*SPACING_IJK, 1.0]))
    drawn = disc(geometry, axis, (10.0, 10.0, 10.0), (10.0, 10.0, 10.0), 2.0)
    spacing_kji = SPACING_IJK[::-1]
    want = {
        (k, j, i)
        for k in range(20)
        for j in range(20)
        for i in range(20)
        if (k, j, i)[axis] == 10
        and sum(((v - 10) * mm) ** 2 for v, mm in zip((k, j, i), spacing_kji, strict=True)) <= 4.0
    }
    assert voxels_of(drawn) == want
    assert len(want) == {0: 21, 1: 15, 2: 11}[axis]


def test_a_stroke_has_no_gaps_however_fast_the_hand_is() -> None:
    geometry = Geometry((5, 60, 60), np.eye(4))
    drawn = disc(geometry, 0, (10.0, 30.0, 2.0), (50.0, 30.0, 2.0), 2.0)
    found = voxels_of(drawn)
    assert {(2, 30, i) for i in range(8, 53)} <= found
    assert {(2, 32, i) for i in range(10, 51)} <= found
    assert (2, 30, 7) not in found
    assert (2, 33, 30) not in found


def test_the_smallest_brush_draws_the_voxel_under_it() -> None:
    geometry = Geometry((5, 60, 60), np.diag([0.7, 0.7, 5.0, 1.0]))
    assert voxels_of(disc(geometry, 0, (10.4, 20.3, 2.1), (10.4, 20.3, 2.1), 0.1)) == {(2, 20, 10)}
    assert disc(geometry, 0, (10.0, 20.0, 9.0), (10.0, 20.0, 9.0), 2.0) == EMPTY
    assert disc(geometry, 0, (-10.0, 20.0, 2.0), (-10.0, 20.0, 2.0), 2.0) == EMPTY


def test_a_disc_is_round_in_mm_on_a_sheared_grid() -> None:
    affine = np.eye(4)
    affine[:3, 2] = (0.0, 0.5, 2.0)
    geometry = Geometry((9, 40, 40), affine)
    drawn = disc(geometry, 2, (20.0, 20.0, 4.0), (20.0, 20.0, 4.0), 4.2)
    places = geometry.lps_from_ijk([(i, j, k) for k, j, i in voxels_of(drawn)])
    middle = geometry.lps_from_ijk((20.0, 20.0, 4.0))
    assert np.linalg.norm(places - middle, axis=1).max() <= 4.2
    assert len(places) == sum(
        1 for k in range(9) for j in range(40) if np.linalg.norm(geometry.lps_from_ijk((20, j, k)) - middle) <= 4.2
    )


def test_the_brush_keeps_to_its_values_and_never_paints_what_is_not_there() -> None:
    voxels = np.full((5, 20, 20), LUNG)
    voxels[:, :, 10:] = TISSUE
    voxels[2, 9, 12] = -3024
    volume = volume_of(voxels, holes=frozenset({3}), padding_value=-3024)
    stamp = disc(volume.geometry, 0, (10.0, 9.0, 2.0), (10.0, 9.0, 2.0), 3.0)
    painted = voxels_of(within(volume, stamp, -450, 3071))
    assert (2, 9, 10) in painted
    assert (2, 9, 9) not in painted
    assert (2, 9, 12) not in painted
    everything = voxels_of(within(volume, stamp, -1024, 3071))
    assert everything == voxels_of(stamp) - {(2, 9, 12)}
    hole = disc(volume.geometry, 0, (10.0, 9.0, 3.0), (10.0, 9.0, 3.0), 3.0)
    assert within(volume, hole, -1024, 3071) == EMPTY


def test_masks_are_joined_and_taken_from_each_other() -> None:
    first = Mask.from_array(np.ones((1, 2, 3), dtype=np.bool_), (4, 5, 6))
    second = Mask.from_array(np.ones((1, 2, 3), dtype=np.bool_), (4, 5, 8))
    assert voxels_of(joined(first, second)) == voxels_of(first) | voxels_of(second)
    assert voxels_of(without(first, second)) == {(4, 5, 6), (4, 6, 6), (4, 5, 7), (4, 6, 7)}
    assert without(first, first) == EMPTY
    assert joined(EMPTY, first) == first
    assert voxels_of(slab(first, 2, 7)) == {(4, 5, 7), (4, 6, 7)}
    assert voxels_of(slab(first, 1, 6)) == {(4, 6, 6), (4, 6, 7), (4, 6, 8)}
    assert slab(first, 0, 5) == EMPTY


@pytest.mark.parametrize("radius", [3.0, 5.0, 8.0, 14.0])
def test_a_ball_grows_to_its_volume(radius: float) -> None:
    centre = (55.2, 50.3, 32.4)
    volume = volume_of(tissue(soft_ball(centre, radius)))
    grown = grow(volume, centre)
    assert grown.voxels * volume.geometry.voxel_mm3 == pytest.approx(4 / 3 * math.pi * radius**3, rel=0.05)
    # A click beside the middle gives the same.
    assert grow(volume, (centre[0] + 1.5, centre[1] - 1, centre[2])) == grown


def test_noise_does_not_move_it_much() -> None:
    centre = (55.0, 50.0, 32.0)
    noisy = tissue(soft_ball(centre, 6.0)) + np.random.default_rng(3).normal(0, 40, (64, 100, 110))
    grown = grow(volume_of(noisy), centre)
    assert grown.voxels * 0.7 * 0.8 * 1.25 == pytest.approx(4 / 3 * math.pi * 6.0**3, rel=0.05)


def test_a_dark_ball_grows_too() -> None:
    centre = (55.2, 50.3, 32.4)
    volume = volume_of(TISSUE - 600 * soft_ball(centre, 6.0))
    assert grow(volume, centre).voxels * volume.geometry.voxel_mm3 == pytest.approx(905, rel=0.05)


def test_a_vessel_is_cut_off() -> None:
    centre = (55.0, 50.0, 32.0)
    share = soft_ball(centre, 6.0)
    k, j, _i = np.ogrid[:64, :100, :110]
    vessel = np.sqrt(((j - 50) * 0.8) ** 2 + ((k - 32) * 1.25) ** 2) <= 1.3
    volume = volume_of(tissue(np.maximum(share, vessel)))
    grown = grow(volume, centre)
    assert grown.voxels * volume.geometry.voxel_mm3 == pytest.approx(905, rel=0.1)
    assert grown.box[2][1] - 55 < (6.0 + 2.5) / 0.7


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_it_grows_the_same_on_flipped_axes(axis: int) -> None:
    centre = (55.2, 50.3, 32.4)
    values = tissue(np.maximum(soft_ball(centre, 5.0), 0.9 * soft_ball((60.0, 55.0, 33.0), 3.0)))
    grown = grow(volume_of(values), centre).to_volume((64, 100, 110))
    flipped = np.flip(values, axis)
    mirrored = list(centre)
    mirrored[2 - axis] = values.shape[axis] - 1 - centre[2 - axis]
    again = grow(volume_of(flipped), (mirrored[0], mirrored[1], mirrored[2])).to_volume((64, 100, 110))
    assert np.array_equal(np.flip(again, axis), grown)


def test_what_cannot_be_grown_is_said() -> None:
    wall = np.full((64, 100, 110), LUNG)
    wall[:, 50:] = TISSUE
    for values, seed, holes, said in (
        (wall, (55.0, 55.0, 32.0), set(), "more than 40 mm"),
        (np.full((64, 100, 110), LUNG), (55.0, 70.0, 32.0), set(), "hardly differs"),
        (wall, (55.0, 70.0, 32.0), {32}, "no image at this point"),
        (wall, (55.0, 70.0, 99.0), set(), "no image at this point"),
    ):
        with pytest.raises(CannotGrowError, match=said):
            grow(volume_of(values, holes=frozenset(holes)), seed)
    speck = np.full((64, 100, 110), LUNG)
    speck[32, 50, 55] = TISSUE
    with pytest.raises(CannotGrowError, match=r"hardly differs|Nothing was found"):
        grow(volume_of(speck), (55.0, 50.0, 32.0))


def test_a_ball_of_five_mm() -> None:
    volume = volume_of(np.zeros((64, 100, 110)), (0.5, 0.5, 0.5), holes=frozenset({33}))
    drawn = ball(volume, (55.0, 50.0, 20.0), 2.5)
    assert drawn.voxels * volume.geometry.voxel_mm3 == pytest.approx(4 / 3 * math.pi * 2.5**3, rel=0.05)
    assert drawn.box == ((15, 26), (45, 56), (50, 61))
    assert 33 not in {k for k, _j, _i in voxels_of(ball(volume, (55.0, 50.0, 34.0), 2.5))}
    thick = volume_of(np.zeros((6, 20, 20)), (0.5, 0.5, 10.0))
    assert (2, 10, 10) in voxels_of(ball(thick, (10.3, 10.2, 2.4), 0.2))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_shape_between_two_discs_is_halfway(axis: int) -> None:
    size = [41, 41, 41]
    across = [a for a in range(3) if a != axis]
    grid = np.indices(size)
    away = np.hypot(grid[across[0]] - 20, grid[across[1]] - 20)
    drawn = ((grid[axis] == 10) & (away <= 12)) | ((grid[axis] == 18) & (away <= 4))
    drawn |= (grid[axis] == 25) & (away <= 2)
    volume = volume_of(np.zeros(size), (1.0, 1.0, 1.0), holes=frozenset({12} if axis == 0 else {}))
    after, made = interpolated(volume, Mask.from_array(drawn), axis, [18, 10])
    assert made == tuple(range(11, 18))
    whole = np.moveaxis(after.to_volume((41, 41, 41)), axis, 0)
    assert np.count_nonzero(whole[14, 20]) == pytest.approx(17, abs=2)
    assert np.array_equal(whole[10], np.moveaxis(drawn, axis, 0)[10])
    assert np.array_equal(whole[25], np.moveaxis(drawn, axis, 0)[25])
    assert whole[12].any() == (axis != 0)
    assert not whole[20].any()


def test_between_painted_slices_only_what_was_painted_changes() -> None:
    grid = np.indices((21, 40, 40))
    away = np.hypot(grid[1] - 20, grid[2] - 20)
    # A cone whose waist no interpolation between its ends would keep.
    model = away <= np.where(grid[0] == 10, 9, 5)
    before = Mask.from_array(model)
    volume = volume_of(np.zeros((21, 40, 40)), (1.0, 1.0, 1.0))
    bump = (np.abs(grid[1] - 20) <= 2) & (grid[2] >= 20) & (grid[2] <= 30)
    notch = (grid[1] <= 17) & (np.abs(grid[2] - 20) <= 3)
    ends = (grid[0] == 6) | (grid[0] == 14)
    after, made = interpolated(volume, Mask.from_array(model | (bump & ends)), 0, (6, 14), before)
    whole = after.to_volume((21, 40, 40))
    assert made == tuple(range(7, 14))
    assert (whole & model).sum() == model.sum()
    assert whole[8, 20, 20:31].all()
    assert not whole[8, 24:28, 26:31].any()
    trimmed, _made = interpolated(volume, Mask.from_array(model & ~(notch & ends)), 0, (6, 14), before)
    whole = trimmed.to_volume((21, 40, 40))
    assert not whole[8, 15:18, 20].any()
    assert np.array_equal(whole[10] & ~notch[10], model[10] & ~notch[10])
    assert np.array_equal(whole[15:], model[15:])
    one_side = model & ~(notch & (grid[0] == 6))
    assert interpolated(volume, Mask.from_array(one_side), 0, (6, 14), before)[0] == Mask.from_array(one_side)


def test_what_cannot_be_interpolated_is_said() -> None:
    volume = volume_of(np.zeros((10, 10, 10)))
    drawn = np.zeros((10, 10, 10), dtype=np.bool_)
    drawn[3:5, 4:6, 4:6] = True
    mask = Mask.from_array(drawn)
    with pytest.raises(CannotInterpolateError, match="two painted images"):
        interpolated(volume, mask, 0, [3, 8])
    with pytest.raises(CannotInterpolateError, match="next to each other"):
        interpolated(volume, mask, 0, [3, 4])


def test_the_range_of_a_mask_is_that_of_its_own_values() -> None:
    voxels = np.full((5, 20, 20), LUNG)
    voxels[2, 5:15, 5:15] = np.arange(100).reshape(10, 10)
    volume = volume_of(voxels, holes=frozenset({3}))
    inside = np.zeros((5, 20, 20), dtype=np.bool_)
    inside[2:4, 5:15, 5:15] = True
    found = value_range(volume, Mask.from_array(inside))
    assert found is not None
    assert found == pytest.approx((1.98, 99.0))
    inside[2] = False
    assert value_range(volume, Mask.from_array(inside)) is None
