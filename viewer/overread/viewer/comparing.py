"""The prior beside its current study: puts it there, links the two, and shows what has changed at a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from overread.core.errors import OverreadError
from overread.core.finding import Finding
from overread.core.geometry import Triple
from overread.core.journal import Entry, Journal
from overread.core.series import Series
from overread.core.store import ReadingStore
from overread.core.text import Sentence, millimetres, sentence
from overread.plugins.api import Dated, Pair
from overread.plugins.host import Host
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.commands import CommandRegistry, key_text
from overread.viewer.pages.comparison import ComparisonPage
from overread.viewer.panels.own_read import OwnReadPanel
from overread.viewer.presenters.background import Background
from overread.viewer.presenters.priors import (
    SAME_PLACE_MM,
    Beside,
    Match,
    link_by_place,
    match,
    prior_of,
    reading_of,
    stored_plane,
)
from overread.viewer.presenters.study import StudyPresenter
from overread.viewer.presenters.volumes import VolumeShelf
from overread.viewer.render.viewport import Viewport, centre_on, pan_to
from overread.viewer.state.views import Plane, ViewState, VolumeState, Workspace
from overread.viewer.window import MainWindow

COMMANDS = ("prior.beside", "prior.link", "finding.prior")
FIELD_MM = 120.0
"""The least that both views show around a finding: enough of the lung to know the place again."""
SHARE = 3.0
"""And so many times its long axis."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root hands over."""

    background: Background
    journal: Journal
    store: ReadingStore
    shelf: VolumeShelf
    study: StudyPresenter
    workspace: Workspace
    registry: CommandRegistry
    plugins: Host
    window: MainWindow
    area: ViewArea
    own_read: OwnReadPanel
    tell: Callable[[str, Sentence], None]
    is_second_reader: Callable[[], bool]
    """While True, the model's marks stay hidden until the own read is done."""


class Together:
    """Two views at one zoom. Linked ones show one section: what is panned in one is panned in the other."""

    def __init__(self, left: ViewState, right: ViewState, beside: Beside) -> None:
        self._beside = beside
        self._moving = False
        self._stops: list[Callable[[], None]] = []
        for source, target in ((left, right), (right, left)):
            follow = partial(self._follow, source, target)
            self._stops += [source.zoom.watch(follow), source.pan.watch(follow)]

    def _follow(self, source: ViewState, target: ViewState, _changed: object) -> None:
        if self._moving:
            return
        self._moving = True
        try:
            target.zoom.set(source.zoom.value)
            target.pan.set(self._pan(source, target))
        finally:
            self._moving = False

    def _pan(self, source: ViewState, target: ViewState) -> tuple[float, float]:
        """Where the target shows the place at which the source shows it; a fitted image is fitted in both."""
        # The size of the views does not matter here: both are of one size, and the zoom is given.
        here, there = Viewport.of(source, 1.0, 1.0), Viewport.of(target, 1.0, 1.0)
        link = self._beside.link
        if link is None or here is None or there is None or source.zoom.value is None:
            return source.pan.value if source.zoom.value is None else target.pan.value
        place = here.state.place_lps_mm()
        other = link.to_prior(place) if here.state is self._beside.current else link.to_current(place)
        i, j, k = there.state.volume.geometry.ijk_from_lps(other)
        return pan_to(there, (float(i), float(j), float(k)), *here.point_of_ijk(here.state.place_ijk.value))

    def end(self) -> None:
        """Let both go their own ways."""
        for stop in self._stops:
            stop()
        self._stops.clear()


