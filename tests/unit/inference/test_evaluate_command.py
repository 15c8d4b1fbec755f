"""``overread evaluate``: cases with truth, figures in their rows, a card file that is written whole."""

from __future__ import annotations

import functools
import json
import shutil
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import NDArray

import engine_readers
from overread.core.errors import Exit
from overread.core.mask import Mask
from overread.inference.cards import Installed, Measured, read_card
from overread.inference.client import EngineClient
from overread.inference.evaluate.card_file import write_measured
from overread.inference.evaluate.cases import majority, read_cases
from overread.inference.evaluate.measure import dice
from overread.viewer.cli import evaluate
from overread.viewer.cli.main import main

CARD = Path(__file__).resolve().parents[2] / "data" / "card.toml"
CENTRE = [-7.5, -28.5, 65.0]


@pytest.fixture(scope="module", autouse=True)
def resource_tracker() -> None:
    """The helper process of multiprocessing stays until this process ends: it is no leftover of a test."""
    ensure_running()


@pytest.fixture(autouse=True)
def own_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sees the tests' card, and an engine with the tests' readers."""
    made = Installed(MappingProxyType({"ball": engine_readers.CARD}), {})
    monkeypatch.setattr("overread.inference.cards.installed", lambda: made)
    monkeypatch.setattr(evaluate, "EngineClient", functools.partial(EngineClient, serve=engine_readers.serve))


def write(path: Path, values: NDArray[np.int16], origin: tuple[float, float, float], step: float = 3.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((1.0, 1.0, step))
    image.SetOrigin(origin)
    sitk.WriteImage(image, str(path))


def write_case(folder: Path, *, shift: int = 0) -> None:
    """Air with a box of 1000 HU: k 4-6, j 10-13, i 20-25 from (-30, -40, 50); the readers' grid begins at k 2."""
    voxels = np.full((16, 64, 64), -1000, dtype=np.int16)
    voxels[4:7, 10:14, 20:26] = 1000
    write(folder / "image.nii.gz", voxels, (-30.0, -40.0, 50.0))
    readers = np.zeros((10, 64, 64), dtype=np.int16)
    readers[2:5, 10:14, 20 + shift : 26 + shift] = 0b0011
    readers[2:5, 14:16, 20:26] |= 0b0100
    write(folder / "readers.nii.gz", readers, (-30.0, -40.0, 56.0))
    truth = {"synthetic": False, "nodules": [{"centre_lps_mm": CENTRE, "diameter_mm": 8.0, "kind": "solid"}]}
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")


def test_what_half_of_the_readers_marked() -> None:
    bits = np.array([[[0, 1, 2, 3, 7, 15]]], dtype=np.uint8)
    assert majority(bits)[0, 0].tolist() == [False, False, False, True, True, True]
    assert majority(bits & 1)[0, 0].tolist() == [False, True, False, True, True, True]
    assert not majority(np.zeros((1, 1, 2), dtype=np.uint8)).any()


def test_a_mask_on_another_grid_lands_on_the_same_millimetres(tmp_path: Path) -> None:
    write_case(tmp_path / "one")
    (case,) = read_cases(tmp_path, engine_readers.CARD)
    (known,) = case.known
    assert (case.origin, known.kind, known.diameter_mm) == ("real", "solid", 8.0)
    assert known.mask is not None
    assert known.mask.box == ((4, 7), (10, 14), (20, 26))
    (tmp_path / "one" / "truth.json").unlink()
    (piece,) = read_cases(tmp_path / "one", engine_readers.CARD)[0].known
    assert piece.centre_lps_mm == pytest.approx(CENTRE)
    assert piece.diameter_mm == pytest.approx((6 * 72 * 3 / np.pi) ** (1 / 3))


def test_dice_of_two_boxes() -> None:
    one = Mask.from_array(np.ones((2, 2, 2), dtype=np.bool_))
    other = Mask.from_array(np.ones((2, 2, 2), dtype=np.bool_), (0, 0, 1))
    assert dice(one, other) == 0.5
    assert dice(one, one) == 1.0


def test_the_command_tells_rows_for_real_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(tmp_path / "cases" / "a")
    write_case(tmp_path / "cases" / "b", shift=3)
    card = tmp_path / "card.toml"
    shutil.copy(CARD, card)
    words = ["evaluate", "--model", "ball", "--cases", str(tmp_path / "cases"), "--name", "boxes", "--write-card"]
    assert main([*words, str(card), "--json"]) == Exit.DONE
    printed = json.loads(capsys.readouterr().out)
    rows = {row["measure"]: row for row in printed["rows"]}
    assert {(row["targets"], row["data"], row["scans"]) for row in printed["rows"]} == {("real", "boxes", 2)}
    assert rows["sensitivity at 1 false mark per scan"]["value"] == 1.0
    assert rows["sensitivity at 1 false mark per scan"]["low"] == 1.0
    assert rows["false marks per scan at score 0.1"]["value"] == 0.0
    assert rows["median rank of the targets found"]["value"] == 1.0
    # The first mask is the box; the second is shifted by half of it.
    assert rows["mean Dice of the targets found"]["value"] == pytest.approx((1.0 + 0.5) / 2)
    assert printed["froc"][0]["sensitivity"] == [1.0] * 7
    (tmp_path / "lung-nodule.toml").write_text("step_mm = 1.0\n", encoding="utf-8")
    assert [row.measure for row in read_card(card, tmp_path).measured] == list(rows)
    assert main([*words[:-1]]) == Exit.DONE
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("real: 2 targets in 2 scans;")
    assert told[0].endswith("1.00  1.00  1.00  1.00  1.00  1.00  1.00")


def test_writing_a_card_keeps_all_else(tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    shutil.copy(CARD, card)
    (tmp_path / "lung-nodule.toml").write_text("step_mm = 1.0\n", encoding="utf-8")
    before = read_card(card, tmp_path)
    old = Measured(targets="real", data="x", scans=1, n=1, measure="Dice", value=0.5)
    other = Measured(targets="synthetic", data="x", scans=2, n=9, measure="CPM", value=0.25, low=0.1, high=0.5)
    write_measured(card, [old, other])
    new = Measured(targets="real", data="x", scans=1, n=1, measure="Dice", value=0.75, note='a "word" \\ 中')
    write_measured(card, [new])
    after = read_card(card, tmp_path)
    assert after.measured == (other, new)
    assert after.digest == before.digest
    assert card.read_text(encoding="utf-8").startswith(CARD.read_text(encoding="utf-8").rstrip("\n"))
    assert sorted(path.name for path in tmp_path.glob(".part-*")) == []


def test_a_folder_without_cases_and_a_wrong_truth_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", "ball", "--cases", str(tmp_path)]) == Exit.NOT_READABLE
    assert capsys.readouterr().err.startswith("There is no case in ")
    write_case(tmp_path / "one")
    (tmp_path / "one" / "truth.json").write_text('{"nodules": [{"diameter_mm": 3}]}', encoding="utf-8")
    assert main(["evaluate", "--model", "ball", "--cases", str(tmp_path)]) == Exit.NOT_READABLE
    assert "it needs a list “nodules”" in capsys.readouterr().err
    (tmp_path / "one" / "image.nii.gz").unlink()
    assert main(["evaluate", "--model", "ball", "--cases", str(tmp_path)]) == Exit.NOT_READABLE
    assert "has a truth but no image" in capsys.readouterr().err
