"""Judging in the window: the list of findings, going from one to the next, accept, reject, later, the sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import resources

from PySide6.QtGui import QGuiApplication

from overread.core.edits import Judge, Redo, Remove, RemoveMeasure, Undo, UnmarkKeyImage
from overread.core.finding import Finding, JudgedAs, Judgement, Origin, State
from overread.core.sentence import place_of
from overread.core.series import Series
from overread.core.store import Change, ReadingStore, now
from overread.core.text import Sentence, millimetres, say, sentence
from overread.core.window import Window
from overread.inference.cards import shipped
from overread.plugins.api import FindingSubject
from overread.plugins.host import Host
from overread.viewer import shell
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.panels.findings import FindingsPanel
from overread.viewer.panels.own_read import MeasurementRow, OwnReadPanel
from overread.viewer.presenters.findings import REASONS, Listed, Teller, listed, told_of_judgement
from overread.viewer.presenters.framing import framed, largest_cuts
from overread.viewer.presenters.study import Shown, StudyPresenter
from overread.viewer.state.views import VolumeState, Workspace
from overread.viewer.view_commands import presets
from overread.viewer.window import MainWindow

COMMANDS = (
    "finding.next", "finding.previous", "finding.next-open", "finding.accept", "finding.reject", "finding.later",
    "finding.sentence", *(f"reason.{n}" for n in range(1, len(REASONS) + 1)),
)  # fmt: skip
"""The commands that this module gives."""


@dataclass
class Judging:
    """Owner of the findings panel. ``second_reader`` tells the mode of the moment."""

    window: MainWindow
    workspace: Workspace
    study: StudyPresenter
    store: ReadingStore
    area: ViewArea
    own_read: OwnReadPanel
    plugins: Host
    second_reader: Callable[[], bool]
    panel: FindingsPanel = field(init=False)
    _listed: Listed = field(init=False, default_factory=Listed)
    _opened: frozenset[str] = field(init=False, default=frozenset())
    _going_to: str = field(init=False, default="")
    _asks_other: bool = field(init=False, default=False)

    def connect(self) -> None:
        """Make the panel and connect the commands, the clicks and the state."""
        window, registry = self.window, self.window.registry
        self.panel = FindingsPanel(window.words, window.look, registry)
        calls: dict[str, Callable[[], object]] = {
            "finding.next": lambda: self.step(1),
            "finding.previous": lambda: self.step(-1),
            "finding.next-open": lambda: self.step(1, only_open=True),
            "finding.accept": lambda: self.judge("accepted"),
            "finding.reject": self.reject,
            "finding.later": lambda: self.judge("later"),
            "finding.sentence": self.copy_sentence,
        }
        for place in range(1, len(REASONS) + 1):
            calls[f"reason.{place}"] = partial(self.give_reason, place)
        for command, call in calls.items():
            registry.connect(command, call)
        registry.reason_changed = self.panel.detail.set_reason_keys
        self.panel.chosen.connect(self.go_to)
        self.panel.fold_clicked.connect(self._fold)
        self.panel.detail.reason_chosen.connect(self._reason_given)
        self.panel.detail.other.left.connect(window.images.setFocus)
        self.area.mark_clicked.connect(self.go_to)
        self.workspace.marks.selected.watch(lambda _uid: self._show_detail())
        self.study.shown.watch(self._shown)
        self.study.catalogue.watch(lambda _series: self.refresh())
        window.words.bind(self.refresh)

    # what is shown

    def home(self) -> FindingsPanel | OwnReadPanel:
        """The panel at the right: the findings once the model's marks may be seen, else the own read."""
        reading = self.store.reading
        hidden = self.second_reader() and (reading is None or reading.own_read is None)
        return self.own_read if hidden else self.panel

    def changed(self, change: Change) -> None:
        """The reading changed: show it, and say what was done."""
        self.refresh()
        edit = change.edit
        if isinstance(edit, Judge):
            found = change.reading.finding(edit.uid)
            if found is not None:
                self.window.messages.tell(
                    "note", told_of_judgement(found), sentence("findings.undo"), self.store.undo
                )
        elif isinstance(edit, Undo | Redo):
            words = self.store.redo_words if isinstance(edit, Undo) else self.store.undo_words
            text_id = "findings.undone" if isinstance(edit, Undo) else "findings.redone"
            if words is not None:
                self._tell(sentence(text_id, what=words))

    def refresh(self) -> None:
        """Show the reading as it is now."""
        reading = self.store.reading
        self._listed = listed(reading, self.second_reader(), self._opened)
        if self.selected is None:
            self.workspace.marks.selected.set("")
        teller = self.teller()
        self.panel.show_findings(
            teller.groups(self._listed), teller.head(self._listed), teller.notes(self._listed),
            self.workspace.marks.selected.value,
        )  # fmt: skip
        self.panel.set_save_words(teller.save_words(self._listed))
        self.panel.set_measurements([] if reading is None else shell.measurement_rows(reading))
        self.own_read.set_marks([self._own_row(one) for one in self._listed.findings if one.origin is Origin.PERSON])
        self._show_detail()
        if self.study.shown.value is not None and self.window.home is not self.home():
            self.window.set_home(self.home())
        self.area.update_all()

    def _shown(self, shown: Shown | None) -> None:
        if shown is None:
            self.workspace.marks.selected.set("")
            self._opened = frozenset()
            self.refresh()
        elif self._going_to:
            uid, self._going_to = self._going_to, ""
            self.go_to(uid)

    @property
    def opened(self) -> frozenset[str]:
        """The groups of the list whose folded findings are shown."""
        return self._opened

    def teller(self) -> Teller:
        """Puts findings into the words of the window's language."""
        return Teller(self.window.words.language, self._series, self._title, _limits, self._sentence)

    def _sentence(self, finding: Finding, series_number: int | None, image_number: int) -> str:
        """A finding as a sentence of the language of the window; empty when no plugin makes one."""
        subject = FindingSubject(finding, series_number, image_number)
        return self.plugins.finding_text(subject, self.window.words.language) or ""

    def _title(self, model: str) -> str:
        card = shipped().get(model)
        return model if card is None else say(card.title, self.window.words.language)

    def _series(self, uid: str, split: str) -> Series | None:
        return next((one for one in self.study.catalogue.value if (one.uid, one.split) == (uid, split)), None)

    @property
    def selected(self) -> Finding | None:
        """The finding that the commands mean; None when none is selected, or it may not be seen."""
        uid = self.workspace.marks.selected.value
        return next((one for one in self._listed.findings if one.uid == uid), None)

    def _show_detail(self) -> None:
        found = self.selected
        self.panel.show_detail(None if found is None else self.teller().detail(found, self._listed))
        if self._asks_other and found is not None and found.state is State.REJECTED:
            self._asks_other = False
            self.panel.detail.ask_other()

    def _own_row(self, finding: Finding) -> MeasurementRow:
        long_mm = finding.measures.long_mm
        title = f"{finding.tag} · {place_of(finding).say(self.window.words.language)}"
        icon = "close" if finding.state is State.REJECTED else "mark"
        return MeasurementRow(finding.uid, icon, title, "" if long_mm is None else f"{millimetres(long_mm)} mm")

    def _fold(self, key: str) -> None:
        self._opened = self._opened ^ {key}
        self.refresh()

    def drawn(self, state: VolumeState) -> list[Finding]:
        """The findings of a series that may be drawn: those that the list shows, and no others."""
        key = (state.series.uid, state.series.split)
        return [one for one in self._listed.findings if (one.series_uid, one.split) == key]

    def facts(self) -> list[list[object]]:
        """What is listed, for a program that drives the window: uid, tag, state, selected."""
        chosen = self.workspace.marks.selected.value
        return [[one.uid, one.tag, str(one.state), one.uid == chosen] for one in self._listed.findings]

    # going there

    def step(self, step: int, *, only_open: bool = False) -> None:
        """Go to the next or previous finding of the list; after the last comes the first."""
        found = self._listed.step(self.workspace.marks.selected.value, step, only_open=only_open)
        if found is not None:
            self.go_to(found.uid)
        else:
            none_open = only_open and bool(self._listed.findings)
            self._tell(sentence("findings.none-open" if none_open else "findings.none-to-go"))

    def go_to(self, uid: str) -> bool:
        """Select a finding and let all views show it; False when there is none with this UID in the list."""
        found = next((one for one in self._listed.findings if one.uid == uid), None)
        shown = self.study.shown.value
        if found is None or shown is None:
            return False
        if (shown.series.uid, shown.series.split) != (found.series_uid, found.split):
            self._open_series_of(found)
            return True
        # The views first: then the panel's work cannot delay them.
        self._frame(found, shown.state)
        self.workspace.marks.selected.set(uid)
        return True

    def _open_series_of(self, found: Finding) -> None:
        series = self._series(found.series_uid, found.split)
        if series is None:
            self._tell(sentence("findings.not-open", tag=found.tag, series=found.series_uid))
        else:
            self._going_to = found.uid
            self.study.show(series.key)

    def _frame(self, found: Finding, state: VolumeState) -> None:
        state.go_to_ijk(largest_cuts(found.mask))
        window = window_of(found.label)
        if window is not None and state.volume.unit == "HU":
            state.window.set(window)
        for view in self.area.views:
            port = view.port() if isinstance(view, SliceView) else None
            if port is not None and port.state is state:
                zoom, pan = framed(port, found.mask.box)
                port.view.zoom.set(zoom)
                port.view.pan.set(pan)

    # judging

    def judge(self, verdict: JudgedAs, reason: str = "", note: str = "") -> None:
        """Journal what a person decided of the selected finding; what it is already is not journalled again."""
        found = self.selected
        if found is None:
            self._tell(sentence("findings.choose-first"))
            return
        before = found.judgement
        stands = found.state is State.ADDED if before is None and verdict == "accepted" else False
        same = before is not None and (before.verdict, before.reason, before.note) == (verdict, reason, note)
        if stands:
            self._tell(sentence("findings.stands", tag=found.tag))
        elif not same:
            who = self.store.reader
            self.store.apply(
                Judge(found.uid, Judgement(verdict=verdict, who=who, at=now(), reason=reason, note=note))
            )

    def reject(self) -> None:
        """Reject the selected finding; the digits are reasons until the next key."""
        found = self.selected
        if found is None or found.state is not State.REJECTED:
            self.judge("rejected")
        if found is not None:
            self.window.registry.set_reason_mode(True)

    def give_reason(self, place: int) -> None:
        """The reason of a rejection by its digit; the last one asks for a few words."""
        found = self.selected
        if found is None:
            return
        if REASONS[place - 1] != "other":
            self.judge("rejected", REASONS[place - 1])
            return
        self._bring_panel()
        if found.state is State.REJECTED:
            self.panel.detail.ask_other()
        else:
            self._asks_other = True

    def _bring_panel(self) -> None:
        """The panel may be folded away, or a page may stand before it."""
        if not self.window.registry.action("panel.right").isChecked():
            self.window.registry.trigger("panel.right")
        self.window.close_page()

    def _reason_given(self, reason: str, note: str) -> None:
        self.judge("rejected", reason, note)
        self.window.images.setFocus()

    def delete(self, uid: str) -> None:
        """Take away a measurement, the mark of a key image, or an own mark."""
        reading = self.store.reading
        if reading is None:
            return
        if reading.measurement(uid) is not None:
            self.store.apply(RemoveMeasure(uid))
        elif reading.key_image(uid) is not None:
            self.store.apply(UnmarkKeyImage(uid))
        else:
            self.store.apply(Remove(uid))

    def copy_sentence(self) -> None:
        """Put the selected finding as one sentence on the clipboard."""
        found = self.selected
        if found is None:
            self._tell(sentence("findings.choose-first"))
            return
        text = self.teller().detail(found, self._listed).sentence
        if not text:
            self._tell(sentence("findings.no-sentence"))
            return
        QGuiApplication.clipboard().setText(text)
        self._tell(sentence("findings.copied", text=text))

    def _tell(self, told: Sentence) -> None:
        self.window.messages.tell("note", told)


def _limits(model: str) -> list[Sentence]:
    card = shipped().get(model)
    return [] if card is None else [sentence(limit) for limit in card.limits]


@cache
def _window_ids() -> dict[str, str]:
    file = resources.files("overread.resources") / "presets" / "findings.toml"
    found: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))["window"]
    return found


def window_of(label: str) -> Window | None:
    """The window in which a finding of a label is looked at; None when there is none of its own."""
    wanted = _window_ids().get(label)
    return next((one for one in presets()["CT"] if one.name == wanted), None)
