"""What ``overread bench window`` measures: the whole program in a window of 1600 x 1000, while it loads and while
it is used. Wall times of the thread that paints; the other way of drawing is measured in the same run."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from overread.core.geometry import Float
from overread.core.paths import Paths
from overread.core.window import Window
from overread.viewer.app import DRAWN_SIZE, Program
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.presenters.jobs import OPEN, JobState
from overread.viewer.render.lut import grey_pixels, image_of, window_table
from overread.viewer.render.planes import grid_at
from overread.viewer.render.reslice import reslice
from overread.viewer.state.views import Plane, VolumeState

STEPS = 60
BEAT_MS = 4
"""The event loop is asked for a turn this often; how much later it comes is the stall."""
MOST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """One opening of a series: seconds to the first image and to all, gaps of the event loop (ms), peak memory."""

    first_s: float
    whole_s: float
    gaps_ms: Float
    above_volume_mib: float


@dataclass(frozen=True, slots=True)
class Paired:
    """One gesture: milliseconds of each step in the window, and of the same picture made another way."""

    work: str
    ours_ms: Float
    other_ms: Float
    other_name: str


class WindowBench:
    """The real program with a home of its own below ``home``."""

    def __init__(self, application: QApplication, home: Path) -> None:
        self._application = application
        paths = Paths(home / "config", home / "data", home / "cache", home / "log", home / "results")
        self.program = Program(paths)
        self.program.window.resize(*DRAWN_SIZE)
        self.program.window.show()
        application.processEvents()

    def load(self, folder: Path) -> Loaded:
        """Open a folder and watch the event loop until all images are there."""
        first = 0.0
        start = time.perf_counter()
        before_mib = _peak_mib()

        def done() -> bool:
            nonlocal first
            shown = self.program.study.shown.value
            if shown is not None and not first and shown.state.loaded.any():
                first = time.perf_counter() - start
            return shown is not None and shown.state.complete

        self.program.study.open_paths([folder])
        gaps = self._gaps(done)
        whole = time.perf_counter() - start
        self._application.processEvents()
        volume_mib = self.state.volume.voxels.nbytes / (1 << 20)
        return Loaded(first, whole, gaps, _peak_mib() - before_mib - volume_mib)

    def job(self) -> Float:
        """Let the first model that fits read the series while images are stepped: gaps of the event loop (ms).

        Raises AssertionError when the job gave no answer.
        """
        jobs, count = self.program.asking.jobs.all, self.state.slice_count(Plane.AXIAL)
        self.program.asking.run_first()
        steps = 0

        def done() -> bool:
            nonlocal steps
            steps += 1
            self.state.show_slice(Plane.AXIAL, steps % count)
            return bool(jobs.value) and jobs.value[-1].state not in OPEN

        gaps = self._gaps(done)
        assert jobs.value[-1].state is JobState.STORED, "the job gave no answer"
        return gaps

    def _gaps(self, done: Callable[[], bool]) -> Float:
        """Turn the event loop until ``done``; how much later than asked each turn came (ms)."""
        gaps: list[float] = []
        start = last = time.perf_counter()
        loop = QEventLoop()

        def beat() -> None:
            nonlocal last
            now = time.perf_counter()
            gaps.append(max(0.0, (now - last) * 1000 - BEAT_MS))
            last = now
            if done() or now - start > MOST_SECONDS:
                loop.quit()

        timer = QTimer(interval=BEAT_MS)
        timer.timeout.connect(beat)
        timer.start()
        loop.exec()
        timer.stop()
        return np.array(gaps)

    @property
    def state(self) -> VolumeState:
        """The volume that is shown. Raises AssertionError when none came."""
        shown = self.program.study.shown.value
        assert shown is not None, "nothing was loaded"
        return shown.state

    def gestures(self) -> Iterator[Paired]:
        """Slice step, window drag and cross-hair, each against the planes cut by vtkImageReslice."""
        count = self.state.slice_count(Plane.AXIAL)

        def step(number: int) -> None:
            self.state.show_slice(Plane.AXIAL, (count // 4 + number) % count)

        def drag(number: int) -> None:
            self.state.window.set(Window(-600.0 + number, 1500.0 + number))

        def crosshair(number: int) -> None:
            i, j, k = (size // 3 + number for size in self.state.volume.geometry.shape_ijk)
            self.state.go_to_ijk((float(i), float(j), float(k)))

        planes = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
        yield self._pair("slice step, axial view", step, (Plane.AXIAL,))
        yield self._pair("window drag, three views", drag, planes)
        yield self._pair("cross-hair, three views", crosshair, planes)

    def _pair(self, work: str, change: Callable[[int], None], planes: tuple[Plane, ...]) -> Paired:
        views = [
            view
            for view in self.program.area.views
            if isinstance(view, SliceView) and view.view.plane.value in planes
        ]
        ours, other = [], []
        for number in range(STEPS):
            start = time.perf_counter()
            change(number)
            for view in views:
                view.repaint()
            middle = time.perf_counter()
            for view in views:
                self._cut_and_paint(view)
            ours.append((middle - start) * 1000)
            other.append((time.perf_counter() - middle) * 1000)
        self._application.processEvents()
        return Paired(work, np.array(ours), np.array(other), "vtkImageReslice and a bare image, no text")

    def _cut_and_paint(self, view: SliceView) -> None:
        volume, window, plane = self.state.volume, self.state.window.value, view.view.plane.value
        grid = grid_at(volume.geometry, plane, self.state.slice_index(plane))
        origin = volume.geometry.lps_from_ijk(grid.origin_ijk)
        pixels = reslice(
            volume.voxels, volume.geometry, origin, grid.right_lps, grid.down_lps, (grid.rows, grid.columns)
        )
        target = QImage(view.size(), QImage.Format.Format_RGB32)
        painter = QPainter(target)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target.rect(), image_of(grey_pixels(pixels, window_table(window, volume), window, volume)))
        painter.end()

    def close(self) -> None:
        """Close the window as a person would."""
        self.program.window.close()
        self._application.processEvents()


def _peak_mib() -> float:
    """The largest resident memory of this process so far (MiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
