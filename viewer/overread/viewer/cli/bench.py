"""``overread bench``: figures as ratios, ours against another way of doing the same thing in the same run."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import Exit
from overread.core.geometry import Geometry
from overread.core.sample.series_writer import SeriesText, write_series
from overread.viewer.cli.terminal import write_json

HELP = "Measure loading and drawing, each as a ratio to another way of doing it in the same run."
SLICES, SIDE = 120, 512
ROUNDS = 3
STEPS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """CPU seconds of ours and of the other; ``ratio`` is ours divided by the other's."""

    work: str
    ours: float
    other: float
    other_name: str
    ratio: float
    goal: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("what", nargs="?", choices=("load", "screen", "all"), default="all")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="overread-bench-") as folder:
        series = _native_series(Path(folder) / "series")
        if arguments.what in ("load", "all"):
            rows += _load_rows(series)
        if arguments.what in ("screen", "all"):
            rows += _screen_rows(series)
    if arguments.json:
        write_json({"rows": [asdict(row) for row in rows]})
    else:
        for row in rows:
            sys.stdout.write(
                f"{row.work}: {row.ours * 1000:.1f} ms CPU, {row.other_name} {row.other * 1000:.1f} ms,"
                f" ratio {row.ratio:.2f} (goal {row.goal})\n"
            )
    return Exit.DONE


def _native_series(folder: Path) -> Path:
    """A native CT series of noise; reading does not depend on what is in it."""
    voxels = np.random.default_rng(1).integers(-1000, 400, (SLICES, SIDE, SIDE)).astype(np.int16)
    geometry = Geometry(voxels.shape, np.diag([0.7, 0.7, 1.0, 1.0]))
    text = SeriesText("BENCH", "BENCH", "", "", "", "20260101", "bench", "bench", "synthetic", "bench", "bench")
    write_series(voxels, geometry, text, folder)
    return folder


def _compared(work: str, goal: str, ours: Callable[[], object], others: dict[str, Callable[[], object]]) -> list[Row]:
    """Least CPU seconds of alternating rounds."""
    best: dict[str, float] = {}
    for _round in range(ROUNDS):
        for name, call in {"ours": ours, **others}.items():
            start = time.process_time()
            call()
            best[name] = min(best.get(name, float("inf")), time.process_time() - start)
    return [Row(work, best["ours"], best[name], name, best["ours"] / max(best[name], 1e-9), goal) for name in others]


def _load_rows(folder: Path) -> list[Row]:
    files = sorted(folder.iterdir())

    def ours() -> None:
        with load(scan((folder,)).series[0]):
            pass

    def simpleitk() -> None:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        sitk.GetArrayFromImage(reader.Execute())

    def plain_pydicom() -> None:
        sets = sorted((pydicom.dcmread(file) for file in files), key=lambda one: float(one.ImagePositionPatient[2]))
        np.stack([one.pixel_array for one in sets])

    def headers() -> None:
        scan((folder,))

    def pydicom_headers() -> None:
        for file in files:
            pydicom.dcmread(file, stop_before_pixels=True)

    return [
        *_compared(
            f"folder of {SLICES} images of {SIDE} x {SIDE} to a volume",
            "<= 0.5",
            ours,
            {"SimpleITK": simpleitk, "pydicom": plain_pydicom},
        ),
        *_compared(f"headers of {SLICES} files", "<= 0.25, not reached", headers, {"pydicom": pydicom_headers}),
    ]


def _screen_rows(folder: Path) -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Imported here: measuring the loader needs neither Qt nor VTK.
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from overread.viewer.bench_views import Bench  # noqa: PLC0415

    application = QApplication.instance() or QApplication(sys.argv[:1])
    with load(scan((folder,)).series[0]) as loading:
        bench = Bench(loading, application)
        rows = []
        for work, goal, name, ours, other in bench.pairs():
            rows += _compared(work, goal, _steps(ours), {name: _steps(other)})
        bench.close()
    return rows


def _steps(step: Callable[[int], object]) -> Callable[[], None]:
    def many() -> None:
        for number in range(STEPS):
            step(number)

    return many
