"""Series, volumes and views made in memory for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.series import (
    Instance,
    Patient,
    Permission,
    PixelFormat,
    Reason,
    Series,
    Study,
    Verdict,
    VerdictKind,
)
from overread.core.text import sentence
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.canvas.slice_view import ViewServices
from overread.viewer.state.language import Words
from overread.viewer.state.observable import Property
from overread.viewer.state.views import Plane, ViewState, VolumeState, Workspace
from overread.viewer.tools.base import Tool
from overread.viewer.tools.look import CrosshairTool, PanTool, WindowTool, ZoomTool
from overread.viewer.tools.measure import LengthTool, Measured, ProbeTool

AXIAL = np.array([[0.8, 0, 0, -20.0], [0, 1.0, 0, -25.0], [0, 0, 2.0, -30.0], [0, 0, 0, 1]])


def field_volume(shape_kji: tuple[int, int, int] = (20, 40, 50), affine: NDArray[np.float64] = AXIAL) -> Volume:
    """Voxels ``2 x + 3 y + 5 z`` (rounded) of their LPS place."""
    geometry = Geometry(shape_kji, affine, "1.9")
    k, j, i = np.meshgrid(*(np.arange(size) for size in shape_kji), indexing="ij")
    points = geometry.lps_from_ijk(np.stack([i, j, k], axis=-1))
    return Volume(np.round(points @ [2.0, 3.0, 5.0]).astype(np.int16), geometry, "1.2.3")


def series_for(
    volume: Volume, kind: VerdictKind = VerdictKind.VOLUME, may: frozenset[Permission] | None = None
) -> Series:
    """A series that the volume could be of."""
    nk, nj, ni = volume.geometry.shape_kji
    instances = tuple(
        Instance(Path(f"{k}"), f"1.2.3.{k}", "1.2", "1.2.840.10008.1.2.1", PixelFormat(nj, ni)) for k in range(nk)
    )
    reasons = (
        () if kind is VerdictKind.VOLUME else (Reason("gantry-tilt", sentence("verdict.gantry-tilt", degrees="5.0")),)
    )
    return Series(
        uid="1.2.3", split="", patient=Patient("P1", "Doe^Jane", "1960-01-02", "F"),
        study=Study("1.2", "2026-01-02", description="CT chest"), modality="CT", number=2, description="Lung",
        instances=instances, verdict=Verdict(kind, reasons, frozenset(Permission) if may is None else may),
        geometry=volume.geometry,
    )  # fmt: skip


def loaded(volume: Volume | None = None, series: Series | None = None, window: Window | None = None) -> VolumeState:
    """A volume that is all there."""
    made = field_volume() if volume is None else volume
    state = VolumeState(series or series_for(made), made, window or Window(0, 400))
    state.loaded[:] = True
    return state


class Kit:
    """Workspace and services of views, with what the tools measured."""

    def __init__(self, state: VolumeState, *planes: Plane) -> None:
        self.state = state
        self.words = Words()
        self.measured: list[Measured] = []
        tools: tuple[Tool, ...] = (
            WindowTool(), PanTool(), ZoomTool(), CrosshairTool(),
            LengthTool(self.words, self.measured.append), ProbeTool(self.words),
        )  # fmt: skip
        self.workspace = Workspace()
        self.services = ViewServices(
            self.workspace, self.words, {tool.id: tool for tool in tools}, lambda _s, _p, _i: (),
            Property("default"), Property(1.0),
        )  # fmt: skip
        self.views = [self.view(plane) for plane in planes]

    def view(self, plane: Plane) -> ViewState:
        """A view state of the volume."""
        view = ViewState(plane)
        view.volume.set(self.state)
        return view
