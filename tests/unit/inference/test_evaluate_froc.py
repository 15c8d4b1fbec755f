"""The FROC curve by the rules of LUNA16, on two examples that were worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from overread.inference.evaluate.froc import Mark, Matched, Target, bootstrap, curve, match


def example_a() -> list[Matched]:
    """Four scans: one without targets, excluded targets in two, a mark exactly on a radius."""
    return [
        match(
            [Target((0, 0, 0), 10), Target((50, 0, 0), 6), Target((80, 0, 0), 8, excluded=True)],
            [Mark((3, 0, 0), 0.95), Mark((50, 3, 0), 0.90), Mark((80, 0, 3.9), 0.85), Mark((20, 20, 0), 0.60)],
        ),
        match(
            [Target((0, 0, 0), 8)],
            [Mark((0, 0, 1), 0.80), Mark((0, 0, -1), 0.70), Mark((40, 0, 0), 0.75)],
        ),
        match([], [Mark((9, 9, 9), 0.88), Mark((1, 1, 1), 0.30)]),
        match(
            [Target((10, 10, 10), -1, excluded=True), Target((0, 0, 0), 12)],
            [Mark((10, 10, 14.9), 0.99), Mark((0, 5.9, 0), 0.40), Mark((30, 0, 0), 0.35)],
        ),
    ]


def example_b() -> list[Matched]:
    """Two scans with equal scores and a mark inside two targets."""
    return [
        match(
            [Target((0, 0, 0), 10), Target((6, 0, 0), 10)],
            [Mark((3, 0, 0), 0.9), Mark((0, 5, 0), 0.9), Mark((100, 0, 0), 0.5)],
        ),
        match(
            [Target((0, 0, 0), 4)],
            [Mark((0, 0, 1.9), 0.5), Mark((60, 0, 0), 0.2), Mark((70, 0, 0), 0.2)],
        ),
    ]


def test_hits_misses_false_and_vanished_marks() -> None:
    scans = example_a()
    hits = [score for scan in scans for score in scan.hits]
    assert hits == [0.95, None, 0.80, 0.40]
    assert sorted(score for scan in scans for score in scan.false) == [0.30, 0.35, 0.60, 0.75, 0.88, 0.90]
    assert sum(scan.irrelevant for scan in scans) == 2
    assert sum(scan.double for scan in scans) == 1


def test_curve_of_example_a() -> None:
    made = curve(example_a())
    points = list(zip(made.false_per_scan.tolist(), made.sensitivity.tolist(), strict=True))
    assert points == [
        (0, 0), (0, 0.25), (0.25, 0.25), (0.5, 0.25), (0.5, 0.5), (0.75, 0.5), (1, 0.5), (1, 0.75), (1.25, 0.75),
        (1.5, 0.75),
    ]  # fmt: skip
    assert made.at().tolist() == [0.25, 0.25, 0.5, 0.75, 0.75, 0.75, 0.75]
    assert made.cpm() == pytest.approx(0.571429, abs=1e-6)


def test_curve_of_example_b_is_interpolated_not_stepped() -> None:
    scans = example_b()
    assert [scan.hits for scan in scans] == [(0.9, 0.9), (0.5,)]
    made = curve(scans)
    points = list(zip(made.false_per_scan.tolist(), made.sensitivity.tolist(), strict=True))
    assert points == [(0, 0), (0.5, pytest.approx(2 / 3)), (1, 1), (2, 1)]
    assert made.at() == pytest.approx([1 / 6, 1 / 3, 2 / 3, 1, 1, 1, 1])
    assert made.cpm() == pytest.approx(0.738095, abs=1e-6)


def test_bootstrap_draws_scans_and_counts_draws_without_targets() -> None:
    spread = bootstrap(example_a(), resamples=2000, seed=12345)
    assert spread is not None
    assert spread.undefined == 8
    assert spread.cpm == pytest.approx((0.486, 0.893), abs=5e-4)
    assert spread.at.shape == (7, 2)
    assert bootstrap(example_a()[:1]) is None


def test_at_most_a_hundred_marks_of_a_scan_count() -> None:
    marks = [Mark((100.0 + n, 0, 0), 1 - n / 1000) for n in range(120)]
    assert len(match([], marks).false) == 100
    level = [Mark((100.0 + n, 0, 0), 0.5 if n >= 90 else 0.9) for n in range(120)]
    assert len(match([], level).false) == 90


def test_a_curve_without_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="targets"):
        curve([match([], [Mark((0, 0, 0), 1.0)])])
    assert np.isfinite(curve([match([Target((0, 0, 0), 4)], [])]).at()).all()
