"""From points of a view to pixels, voxels and patient mm, and back: the one place where this is worked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.core.geometry import Triple
from overread.viewer.render.planes import PlaneGrid, plane_grid
from overread.viewer.state.views import ViewState, VolumeState

MARGIN = 0.98
"""Share of the view that a fitted image fills."""
LEAST_ZOOM, MOST_ZOOM = 0.05, 200.0


@dataclass(frozen=True, slots=True, eq=False)
class Viewport:
    """A view of ``width`` x ``height`` points at one moment. Points count from the top left corner."""

    view: ViewState
    state: VolumeState
    grid: PlaneGrid
    width: float
    height: float

    @classmethod
    def of(cls, view: ViewState, width: float, height: float) -> Viewport | None:
        """The viewport of a view that shows a plane; None when it shows nothing."""
        state = view.volume.value
        if state is None:
            return None
        return cls(view, state, plane_grid(state, view.plane.value), width, height)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Width and height of a pixel in mm, or (1, 1) where there are no mm."""
        return self.grid.pixel_mm if self.state.has_mm else (1.0, 1.0)

    @property
    def fit(self) -> float:
        """The zoom at which the whole image is seen."""
        wide, high = self.pixel_size
        return MARGIN * min(self.width / (self.grid.columns * wide), self.height / (self.grid.rows * high))

    @property
    def zoom(self) -> float:
        """Points per mm (per pixel where there are no mm)."""
        zoom = self.view.zoom.value
        return max(self.fit, 1e-6) if zoom is None else zoom

    @property
    def scale(self) -> tuple[float, float]:
        """Points per column and per row."""
        wide, high = self.pixel_size
        return wide * self.zoom, high * self.zoom

    @property
    def corner(self) -> tuple[float, float]:
        """The point of the outer corner of pixel (0, 0)."""
        across, down = self.scale
        pan_x, pan_y = self.view.pan.value
        return (
            self.width / 2 + pan_x - self.grid.columns * across / 2,
            self.height / 2 + pan_y - self.grid.rows * down / 2,
        )

    def pixel_at(self, x: float, y: float) -> tuple[float, float]:
        """Continuous (column, row) under a point; whole numbers are pixel centres."""
        left, top = self.corner
        across, down = self.scale
        return (x - left) / across - 0.5, (y - top) / down - 0.5

    def point_at(self, column: float, row: float) -> tuple[float, float]:
        """The point of a continuous (column, row)."""
        left, top = self.corner
        across, down = self.scale
        return left + (column + 0.5) * across, top + (row + 0.5) * down

    def ijk_at(self, x: float, y: float) -> Triple:
        """Continuous voxel under a point."""
        i, j, k = self.grid.ijk(*self.pixel_at(x, y))
        return float(i), float(j), float(k)

    def lps_at(self, x: float, y: float) -> Triple:
        """Patient mm under a point."""
        a, b, c = self.state.volume.geometry.lps_from_ijk(self.ijk_at(x, y))
        return float(a), float(b), float(c)

    def point_of_ijk(self, point_ijk: Triple) -> tuple[float, float]:
        """The point of a voxel, seen along the normal of the plane."""
        origin = self.grid.pixel(point_ijk)
        return self.point_at(*origin)

    def point_of_lps(self, point_lps_mm: Triple) -> tuple[float, float]:
        """The point of a patient position, seen along the normal of the plane."""
        i, j, k = self.state.volume.geometry.ijk_from_lps(point_lps_mm)
        return self.point_of_ijk((float(i), float(j), float(k)))

    def is_inside(self, x: float, y: float) -> bool:
        """True when a point lies on the image."""
        column, row = self.pixel_at(x, y)
        return -0.5 <= column < self.grid.columns - 0.5 and -0.5 <= row < self.grid.rows - 0.5

    def zoom_at(self, x: float, y: float, factor: float) -> None:
        """Zoom by a factor; what lies under the point stays under it."""
        before = self.pixel_at(x, y)
        zoom = float(np.clip(self.zoom * factor, LEAST_ZOOM, MOST_ZOOM))
        self.view.zoom.set(zoom)
        now_x, now_y = self.point_at(*before)
        pan_x, pan_y = self.view.pan.value
        self.view.pan.set((pan_x + x - now_x, pan_y + y - now_y))

    @property
    def zoom_percent(self) -> float:
        """100 when one pixel column takes one point."""
        return self.scale[0] * 100


def centre_on(port: Viewport, point_ijk: Triple, field_mm: float) -> None:
    """Let a view show a voxel in its middle, ``field_mm`` (pixels where there are no mm) along its shorter side."""
    zoom = float(np.clip(min(port.width, port.height) / field_mm, LEAST_ZOOM, MOST_ZOOM))
    port.view.zoom.set(zoom)
    port.view.pan.set(pan_to(port, point_ijk, port.width / 2, port.height / 2))


def pan_to(port: Viewport, point_ijk: Triple, x: float, y: float) -> tuple[float, float]:
    """The pan with which a view shows a voxel at a point of it."""
    now_x, now_y = port.point_of_ijk(point_ijk)
    pan_x, pan_y = port.view.pan.value
    return pan_x + x - now_x, pan_y + y - now_y
