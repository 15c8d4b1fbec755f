"""What ``overread bench screen`` draws: one view of the window, and the same plane cut by vtkImageReslice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage, QPainter

from overread.core.dicom.load import LoadingVolume
from overread.core.finding import Finding, Origin
from overread.core.mask import Mask
from overread.core.measure import measure_mask
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.slice_view import SliceView, ViewServices
from overread.viewer.presenters.framing import framed, largest_cuts
from overread.viewer.render.lut import grey_pixels, image_of, window_table
from overread.viewer.render.planes import grid_at
from overread.viewer.render.reslice import reslice
from overread.viewer.state.language import Words
from overread.viewer.state.observable import Property
from overread.viewer.state.views import Plane, ViewState, VolumeState, Workspace

Pair = tuple[str, str, str, Callable[[int], object], Callable[[int], object]]
FINDINGS = 30
RESLICE = "vtkImageReslice, painted alike"


class Bench:
    """The chest layout at 1032 x 820 points with a loaded volume."""

    def __init__(self, loading: LoadingVolume, application: QCoreApplication) -> None:
        self.state = VolumeState(loading.series, loading.volume, Window(-600, 1500))
        self.state.loaded[:] = True
        workspace = Workspace()
        services = ViewServices(
            workspace, Words(), {}, lambda _state, _plane, _index: (), Property("default"), Property(1.0)
        )
        self._findings: tuple[Finding, ...] = ()
        services.findings = lambda _state: self._findings
        self._balls = balls(loading.volume)
        self._workspace = workspace
        self.area = ViewArea(services)
        self.area.resize(1032, 820)
        views = []
        for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL):
            view = ViewState(plane)
            view.volume.set(self.state)
            views.append(view)
        workspace.views.set(tuple(views))
        self.area.show()
        application.processEvents()

    def pairs(self) -> Iterator[Pair]:
        """(work, goal, the other way's name, ours, the other way), each a function of the number of the step."""
        for number, plane in enumerate((Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)):
            view = self.area.views[number]
            if isinstance(view, SliceView):
                yield (
                    f"40 {plane} steps, painted",
                    "<= 2: ours also writes all text",
                    RESLICE,
                    self._step(view, plane),
                    self._resliced(view, plane),
                )

        axial = self.area.views[0]
        if isinstance(axial, SliceView):
            step = self._step(axial, Plane.AXIAL)
            yield (
                f"40 axial steps with {FINDINGS} findings",
                "<= 2",
                "without",
                self._with_findings(step),
                step,
            )
            name = "three views painted once"
            yield (
                "40 times to the next finding, painted",
                "<= 2.5",
                name,
                self._with_findings(self._go),
                self._paint,
            )

    def _with_findings(self, call: Callable[[int], object]) -> Callable[[int], object]:
        def step(number: int) -> None:
            self._findings = self._balls
            call(number)
            self._findings = ()

        return step

    def _paint(self, number: int) -> None:
        self.state.show_slice(Plane.AXIAL, 20 + number)
        for view in self.area.views:
            view.grab()

    def _go(self, number: int) -> None:
        """What going to a finding does in the views: places, zoom, pan, outlines anew, all painted."""
        found = self._balls[number % FINDINGS]
        self.state.go_to_ijk(largest_cuts(found.mask))
        self._workspace.marks.selected.set(found.uid)
        for view in self.area.views:
            port = view.port() if isinstance(view, SliceView) else None
            if port is not None:
                zoom, pan = framed(port, found.mask.box)
                port.view.zoom.set(zoom)
                port.view.pan.set(pan)
            view.grab()

    def _step(self, view: SliceView, plane: Plane) -> Callable[[int], object]:
        def step(number: int) -> None:
            self.state.show_slice(plane, 20 + number)
            view.grab()

        return step

    def _resliced(self, view: SliceView, plane: Plane) -> Callable[[int], object]:
        target = QImage(view.width(), view.height(), QImage.Format.Format_RGB32)

        def step(number: int) -> None:
            volume, window = self.state.volume, self.state.window.value
            grid = grid_at(volume.geometry, plane, 20 + number)
            origin = volume.geometry.lps_from_ijk(grid.origin_ijk)
            pixels = reslice(
                volume.voxels, volume.geometry, origin, grid.right_lps, grid.down_lps, (grid.rows, grid.columns)
            )
            painter = QPainter(target)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            picture = image_of(grey_pixels(pixels, window_table(window, volume), window, volume))
            painter.drawImage(target.rect(), picture)
            painter.end()

        return step

    def close(self) -> None:
        """Take the views down."""
        self.area.close_views()
        self.area.close()


def balls(volume: Volume) -> tuple[Finding, ...]:
    """Findings of 9 mm spread over a volume, six of them in each of the slices that are stepped through."""
    nk, nj, ni = volume.geometry.shape_kji
    k, j, i = np.indices((9, 13, 13))
    ball = (k - 4) ** 2 + ((j - 6) / 1.43) ** 2 + ((i - 6) / 1.43) ** 2 <= 4.5**2
    made = []
    for number in range(FINDINGS):
        corner = 20 + 8 * (number % 5), 60 + (number // 5) * (nj - 120) // 6, 60 + (number % 7) * (ni - 120) // 7
        mask = Mask.from_array(ball, (min(corner[0], nk - 9), corner[1], corner[2]))
        made.append(
            Finding(
                uid=str(number), number=number + 1, origin=Origin.MODEL, label="code.nodule", series_uid="",
                frame_of_reference_uid="", mask=mask, measures=measure_mask(mask, volume), who="", at="",
                proposed_mask=mask,
            )
        )  # fmt: skip
    return tuple(made)
