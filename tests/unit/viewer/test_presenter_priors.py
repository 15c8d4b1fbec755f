"""Which study is a prior, how its places are linked, and which of its findings is the same one."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from finding_kit import finding, result
from overread.core.edits import Add, Edit, Judge, Propose
from overread.core.finding import Finding, Judgement, Origin
from overread.core.geometry import Geometry, Triple
from overread.core.journal import Entry
from overread.core.reading import Reading
from overread.core.series import Patient, Permission, Series, Study
from overread.core.window import Window
from overread.viewer.presenters.priors import (
    Beside,
    is_prior,
    link_by_place,
    match,
    prior_of,
    reading_of,
    same_person,
    stored_plane,
)
from overread.viewer.state.views import Plane, VolumeState
from overread_testkit import AXIAL, field_volume, loaded, series_for

PERSON = Patient("P1", "Doe^Jane", "1960-01-02", "F")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Patient("P1", "Doe^Jane", "1960-01-02"), True),
        (Patient("P1 ", "Roe^Jane", "1960-01-02"), True),
        (Patient("P1", "DOE^JANE", ""), True),
        (Patient("P1", "Roe^Jane", ""), False),
        (Patient("P1", "Doe^Jane", "1960-01-03"), False),
        (Patient("P2", "Doe^Jane", "1960-01-02"), False),
        (Patient("", "Doe^Jane", "1960-01-02"), False),
    ],
)
def test_one_patient_is_told_by_id_and_birth_date_or_name(other: Patient, same: bool) -> None:
    assert same_person(PERSON, other) is same
    assert same_person(other, PERSON) is same


def test_nobody_without_an_id_has_a_prior() -> None:
    assert not same_person(Patient(), Patient())


def series(uid: str, study: str, date: str, **changes: object) -> Series:
    made = series_for(field_volume((4, 5, 6)))
    return dataclasses.replace(made, uid=uid, study=Study(study, date), patient=PERSON, **changes)  # type: ignore[arg-type]  # by case


def test_the_newest_older_study_of_the_same_kind_is_the_prior() -> None:
    current = series("1", "1", "2026-01-02")
    older, newer = series("2", "2", "2024-01-01"), series("3", "3", "2025-01-01")
    after, undated = series("4", "4", "2026-02-01"), series("5", "5", "")
    other_kind = series("6", "6", "2025-06-01", modality="MR")
    pictures = series("7", "7", "2025-07-01", verdict=dataclasses.replace(current.verdict, may=frozenset()))
    somebody = dataclasses.replace(series("8", "8", "2025-08-01"), patient=Patient("P2", "Doe^Jane", "1960-01-02"))
    catalogue = (current, older, newer, after, undated, other_kind, pictures, somebody)
    assert prior_of(current, catalogue) is newer
    assert [one.uid for one in catalogue if is_prior(one, current)] == ["2", "3", "6", "7"]
    assert prior_of(older, catalogue) is None
    assert prior_of(pictures, catalogue) is None
    assert Permission.PLANES in current.verdict.may


def beside(frame: str, offset: Triple = (0, 0, 0)) -> tuple[Beside, VolumeState, VolumeState]:
    """Grids of 0.8 x 1 x 2 mm; the prior's lies ``offset`` mm elsewhere."""
    there = AXIAL.copy()
    there[:3, 3] += np.array(offset)
    base = field_volume(affine=there)
    volume = dataclasses.replace(base, geometry=Geometry(base.geometry.shape_kji, there, frame))
    current, prior = loaded(), loaded(volume)
    return Beside(current, prior), current, prior


def test_in_one_frame_both_show_the_same_mm() -> None:
    pair, current, prior = beside("1.9", (0, 0, 6))
    assert prior.is_prior
    assert prior.link_words.value is not None
    assert prior.link_words.value.say() == "linked: same frame of reference"
    current.go_to_lps_mm((-4.0, -10.0, -10.0))
    assert prior.place_lps_mm() == pytest.approx((-4.0, -10.0, -10.0))
    prior.step_image(Plane.AXIAL, 2)
    assert current.place_lps_mm() == pytest.approx((-4.0, -10.0, -14.0))
    pair.end()
    current.go_to_lps_mm((0, 0, 0))
    assert prior.place_lps_mm() == pytest.approx((-4.0, -10.0, -14.0))
    assert not prior.is_prior
    assert prior.link_words.value is None


