"""Change since the prior: worked values of doubling times, and when two measurements are not comparable."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from finding_kit import finding
from overread.core.finding import Measures, Origin
from overread.plugins.api import Comparison, Dated, Pair
from overread.plugins.bundled.change.growth import (
    doubling_days,
    doubling_of_diameters,
    doubling_of_volumes,
    tenths,
    within_repeatability,
)
from overread.plugins.host import Host


@pytest.mark.parametrize(
    ("days", "before", "now", "doubling"), [(90, 100, 150, 153.9), (400, 300, 600, 400.0), (400, 600, 300, None)]
)
def test_doubling_times_of_volumes(days: int, before: float, now: float, doubling: float | None) -> None:
    found = doubling_days(days, before, now)
    assert (None if found is None else round(found, 1)) == doubling


@pytest.mark.parametrize(("now_mm", "days"), [(9.0, 716), (9.5, 491), (10.0, 378)])
def test_doubling_times_of_diameters(now_mm: float, days: int) -> None:
    found = doubling_of_diameters(365, 8.0, now_mm)
    assert found is not None
    assert round(found.days) == days


def test_half_a_millimetre_is_the_band_of_a_diameter() -> None:
    found = doubling_of_diameters(365, 8.0, 9.5)
    assert found is not None
    assert found.longest is not None
    assert (round(found.shortest), round(found.days), round(found.longest)) == (378, 491, 716)
    barely = doubling_of_diameters(365, 8.0, 8.4)
    assert barely is not None
    assert barely.longest is None


def test_a_quarter_is_the_band_of_a_volume() -> None:
    found = doubling_of_volumes(90, 100, 150)
    assert found is not None
    assert found.longest is not None
    # 90 ln 2 / ln 1.875, and 90 ln 2 / ln 1.2.
    assert (round(found.shortest, 1), round(found.longest, 1)) == (99.2, 342.2)


def test_below_a_quarter_is_within_repeatability() -> None:
    assert within_repeatability(162, 146)
    assert within_repeatability(100, 124.9)
    assert not within_repeatability(100, 125)
    assert not within_repeatability(100, 75)


def test_tenths_go_up_from_the_half() -> None:
    assert [tenths(value) for value in (7.95, 8.04, 0.25)] == [80, 80, 3]


def compared(
    tmp_path: Path, before: Measures, now: Measures, *, dates: tuple[str, str] = ("2025-02-24", "2026-02-24"),
    steps: tuple[float, float] = (1.0, 1.25), planes: tuple[str, str] = ("axial", "axial"),
) -> Comparison:  # fmt: skip
    host = Host(tmp_path, frozenset(), lambda _told: None)
    host.start(window=False)
    base = finding("1", 1, origin=Origin.PERSON)
    older, newer = (msgspec.structs.replace(base, measures=one) for one in (before, now))
    (answer,) = host.compare(
        Pair(Dated(newer, dates[1], steps[1], planes[1]), Dated(older, dates[0], steps[0], planes[0]))
    )
    assert answer.manifest.id == "change"
    return answer.comparison


def measured(volume_mm3: float, long_mm: float = 8.0, short_mm: float = 6.0, *, gap: bool = False) -> Measures:
    return Measures(
        centre_lps_mm=(0, 0, 0), slice_k=0, volume_mm3=volume_mm3, equivalent_diameter_mm=1.0, long_mm=long_mm,
        short_mm=short_mm, across_gap=gap,
    )  # fmt: skip


def told(found: Comparison, language: str = "en") -> list[tuple[str, str]]:
    return [(row.label.en, row.value.en) if language == "en" else (row.label.zh, row.value.zh) for row in found.rows]


def test_growth_is_told_in_rows(tmp_path: Path) -> None:
    found = compared(tmp_path, measured(300, 8.04, 6.0), measured(600, 10.06, 8.0))
    assert told(found) == [
        ("Interval", "365 days, 2025-02-24 to 2026-02-24"),
        ("Long axis", "8.0 → 10.1 mm (+2.1 mm)"),
        ("Short axis", "6.0 → 8.0 mm (+2.0 mm)"),
        ("Volume", "300 mm³ → 600 mm³"),
        ("Change of volume", "+100.0 %"),
        # 365 ln 2 / ln 2, / ln 2.5 and / ln 1.6; diameters 7.0 and 9.05 ± 0.5.
        ("Doubling time, volume", "365 days (276 to 538)"),
        ("Doubling time, mean diameter", "328 days (271 to 422)"),
    ]
    assert ("倍增时间（体积）", "365 天（276 至 538）") in told(found, "zh")
    assert "25 %" in found.notes[0].en


def test_a_small_change_is_within_repeatability_and_has_no_doubling_time(tmp_path: Path) -> None:
    found = compared(tmp_path, measured(162), measured(146))
    assert told(found)[-1] == ("Change of volume", "−9.9 %, within repeatability")
    assert "no doubling time" in found.notes[0].en


def test_less_is_no_growth_and_no_negative_number(tmp_path: Path) -> None:
    found = compared(tmp_path, measured(600), measured(300), dates=("2026-01-01", "2026-02-01"))
    assert ("Doubling time, volume", "no growth") in told(found)
    assert [note.en for note in found.notes] == ["Less than 90 days apart: the error of measurement weighs heavily."]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"dates": ("", "2026-01-01")}, "the dates"),
        ({"dates": ("2026-01-01", "2026-01-01")}, "the dates"),
        ({"steps": (1.0, 5.0)}, "slices 5.0 mm apart now and 1.0 mm then"),
        ({"planes": ("coronal", "axial")}, "the images lie in different planes"),
    ],
)
def test_what_is_not_comparable_stands_side_by_side(
    tmp_path: Path, changed: dict[str, tuple[str, str]], why: str
) -> None:
    found = compared(tmp_path, measured(300), measured(600), **changed)  # type: ignore[arg-type]  # by case
    assert not any("Doubling" in label for label, _value in told(found))
    assert ("Volume", "300 mm³ → 600 mm³") in told(found)
    (note,) = found.notes
    assert note.en.startswith(f"Not comparable: {why}")


def test_an_outline_across_missing_images_is_not_comparable(tmp_path: Path) -> None:
    found = compared(tmp_path, measured(300, gap=True), measured(600))
    assert "spans missing images" in found.notes[0].en


def test_a_models_outline_and_one_by_hand_are_not_comparable(tmp_path: Path) -> None:
    host = Host(tmp_path, frozenset(), lambda _told: None)
    host.start(window=False)
    by_hand, by_model = finding("1", 1, origin=Origin.PERSON, radius=5), finding("2", 1)
    dated = [Dated(one, day, 1.0, "axial") for one, day in ((by_hand, "2026-01-01"), (by_model, "2025-01-01"))]
    (answer,) = host.compare(Pair(*dated))
    assert "made in different ways" in answer.comparison.notes[0].en
