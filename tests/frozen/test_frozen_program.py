"""The frozen program at work: its commands, its engine, its window, and nothing left when it is killed."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from PySide6.QtGui import QImage

from build_series import Stack
from overread.core.shared import PREFIX, folders
from overread.viewer.cli.screen import Screen
from unpacked_package import Unpacked

GONE_S = 10.0
SLICES = 64
"""Of the small sample."""

ENCODERS: dict[str, Callable[[NDArray[np.uint16]], bytes | bytearray]] = {
    "1.2.840.10008.1.2.4.70": lambda pixels: imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=16),
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_encode,
    "1.2.840.10008.1.2.4.90": lambda pixels: imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k"),
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_encode,
}
"""JPEG lossless, JPEG-LS, JPEG 2000 and HTJ2K, all without loss."""


@pytest.fixture(scope="module")
def sample(program: Unpacked, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample study, made by the frozen program."""
    folder = tmp_path_factory.mktemp("sample") / "study"
    done = program.run("sample", folder, "--size", "small", "--seed", "3")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def screen(program: Unpacked) -> Iterator[Screen]:
    """A virtual screen for the frozen program."""
    with Screen(command=[str(program.launcher)]) as made:
        yield made


def until_gone(program: Unpacked) -> None:
    """Wait until nothing runs from the tree; fails when something stays."""
    end = time.monotonic() + GONE_S
    while program.processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert program.processes() == []


def test_the_doctor_finds_everything_and_the_engine_computes(program: Unpacked) -> None:
    done = program.run("doctor", "--json", "--gpu-selftest")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = {line["what"]: line for line in json.loads(done.stdout)["lines"]}
    assert not [what for what, line in lines.items() if line["state"] == "missing"]
    assert lines["overread"]["found"] == "0.1.0"
    assert lines["OpenGL"]["found"]
    assert "'device': 'cpu'" in lines["GPU self-test"]["found"]
    assert (lines["torch"]["state"] == "ok") == program.with_torch
    assert ("'works': True" in lines["GPU self-test"]["found"]) == program.with_torch
    until_gone(program)


def test_scan_reads_the_sample_with_its_verdict(program: Unpacked, sample: Path) -> None:
    done = program.run("scan", sample / "series", "--json")
    assert done.returncode == 0, done.stderr
    (series,) = json.loads(done.stdout)["series"]
    assert series["instances"] == SLICES
    assert series["verdict"] == "volume"
    assert series["shape"][0] == SLICES


@pytest.mark.parametrize("syntax", ENCODERS)
def test_every_decoder_came_along(program: Unpacked, tmp_path: Path, syntax: str) -> None:
    def compress(made: Dataset, _k: int) -> None:
        pixels = np.frombuffer(made.PixelData, "<u2").reshape(made.Rows, made.Columns)
        made.PixelData = encapsulate([bytes(ENCODERS[syntax](pixels))])
        made["PixelData"].VR = "OB"
        made.file_meta.TransferSyntaxUID = UID(syntax)

    voxels = []
    for name, change in (("plain", None), ("compressed", compress)):
        folder = Stack(shape=(4, 32, 48), change=change).write(tmp_path / name)
        done = program.run("export", folder, "--to", tmp_path / f"{name}-out", "--format", "npz")
        assert done.returncode == 0, done.stderr
        (file,) = (tmp_path / f"{name}-out").glob("*.npz")
        with np.load(file) as found:
            voxels.append(max((found[key] for key in found.files), key=lambda array: array.ndim))
    assert voxels[0].shape == (4, 32, 48)
    assert np.array_equal(*voxels)


def test_every_shipped_model_reads_the_sample(program: Unpacked, tmp_path: Path) -> None:
    done = program.run("models", "list", "--json")
    assert done.returncode == 0, done.stderr
    names = [model["name"] for model in json.loads(done.stdout)["models"]]
    study = tmp_path / "study"
    assert program.run("sample", study, "--size", "medium", "--seed", "3").returncode == 0
    for name in names:
        read = program.run("analyze", study / "series", "--model", name, "--json")
        assert read.returncode == 0, read.stderr
        assert json.loads(read.stdout)["model"]["name"] == name
        assert json.loads(read.stdout)["findings"]
    unknown = program.run("analyze", study / "series", "--model", "no-such-model")
    assert unknown.returncode == 2
    assert "no-such-model" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    until_gone(program)


def test_a_snapshot_is_drawn(program: Unpacked, sample: Path, tmp_path: Path) -> None:
    done = program.run("snapshot", sample / "series", "--to", tmp_path / "plane.png", "--size", "300x300")
    assert done.returncode == 0, done.stderr
    picture = QImage(str(tmp_path / "plane.png"))
    assert (picture.width(), picture.height()) == (300, 300)
    assert max(picture.pixelColor(x, 150).lightness() for x in range(300)) > 100


def test_a_killed_program_takes_its_engine_along(program: Unpacked) -> None:
    command = [str(program.launcher), "doctor", "--gpu-selftest"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        end = time.monotonic() + 60
        while not _has_an_engine(program) and time.monotonic() < end:
            time.sleep(0.005)
        assert _has_an_engine(program)
        started.kill()
    until_gone(program)


def _has_an_engine(program: Unpacked) -> bool:
    # The program, the helper of multiprocessing, the engine: the probes of the doctor run one at a time.
    return len(program.processes()) > 3


def test_the_window_shows_the_sample_and_leaves(
    program: Unpacked, sample: Path, screen: Screen, tmp_path: Path
) -> None:
    screen.start([str(sample / "series")])
    screen.wait(lambda: screen.state().get("slices") == SLICES, "the series")
    screen.wait(lambda: screen.state()["loaded"] == SLICES, "all images")
    screen.key("v")
    screen.wait(lambda: screen.state()["volume_drawn"], "the 3D picture")
    screen.shot(tmp_path / "window.png")
    box = screen.where("view-axial")
    assert box is not None
    picture = QImage(str(tmp_path / "window.png"))
    middle = [picture.pixelColor(box[0] + x, box[1] + box[3] // 2).lightness() for x in range(0, box[2], 2)]
    assert max(middle) - min(middle) > 100
    assert screen.quit() == 0
    assert "Traceback" not in screen.log()
    until_gone(program)


def test_a_killed_window_leaves_nothing(program: Unpacked, sample: Path, screen: Screen) -> None:
    screen.start([str(sample / "series")])
    screen.wait(lambda: screen.state().get("loaded") == SLICES, "all images")
    assert screen.program is not None
    blocks = f"{PREFIX}{screen.program.pid}-*"
    screen.kill()
    until_gone(program)
    assert [path for folder in folders() for path in folder.glob(blocks)]
    # The memory of a killed program is removed by the next start.
    screen.start_again()
    screen.wait(lambda: screen.state().get("loaded") == SLICES, "all images again")
    assert screen.quit() == 0
    until_gone(program)
    assert not [path for folder in folders() for path in folder.glob(blocks)]


def test_the_demo_runs_to_its_end(program: Unpacked, tmp_path: Path) -> None:
    done = program.run("demo", "--out", tmp_path / "pictures")
    assert done.returncode == 0, done.stdout + done.stderr
    steps = re.findall(r"^ ?\d+ [a-z0-9-]+: ", done.stdout, re.MULTILINE)
    assert len(steps) >= 9
    assert len(list((tmp_path / "pictures").glob("*.png"))) == len(steps)
    until_gone(program)