def test_a_place_beyond_the_prior_holds_it_at_its_edge_and_moves_nothing_back() -> None:
    pair, current, prior = beside("1.9", (0, 0, 20))
    current.go_to_lps_mm((-4.0, -10.0, -28.0))
    assert current.place_lps_mm() == pytest.approx((-4.0, -10.0, -28.0))
    assert prior.place_lps_mm()[2] == pytest.approx(-10.0)
    assert not pair.holds((-4.0, -10.0, -28.0))
    assert pair.holds((-4.0, -10.0, -10.0))


def test_in_another_frame_nothing_moves_until_the_reader_links() -> None:
    pair, current, prior = beside("1.10", (0, 0, 12))
    assert pair.link is None
    assert prior.link_words.value is not None
    assert prior.link_words.value.say() == "not linked: another frame of reference"
    current.go_to_lps_mm((0.0, 0.0, -20.0))
    prior.go_to_lps_mm((0.8, -2.0, -8.0))
    assert current.place_lps_mm() == pytest.approx((0.0, 0.0, -20.0))
    assert not pair.holds((0.0, 0.0, -20.0))
    pair.set_link(link_by_place(current, prior))
    assert prior.link_words.value.say() == "linked by place, offset x +0.8, y −2.0, z +12.0 mm"
    assert prior.link_words.value.say("zh") == "按位置关联，偏移 x +0.8，y −2.0，z +12.0 mm"
    current.go_to_lps_mm((4.0, 5.0, -10.0))
    assert prior.place_lps_mm() == pytest.approx((4.8, 3.0, 2.0))
    prior.step_image(Plane.AXIAL, 1)
    assert current.place_lps_mm() == pytest.approx((4.0, 5.0, -12.0))


def test_windows_go_together() -> None:
    _pair, current, prior = beside("1.9")
    current.window.set(Window(40, 400))
    assert prior.window.value == Window(40, 400)
    prior.window.set(Window(-600, 1500))
    assert current.window.value == Window(-600, 1500)


def placed(uid: str, centre: Triple, origin: Origin = Origin.PERSON) -> Finding:
    made = finding(uid, 1, origin=origin)
    return msgspec.structs.replace(made, measures=msgspec.structs.replace(made.measures, centre_lps_mm=centre))


def test_the_nearest_reported_finding_within_ten_mm_is_the_same_one() -> None:
    prior = series("1.2.3", "2", "2025-01-01")
    near, nearer, far = placed("a", (0, 0, 9)), placed("b", (0, 3, 4)), placed("c", (0, 0, 10.1))
    not_judged = placed("d", (0, 0, 0), Origin.MODEL)
    found = match(Reading("2", findings=(near, nearer, far, not_judged)), (0, 0, 0), prior, (prior,))
    assert found is not None
    assert (found.finding.uid, found.distance_mm) == ("b", 5.0)
    assert match(Reading("2", findings=(far, not_judged)), (0, 0, 0), prior, (prior,)) is None
    elsewhere = msgspec.structs.replace(nearer, series_uid="1.2.4")
    assert match(Reading("2", findings=(elsewhere,)), (0, 0, 0), prior, (prior,)) is None
    sister = dataclasses.replace(prior, uid="1.2.4")
    other = match(Reading("2", findings=(elsewhere,)), (0, 0, 0), prior, (prior, sister))
    assert other is not None
    assert other.series is sister


def test_the_reading_of_a_prior_is_replayed_from_the_journal() -> None:
    mark = placed("m", (0, 0, 0), Origin.MODEL)
    accepted = Judgement(verdict="accepted", who="Reader 1", at="2025-01-01T00:00:00.000+00:00")
    edits: list[Edit] = [
        Propose(result(), (mark,)),
        Judge("m", accepted),
        Judge("gone", accepted),
        Add(placed("o", (0, 0, 1))),
    ]
    entries = [Entry(str(n), "2", f"2025-01-0{n + 1}", "Reader 1", edit) for n, edit in enumerate(edits)]
    reading, left_out = reading_of("2", entries)
    assert [(one.uid, str(one.state)) for one in reading.findings] == [("m", "accepted"), ("o", "added")]
    assert left_out == ("2025-01-03",)


@pytest.mark.parametrize(
    ("columns", "plane"), [((0, 1, 2), "axial"), ((0, 2, 1), "coronal"), ((1, 2, 0), "sagittal")]
)
def test_the_stored_plane_is_told_from_the_grid(columns: tuple[int, int, int], plane: str) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(columns)]
    assert stored_plane(Geometry((4, 5, 6), affine)) == plane
