"""The sample: anatomy where it belongs, nodules as declared, one person per seed, a real DICOM series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import NotWrittenError
from overread.core.sample.chest import PRIOR_SHIFT_MM, ChestSample, make_chest
from overread.core.sample.study import write_sample
from overread.core.series import VerdictKind
from overread.viewer.cli.main import main

SEED = 3


@pytest.fixture(scope="module")
def sample() -> ChestSample:
    return make_chest(SEED, "small")


def mean_hu(sample: ChestSample, point_lps_mm: tuple[float, float, float], radius_mm: float = 5.0) -> float:
    """Mean HU of a ball."""
    nk, nj, ni = sample.geometry.shape_kji
    k, j, i = np.meshgrid(np.arange(nk), np.arange(nj), np.arange(ni), indexing="ij")
    points = sample.geometry.lps_from_ijk(np.stack([i, j, k], axis=-1))
    inside = ((points - np.array(point_lps_mm)) ** 2).sum(axis=-1) <= radius_mm**2
    return float(sample.voxels[inside].mean())


@pytest.mark.parametrize(
    ("what", "point", "low", "high"),
    [
        ("trachea", (1, -2, 110), -1024, -850),
        ("right lung", (-80, 0, 60), -950, -600),
        ("left lung", (80, 0, 60), -950, -600),
        ("liver on the patient's right", (-60, 10, -110), 40, 80),
        ("gas bubble in front on the left", (58, -48, -110), -1024, -700),
        ("spleen behind on the left", (86, 46, -112), 30, 75),
        ("descending aorta left of the spine", (18, 41, -40), 25, 190),
        ("heart to the left", (50, -32, -60), 25, 190),
        ("air in front of the patient", (0, -140, 0), -1024, -950),
    ],
)
def test_anatomy_lies_where_it_belongs(
    sample: ChestSample, what: str, point: tuple[float, float, float], low: float, high: float
) -> None:
    assert low <= mean_hu(sample, point) <= high, what


def test_left_is_not_right_front_is_not_back_head_is_not_feet(sample: ChestSample) -> None:
    voxels = sample.voxels.astype(np.float64)
    for axis in range(3):
        assert np.abs(voxels - np.flip(voxels, axis)).mean() > 60


def test_the_nodules_are_as_declared(sample: ChestSample) -> None:
    assert len(sample.nodules) == 10
    assert {one.kind for one in sample.nodules} == {"solid", "part-solid", "ground-glass"}
    assert {one.setting for one in sample.nodules} == {"isolated", "pleural", "vessel"}
    for one in sample.nodules:
        assert one.mask is not None
        i, j, k = (int(v) for v in np.floor(sample.geometry.ijk_from_lps(one.centre_lps_mm) + 0.5))
        (k0, k1), (j0, j1), (i0, i1) = one.mask.box
        assert k0 <= k < k1
        assert j0 <= j < j1
        assert i0 <= i < i1
        hu = sample.voxels[k, j, i]
        assert hu > -350 if one.kind != "ground-glass" else -800 < hu < -420
    big = [one for one in sample.nodules if one.diameter_mm > 10 and one.setting == "isolated"]
    for one in big:
        assert one.mask is not None
        volume = one.mask.voxels * sample.geometry.voxel_mm3
        assert volume == pytest.approx(np.pi / 6 * one.diameter_mm**3, rel=0.3)


def test_a_seed_is_one_person(sample: ChestSample) -> None:
    again = make_chest(SEED, "small")
    assert np.array_equal(sample.voxels, again.voxels)
    assert not np.array_equal(sample.voxels, make_chest(SEED + 1, "small").voxels)


def test_the_prior_is_the_same_person_with_less_to_find(sample: ChestSample) -> None:
    prior = make_chest(SEED, "small", prior=True)
    now = {one.number: one for one in sample.nodules}
    assert prior.female == sample.female
    assert {one.number for one in prior.nodules} <= now.keys()
    assert all(one.diameter_mm <= now[one.number].diameter_mm for one in prior.nodules)
    # Another day the patient lay elsewhere: everything by the same way, and the grid where it always is.
    for one in prior.nodules:
        assert np.subtract(now[one.number].centre_lps_mm, one.centre_lps_mm) == pytest.approx(PRIOR_SHIFT_MM)
    assert np.array_equal(prior.geometry.affine, sample.geometry.affine)
    smaller = [one for one in prior.nodules if one.diameter_mm < now[one.number].diameter_mm]
    assert smaller or len(prior.nodules) < len(now)
    assert mean_hu(prior, (-63, 12, -123), 14) == pytest.approx(mean_hu(sample, (-60, 10, -112), 14), abs=5)


def test_the_written_series_is_read_back_at_the_same_mm(tmp_path: Path, sample: ChestSample) -> None:
    write_sample(tmp_path / "out", SEED, "small")
    series = scan((tmp_path / "out" / "series",)).series[0]
    assert series.verdict.kind is VerdictKind.VOLUME
    assert series.verdict.codes == ()
    assert (series.body_part, series.modality, series.patient.id) == ("CHEST", "CT", f"SAMPLE-{SEED}")
    assert [(w.centre, w.width, w.name) for w in series.windows] == [(-600, 1500, "LUNG"), (40, 400, "MEDIASTINUM")]
    with load(series) as loading:
        assert loading.volume.voxels.dtype == np.int16
        assert np.array_equal(loading.volume.voxels, sample.voxels)
        assert np.allclose(loading.volume.geometry.affine, sample.geometry.affine, atol=1e-4)
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert truth["series_uid"] == series.uid
    assert truth["nodules"][0]["diameter_mm"] == sample.nodules[0].diameter_mm
    assert truth["synthetic"] is True


def test_what_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "series").mkdir()
    assert main(["sample", str(tmp_path), "--seed", "1", "--size", "small"]) == 6
    assert "is there already" in capsys.readouterr().err
    assert list((tmp_path / "series").iterdir()) == []


def test_an_unwritable_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    with pytest.raises(NotWrittenError, match="could not be written"):
        write_sample(tmp_path / "blocked" / "out", 1, "small")
    assert [path.name for path in tmp_path.iterdir() if path.name != "overread-home"] == ["blocked"]
