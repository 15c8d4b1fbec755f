"""Opening: from paths to a list of series, and from a series to views. Knows no toolkit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.codecs import is_compressed
from overread.core.dicom.decode_pool import DecodePool
from overread.core.dicom.scan import scan
from overread.core.dicom.thumbnail import thumbnail
from overread.core.errors import OverreadError
from overread.core.series import Permission, Rejected, ScanResult, Series
from overread.core.text import Sentence, sentence
from overread.viewer.presenters.background import Background, Cancel
from overread.viewer.presenters.volumes import VolumeShelf
from overread.viewer.state.observable import Property
from overread.viewer.state.views import Plane, ViewState, VolumeState, Workspace


@dataclass(frozen=True, slots=True)
class Shown:
    """What the window is about now: the series in hand, and its study's patient."""

    series: Series
    state: VolumeState


LAYOUTS: dict[str, tuple[Plane, ...]] = {
    "chest": (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL),
    "1": (Plane.AXIAL,),
    "1x2": (Plane.AXIAL, Plane.CORONAL),
    "2x1": (Plane.AXIAL, Plane.CORONAL),
    "2x2": (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME),
    "1+2": (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL),
    "1+3": (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL, Plane.VOLUME),
}
"""The planes of each layout, in the order of its places."""


class StudyPresenter:
    """The opened studies: scans, lists, shows. One owner of ``catalogue``, ``shown`` and the views' contents."""

    def __init__(
        self,
        background: Background,
        shelf: VolumeShelf,
        workspace: Workspace,
        tell: Callable[[str, Sentence], None],
        decoder: DecodePool | None = None,
    ) -> None:
        self._background = background
        self._shelf = shelf
        self._workspace = workspace
        self._tell = tell
        self._decoder = decoder
        self._scan: Cancel | None = None
        self._wanted = ""
        self._also: set[str] = set()
        self._beside = ""
        self.catalogue: Property[tuple[Series, ...]] = Property(())
        self.rejected: Property[tuple[Rejected, ...]] = Property(())
        self.shown: Property[Shown | None] = Property(None)
        self.thumbnails: dict[str, NDArray[np.uint8]] = {}
        self.thumbnail_made: Property[int] = Property(0)
        self.opened: Property[tuple[Path, ...]] = Property(())

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Scan paths and show the first series that makes a volume; what was open is closed first."""
        if not paths:
            return
        if self._scan is not None:
            self._scan.ask()
        self.close_all()
        self.opened.set(tuple(paths))
        self._tell("note", sentence("open.scanning", folder=paths[0].name or str(paths[0])))
        self._scan = self._background.run(
            lambda cancel: scan(tuple(paths), cancelled=cancel),
            lambda result: self._scanned(tuple(paths), result),
            self._failed,
        )

    def _scanned(self, paths: tuple[Path, ...], result: ScanResult) -> None:
        self._scan = None
        self.catalogue.set(in_list_order(result.series))
        if not result.series:
            self._tell("error", sentence("open.nothing-found", folder=paths[0].name or str(paths[0])))
            self.rejected.set(result.rejected)
            return
        self.rejected.set(result.rejected)
        self._tell_found(result)
        if self._decoder is not None and any(is_compressed(series.instances[0]) for series in result.series):
            self._decoder.warm()
        self.show(best_series(result.series).key)
        for series in self.catalogue.value:
            self._make_thumbnail(series)

    def _tell_found(self, result: ScanResult) -> None:
        people = {series.patient.id or series.patient.name for series in result.series}
        if len(people) > 1:
            self._tell("warning", sentence("open.several-patients", n=len(people)))
        elif not result.rejected:
            self._tell("note", sentence("open.found", n=len(result.series)))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, OverreadError):
            self._tell("error", error.sentence)
        else:
            self._tell("error", sentence("open.unexpected", error=type(error).__name__))

    def _make_thumbnail(self, series: Series) -> None:
        def done(picture: NDArray[np.uint8]) -> None:
            self.thumbnails[series.key] = picture
            self.thumbnail_made.set(self.thumbnail_made.value + 1)

        # A series without a picture keeps its empty frame; why it cannot be read is told when it is opened.
        self._background.run(lambda _cancel: thumbnail(series, decoder=self._decoder), done, lambda _error: None)

    def series(self, key: str) -> Series | None:
        """The series with a key, if it is in the list."""
        return next((series for series in self.catalogue.value if series.key == key), None)

    def show(self, key: str) -> None:
        """Load a series and show it in all views; other patients' and studies' volumes are put back."""
        series = self.series(key)
        if series is None:
            return
        self._wanted = key
        self._shelf.take(series, lambda state: self._ready(key, state))

    def _ready(self, key: str, state: VolumeState) -> None:
        if self._wanted != key:
            return
        current = self.shown.value
        if current is not None and current.series.study.uid == state.series.study.uid:
            _same_place(current.state, state)
        self.shown.set(Shown(state.series, state))
        self.hang()
        self._also.discard(key)
        self._shelf.keep_only({key, self._beside} | self._also)

    def keep_also(self, key: str) -> None:
        """Keep one more series loaded: the next case. What was kept before it may go."""
        self._also = {key}

    def keep_beside(self, key: str) -> None:
        """Keep the volume of a prior that stands beside the shown series; empty puts it back."""
        self._beside = key
        shown = self.shown.value
        self._shelf.keep_only({key} | self._also | ({shown.series.key} if shown else set()))

    def hang(self) -> None:
        """Fill the places of the layout with the shown series."""
        shown = self.shown.value
        if shown is None:
            self._workspace.views.set(())
            return
        planes = LAYOUTS[self._workspace.layout.value] if shown.state.has_planes else (Plane.IMAGES,)
        views = []
        for plane in planes:
            view = ViewState(plane)
            view.volume.set(shown.state)
            views.append(view)
        self._workspace.active.set(0)
        self._workspace.alone.set(False)
        self._workspace.views.set(tuple(views))

    def set_layout(self, layout: str) -> None:
        """Change the layout; the places of the images stay."""
        if layout in LAYOUTS:
            self._workspace.layout.set(layout)
            self.hang()

    def step_series(self, step: int) -> None:
        """Show the previous or next series of the same study; where there is none, say so."""
        shown = self.shown.value
        if shown is None:
            return
        same = [series for series in self.catalogue.value if series.study.uid == shown.series.study.uid]
        place = [series.key for series in same].index(shown.series.key) + step
        if 0 <= place < len(same):
            self.show(same[place].key)
        else:
            self._tell("note", sentence("open.first-series" if step < 0 else "open.last-series"))

    def close_all(self) -> None:
        """Empty the list and the views and give the memory back."""
        self._wanted = self._beside = ""
        self.shown.set(None)
        self.hang()
        self.catalogue.set(())
        self.rejected.set(())
        self.thumbnails.clear()
        self._shelf.keep_only(self._also)


def in_list_order(series: Sequence[Series]) -> tuple[Series, ...]:
    """Newest study first; in a study by series number, then by part."""
    numbered = sorted(series, key=lambda one: (one.number if one.number is not None else 1 << 31, one.uid, one.split))
    return tuple(sorted(numbered, key=lambda one: (one.study.date, one.study.time, one.study.uid), reverse=True))


def best_series(series: Sequence[Series]) -> Series:
    """What to show first: of the newest study, a volume before pictures, and the one with the most images."""
    newest = in_list_order(series)[0].study.uid
    same = [one for one in series if one.study.uid == newest]
    return max(same, key=lambda one: (Permission.PLANES in one.verdict.may, len(one.instances)))


def _same_place(before: VolumeState, after: VolumeState) -> None:
    """Keep the place in the patient when both series lie in one frame of reference."""
    uid = before.volume.geometry.frame_of_reference_uid
    if uid and uid == after.volume.geometry.frame_of_reference_uid:
        after.go_to_lps_mm(before.place_lps_mm())
