"""What is inserted: shapes of known size, blended so that nothing gets darker, in places inside the lungs."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from lung_phantom import chest
from overread.core.errors import NotReadableError
from overread.inference.cards import card
from overread.inference.evaluate.insert import insert_all, insert_tubes, room_in
from overread.inference.evaluate.shapes import ReaderShapes, balls, lumpy_ball, shape_of

LUNGS = card("lung-nodule").parameters["lungs"]


def test_a_lumpy_ball_has_about_its_diameter() -> None:
    for diameter in (5.0, 9.0, 15.0):
        shape = lumpy_ball(np.random.default_rng(1), diameter, "solid")
        assert shape.diameter_mm == pytest.approx(diameter, rel=0.12)


def test_a_mask_becomes_distances_in_mm() -> None:
    mask = np.zeros((5, 9, 9), dtype=np.bool_)
    mask[1:4, 2:7, 2:7] = True
    shape = shape_of(mask, (2.0, 1.0, 1.0), "solid")
    assert shape.diameter_mm == pytest.approx((6 * 3 * 25 * 2 / np.pi) ** (1 / 3))
    middle = tuple(n // 2 for n in shape.signed_mm.shape)
    assert float(shape.signed_mm[middle]) == pytest.approx(-2.5)
    assert float(shape.signed_mm.max()) > 2


def test_inserted_nodules_are_where_and_what_is_told() -> None:
    plain = chest()
    rng = np.random.default_rng(4)
    made, done = insert_all(plain, room_in(plain, LUNGS), balls(rng, 6), rng)
    assert len(done) >= 4
    changed = made.voxels != plain.voxels
    assert (made.voxels.astype(int) - plain.voxels >= -1).all()
    for one in done:
        mask = one.mask.to_volume(plain.geometry.shape_kji)
        assert changed[mask].mean() > 0.8
        volume = mask.sum() * plain.geometry.voxel_mm3
        assert (6 * volume / np.pi) ** (1 / 3) == pytest.approx(one.diameter_mm, rel=0.12)
        i, j, k = np.round(plain.geometry.ijk_from_lps(one.centre_lps_mm)).astype(int)
        assert mask[k, j, i]
        if one.kind == "ground-glass":
            assert made.voxels[k, j, i] == pytest.approx(-625, abs=90)
        else:
            assert made.voxels[k, j, i] > (-200 if one.kind == "solid" else -450)
    near = np.zeros_like(changed)
    for one in done:
        (k0, k1), (j0, j1), (i0, i1) = one.mask.box
        near[max(k0 - 6, 0) : k1 + 6, max(j0 - 6, 0) : j1 + 6, max(i0 - 6, 0) : i1 + 6] = True
    assert not changed[~near].any()


def test_without_contrast_not_one_voxel_changes() -> None:
    plain = chest()
    rng = np.random.default_rng(5)
    made, done = insert_all(plain, room_in(plain, LUNGS), balls(rng, 5), rng, contrast=False)
    assert len(done) >= 3
    assert np.array_equal(made.voxels, plain.voxels)


def test_tubes_are_long_and_narrow() -> None:
    plain = chest()
    made, done = insert_tubes(plain, room_in(plain, LUNGS), 3, np.random.default_rng(6))
    assert done
    for one in done:
        points = np.argwhere(one.mask.to_array()).astype(float)
        lengths = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)))
        assert lengths[2] > 1.6 * lengths[1]
        assert made.voxels[one.mask.to_volume(plain.geometry.shape_kji)].mean() > -300


def _reader_files(folder: Path, *, offset: int = 0, table: bool = True) -> Path:
    """One nodule of two readers who agree on a block of 4 x 6 x 6 voxels, 2.0 x 0.8 x 0.8 mm, textures 5 and 4."""
    block = np.zeros((2, 6, 8, 8), dtype=np.uint8)
    block[:, 1:5, 1:7, 1:7] = 1
    file = folder / "masks.npz"
    index = np.array([[17, 2, 6, 8, 8, offset, 100, 200, 41]])
    np.savez(file, index=index, packed=np.packbits(block))
    if table:
        with gzip.open(folder / "readers.csv.gz", "wt", newline="") as packed:
            rows = csv.DictWriter(packed, ["ann_id", "nodule", "pixel_mm", "slice_step_mm", "texture"])
            rows.writeheader()
            rows.writerow({"ann_id": 41, "nodule": 17, "pixel_mm": 0.8, "slice_step_mm": 2.0, "texture": 5})
            rows.writerow({"ann_id": 42, "nodule": 17, "pixel_mm": 0.8, "slice_step_mm": 2.0, "texture": 4})
    return file


def test_shapes_of_readers_come_with_their_size_and_kind(tmp_path: Path) -> None:
    shapes = ReaderShapes(_reader_files(tmp_path)).draw(np.random.default_rng(1), 2)
    assert [one.kind for one in shapes] == ["solid", "solid"]
    assert shapes[0].diameter_mm == pytest.approx((6 * 4 * 36 * 2.0 * 0.64 / np.pi) ** (1 / 3))


@pytest.mark.parametrize("fault", ["offset", "table", "file"])
def test_shapes_that_cannot_be_read_are_told(tmp_path: Path, fault: str) -> None:
    file = _reader_files(tmp_path, offset=10**6 if fault == "offset" else 0, table=fault != "table")
    if fault == "file":
        file.write_bytes(b"no archive")
    with pytest.raises(NotReadableError) as caught:
        ReaderShapes(file)
    assert str(caught.value) == "“masks.npz” with “readers.csv.gz” beside it holds no masks that can be inserted."
