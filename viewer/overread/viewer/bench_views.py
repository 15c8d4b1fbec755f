"""What ``overread bench screen`` draws: one view of the window, and the same plane cut by vtkImageReslice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage, QPainter

from overread.core.dicom.load import LoadingVolume
from overread.core.window import Window
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.slice_view import SliceView, ViewServices
from overread.viewer.render.lut import grey_pixels, image_of, window_table
from overread.viewer.render.planes import grid_at
from overread.viewer.render.reslice import reslice
from overread.viewer.state.language import Words
from overread.viewer.state.observable import Property
from overread.viewer.state.views import Plane, ViewState, VolumeState, Workspace

Pair = tuple[str, str, Callable[[int], object], Callable[[int], object]]


class Bench:
    """The chest layout at 1032 x 820 points with a loaded volume."""

    def __init__(self, loading: LoadingVolume, application: QCoreApplication) -> None:
        self.state = VolumeState(loading.series, loading.volume, Window(-600, 1500))
        self.state.loaded[:] = True
        workspace = Workspace()
        services = ViewServices(
            workspace, Words(), {}, lambda _state, _plane, _index: (), Property("default"), Property(1.0)
        )
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
        """(work, goal, ours, the other way), each a function of the number of the step."""
        for number, plane in enumerate((Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)):
            view = self.area.views[number]
            if isinstance(view, SliceView):
                yield (
                    f"40 {plane} steps, painted",
                    "<= 2: ours also writes all text",
                    self._step(view, plane),
                    self._resliced(view, plane),
                )

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
