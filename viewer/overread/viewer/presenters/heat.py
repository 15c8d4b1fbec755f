"""The maps of results: kept in memory per series until the program ends, shown when wanted, and cut into masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cc3d
import msgspec
import numpy as np
from scipy import ndimage

from overread.core.edits import Add
from overread.core.errors import OverreadError
from overread.core.finding import Finding, Origin
from overread.core.geometry import Geometry, Triple
from overread.core.mask import Bool, Mask
from overread.core.measure import measure_mask
from overread.core.series import Permission, Series
from overread.core.store import ReadingStore, new_uid, now
from overread.core.text import Sentence, sentence, volume_text
from overread.core.text import number as number_text
from overread.core.volume import Volume
from overread.viewer.presenters.background import Background
from overread.viewer.proposing import place_in_mm
from overread.viewer.state.marks import HEAT_LEAST, HEAT_TOP, Heat, heat_level
from overread.viewer.state.views import VolumeState, Workspace

REACH_MM = 5.0
"""How far beside a piece of the map one may point: a map is coarse, and a hand too."""
MOST_MM3 = 200_000.0
"""A piece larger than this (a ball of 7 cm) is a threshold that is too low, not a nodule."""
HALF_MM = 75.0
"""How far from the place a piece may reach: a ball of ``MOST_MM3`` has a diameter of 73 mm."""
LABEL = "code.nodule"
ROUNDING = 1e-3
"""Of 255 steps."""


MOST_BYTES = 768 << 20
"""Kept in all: five maps of large chest CTs, or ten usual ones. The oldest goes first; its model can run again."""


class NoPieceError(OverreadError):
    """There is nothing of the map above the threshold here, or far too much."""


def mask_at(heat: Heat, point_lps_mm: Triple, threshold: float, volume: Volume) -> Mask:
    """The connected piece of a map above a threshold at a place, as a mask on the grid of the volume.

    Raises NoPieceError.
    """
    near, cut = _around(heat, point_lps_mm)
    above = near.values >= heat_level(threshold)
    piece = _piece(above, _seed(above, near.geometry, point_lps_mm))
    if int(piece.sum()) * heat.geometry.voxel_mm3 > MOST_MM3 or bool((piece & cut).any()):
        raise NoPieceError(sentence("asking.map-too-large"))
    mask = _carried(near, piece, above, threshold, volume)
    if mask.is_empty:
        raise NoPieceError(sentence("asking.map-nothing-here"))
    return mask


def _around(heat: Heat, point_lps_mm: Triple) -> tuple[Heat, Bool]:
    """The map around a place, and the voxels [k, j, i] at which it was cut off from the rest.

    Finding the pieces of a whole map of a chest takes seconds.
    """
    geometry = heat.geometry
    middle = geometry.ijk_from_lps(point_lps_mm)[::-1]
    half = HALF_MM / np.array(geometry.spacing_ijk_mm[::-1])
    low = np.clip(np.floor(middle - half), 0, geometry.shape_kji).astype(int)
    high = np.clip(np.ceil(middle + half) + 1, 0, geometry.shape_kji).astype(int)
    if (low >= high).any():
        raise NoPieceError(sentence("asking.map-nothing-here"))
    values = heat.values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.lps_from_ijk(low[::-1])
    nk, nj, ni = values.shape
    cut = np.zeros((nk, nj, ni), dtype=np.bool_)
    for axis in range(3):
        sides = np.moveaxis(cut, axis, 0)
        sides[0] |= low[axis] > 0
        sides[-1] |= high[axis] < geometry.shape_kji[axis]
    return Heat(values, Geometry((nk, nj, ni), affine), heat.name, heat.series_key), cut


def _seed(above: Bool, geometry: Geometry, point_lps_mm: Triple) -> tuple[int, int, int]:
    """The voxel (k, j, i) above the threshold that lies nearest to a place, within reach."""
    middle = geometry.ijk_from_lps(point_lps_mm)[::-1]
    reach = REACH_MM / np.array(geometry.spacing_ijk_mm[::-1])
    low = np.clip(np.floor(middle - reach), 0, above.shape).astype(int)
    high = np.clip(np.ceil(middle + reach) + 1, 0, above.shape).astype(int)
    near = np.argwhere(above[low[0] : high[0], low[1] : high[1], low[2] : high[2]]) + low
    if len(near):
        away = np.linalg.norm(geometry.lps_from_ijk(near[:, ::-1]) - np.array(point_lps_mm), axis=1)
        if away.min() <= REACH_MM:
            k, j, i = near[int(away.argmin())]
            return int(k), int(j), int(i)
    raise NoPieceError(sentence("asking.map-nothing-here"))


def _piece(above: Bool, seed: tuple[int, int, int]) -> Bool:
    labels = cc3d.connected_components(above, connectivity=6)
    found: Bool = labels == labels[seed]
    return found


def _carried(heat: Heat, piece: Bool, above: Bool, threshold: float, volume: Volume) -> Mask:
    """The piece on the volume's grid: where the map, linear between its voxels, lies above the threshold.

    Other pieces are left out; values below the threshold stay, for they say where between two voxels the edge runs.
    """
    inside = np.argwhere(piece)
    start = np.maximum(inside.min(axis=0) - 1, 0)
    stop = np.minimum(inside.max(axis=0) + 2, piece.shape)
    box = tuple(slice(int(first), int(last)) for first, last in zip(start, stop, strict=True))
    local = np.where(above[box] & ~piece[box], 0, heat.values[box]).astype(np.float32)
    corners = np.stack(np.meshgrid(*zip(start, stop - 1, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    reached = volume.geometry.ijk_from_lps(heat.geometry.lps_from_ijk(corners[:, ::-1]))[:, ::-1]
    low = np.clip(np.floor(reached.min(axis=0)), 0, volume.geometry.shape_kji).astype(int)
    high = np.clip(np.ceil(reached.max(axis=0)) + 1, 0, volume.geometry.shape_kji).astype(int)
    sizes = tuple(int(size) for size in high - low)
    ijk = (np.indices(sizes).reshape(3, -1).T + low)[:, ::-1]
    places = heat.geometry.ijk_from_lps(volume.geometry.lps_from_ijk(ijk))[:, ::-1] - start
    values = ndimage.map_coordinates(local, places.T, order=1, mode="constant")
    # Where both grids are the same, rounding must not lose a value that just reaches the threshold.
    taken: Bool = (values >= max(HEAT_LEAST, threshold) * HEAT_TOP - ROUNDING).reshape(sizes)
    return Mask.from_array(taken, (int(low[0]), int(low[1]), int(low[2])))


def own_finding(mask: Mask, volume: Volume, series: Series, reader: str, number: int) -> Finding:
    """An own mark of a mask, measured on the volume. Raises ValueError for an empty mask."""
    measures = measure_mask(mask, volume, has_mm=Permission.MEASURE_MM in series.verdict.may)
    return Finding(
        uid=new_uid(), number=number, origin=Origin.PERSON, label=LABEL, series_uid=series.uid, split=series.split,
        frame_of_reference_uid=volume.geometry.frame_of_reference_uid, mask=mask, measures=measures, who=reader,
        at=now(), place=place_in_mm(measures.centre_lps_mm),
    )  # fmt: skip


@dataclass(slots=True)
class MapDesk:
    """What maps need of the window. ``hides`` is true while nothing of a model may be seen."""

    background: Background
    workspace: Workspace
    store: ReadingStore
    hides: Callable[[], bool]
    tell: Callable[[str, Sentence], None]


class Maps:
    """Keeps the maps and says what H and U do. GUI thread only."""

    def __init__(self, desk: MapDesk, most_bytes: int = MOST_BYTES) -> None:
        self._desk = desk
        self._most_bytes = most_bytes
        self._kept: dict[str, Heat] = {}
        self._shown: VolumeState | None = None

    def keep(self, heat: Heat) -> None:
        """Keep a map in place of an older one of its series; nothing is shown yet. What is in hand never goes."""
        self._kept.pop(heat.series_key, None)
        self._kept[heat.series_key] = heat
        in_hand = {heat.series_key, "" if self._shown is None else self._shown.series.key}
        for key in [key for key in self._kept if key not in in_hand]:
            if sum(one.values.nbytes for one in self._kept.values()) > self._most_bytes:
                del self._kept[key]

    def has(self, series_key: str) -> bool:
        """True while the map of a series is in memory."""
        return series_key in self._kept

    def show_for(self, state: VolumeState | None) -> None:
        """The map of the series in hand may be shown, unless marks are hidden."""
        self._shown = state
        self.refresh()

    def refresh(self) -> None:
        """Look again whether the map may be seen."""
        heat = None if self._desk.hides() or self._shown is None else self._kept.get(self._shown.series.key)
        self._desk.workspace.marks.heat.set(heat)
        if heat is None:
            self._desk.workspace.overlays.heatmap.set(False)

    def toggle(self, wanted: bool) -> None:
        """Show the map or not; where there is none, say why."""
        heatmap = self._desk.workspace.overlays.heatmap
        if wanted and self._desk.workspace.marks.heat.value is None:
            self._desk.tell("note", self.why_none())
            heatmap.set(False)
            heatmap.touch()
        else:
            heatmap.set(wanted)

    def why_none(self) -> Sentence:
        """Why there is no map to show. While marks are hidden it is the same whatever a model found."""
        if self._desk.hides():
            return sentence("asking.map-hidden")
        reading, shown = self._desk.store.reading, self._shown
        was_read = (
            reading is not None
            and shown is not None
            and any((one.series_uid, one.split) == (shown.series.uid, shown.series.split) for one in reading.results)
        )
        return sentence("asking.map-not-kept" if was_read else "asking.map-none")

    def to_mask(self, point_lps_mm: Triple) -> None:
        """Make an own mark of the piece of the map at a place; measured in a worker thread."""
        heat, state = self._desk.workspace.marks.heat.value, self._shown
        if heat is None or state is None:
            self._desk.tell("note", self.why_none())
            return
        threshold = self._desk.workspace.marks.heat_threshold.value
        volume, series, reader = state.volume, state.series, self._desk.store.reader

        def work(_cancel: object) -> Finding:
            return own_finding(mask_at(heat, point_lps_mm, threshold, volume), volume, series, reader, 0)

        self._desk.background.run(work, lambda made: self._add(made, series.study.uid, threshold), self._failed)

    def _add(self, made: Finding, study_uid: str, threshold: float) -> None:
        reading = self._desk.store.reading
        if reading is None or reading.study_uid != study_uid:
            return
        finding = msgspec.structs.replace(made, number=reading.next_number(Origin.PERSON))
        self._desk.store.apply(Add(finding))
        self._desk.workspace.marks.selected.set(finding.uid)
        self._desk.tell(
            "note",
            sentence(
                "asking.map-taken",
                tag=finding.tag,
                threshold=number_text(threshold, 2),
                volume=volume_text(finding.measures.volume_mm3),
            ),
        )

    def _failed(self, error: Exception) -> None:
        if isinstance(error, OverreadError):
            self._desk.tell("note", error.sentence)
        else:
            self._desk.tell("error", sentence("open.unexpected", error=type(error).__name__))