class Comparing:
    """Owner of the prior beside: ``beside`` while it stands there."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._page = ComparisonPage(parts.window.words, parts.window.look)
        self.beside: Beside | None = None
        self._wanted = ""
        self._then: Callable[[], None] | None = None
        self._views: tuple[ViewState, ...] = ()
        self._layout = ""
        self._together: Together | None = None
        registry = parts.registry
        registry.connect("prior.beside", self._put_or_end)
        registry.connect("prior.link", self.set_linked)
        registry.connect("finding.prior", self.show_finding)
        parts.own_read.prior_clicked.connect(lambda: self._put_or_end(True))
        parts.workspace.views.watch(self._views_changed)
        parts.study.shown.watch(lambda _shown: self._offer())
        parts.study.catalogue.watch(lambda _series: self._offer())
        self._offer()

    def _prior(self) -> Series | None:
        shown = self._parts.study.shown.value
        return None if shown is None else prior_of(shown.series, self._parts.study.catalogue.value)

    def _offer(self) -> None:
        """Name the prior, and let the commands be given, when there is one."""
        prior = self._prior()
        for command in ("prior.beside", "finding.prior"):
            self._parts.registry.set_enabled(command, prior is not None)
        self._show_state()
        told = None
        if prior is not None:
            described = prior.study.description or prior.description
            told = sentence("prior.there-is", date=prior.study.date, description=described)
        self._parts.own_read.set_prior(told)

    def _show_state(self) -> None:
        registry, beside = self._parts.registry, self.beside
        registry.set_checked("prior.beside", beside is not None)
        registry.set_enabled("prior.link", beside is not None)
        registry.set_checked("prior.link", beside is not None and beside.link is not None)

    # beside, and back

    def _put_or_end(self, on: bool) -> None:
        if on:
            self.put_beside()
        else:
            self.end()

    def put_beside(self, then: Callable[[], None] | None = None) -> None:
        """Show the prior's axial plane beside the current one, then call ``then``."""
        parts, shown, prior = self._parts, self._parts.study.shown.value, self._prior()
        if self.beside is not None:
            return
        if shown is None or prior is None:
            parts.tell("note", sentence("prior.none"))
            self._show_state()
            return
        self._wanted, self._then = prior.key, then
        parts.study.keep_beside(prior.key)
        parts.shelf.take(prior, lambda state: self._ready(shown.state, state))

    def end(self) -> None:
        """Back to the layout of before."""
        if self.beside is not None:
            self._parts.study.set_layout(self._layout)
        elif self._wanted:
            self._put_back()

    def _ready(self, current: VolumeState, prior: VolumeState) -> None:
        workspace, shown = self._parts.workspace, self._parts.study.shown.value
        if prior.series.key != self._wanted or shown is None or shown.state is not current:
            return
        self._wanted = ""
        self.beside = Beside(current, prior)
        left, right = ViewState(Plane.AXIAL), ViewState(Plane.AXIAL)
        left.volume.set(current)
        right.volume.set(prior)
        self._together = Together(left, right, self.beside)
        self._layout = workspace.layout.value
        self._views = (left, right)
        workspace.layout.set("1x2")
        workspace.active.set(0)
        workspace.alone.set(False)
        workspace.views.set(self._views)
        self._show_state()
        then, self._then = self._then, None
        if then is not None:
            then()
        elif self.beside.link is None:
            self._tell_how_to_link()

    def _views_changed(self, views: tuple[ViewState, ...]) -> None:
        """Another layout, another series, another study: the prior is put back, and its memory with it."""
        if views is not self._views and (self.beside is not None or self._wanted):
            self._put_back()

    def _put_back(self) -> None:
        if self.beside is not None:
            self.beside.end()
        if self._together is not None:
            self._together.end()
        self._together = None
        self.beside, self._then, self._views, self._wanted = None, None, (), ""
        self._parts.study.keep_beside("")
        self._show_state()

    # the link

    def set_linked(self, on: bool) -> None:
        """Link the two at the places where their cross-hairs stand, or part them."""
        beside, tell = self.beside, self._parts.tell
        if beside is None:
            return
        if beside.link is not None and beside.link.by_frame:
            tell("note", sentence("prior.one-frame"))
        elif on:
            link = link_by_place(beside.current, beside.prior)
            beside.set_link(link)
            tell("note", Sentence("prior.linked", link.words.values))
        else:
            beside.set_link(None)
            tell("note", sentence("prior.unlinked"))
        self._show_state()

    def _tell_how_to_link(self) -> None:
        keys = self._parts.registry.keys("prior.link")
        key = key_text(keys[0]) if keys else "–"
        self._parts.tell("note", sentence("prior.how-to-link", key=key))

    # a finding

    def _selected(self) -> Finding | None:
        reading, uid = self._parts.store.reading, self._parts.workspace.marks.selected.value
        if reading is None:
            return None
        return next((one for one in reading.visible(self._parts.is_second_reader()) if one.uid == uid), None)

    def show_finding(self) -> None:
        """Show the place of the selected finding in the prior, and what has changed there."""
        finding = self._selected()
        if finding is None:
            self._parts.tell("note", sentence("prior.no-finding"))
        elif self.beside is None:
            self.put_beside(lambda: self._go(finding))
        else:
            self._go(finding)

    def _go(self, finding: Finding) -> None:
        beside = self.beside
        if beside is None:
            return
        place = finding.measures.centre_lps_mm
        here = beside.current.volume.geometry.frame_of_reference_uid
        if finding.series_uid != beside.current.series.uid and finding.frame_of_reference_uid != here:
            self._parts.tell("note", sentence("prior.other-series"))
            return
        beside.current.go_to_lps_mm(place)
        if beside.link is None:
            # The height is the reader's to find; sideways the same numbers are where to begin.
            beside.prior.go_to_lps_mm((place[0], place[1], beside.prior.place_lps_mm()[2]))
            self._tell_how_to_link()
        elif not beside.holds(place):
            self._parts.tell("note", sentence("prior.outside"))
        else:
            self._compare(finding, beside.link.to_prior(place))
        field = max(FIELD_MM, SHARE * (finding.measures.long_mm or 0.0))
        for widget in self._parts.area.views:
            port = widget.port() if isinstance(widget, SliceView) else None
            if port is not None:
                centre_on(port, port.state.place_ijk.value, field)

    def _compare(self, finding: Finding, place_lps_mm: Triple) -> None:
        """Read the prior's journal in the lane that owns it, then show what has changed."""
        parts, beside = self._parts, self.beside
        if beside is None:
            return
        uid = beside.prior.series.study.uid

        def read() -> None:
            try:
                entries = parts.journal.entries(uid)
            except OverreadError as error:
                told = error.sentence
                parts.background.post(lambda: parts.tell("error", told))
            else:
                parts.background.post(lambda: self._read(finding, place_lps_mm, beside, entries))

        parts.background.lane(read)

    def _read(self, finding: Finding, place: Triple, beside: Beside, entries: tuple[Entry, ...]) -> None:
        if beside is not self.beside:
            return
        tell = self._parts.tell
        reading, left_out = reading_of(beside.prior.series.study.uid, entries)
        for at in left_out:
            tell("error", sentence("journal.step-left-out", at=at))
        found = match(reading, place, beside.prior.series, self._parts.study.catalogue.value)
        if found is None:
            tell("note", sentence("prior.no-match", mm=f"{SAME_PLACE_MM:g}"))
        else:
            self._show_comparison(finding, found, beside)

    def _show_comparison(self, finding: Finding, found: Match, beside: Beside) -> None:
        series = self._parts.study.catalogue.value
        own = next((one for one in series if (one.uid, one.split) == (finding.series_uid, finding.split)), None)
        now, before = _dated(finding, own), _dated(found.finding, found.series)
        if now is None or before is None or beside.link is None:
            return
        matched = sentence(
            "comparison-page.matched",
            tag=finding.tag,
            prior=found.finding.tag,
            date=found.series.study.date,
            mm=millimetres(found.distance_mm),
        )
        self._page.show_comparison((matched, beside.link.words), self._parts.plugins.compare(Pair(now, before)))
        self._parts.window.show_page(self._page)


def _dated(finding: Finding, series: Series | None) -> Dated | None:
    if series is None or series.geometry is None:
        return None
    geometry = series.geometry
    return Dated(finding, series.study.date, geometry.spacing_ijk_mm[2], stored_plane(geometry))
