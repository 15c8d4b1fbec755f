"""View state: what is shown where. It is no edit, is never journalled, and holds no findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from overread.core.geometry import Triple
from overread.core.series import Permission, Series
from overread.core.text import Sentence
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.state.marks import Marks
from overread.viewer.state.observable import Property


class Plane(StrEnum):
    """What a view shows: one of the three anatomical planes of a volume, its 3D, or the images one by one."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    VOLUME = "3d"
    IMAGES = "images"


PLANE_LPS_AXIS = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}
"""The LPS axis (0 L, 1 P, 2 H) that a plane's slices are stacked along."""


class VolumeState:
    """One loaded (or loading) series with what all its views share: window, place, and progress.

    ``place_ijk`` is the continuous voxel (i, j, k) at which the three planes meet. ``loaded`` tells which
    slices k hold pixels so far; ``revision`` grows each time pixels arrive.
    """

    def __init__(self, series: Series, volume: Volume, window: Window) -> None:
        self.series = series
        self.volume = volume
        self.file_window = window
        nk, nj, ni = volume.geometry.shape_kji
        self.window = Property(window)
        self.place_ijk: Property[Triple] = Property((float(ni // 2), float(nj // 2), float(nk // 2)))
        self.loaded = np.zeros(nk, dtype=np.bool_)
        self.revision = Property(0)
        self.is_prior = False
        self.link_words: Property[Sentence | None] = Property(None)
        """How a prior is linked to the study it stands beside; None where nothing is beside."""

    @property
    def has_planes(self) -> bool:
        """True when planes across the slices may be shown."""
        return Permission.PLANES in self.series.verdict.may

    @property
    def has_mm(self) -> bool:
        """True when lengths in the image may be given in mm."""
        return Permission.MEASURE_MM in self.series.verdict.may

    @property
    def complete(self) -> bool:
        """True when every slice that exists has arrived."""
        return bool(self.loaded.all())

    def place_lps_mm(self) -> Triple:
        """Patient position at which the planes meet."""
        x, y, z = self.volume.geometry.lps_from_ijk(self.place_ijk.value)
        return float(x), float(y), float(z)

    def go_to_lps_mm(self, point_lps_mm: Triple) -> None:
        """Let the planes meet at a patient position, held inside the grid."""
        i, j, k = self.volume.geometry.ijk_from_lps(point_lps_mm)
        self.go_to_ijk((float(i), float(j), float(k)))

    def go_to_ijk(self, point_ijk: Triple) -> None:
        """Let the planes meet at a continuous voxel, held inside the grid."""
        top = np.array(self.volume.geometry.shape_ijk) - 1
        i, j, k = np.clip(np.asarray(point_ijk, dtype=np.float64), 0, top)
        self.place_ijk.set((float(i), float(j), float(k)))

    def axis(self, plane: Plane) -> int:
        """The voxel axis (0 i, 1 j, 2 k) along which the slices of a plane are stacked."""
        if plane is Plane.IMAGES or not self.has_planes:
            return 2
        return self.volume.geometry.axis_of(PLANE_LPS_AXIS[plane])

    def slice_index(self, plane: Plane) -> int:
        """The slice that a plane shows now."""
        return int(np.floor(self.place_ijk.value[self.axis(plane)] + 0.5))

    def slice_count(self, plane: Plane) -> int:
        """How many slices a plane has."""
        return self.volume.geometry.shape_ijk[self.axis(plane)]

    def counts_down(self, plane: Plane) -> bool:
        """True when image numbers run against the slice index: axial images count from the head to the feet."""
        if plane is not Plane.AXIAL or not self.has_planes:
            return False
        return bool(self.volume.geometry.directions[2, self.axis(plane)] > 0)

    def image_number(self, plane: Plane) -> int:
        """The number of the shown image of a plane, from 1."""
        index = self.slice_index(plane)
        return self.slice_count(plane) - index if self.counts_down(plane) else index + 1

    def step_image(self, plane: Plane, images: int) -> None:
        """Go on by some images of a plane, in the order of their numbers."""
        self.show_slice(plane, self.slice_index(plane) + (-images if self.counts_down(plane) else images))

    def show_slice(self, plane: Plane, index: int) -> None:
        """Show a slice of a plane; the place within the slice stays."""
        place = list(self.place_ijk.value)
        place[self.axis(plane)] = float(index)
        self.go_to_ijk((place[0], place[1], place[2]))


class ViewState:
    """One view: what it shows, how large and where. ``zoom`` is screen points per mm (per pixel where there
    are no mm); None fits the image to the view. ``pan`` is the place of the image centre off the view centre,
    in points."""

    def __init__(self, plane: Plane) -> None:
        self.plane = Property(plane)
        self.volume: Property[VolumeState | None] = Property(None)
        self.zoom: Property[float | None] = Property(None)
        self.pan: Property[tuple[float, float]] = Property((0.0, 0.0))
        self.volume_preset = Property("bone-and-lung")
        """How a 3D view draws: a transfer function of resources/presets/volume.toml."""

    def reset(self) -> None:
        """Fit the image to the view again."""
        self.zoom.set(None)
        self.pan.set((0.0, 0.0))


@dataclass(slots=True)
class Overlays:
    """What is drawn over the images."""

    shown: Property[bool] = field(default_factory=lambda: Property(True))
    held_hidden: Property[bool] = field(default_factory=lambda: Property(False))
    outlines: Property[bool] = field(default_factory=lambda: Property(True))
    heatmap: Property[bool] = field(default_factory=lambda: Property(False))
    crosshair: Property[bool] = field(default_factory=lambda: Property(True))
    patient_hidden: Property[bool] = field(default_factory=lambda: Property(False))
    """True while nobody who looks at the screen may see who the patient is."""


class Workspace:
    """All views of the window: the layout, the view that has the keys, the tool in hand, the overlays."""

    def __init__(self) -> None:
        self.layout = Property("chest")
        self.views: Property[tuple[ViewState, ...]] = Property(())
        self.active = Property(0)
        self.alone = Property(False)
        """True while the active view has the whole area (double click)."""
        self.tool = Property("window")
        self.overlays = Overlays()
        self.marks = Marks()

    @property
    def active_view(self) -> ViewState | None:
        """The view that has the keys."""
        views = self.views.value
        return views[self.active.value] if 0 <= self.active.value < len(views) else None
