"""From a series to one volume in shared memory, centre out, a bad slice being a named hole and nothing worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from overread.core.dicom.decode_ahead import frames
from overread.core.dicom.decode_pool import DecodeCancelledError, DecodePool
from overread.core.dicom.headers import BadFileError
from overread.core.dicom.tilt import Straightening, straightening
from overread.core.dicom.verdict import grid_index
from overread.core.errors import NotReadableError
from overread.core.geometry import Geometry
from overread.core.series import Instance, Permission, Series
from overread.core.shared import SharedBlock
from overread.core.text import Sentence, sentence
from overread.core.volume import Volume, Voxels

INT16 = np.iinfo(np.int16)
BATCH = 8
"""Slices reported at once after the first: one report a slice would only keep the window busy."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: the slices that could not be read, each with its reason."""

    failed: tuple[tuple[int, Sentence], ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class _Values:
    """How stored values become voxels: ``voxel = stored * slope + intercept`` when folded in, else as stored."""

    dtype: type[np.int16] | type[np.float32]
    folded: bool
    slope: float
    intercept: float
    padding: float | None


class LoadingVolume:
    """A volume whose memory stands and whose slices arrive. Made by ``open_volume``; close it when done."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.report = LoadReport()
        self._frames = _frames(series)
        self._straight: Straightening | None = None
        geometry = series.geometry
        if geometry is None:
            geometry = picture_geometry(series, len(self._frames))
        elif "gantry-tilt" in series.verdict.codes:
            self._straight = straightening(geometry)
            geometry = self._straight.straight
        self._values = _values(series)
        shape = geometry.shape_kji
        self.block, self._voxels = _allocate(shape, self._values.dtype)
        fill = self._values.padding
        if fill is not None:
            self._voxels[:] = fill
        self.volume = Volume(
            voxels=_read_only(self._voxels),
            geometry=geometry,
            series_uid=series.uid,
            split=series.split,
            unit=_unit(series),
            slope=1.0 if self._values.folded else self._values.slope,
            intercept=0.0 if self._values.folded else self._values.intercept,
            holes=frozenset(series.missing_k),
            padding_value=fill,
            inverted=series.instances[0].pixels.photometric == "MONOCHROME1",
            acquired=series.geometry if self._straight is not None else None,
        )

    def load(
        self,
        *,
        start_k: int | None = None,
        arrived: Callable[[Sequence[int]], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        decoder: DecodePool | None = None,
    ) -> LoadReport:
        """Read all slices from ``start_k`` (default: the middle) outwards.

        ``arrived`` gets the slices k that stand, the first alone and the rest in batches. A slice that cannot be
        read becomes a hole of ``volume`` and stands in the report. Compressed slices go through ``decoder``, or
        through workers that are started for this load.
        """
        order = centre_out(self._frames, start_k if start_k is not None else self.volume.geometry.shape_kji[0] // 2)
        waiting: list[int] = []
        failed: list[tuple[int, Sentence]] = []
        with closing(frames(order, decoder, cancelled)) as coming:
            for number in range(len(order)):
                try:
                    k, instance, raw = next(coming)
                except DecodeCancelledError:
                    return LoadReport(tuple(failed), cancelled=True)
                if cancelled():
                    return LoadReport(tuple(failed), cancelled=True)
                if isinstance(raw, BadFileError):
                    failed.append((k, raw.reason))
                    self.volume = replace(self.volume, holes=self.volume.holes | {k})
                else:
                    self._put(k, instance, raw)
                waiting.append(k)
                if arrived is not None and (number == 0 or len(waiting) >= BATCH or number == len(order) - 1):
                    arrived(tuple(waiting))
                    waiting.clear()
        return LoadReport(tuple(failed))

    def _put(self, k: int, instance: Instance, raw: NDArray[np.generic]) -> None:
        if raw.ndim == 3:
            raw = grey(raw)
        plane = _to_voxels(raw, instance, self._values)
        if self._values.dtype is np.int16 and plane.dtype != np.int16 and int(plane.max()) > INT16.max:
            self._widen()
        if self._straight is None:
            self._voxels[k] = plane
        else:
            self._straight.put(self._voxels[k], plane, k, self._values.padding or 0.0)

    def _widen(self) -> None:
        """A value too large for int16 came (16 unsigned bits allow it, hardly any CT has it): go on in float32."""
        block, voxels = _allocate(self.volume.geometry.shape_kji, np.float32)
        voxels[:] = self._voxels
        old, self.block, self._voxels = self.block, block, voxels
        self._values = replace(self._values, dtype=np.float32)
        self.volume = replace(self.volume, voxels=_read_only(voxels))
        old.close()

    def close(self) -> None:
        """Give the memory back. Arrays that are still held stay readable until they are dropped."""
        self.block.close()

    def __enter__(self) -> LoadingVolume:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _allocate(
    shape: tuple[int, int, int], dtype: type[np.int16] | type[np.float32]
) -> tuple[SharedBlock, NDArray[np.generic]]:
    """Shared memory for a volume. Raises NotReadableError when there is no room."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    try:
        block = SharedBlock.create(size)
    except OSError as error:
        raise NotReadableError(sentence("dicom.no-memory", mib=size >> 20)) from error
    return block, block.array(shape, dtype)


def _read_only(voxels: NDArray[np.generic]) -> Voxels:
    shown = voxels.view()
    shown.setflags(write=False)
    return shown  # type: ignore[return-value]  # int16 or float32, as allocated


def open_volume(series: Series) -> LoadingVolume:
    """Allocate the volume of a series in shared memory. Raises NotReadableError when there is no room for it.

    A series that makes no volume opens as a stack of pictures: its geometry only counts pixels, and its
    permissions say so.
    """
    return LoadingVolume(series)


def load(series: Series, decoder: DecodePool | None = None) -> LoadingVolume:
    """The whole volume at once; use it as a context manager, or close it. ``decoder``: see ``LoadingVolume.load``."""
    loading = open_volume(series)
    try:
        loading.report = loading.load(decoder=decoder)
    except BaseException:
        loading.close()
        raise
    return loading


def centre_out(frames: Sequence[tuple[int, Instance, int]], start_k: int) -> list[tuple[int, Instance, int]]:
    """Frames by distance from a slice, the nearer first."""
    return sorted(frames, key=lambda frame: (abs(frame[0] - start_k), frame[0]))


def _frames(series: Series) -> list[tuple[int, Instance, int]]:
    """(slice k, instance, frame number) of every picture of the series."""
    if series.geometry is not None:
        return [
            (k, one, 0)
            for k, one in zip(grid_index(series.instances, series.geometry), series.instances, strict=True)
        ]
    pictures = [(one, frame) for one in series.instances for frame in range(one.pixels.frames)]
    return [(k, one, frame) for k, (one, frame) in enumerate(pictures)]


def picture_geometry(series: Series, count: int) -> Geometry:
    """The grid of pictures that are no volume: pixels (or in-plane mm where allowed) and picture numbers."""
    first = series.instances[0]
    rows, columns = first.pixel_spacing_mm or (1.0, 1.0)
    if Permission.MEASURE_MM not in series.verdict.may:
        rows = columns = 1.0
    affine = np.diag([columns, rows, 1.0, 1.0])
    if first.row_direction is not None and first.column_direction is not None and first.position_lps_mm is not None:
        row, column = np.array(first.row_direction), np.array(first.column_direction)
        affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * columns, column * rows, np.cross(row, column)
        affine[:3, 3] = first.position_lps_mm
    return Geometry((count, first.pixels.rows, first.pixels.columns), affine)


def _unit(series: Series) -> str:
    return "HU" if series.modality == "CT" and "modality-lut" not in series.verdict.codes else "1"


def _values(series: Series) -> _Values:
    """The narrowest voxel type that holds every value exactly, and the value that marks "nothing here"."""
    pixels = series.instances[0].pixels
    rescales = {(one.slope, one.intercept) for one in series.instances}
    low, high = _stored_range(series)
    padding = series.instances[0].padding
    if all(slope.is_integer() and intercept.is_integer() for slope, intercept in rescales):
        ends = [end * slope + intercept for slope, intercept in rescales for end in (low, high)]
        whole_word = not pixels.signed and pixels.bits_stored == 16 and {slope for slope, _i in rescales} == {1.0}
        fill = _fill(series, padding, folded=True)
        fits = max(ends) <= INT16.max or (whole_word and (fill is None or fill <= INT16.max))
        if min(ends) >= INT16.min and fits:
            return _Values(np.int16, True, 1.0, 0.0, fill)
    if len(rescales) == 1 and low >= INT16.min and high <= INT16.max and pixels.samples == 1:
        slope, intercept = next(iter(rescales))
        return _Values(np.int16, False, slope, intercept, _fill(series, padding, folded=False))
    return _Values(np.float32, True, 1.0, 0.0, _fill(series, padding, folded=True))


def _stored_range(series: Series) -> tuple[int, int]:
    pixels = series.instances[0].pixels
    if pixels.signed:
        return -(1 << (pixels.bits_stored - 1)), (1 << (pixels.bits_stored - 1)) - 1
    return 0, (1 << pixels.bits_stored) - 1


def _fill(series: Series, padding: tuple[int, int] | None, *, folded: bool) -> float | None:
    """The voxel value of places without data: the padding value, else air where values are HU, else the lowest."""
    first = series.instances[0]
    if padding is not None:
        value = float(padding[0])
        return value * first.slope + first.intercept if folded else value
    if not series.missing_k and "gantry-tilt" not in series.verdict.codes:
        return None
    return float(INT16.min)


def _to_voxels(raw: NDArray[np.generic], one: Instance, values: _Values) -> NDArray[np.generic]:
    if not values.folded:
        return raw
    if values.dtype is np.int16:
        if one.slope == 1.0 and one.intercept == 0.0:
            return raw
        if one.slope == 1.0 and raw.dtype == np.uint16 and int(raw.max()) + int(one.intercept) <= INT16.max:
            # The sum fits int16, so it is right modulo 65536: no wider copy is needed.
            return raw.view(np.int16) + np.int16(one.intercept)
        result: NDArray[np.generic] = raw.astype(np.int32) * int(one.slope) + int(one.intercept)
        return result
    return raw.astype(np.float32) * np.float32(one.slope) + np.float32(one.intercept)


def grey(colour: NDArray[np.generic]) -> NDArray[np.generic]:
    """Luma of an RGB picture (ITU-R BT.601), for series that are shown as pictures."""
    weights = np.array([0.299, 0.587, 0.114])
    result: NDArray[np.generic] = np.round(colour.astype(np.float64) @ weights).astype(np.int32)
    return result
