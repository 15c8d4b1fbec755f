"""Rays from peaks, and the sum of rules with its vetoes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.inference.cards import card
from overread.inference.readers.lung_nodule.peaks import Peaks
from overread.inference.readers.lung_nodule.rays import Sights, directions, look
from overread.inference.readers.lung_nodule.scoring import first_look, score

PARAMETERS = card("lung-nodule").parameters
MIDDLE = (30.0, 30.0, 30.0)


def seen(inside: NDArray[np.bool_]) -> Sights:
    """Rays from the middle of 61 voxels of lung at -850 HU, with something of 50 HU in it."""
    hu = np.where(inside, 50, -850).astype(np.float32)
    peak = Peaks(np.array([MIDDLE]), np.array([3.0]), np.array([500.0]), np.array([0.8]))
    return look(hu, np.ones(hu.shape, dtype=np.bool_), -850.0, peak, 100.0, PARAMETERS["rays"])


def away(*axes: int) -> NDArray[np.float64]:
    grid = np.indices((61, 61, 61)) - 30.0
    return np.asarray(np.sqrt((grid[list(axes)] ** 2).sum(axis=0)))


def test_directions_are_unit_pairs_of_opposites() -> None:
    rays = directions(32)
    assert np.allclose(np.linalg.norm(rays, axis=1), 1)
    assert np.array_equal(rays[:32], -rays[32:])
    assert np.abs(rays[:32].T @ rays[:32] / 32 - np.eye(3) / 3).max() < 0.03


def test_rays_of_a_ball_end_at_its_radius_and_none_goes_on() -> None:
    ball = seen(away(0, 1, 2) <= 5)
    assert ball.radius_mm[0] == pytest.approx(5.2, abs=0.3)
    assert ball.level_hu[0] == pytest.approx(-400)
    assert ball.values["through"][0] == 0
    assert ball.values["uneven"][0] < 0.15
    assert ball.values["shortest"][0] > 0.9


def test_rays_of_a_tube_go_on_to_both_sides_and_it_is_looked_at_later() -> None:
    ball, tube = seen(away(0, 1, 2) <= 5), seen(away(1, 2) <= 5)
    assert tube.values["through"][0] > 0.1
    looks = [float(first_look(one.values, PARAMETERS["solid"]["look"])[0]) for one in (ball, tube)]
    assert looks[0] > looks[1] + 2


def test_a_veto_takes_what_the_sum_gives() -> None:
    terms = {**PARAMETERS["regions"]["score"], "start": 0.0}
    gates = PARAMETERS["solid"]["gates"]
    round_one = {"diameter_mm": 8.0, "neck": 0.0, "tube": 1.0, "elongation": 1.1}
    assert score({"ratio": 5.0}, round_one, gates, terms) > 0.9
    assert score({"ratio": 5.0}, {**round_one, "neck": 1.0}, gates, terms) < 0.02
    assert score({"ratio": 5.0}, {**round_one, "tube": 1.8}, gates, terms) < 0.01
    assert score({"ratio": 5.0}, {**round_one, "diameter_mm": 40.0}, gates, terms) == 0
