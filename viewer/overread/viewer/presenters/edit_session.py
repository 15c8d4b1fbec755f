"""Editing a finding: what is being drawn, and the one way from a gesture to an edit of the reading.

Gestures wait in a row: each starts from the mask that the one before it made. What costs time is worked out in a
worker thread. Painting never judges.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from overread.core.edits import Add, Paint, Redo, Remove, Undo
from overread.core.errors import OverreadError
from overread.core.finding import Finding, Origin
from overread.core.geometry import Triple
from overread.core.mask import EMPTY, Mask, MaskChange
from overread.core.measure import measure_mask
from overread.core.reading import Reading
from overread.core.segment import (
    CannotGrowError,
    ball,
    disc,
    grow,
    interpolated,
    joined,
    value_range,
    values,
    within,
    without,
)
from overread.core.store import Change, ReadingStore, new_uid, now
from overread.core.text import Sentence, sentence, volume_text
from overread.viewer.presenters.background import Background, Cancel
from overread.viewer.proposing import place_in_mm
from overread.viewer.state.marks import Preview
from overread.viewer.state.observable import Property
from overread.viewer.state.views import VolumeState, Workspace

SIZES_MM = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 25.0, 30.0, 40.0)
"""Diameters of the brush."""
FIRST_SIZE_MM = 8.0
Knots = tuple[tuple[float, float], ...]
"""(share of the line, value) along the scale of a range, straight between them."""
SCALE_HU: Knots = ((0.0, -1024.0), (0.8, 400.0), (1.0, 3071.0))
"""Lung and soft tissue have most of the line: there the ends of a range are set."""
BALL_MM = 5.0
"""Diameter of the ball that is put where nothing can be grown."""
LABEL = "code.nodule"
AT_ONCE_VOXELS = 200_000
"""A stroke on a mask whose box is not larger takes less than 8 ms and is worked out at once; others in a thread."""

How = Literal["brush", "erase", "grow", "interpolate"]
Place = tuple[VolumeState, Triple]
Call = Callable[[], None]


class CannotPaintError(OverreadError):
    """A gesture that changes nothing or would leave nothing; the sentence says so."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """What was drawn since the button went down, on the finding ``uid``."""

    uid: str
    mask: Mask
    erases: bool

    def on(self, mask: Mask) -> Mask:
        """A mask with this stroke."""
        return without(mask, self.mask) if self.erases else joined(mask, self.mask)


class EditSession:
    """The finding being edited with brush, values and strokes; own marks too. GUI thread only.

    ``size_mm`` is the diameter of the brush, ``low`` and ``high`` the values that it paints. ``visible`` gives the
    findings of a reading that may be seen.
    """

    def __init__(
        self,
        store: ReadingStore,
        workspace: Workspace,
        background: Background,
        tell: Callable[[str, Sentence], None],
        visible: Callable[[Reading], tuple[Finding, ...]],
    ) -> None:
        self.store = store
        self._workspace = workspace
        self._marks = workspace.marks
        self._background = background
        self._tell = tell
        self._visible = visible
        self.size_mm = Property(FIRST_SIZE_MM)
        self.scale: Property[tuple[Knots, str]] = Property((SCALE_HU, "HU"))
        """The values that can be chosen, and their unit."""
        self.low, self.high = Property(SCALE_HU[0][1]), Property(SCALE_HU[-1][1])
        self.erasing = Property(False)
        self.stroke: Property[Stroke | None] = Property(None)
        """The stroke being drawn."""
        self.keeping: Property[tuple[Stroke, ...]] = Property(())
        """Strokes that are drawn and not yet part of the reading."""
        self.pointer: Place | None = None
        self._uid = ""
        self._at_start = EMPTY
        self._touched: dict[int, set[int]] = {}
        self._axis = 0
        self._waiting: deque[Call] = deque()
        self._busy = False
        store.watch(self._changed)
        self._marks.selected.watch(self._selected)

    # the finding

    def finding(self) -> Finding | None:
        """The finding being edited."""
        return self._find(self._uid) if self._marks.editing.value else None

    def _find(self, uid: str) -> Finding | None:
        reading = self.store.reading
        return None if reading is None else next((one for one in self._visible(reading) if one.uid == uid), None)

    def start(self) -> bool:
        """Edit the selected finding, else the one under the pointer; False when that cannot be, and why is told."""
        if self._marks.editing.value:
            return True
        chosen = self._find(self._marks.selected.value) or self._under_pointer()
        view = self._workspace.active_view
        state = None if view is None else view.volume.value
        if chosen is None or state is None:
            self._tell("note", sentence("editing.nothing-selected"))
            return False
        if not shows(state, chosen):
            self._tell("note", sentence("editing.other-series"))
            return False
        if not state.complete:
            self._tell("note", sentence("editing.loading"))
            return False
        self._uid, self._at_start, self._touched = chosen.uid, chosen.mask, {}
        self._take_range(state, chosen.mask)
        self.erasing.set(False)
        self._marks.selected.set(chosen.uid)
        self._marks.editing.set(True)
        return True

    def _under_pointer(self) -> Finding | None:
        if self.pointer is None or self.store.reading is None:
            return None
        state, at = self.pointer
        hit = (one for one in self._visible(self.store.reading) if shows(state, one) and holds(one.mask, at))
        return next(hit, None)

    def _take_range(self, state: VolumeState, mask: Mask) -> None:
        """Start with the finding's own values; what is brighter belongs to it as well."""
        volume = state.volume
        low, high = value_range(volume, mask) or (SCALE_HU[0][1], SCALE_HU[-1][1])
        knots = SCALE_HU
        if volume.unit != "HU":
            whole = values(
                volume, ((mask.box[0][0], mask.box[0][1]), (0, volume.voxels.shape[1]), (0, volume.voxels.shape[2]))
            )
            knots = ((0.0, float(whole.min())), (1.0, float(whole.max())))
        self.scale.set((knots, volume.unit))
        self.set_range(math.floor(low / 10) * 10.0 if volume.unit == "HU" else low, max(high, knots[-1][1]))

    def set_range(self, low: float, high: float) -> None:
        """Paint only voxels with these values, both counted."""
        self.low.set(low)
        self.high.set(high)

    def _selected(self, uid: str) -> None:
        if self._marks.editing.value and uid != self._uid:
            self.leave()

    def done(self) -> None:
        """Apply the preview; without one leave editing."""
        preview = self._marks.preview.value
        if preview is None:
            self.leave()
            return
        view = self._workspace.active_view
        state = None if view is None else view.volume.value
        if state is not None:
            self._paint("interpolate", state, lambda _mask: preview.mask)

    def back(self) -> None:
        """Drop the preview; without one leave editing. Strokes stay."""
        if self._marks.preview.value is not None:
            self._marks.preview.set(None)
        else:
            self.leave()

    def leave(self) -> None:
        """Editing is over; what was painted stays."""
        self._marks.preview.set(None)
        self.stroke.set(None)
        self._marks.editing.set(False)

    # the brush

    def resize(self, steps: int) -> None:
        """A larger (positive) or smaller brush."""
        nearest = min(range(len(SIZES_MM)), key=lambda n: abs(SIZES_MM[n] - self.size_mm.value))
        self.size_mm.set(SIZES_MM[max(0, min(len(SIZES_MM) - 1, nearest + steps))])

    def draw(self, state: VolumeState, axis: int, start_ijk: Triple, end_ijk: Triple, *, erases: bool) -> None:
        """Go on with a stroke, or begin one, in the plane along an array axis (0 k, 1 j, 2 i)."""
        finding = self.finding()
        if finding is None or not shows(state, finding):
            return
        drawn = disc(state.volume.geometry, axis, start_ijk, end_ijk, self.size_mm.value / 2)
        if not erases:
            drawn = within(state.volume, drawn, self.low.value, self.high.value)
        before = self.stroke.value
        mask = drawn if before is None else joined(before.mask, drawn)
        self.stroke.set(Stroke(self._uid, mask, erases))
        self._touch(axis, int(start_ijk[2 - axis] + 0.5))

    def _touch(self, axis: int, index: int) -> None:
        self._axis = axis
        self._touched.setdefault(axis, set()).add(index)

    def finish(self, state: VolumeState) -> None:
        """The button came up: the stroke becomes one edit."""
        stroke = self.stroke.value
        if stroke is None:
            return
        self.stroke.set(None)
        if stroke.mask.is_empty:
            self._tell("note", sentence("editing.nothing-in-range"))
            return
        self.keeping.set((*self.keeping.value, stroke))
        self._paint("erase" if stroke.erases else "brush", state, stroke.on, stroke)

    def strokes(self) -> tuple[Stroke, ...]:
        """The strokes that the finding being edited does not hold yet, in their order."""
        drawn = (*self.keeping.value, self.stroke.value)
        return tuple(one for one in drawn if one is not None and one.uid == self._uid)

    def grow(self) -> None:
        """Add what grows from the point under the pointer."""
        finding = self.finding()
        if finding is None or self.pointer is None or not shows(self.pointer[0], finding):
            self._tell("note", sentence("editing.point-first"))
            return
        state, at = self.pointer
        self._paint("grow", state, lambda mask: joined(mask, grow(state.volume, at)))

    def painted(self) -> dict[int, tuple[int, ...]]:
        """The slices that were painted while this finding is edited, by array axis; those taken back do not count."""
        finding = self.finding()
        if finding is None:
            return {}
        change = MaskChange.between(self._at_start, finding.mask)
        changed = Mask(change.box, change.bits)
        found = {}
        for axis, indices in self._touched.items():
            cuts = {index: changed.plane(axis, index) for index in sorted(indices)}
            found[axis] = tuple(index for index, cut in cuts.items() if cut is not None and cut[0].any())
        return found

    def interpolate(self) -> None:
        """Show what would stand between the painted slices; ``done`` applies it, ``back`` drops it."""
        self._ask(self._preview)

    def _preview(self) -> None:
        finding, view = self.finding(), self._workspace.active_view
        state = None if view is None else view.volume.value
        if finding is None or state is None:
            self._next()
            return
        painted = self.painted()
        axis = max(painted, key=lambda one: (min(2, len(painted[one])), one == self._axis), default=0)
        volume, mask, before, uid = state.volume, finding.mask, self._at_start, finding.uid

        def done(made: tuple[Mask, tuple[int, ...]]) -> None:
            if self._marks.editing.value and uid == self._uid:
                self._marks.preview.set(Preview(uid, made[0], made[1]))
                self._tell("note", sentence("editing.preview", n=len(made[1])))
            self._next()

        self._background.run(
            lambda _cancel: interpolated(volume, mask, axis, painted.get(axis, ()), before), done, self._refused
        )

    # from a gesture to an edit

    def _paint(
        self, how: How, state: VolumeState, change: Callable[[Mask], Mask], stroke: Stroke | None = None
    ) -> None:
        uid = self._uid
        self._ask(lambda: self._work(uid, how, state, change, stroke))

    def _work(
        self, uid: str, how: How, state: VolumeState, change: Callable[[Mask], Mask], stroke: Stroke | None
    ) -> None:
        study_uid, finding = state.series.study.uid, self._find(uid)
        if finding is None:
            if self.store.study_uid != study_uid:
                self._tell("warning", sentence("editing.study-left"))
            self._ended(stroke)
            return
        before, who = finding.mask, self.store.reader

        def work(_cancel: Cancel) -> Paint:
            after = change(before)
            if after.is_empty:
                raise CannotPaintError(sentence("editing.nothing-left"))
            if after == before:
                raise CannotPaintError(sentence(f"editing.unchanged-{how}"))
            measures = measure_mask(after, state.volume, has_mm=state.has_mm)
            voxels = after.voxels - before.voxels
            return Paint(uid, how, MaskChange.between(before, after), measures, who, voxels)

        def done(paint: Paint) -> None:
            self.store.apply(paint, study_uid=study_uid)
            taken_back = finding.judgement is not None and finding.origin is not Origin.PERSON
            self._tell(
                "note",
                sentence(
                    "editing.judged-again" if taken_back else "editing.painted",
                    tag=finding.tag,
                    volume=volume_text(paint.measures.volume_mm3),
                ),
            )
            self.store.then(lambda: self._ended(stroke))

        room = math.prod(before.shape_kji)
        if stroke is None or room > AT_ONCE_VOXELS:
            self._background.run(work, done, lambda error: self._refused(error, stroke))
            return
        try:
            paint = work(Cancel())
        except CannotPaintError as error:
            self._refused(error, stroke)
        else:
            done(paint)

    def _refused(self, error: Exception, stroke: Stroke | None = None) -> None:
        if isinstance(error, OverreadError):
            self._tell("note", error.sentence)
        else:
            self._tell("error", sentence("editing.failed", error=type(error).__name__))
        self._ended(stroke)

    def _ended(self, stroke: Stroke | None = None) -> None:
        """A gesture is over: its stroke is part of the reading or was refused; the next one may start."""
        if stroke is not None:
            self.keeping.set(tuple(one for one in self.keeping.value if one is not stroke))
        self._next()

    def _ask(self, gesture: Call) -> None:
        self._waiting.append(gesture)
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._waiting)
        if self._waiting:
            self._waiting.popleft()()

    @property
    def is_busy(self) -> bool:
        """True while a gesture is worked out or has not entered the reading yet."""
        return self._busy

    def then(self, call: Call) -> None:
        """Call something when all gestures that came before have entered the reading or were refused."""

        def last() -> None:
            call()
            self._next()

        self._ask(lambda: self.store.then(last))

    def undo(self) -> None:
        """Take back the newest edit, after all gestures that came before."""
        self._ask(lambda: self._step(self.store.undo))

    def redo(self) -> None:
        """Do again what was taken back, after all gestures that came before."""
        self._ask(lambda: self._step(self.store.redo))

    def _step(self, step: Call) -> None:
        step()
        self.store.then(self._next)

    def _changed(self, change: Change) -> None:
        if change.edit is None:
            self.leave()
        finding = self.finding()
        if self._marks.editing.value and finding is None:
            self.leave()
        if finding is not None and isinstance(change.edit, Paint | Undo | Redo):
            self._marks.preview.set(None)
        if finding is not None and isinstance(change.edit, Undo | Redo):
            volume = volume_text(finding.measures.volume_mm3)
            self._tell("note", sentence("editing.is-now", tag=finding.tag, volume=volume))

    # own marks

    def mark(self, state: VolumeState, at_ijk: Triple) -> None:
        """Mark what was missed at a place: grown from there, or a ball that says so."""
        if state.is_prior:
            self._tell("note", sentence("prior.only-look"))
            return
        if not state.complete:
            self._tell("note", sentence("editing.loading"))
            return
        self._ask(lambda: self._mark(state, at_ijk))

    def _mark(self, state: VolumeState, at_ijk: Triple) -> None:
        study_uid, reading = state.series.study.uid, self.store.reading
        if reading is None or reading.study_uid != study_uid:
            self._tell("warning", sentence("editing.study-left"))
            self._next()
            return
        number = reading.next_number(Origin.PERSON)

        def work(_cancel: Cancel) -> tuple[Finding, Sentence | None]:
            told = None
            try:
                mask = grow(state.volume, at_ijk)
            except CannotGrowError as error:
                mask, told = ball(state.volume, at_ijk, BALL_MM / 2), error.sentence
            if mask.is_empty:
                raise CannotPaintError(sentence("editing.grow-no-value"))
            return self._own(state, mask), told

        def done(made: tuple[Finding, Sentence | None]) -> None:
            finding, told = made
            now_open = self.store.reading
            # Numbered now: another mark may have been added meanwhile. To a study that was left none can be.
            if now_open is not None and now_open.study_uid == study_uid:
                number_now = now_open.next_number(Origin.PERSON)
            else:
                number_now = number
            self.store.apply(Add(msgspec.structs.replace(finding, number=number_now)), study_uid=study_uid)
            text_id = "editing.marked" if told is None else told.id.replace(".grow-", ".ball-")
            volume = volume_text(finding.measures.volume_mm3)
            self._tell("note", sentence(text_id, mm=f"{BALL_MM:.0f}", volume=volume))
            self.store.then(lambda: self._added(finding.uid))

        self._background.run(work, done, self._refused)

    def _own(self, state: VolumeState, mask: Mask) -> Finding:
        measures = measure_mask(mask, state.volume, has_mm=state.has_mm)
        return Finding(
            uid=new_uid(),
            number=0,
            origin=Origin.PERSON,
            label=LABEL,
            series_uid=state.series.uid,
            split=state.series.split,
            frame_of_reference_uid=state.volume.geometry.frame_of_reference_uid,
            mask=mask,
            measures=measures,
            who=self.store.reader,
            at=now(),
            place=place_in_mm(measures.centre_lps_mm),
        )

    def _added(self, uid: str) -> None:
        if self._find(uid) is not None:
            self._marks.selected.set(uid)
        self._next()

    def remove(self, uid: str = "") -> None:
        """Take an own mark away, the selected one if none is named; a model's is rejected instead: that is said."""
        finding = self._find(uid or self._marks.selected.value)
        if finding is None:
            self._tell("note", sentence("editing.nothing-to-remove"))
        elif finding.origin is not Origin.PERSON:
            self._tell("note", sentence("editing.reject-instead", tag=finding.tag))
        else:
            edit = Remove(finding.uid)
            self._ask(lambda: self._step(lambda: self.store.apply(edit)))

    def go_to(self, uid: str) -> None:
        """Select a finding and let the planes meet in its middle."""
        finding, view = self._find(uid), self._workspace.active_view
        state = None if view is None else view.volume.value
        if finding is not None and state is not None and shows(state, finding):
            self._marks.selected.set(uid)
            state.go_to_lps_mm(finding.measures.centre_lps_mm)


def shows(state: VolumeState, finding: Finding) -> bool:
    """True when a finding lies in the series of a state."""
    return (finding.series_uid, finding.split) == (state.series.uid, state.series.split)


def holds(mask: Mask, point_ijk: Triple) -> bool:
    """True when the voxel nearest to a point belongs to a mask."""
    i, j, k = (math.floor(value + 0.5) for value in point_ijk)
    found = mask.plane(0, k)
    if found is None:
        return False
    cut, (first_j, first_i) = found
    inside = 0 <= j - first_j < cut.shape[0] and 0 <= i - first_i < cut.shape[1]
    return inside and bool(cut[j - first_j, i - first_i])
