"""``overread bench``: figures as ratios, ours against another way of doing the same thing in the same run."""

from __future__ import annotations

import argparse
import os
import subprocess
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
from overread.core.paths import HOME_VARIABLE
from overread.core.sample.series_writer import SeriesText, write_series
from overread.viewer.bench_compressed import compressed_rows
from overread.viewer.cli.terminal import write_json
from overread.viewer.program import own_command

HELP = "Measure loading and drawing, each as a ratio to another way of doing it in the same run."
SLICES, SIDE = 120, 512
WINDOW_SLICES = 600
ROUNDS = 3
STEPS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """Ours and the other in ``unit``; ``ratio`` is ours divided by the other's."""

    work: str
    ours: float
    other: float
    other_name: str
    ratio: float
    goal: str
    unit: str = "s CPU"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("what", nargs="?", choices=("load", "screen", "window", "all"), default="all")
    parser.add_argument("--slices", type=int, default=WINDOW_SLICES, help="of the series that the window opens")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="overread-bench-") as folder:
        series = Path(folder) / "series"
        if arguments.what in ("window", "all"):  # first: its peak of memory must be its own
            rows += _window_rows(_large_series(Path(folder) / "large", arguments.slices), Path(folder))
        if arguments.what in ("load", "all"):
            rows += _load_rows(native_series(series))
        if arguments.what in ("screen", "all"):
            rows += _screen_rows(native_series(series))
    if arguments.json:
        write_json({"rows": [asdict(row) for row in rows]})
    else:
        for row in rows:
            sys.stdout.write(
                f"{row.work}: {row.ours:.3g} {row.unit}, {row.other_name} {row.other:.3g} {row.unit},"
                f" ratio {row.ratio:.2f} (goal {row.goal})\n"
            )
    return Exit.DONE


def native_series(folder: Path, slices: int = SLICES) -> Path:
    """A native CT series of noise; reading does not depend on what is in it."""
    if folder.exists():
        return folder
    voxels = np.random.default_rng(1).integers(-1000, 400, (slices, SIDE, SIDE), dtype=np.int16)
    geometry = Geometry(voxels.shape, np.diag([0.7, 0.7, 1.0, 1.0]))
    text = SeriesText("BENCH", "BENCH", "", "", "", "20260101", "bench", "bench", "synthetic", "bench", "bench")
    write_series(voxels, geometry, text, folder)
    return folder


def _large_series(folder: Path, slices: int) -> Path:
    """The same, made by another process: its memory must not stand in the peak of this one."""
    code = (
        "import sys; from pathlib import Path; from overread.viewer.cli.bench import native_series;"
        "native_series(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(slices)], check=True, timeout=600)
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
        *(Row(*one) for one in compressed_rows(folder)),
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


def _window_rows(large: Path, folder: Path) -> list[Row]:
    """The whole program: start, loading, stalls, memory, gestures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Imported here: measuring the loader needs neither Qt nor VTK.
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from overread.viewer.bench_window import WindowBench  # noqa: PLC0415

    start_s, import_s = _start_seconds()
    rows = [_row("start of the program, with its imports", start_s, import_s, "the imports alone", "<= 1.5", "s")]
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    bench = WindowBench(application, folder / "home")
    try:
        loaded = bench.load(large)
        floor_s = _read_seconds(large)
        volume_mib = bench.state.volume.voxels.nbytes / (1 << 20)
        stall = float(np.percentile(loaded.gaps_ms, 99))
        slices = bench.state.volume.geometry.shape_kji[0]
        rows += [
            _row(f"{slices} images to the first one on screen", loaded.first_s, loaded.whole_s, "all", "<= 0.4", "s"),
            _row(
                f"{slices} images to all in the window",
                loaded.whole_s,
                floor_s,
                "read and copy",
                "<= 2, not reached",
                "s",
            ),
            _row("stalls while it loads, p99", stall, 50.0, "goal", "<= 1", "ms"),
            _row("longest stall while it loads", float(loaded.gaps_ms.max()), 50.0, "goal of p99", "-", "ms"),
            _row("peak memory above the volume", loaded.above_volume_mib, volume_mib, "the volume", "<= 0.5", "MiB"),
        ]
        for pair in bench.gestures():
            for name, share in (("median", 50), ("p95", 95)):
                ours, other = float(np.percentile(pair.ours_ms, share)), float(np.percentile(pair.other_ms, share))
                rows.append(
                    _row(f"{pair.work}, {name}", ours, other, pair.other_name, "<= 2: ours writes all text", "ms")
                )
        bench.load(_sample(folder / "sample"))
        gaps = bench.job()
        stall = float(np.percentile(gaps, 99))
        rows += [
            _row("stalls while a model reads and images are stepped, p99", stall, 50.0, "goal", "<= 1", "ms"),
            _row("longest stall then", float(gaps.max()), 50.0, "goal of p99", "-", "ms"),
        ]
    finally:
        bench.close()
    return rows


def _sample(folder: Path) -> Path:
    """A sample study, made by another process."""
    words = ("sample", str(folder), "--size", "medium", "--seed", "1")
    subprocess.run([*own_command(), *words], check=True, timeout=600, stdout=subprocess.DEVNULL)
    return folder / "series"


def _row(work: str, ours: float, other: float, other_name: str, goal: str, unit: str) -> Row:
    return Row(work, ours, other, other_name, ours / max(other, 1e-9), goal, unit)


def _start_seconds() -> tuple[float, float]:
    """Wall seconds from nothing to a painted empty window, and of the imports alone; least of three."""
    imports = "import overread.viewer.app, PySide6.QtWidgets"
    shown = (
        "import sys; from PySide6.QtWidgets import QApplication; from overread.core.paths import default_paths;"
        "from overread.viewer.app import Program; a = QApplication([]); p = Program(default_paths());"
        "p.window.resize(1600, 1000); p.window.show(); a.processEvents(); p.window.grab(); p.window.close();"
        "a.processEvents()"
    )
    with tempfile.TemporaryDirectory(prefix="overread-bench-") as home:
        environment = {**os.environ, HOME_VARIABLE: home}
        return _least(shown, environment), _least(imports, environment)


def _least(code: str, environment: dict[str, str]) -> float:
    best = float("inf")
    for _round in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
        best = min(best, time.perf_counter() - start)
    return best


def _read_seconds(folder: Path) -> float:
    """Wall seconds to read every file once and copy its bytes: below that no loader can be."""
    start = time.perf_counter()
    for file in sorted(folder.iterdir()):
        np.frombuffer(file.read_bytes(), dtype=np.uint8).copy()
    return time.perf_counter() - start
