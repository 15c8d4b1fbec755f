"""A prior beside its current study: which it is, how a place of one is found in the other, what was read in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from overread.core.edits import CannotApplyError
from overread.core.finding import Finding
from overread.core.geometry import Geometry, Triple
from overread.core.history import History
from overread.core.journal import Entry
from overread.core.reading import Reading
from overread.core.series import Patient, Permission, Series
from overread.core.text import Sentence, millimetres, sentence
from overread.viewer.presenters.study import best_series
from overread.viewer.state.views import VolumeState

SAME_PLACE_MM = 10.0
"""A finding of the prior this near to the linked place is taken as the same one; the distance is always told."""


def same_person(first: Patient, second: Patient) -> bool:
    """True when two headers name one patient: the same id, and birth date or name that agree and none that differs.

    Names may differ when the birth date is the same: people marry.
    """
    if not first.id.strip() or first.id.strip() != second.id.strip():
        return False
    if first.birth_date and second.birth_date:
        return first.birth_date == second.birth_date
    name = first.shown_name.casefold()
    return bool(name) and name == second.shown_name.casefold()


def is_prior(series: Series, current: Series) -> bool:
    """True when a series is of an older study of the same patient; without dates nothing is older."""
    if not series.study.date or series.study.uid == current.study.uid:
        return False
    return same_person(series.patient, current.patient) and series.study.date < current.study.date


def prior_of(current: Series, catalogue: Sequence[Series]) -> Series | None:
    """What to put beside a series: of its newest prior with a volume of the same modality, the best one."""
    if Permission.PLANES not in current.verdict.may:
        return None
    fitting = [
        one
        for one in catalogue
        if is_prior(one, current) and one.modality == current.modality and Permission.PLANES in one.verdict.may
    ]
    return best_series(fitting) if fitting else None


@dataclass(frozen=True, slots=True)
class Link:
    """How a place of the current study is found in the prior: LPS mm there = LPS mm here + ``offset_mm``.

    ``by_frame``: both lie in one frame of reference, and nobody had to say so.
    """

    offset_mm: Triple
    by_frame: bool

    def to_prior(self, point_lps_mm: Triple) -> Triple:
        """The place in the prior."""
        return _moved(point_lps_mm, self.offset_mm, 1)

    def to_current(self, point_lps_mm: Triple) -> Triple:
        """The place in the current study."""
        return _moved(point_lps_mm, self.offset_mm, -1)

    @property
    def words(self) -> Sentence:
        """How it is linked."""
        if self.by_frame:
            return sentence("prior.by-frame")
        x, y, z = (f"{'+' if value > 0 else ''}{millimetres(value)}" for value in self.offset_mm)
        return sentence("prior.by-place", x=x, y=y, z=z)


def _moved(point: Triple, offset: Triple, sense: int) -> Triple:
    x, y, z = (a + sense * b for a, b in zip(point, offset, strict=True))
    return x, y, z


def link_by_frame(current: Geometry, prior: Geometry) -> Link | None:
    """The link of two volumes in one frame of reference (PS3.3 C.7.4.1); None when they share none."""
    uid = current.frame_of_reference_uid
    return Link((0.0, 0.0, 0.0), True) if uid and uid == prior.frame_of_reference_uid else None


def link_by_place(current: VolumeState, prior: VolumeState) -> Link:
    """The link of a reader who says that both cross-hairs stand on the same spot."""
    return Link(_moved(prior.place_lps_mm(), current.place_lps_mm(), -1), False)


class Beside:
    """Two volumes side by side. With a link a move in one moves the other; windows go together in one unit."""

    def __init__(self, current: VolumeState, prior: VolumeState) -> None:
        self.current, self.prior = current, prior
        self.link = link_by_frame(current.volume.geometry, prior.volume.geometry)
        self._following = False
        prior.is_prior = True
        if current.volume.unit == prior.volume.unit:
            prior.window.set(current.window.value)
        prior.go_to_lps_mm(current.place_lps_mm())
        self._stops = [
            current.place_ijk.watch(lambda _place: self._follow(self._move_prior)),
            prior.place_ijk.watch(lambda _place: self._follow(self._move_current)),
        ]
        if current.volume.unit == prior.volume.unit:
            self._stops += [current.window.watch(prior.window.set), prior.window.watch(current.window.set)]
        self._say()

    def set_link(self, link: Link | None) -> None:
        """Link the volumes, or part them; the prior goes to its place."""
        self.link = link
        self._follow(self._move_prior)
        self._say()

    def holds(self, point_lps_mm: Triple) -> bool:
        """True when a place of the current study lies inside the prior's images."""
        if self.link is None:
            return False
        geometry = self.prior.volume.geometry
        return geometry.contains_ijk(geometry.ijk_from_lps(self.link.to_prior(point_lps_mm)))

    def end(self) -> None:
        """Let both go their own ways."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        self.prior.is_prior = False
        self.prior.link_words.set(None)

    def _say(self) -> None:
        self.prior.link_words.set(sentence("prior.not-linked") if self.link is None else self.link.words)

    def _follow(self, move: Callable[[Link], None]) -> None:
        """Move the other one, which must not move this one back: it may be held at the edge of its grid."""
        if self.link is None or self._following:
            return
        self._following = True
        try:
            move(self.link)
        finally:
            self._following = False

    def _move_prior(self, link: Link) -> None:
        self.prior.go_to_lps_mm(link.to_prior(self.current.place_lps_mm()))

    def _move_current(self, link: Link) -> None:
        self.current.go_to_lps_mm(link.to_current(self.prior.place_lps_mm()))


def reading_of(study_uid: str, entries: Sequence[Entry]) -> tuple[Reading, tuple[str, ...]]:
    """The reading of a study that is not open, from its journal, and the times of entries that do not fit."""
    history = History(Reading(study_uid))
    left_out = []
    for entry in entries:
        try:
            history.take(entry.uid, entry.edit)
        except CannotApplyError:
            left_out.append(entry.at)
    return history.reading, tuple(left_out)


@dataclass(frozen=True, slots=True)
class Match:
    """A finding of the prior at the place of a current one, and how far from the linked place its centre lies."""

    finding: Finding
    series: Series
    distance_mm: float


def match(reading: Reading, place_lps_mm: Triple, prior: Series, catalogue: Sequence[Series]) -> Match | None:
    """The reported finding of a prior's reading nearest to a place of the prior, within ``SAME_PLACE_MM``.

    Findings of other series of that study count when they lie in the same frame of reference.
    """
    found: list[Match] = []
    for one in reading.findings:
        series = next((s for s in catalogue if (s.uid, s.split) == (one.series_uid, one.split)), None)
        if not one.is_reported or series is None or not _same_space(series, prior):
            continue
        apart = float(np.linalg.norm(np.subtract(one.measures.centre_lps_mm, place_lps_mm)))
        if apart <= SAME_PLACE_MM:
            found.append(Match(one, series, apart))
    return min(found, key=lambda one: one.distance_mm, default=None)


def _same_space(first: Series, second: Series) -> bool:
    if first.key == second.key:
        return True
    if first.geometry is None or second.geometry is None:
        return False
    return link_by_frame(first.geometry, second.geometry) is not None


def stored_plane(geometry: Geometry) -> str:
    """What the stored slices are: ``axial``, ``coronal`` or ``sagittal``."""
    return next(name for axis, name in enumerate(("sagittal", "coronal", "axial")) if geometry.axis_of(axis) == 2)
