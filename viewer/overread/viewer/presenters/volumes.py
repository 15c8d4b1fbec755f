"""The shelf of loaded volumes: who holds shared memory, what is loading, what is put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from overread.core.dicom.decode_pool import DecodePool
from overread.core.dicom.load import LoadingVolume, LoadReport, open_volume
from overread.core.errors import OverreadError
from overread.core.series import Series
from overread.core.text import Sentence, sentence
from overread.core.window import Window
from overread.viewer.presenters.background import Background, Cancel
from overread.viewer.state.views import VolumeState

DEFAULT_WINDOWS = {"CT": Window(-600, 1500, name="lung")}
"""Used only when the header names no window and the values are HU."""
UNKNOWN_WINDOW = Window(0, 1, name="not known yet")


@dataclass(slots=True)
class _Slot:
    loading: LoadingVolume
    state: VolumeState
    cancel: Cancel | None


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """That somebody needs a series whatever is shown meanwhile. ``failed`` hears why it cannot be had."""

    key: str
    failed: Callable[[Sentence], None]


class VolumeShelf:
    """Opens series into shared memory and keeps them until they are put back. GUI thread only."""

    def __init__(
        self, background: Background, tell: Callable[[str, Sentence], None], decoder: DecodePool | None = None
    ) -> None:
        self._background = background
        self._tell = tell
        self._decoder = decoder
        self._slots: dict[str, _Slot] = {}
        self._opening: dict[str, list[Callable[[VolumeState], None]]] = {}
        self._leaving: list[LoadingVolume] = []
        self._kept: set[str] = set()
        self._holds: list[Hold] = []

    def take(self, series: Series, ready: Callable[[VolumeState], None]) -> None:
        """Call ``ready`` with the state of a series as soon as its memory stands; slices arrive afterwards."""
        self._kept.add(series.key)
        self._open(series, ready)

    def hold(self, series: Series, ready: Callable[[VolumeState], None], failed: Callable[[Sentence], None]) -> Hold:
        """As ``take``, and the series stays until ``release``; ``failed`` is called instead when it cannot load."""
        made = Hold(series.key, failed)
        self._holds.append(made)
        self._open(series, ready)
        return made

    def release(self, hold: Hold) -> None:
        """The series is needed no longer; it goes unless something else keeps it. A second call does nothing."""
        if hold not in self._holds:
            return
        self._holds.remove(hold)
        if hold.key not in self._kept | self._held():
            self._drop(hold.key)

    def _held(self) -> set[str]:
        return {hold.key for hold in self._holds}

    def _open(self, series: Series, ready: Callable[[VolumeState], None]) -> None:
        slot = self._slots.get(series.key)
        if slot is not None:
            ready(slot.state)
            return
        if series.key in self._opening:
            self._opening[series.key].append(ready)
            return
        self._opening[series.key] = [ready]
        self._background.run(
            lambda _cancel: open_volume(series),
            lambda loading: self._opened(series, loading),
            lambda error: self._failed(series, error),
        )

    def _opened(self, series: Series, loading: LoadingVolume) -> None:
        waiting = self._opening.pop(series.key, None)
        if waiting is None:
            loading.close()
            return
        state = VolumeState(series, loading.volume, first_window(series, loading))
        slot = _Slot(loading, state, None)
        self._slots[series.key] = slot
        for ready in waiting:
            ready(state)

        def arrived(slices: Sequence[int]) -> None:
            batch = tuple(slices)
            self._background.post(lambda: self._arrived(series.key, loading, batch))

        def load(cancel: Cancel) -> LoadReport:
            try:
                return loading.load(arrived=arrived, cancelled=cancel, decoder=self._decoder)
            finally:
                self._background.post(lambda: self._left(loading))

        slot.cancel = self._background.run(
            load, lambda report: self._loaded(series, loading, report), lambda error: self._failed(series, error)
        )

    def _arrived(self, key: str, loading: LoadingVolume, slices: tuple[int, ...]) -> None:
        slot = self._slots.get(key)
        # A series that was put back and taken again has new memory: what came into the old one is not there.
        if slot is not None and slot.loading is loading:
            if not slot.state.loaded.any():
                _fit_window(slot.state, slices[0])
            slot.state.loaded[list(slices)] = True
            slot.state.revision.set(slot.state.revision.value + 1)

    def _loaded(self, series: Series, loading: LoadingVolume, report: LoadReport) -> None:
        slot = self._slots.get(series.key)
        if slot is None or slot.loading is not loading:
            return
        slot.cancel = None
        slot.state.volume = slot.loading.volume
        slot.state.loaded[:] = True
        slot.state.revision.set(slot.state.revision.value + 1)
        if report.failed:
            self._tell(
                "warning",
                sentence(
                    "open.slices-failed",
                    n=len(report.failed),
                    total=len(series.instances),
                    why=report.failed[0][1],
                ),
            )

    def _failed(self, series: Series, error: Exception) -> None:
        self._opening.pop(series.key, None)
        told = (
            error.sentence
            if isinstance(error, OverreadError)
            else sentence("open.unexpected", error=type(error).__name__)
        )
        self._tell("error", told)
        for hold in [hold for hold in self._holds if hold.key == series.key]:
            hold.failed(told)

    def is_shelved(self, key: str) -> bool:
        """True when a series is loaded or loading."""
        return key in self._slots or key in self._opening

    def block_of(self, key: str) -> LoadingVolume | None:
        """The loaded volume of a series, for the engine."""
        slot = self._slots.get(key)
        return None if slot is None else slot.loading

    def keep_only(self, keys: set[str]) -> None:
        """Put back every volume whose key is not named and that nobody holds; loads under way are asked to stop."""
        self._kept = set(keys)
        for key in [key for key in (*self._slots, *self._opening) if key not in keys | self._held()]:
            self._drop(key)

    def _drop(self, key: str) -> None:
        if key in self._slots:
            self._put_back(key)
        self._opening.pop(key, None)

    def _put_back(self, key: str) -> None:
        slot = self._slots.pop(key)
        if slot.cancel is None:
            slot.loading.close()
            return
        # The loader may be in the middle of a slice: the memory goes when it has left it.
        slot.cancel.ask()
        self._leaving.append(slot.loading)

    def _left(self, loading: LoadingVolume) -> None:
        for slot in self._slots.values():
            if slot.loading is loading:
                # Nothing is in its memory any more: it may go at once, also where the load has failed.
                slot.cancel = None
        if loading in self._leaving:
            self._leaving.remove(loading)
            loading.close()

    def close(self) -> None:
        """Give all memory back. Call after the worker threads have been joined."""
        for loading in [slot.loading for slot in self._slots.values()] + self._leaving:
            loading.close()
        self._slots.clear()
        self._leaving.clear()


def first_window(series: Series, loading: LoadingVolume) -> Window:
    """The window to start with: as in the file, else by modality, else none yet (``UNKNOWN_WINDOW``)."""
    if series.windows:
        return series.windows[0]
    if loading.volume.unit == "HU" and series.modality in DEFAULT_WINDOWS:
        return DEFAULT_WINDOWS[series.modality]
    return UNKNOWN_WINDOW


def _fit_window(state: VolumeState, k: int) -> None:
    """Where nothing names a window, show the range of the first slice that came (PS3.3 C.11.2.1.2: LINEAR)."""
    if state.window.value is not UNKNOWN_WINDOW:
        return
    volume = state.volume
    values = np.asarray(volume.voxels[k], dtype=np.float64) * volume.slope + volume.intercept
    low, high = float(values.min()), float(values.max())
    window = Window((low + high + 1) / 2, max(1.0, high - low + 1))
    state.file_window = window
    state.window.set(window)
