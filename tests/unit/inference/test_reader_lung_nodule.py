"""The reader of lung nodules on a phantom with known contents."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lung_phantom import ball, chest, tube
from overread.core.errors import DoesNotFitError
from overread.core.geometry import Geometry
from overread.core.text import say, table
from overread.core.volume import Volume
from overread.inference.cards import card
from overread.inference.readers.base import Candidate, ReaderResult, StoppedError
from overread.inference.readers.lung_nodule.reader import read

PARAMETERS = {**card("lung-nodule").parameters, "device": "cpu"}
CUT = card("lung-nodule").score.cut
PLACE = (44.3, -8.4, 41.7)
BALL = (ball(PLACE, 12.0), 30.0)
RIGHT_HIGH = (ball((-47.0, 10.0, 92.0), 8.0), 20.0)


def answer(volume: Volume) -> ReaderResult:
    return read(volume, PARAMETERS, lambda stage, done, total: None, lambda: False)


def marks(volume: Volume) -> list[Candidate]:
    return [one for one in answer(volume).candidates if one.score >= CUT]


def turned(volume: Volume, axis: int) -> Volume:
    """The same patient with one array axis stored the other way round."""
    geometry, ijk = volume.geometry, 2 - axis
    affine = geometry.affine.copy()
    affine[:3, 3] += affine[:3, ijk] * (geometry.shape_kji[axis] - 1)
    affine[:3, ijk] *= -1
    return replace(
        volume,
        voxels=np.flip(volume.voxels, axis).astype(np.int16),
        geometry=Geometry(geometry.shape_kji, affine),
    )


def test_a_ball_is_found_first_at_its_place_with_its_size() -> None:
    found = answer(chest([BALL]))
    first = found.candidates[0]
    assert np.linalg.norm(np.subtract(first.centre_lps_mm, PLACE)) < 1.0
    volume = math.pi / 6 * 12**3
    assert first.measures["volume_mm3"] == pytest.approx(volume, rel=0.1)
    assert first.measures["equivalent_diameter_mm"] == pytest.approx(12, abs=0.4)
    assert first.measures["long_mm"] == pytest.approx(12, abs=1.0)
    assert first.measures["short_mm"] == pytest.approx(12, abs=1.0)
    for axis in ("axis_1_mm", "axis_2_mm", "axis_3_mm"):
        assert first.measures[axis] == pytest.approx(12, abs=0.8)
    assert first.score > 0.5
    assert say(first.kind) == "solid"
    assert [one for one in found.candidates[1:] if one.score >= CUT] == []


def test_the_place_is_told_from_the_lungs() -> None:
    places = {one.place.say() for one in marks(chest([BALL, RIGHT_HIGH])) if one.place is not None}
    assert places == {"Left lung, lower third", "Right lung, upper third"}


def test_every_value_behind_a_score_has_words() -> None:
    (first, *_) = marks(chest([BALL]))
    assert "ratio" in first.why
    assert [name for name in first.why if f"why-value.{name}" not in table()] == []


def test_ground_glass_is_sub_solid() -> None:
    (one,) = marks(chest([(ball(PLACE, 14.0), -620.0)]))
    assert say(one.kind) == "sub-solid"
    assert one.measures["mean_hu"] == pytest.approx(-620, abs=30)


def test_a_straight_tube_raises_nothing() -> None:
    for wide in (4.0, 7.0):
        assert marks(chest([(tube((36.0, -22.0, 30.0), (50.0, 20.0, 60.0), wide), 30.0)])) == []


def test_empty_lungs_raise_nothing() -> None:
    assert marks(chest()) == []


def test_a_series_without_lungs_is_told() -> None:
    with pytest.raises(DoesNotFitError) as caught:
        answer(chest(lungs=False))
    assert str(caught.value) == "No lungs were found in this series: the model has nothing to read."
    flat = chest()
    with pytest.raises(DoesNotFitError):
        answer(replace(flat, voxels=np.zeros_like(flat.voxels)))


def test_another_unit_is_refused() -> None:
    with pytest.raises(DoesNotFitError, match="no HU"):
        answer(replace(chest(), unit="SUVbw"))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_order_in_which_a_patient_is_stored_does_not_matter(axis: int) -> None:
    (plain,) = marks(chest([BALL]))
    (other,) = marks(turned(chest([BALL]), axis))
    assert np.linalg.norm(np.subtract(plain.centre_lps_mm, other.centre_lps_mm)) < 0.5
    assert other.measures["volume_mm3"] == pytest.approx(plain.measures["volume_mm3"], rel=0.05)
    assert other.place == plain.place


def test_slices_thicker_than_pixels() -> None:
    (one,) = marks(chest([BALL], spacing_ijk_mm=(0.8, 0.8, 2.5)))
    assert np.linalg.norm(np.subtract(one.centre_lps_mm, PLACE)) < 1.0
    assert one.measures["volume_mm3"] == pytest.approx(math.pi / 6 * 12**3, rel=0.1)
    assert one.mask.voxels * 0.8 * 0.8 * 2.5 == pytest.approx(one.measures["volume_mm3"])


@pytest.mark.parametrize("padding", [-2000, -3024])
def test_padding_of_any_value_reads_alike(padding: int) -> None:
    plain = chest([BALL])
    outside = plain.voxels.copy()
    outside[:, :6, :] = -1024
    padded = outside.copy()
    padded[:, :6, :] = padding
    first, second = (answer(replace(plain, voxels=one)) for one in (outside, padded))
    assert [(one.score, one.centre_lps_mm) for one in first.candidates] == [
        (one.score, one.centre_lps_mm) for one in second.candidates
    ]


def test_two_runs_are_equal() -> None:
    first, second = answer(chest([BALL, RIGHT_HIGH])), answer(chest([BALL, RIGHT_HIGH]))
    assert [(one.score, one.mask.box, one.mask.bits) for one in first.candidates] == [
        (one.score, one.mask.box, one.mask.bits) for one in second.candidates
    ]
    assert first.heatmap_u8 is not None
    assert second.heatmap_u8 is not None
    assert np.array_equal(first.heatmap_u8, second.heatmap_u8)


def test_the_heatmap_is_hot_in_the_nodule_and_cold_outside_the_lungs() -> None:
    found = answer(chest([BALL]))
    assert found.heatmap_u8 is not None
    assert found.heatmap_affine is not None
    assert found.lung_mask is not None
    grid = Geometry(found.heatmap_u8.shape, found.heatmap_affine)
    i, j, k = np.round(grid.ijk_from_lps(PLACE)).astype(int)
    around = found.heatmap_u8[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2]
    assert around.max() == found.heatmap_u8.max() > 200
    assert found.lung_mask.shape == found.heatmap_u8.shape
    assert found.lung_mask[k, j, i]
    assert not found.heatmap_u8[~found.lung_mask].any()


def test_a_job_that_is_taken_back_stops_before_the_next_stage() -> None:
    stages: list[str] = []
    with pytest.raises(StoppedError):
        read(chest(), PARAMETERS, lambda stage, done, total: stages.append(stage), lambda: len(stages) >= 2)
    assert stages == ["reader.stage-lungs", "reader.stage-grid"]


def test_progress_rises_and_every_stage_has_words_and_seconds() -> None:
    told: list[tuple[str, int]] = []
    found = read(chest([BALL]), PARAMETERS, lambda stage, done, total: told.append((stage, done)), lambda: False)
    parts = [done for _stage, done in told]
    assert parts == sorted(parts)
    assert {say(stage) for stage, _done in told} >= {"finding the lungs", "measuring shapes"}
    assert set(found.stage_seconds) == {stage for stage, _done in told}


def test_slices_without_pixels_raise_nothing_and_hold_no_mask() -> None:
    plain = chest([BALL, (tube((-50.0, 5.0, 20.0), (-50.0, 5.0, 100.0), 6.0), 30.0)])
    voxels = plain.voxels.copy()
    voxels[[44, 45, 70]] = -1024
    (one,) = marks(replace(plain, voxels=voxels, holes=frozenset({44, 45, 70})))
    assert np.linalg.norm(np.subtract(one.centre_lps_mm, PLACE)) < 2.0
    inside = one.mask.to_array()
    first = one.mask.origin_kji[0]
    assert not inside[44 - first].any()
    assert inside[43 - first].any()
    assert [warning.say() for warning in one.warnings] == ["Images are missing here: the mark may be cut."]
