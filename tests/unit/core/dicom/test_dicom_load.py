"""Loading: each voxel at its place in mm, holes named, memory given back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless, RLELossless

from build_series import Stack, value_at
from overread.core.dicom.export import export_volume
from overread.core.dicom.load import load, open_volume
from overread.core.dicom.scan import scan
from overread.core.dicom.thumbnail import thumbnail
from overread.core.errors import NotWrittenError
from overread.core.series import Series
from overread.core.volume import Volume
from overread.viewer.cli.main import main


def series_of(stack: Stack, folder: Path) -> Series:
    return scan((stack.write(folder),)).series[0]


def check_field(volume: Volume, tolerance: float = 0.5) -> int:
    """Every voxel with data holds the field at its place; how many were checked."""
    nk, nj, ni = volume.geometry.shape_kji
    k, j, i = np.meshgrid(np.arange(nk), np.arange(nj), np.arange(ni), indexing="ij")
    points = volume.geometry.lps_from_ijk(np.stack([i, j, k], axis=-1))
    values = np.asarray(volume.voxels, dtype=np.float64) * volume.slope + volume.intercept
    good = ~np.isin(k, list(volume.holes))
    assert np.abs(values - value_at(points))[good].max() <= tolerance
    return int(good.sum())


@pytest.mark.parametrize(
    ("row", "column", "step"),
    [
        ((1, 0, 0), (0, 1, 0), (0, 0, 2.5)),
        ((1, 0, 0), (0, 1, 0), (0, 0, -2.5)),
        ((0, 1, 0), (0, 0, -1), (2.0, 0, 0)),
        ((1, 0, 0), (0, 0, -1), (0, 2.0, 0)),
        ((0.8, 0.6, 0), (-0.6, 0.8, 0), (0, 0, 2.5)),
    ],
)
def test_every_orientation_lands_in_mm(
    tmp_path: Path, row: tuple[float, ...], column: tuple[float, ...], step: tuple[float, ...]
) -> None:
    stack = Stack(row=row, column=column, step=step)  # type: ignore[arg-type]
    with load(series_of(stack, tmp_path / "s")) as loading:
        assert check_field(loading.volume) == 6 * 12 * 16
        assert loading.volume.voxels.dtype == np.int16
        assert loading.volume.unit == "HU"


def test_a_known_voxel(tmp_path: Path) -> None:
    with load(series_of(Stack(), tmp_path / "s")) as loading:
        # (i, j, k) = (4, 2, 1) lies at LPS (-7, -17, -27.5): 2*-7 + 3*-17 + 5*-27.5 + 100 = -102.5.
        assert loading.volume.value_at((4, 2, 1)) == -102
        assert loading.volume.value_at((16, 2, 1)) is None


def test_tilted_slices_are_put_upright(tmp_path: Path) -> None:
    series = series_of(Stack(shape=(8, 30, 16), step=(0.0, 0.8, 2.4)), tmp_path / "s")
    with load(series) as loading:
        volume = loading.volume
        assert not volume.geometry.is_sheared
        assert volume.acquired == series.geometry
        assert volume.geometry.spacing_ijk_mm == pytest.approx((0.75, 1.5, 2.4))
        nk, nj, _ni = volume.geometry.shape_kji
        assert (nk, nj) == (8, 30 + 4)
        filled = np.asarray(volume.voxels) != volume.padding_value
        k, j, i = np.nonzero(filled)
        want = value_at(volume.geometry.lps_from_ijk(np.stack([i, j, k], axis=-1)))
        assert filled.sum() >= 8 * 30 * 16
        assert np.abs(np.asarray(volume.voxels)[filled] - want).max() <= 1.5


def test_missing_slices_stay_empty(tmp_path: Path) -> None:
    with load(series_of(Stack(shape=(12, 8, 8), skip=(4,)), tmp_path / "s")) as loading:
        assert loading.volume.holes == {4}
        assert check_field(loading.volume) == 11 * 64
        assert loading.volume.value_at((3, 3, 4)) is None


def test_an_unreadable_slice_is_a_named_hole(tmp_path: Path) -> None:
    series = series_of(Stack(), tmp_path / "s")
    gone = series.instances[2].path
    gone.unlink()
    with load(series) as loading:
        assert [k for k, _why in loading.report.failed] == [2]
        assert gone.name in loading.report.failed[0][1].say()
        assert loading.volume.holes == {2}
        assert check_field(loading.volume) == 5 * 12 * 16


def test_slices_come_from_the_middle_outwards(tmp_path: Path) -> None:
    series = series_of(Stack(shape=(11, 4, 4)), tmp_path / "s")
    batches: list[tuple[int, ...]] = []
    with open_volume(series) as loading:
        loading.load(arrived=lambda slices: batches.append(tuple(slices)))
    assert batches[0] == (5,)
    assert sorted(k for batch in batches for k in batch) == list(range(11))
    distances = [abs(k - 5) for batch in batches for k in batch]
    assert distances == sorted(distances)


def test_a_cancelled_load_stops(tmp_path: Path) -> None:
    series = series_of(Stack(shape=(11, 4, 4)), tmp_path / "s")
    seen: list[int] = []
    with open_volume(series) as loading:
        report = loading.load(arrived=seen.extend, cancelled=lambda: bool(seen))
    assert report.cancelled
    assert seen == [5]


def test_a_fractional_slope_stays_beside_the_stored_values(tmp_path: Path) -> None:
    with load(series_of(Stack(slope=0.5, intercept=-2000.0), tmp_path / "s")) as loading:
        assert loading.volume.voxels.dtype == np.float32
        check_field(loading.volume)


def test_values_above_int16_widen_the_volume(tmp_path: Path) -> None:
    def change(made: Dataset, k: int) -> None:
        if k == 4:
            pixels = np.frombuffer(made.PixelData, "<u2").copy()
            pixels[7] = 60_000
            made.PixelData = pixels.tobytes()

    series = series_of(Stack(change=change), tmp_path / "s")
    with load(series) as loading:
        assert loading.volume.voxels.dtype == np.float32
        assert loading.volume.value_at((7, 0, 4)) == 60_000 - 1024
        assert loading.volume.value_at((4, 2, 1)) == -102


def test_rescale_of_each_slice_is_its_own(tmp_path: Path) -> None:
    def change(made: Dataset, k: int) -> None:
        stored = np.frombuffer(made.PixelData, "<u2").astype(np.int32) - 10 * k
        made.RescaleIntercept = -1024 + 10 * k
        made.PixelData = stored.astype("<u2").tobytes()

    series = series_of(Stack(change=change), tmp_path / "s")
    assert series.verdict.codes == ("rescale-per-slice",)
    with load(series) as loading:
        check_field(loading.volume)


def test_sign_comes_from_bits_stored(tmp_path: Path) -> None:
    def change(made: Dataset, _k: int) -> None:
        made.BitsStored, made.HighBit, made.PixelRepresentation = 12, 11, 1
        made.RescaleIntercept = 0
        made.PixelData = np.full(made.Rows * made.Columns, 0x0FF6, dtype="<u2").tobytes()

    with load(series_of(Stack(change=change), tmp_path / "s")) as loading:
        assert set(np.unique(loading.volume.voxels).tolist()) == {-10}


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_frames_are_the_same(tmp_path: Path, syntax: str) -> None:
    def change(made: Dataset, _k: int) -> None:
        made.compress(syntax)

    series = series_of(Stack(shape=(4, 12, 16), change=change), tmp_path / "s")
    assert series.instances[0].transfer_syntax_uid == syntax
    with load(series) as loading:
        assert check_field(loading.volume) == 4 * 12 * 16


def test_padding_has_no_value(tmp_path: Path) -> None:
    def change(made: Dataset, _k: int) -> None:
        pixels = np.frombuffer(made.PixelData, "<u2").copy()
        pixels[0] = 63536 % 65536
        made.PixelPaddingValue = 63536
        made.PixelData = pixels.tobytes()

    with load(series_of(Stack(change=change), tmp_path / "s")) as loading:
        assert loading.volume.value_at((0, 0, 0)) is None
        assert loading.volume.value_at((1, 0, 0)) is not None


def test_the_same_voxels_as_simpleitk(tmp_path: Path) -> None:
    series = series_of(Stack(shape=(9, 12, 16)), tmp_path / "s")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(one.path) for one in series.instances])
    image = reader.Execute()
    with load(series) as loading:
        assert np.array_equal(sitk.GetArrayFromImage(image), loading.volume.voxels)
        affine = loading.volume.geometry.affine
        assert image.GetOrigin() == pytest.approx(affine[:3, 3].tolist())
        assert image.TransformIndexToPhysicalPoint((3, 4, 5)) == pytest.approx(
            loading.volume.geometry.lps_from_ijk([3, 4, 5]).tolist()
        )


@pytest.mark.parametrize("file_format", ["nifti", "nrrd", "mha"])
def test_exports_are_read_back_at_the_same_mm(tmp_path: Path, file_format: str) -> None:
    folder = Stack(row=(0, 1, 0), column=(0, 0, -1), step=(2.0, 0, 0)).write(tmp_path / "s")
    assert main(["export", str(folder), "--to", str(tmp_path / "out"), "--format", file_format]) == 0
    (file,) = (tmp_path / "out").iterdir()
    image = sitk.ReadImage(str(file))
    point = np.array(image.TransformIndexToPhysicalPoint((5, 6, 3)))
    assert image.GetPixel(5, 6, 3) == value_at(point)


def test_an_export_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    with (
        load(series_of(Stack(), tmp_path / "s")) as loading,
        pytest.raises(NotWrittenError, match="Nothing half-written"),
    ):
        export_volume(loading.volume, tmp_path / "blocked" / "x", "v", "nifti")


def test_the_thumbnail_keeps_the_shape_of_the_patient(tmp_path: Path) -> None:
    # 12 rows of 1.5 mm by 16 columns of 0.75 mm: 18 mm high, 12 mm wide.
    picture = thumbnail(series_of(Stack(), tmp_path / "s"), 54)
    assert picture.shape == (54, 54)
    filled = np.flatnonzero(picture.any(axis=0))
    assert (filled[0], filled[-1]) == (9, 44)
