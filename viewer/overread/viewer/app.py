"""The composition root: makes every part of the window, hands each what it needs, and takes all down again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog

from overread.core.dicom.decode_pool import DecodePool
from overread.core.edits import MarkKeyImage, Measure, Propose, UnmarkKeyImage
from overread.core.errors import NotReadableError, NotWrittenError
from overread.core.finding import KeyImage, Measurement
from overread.core.journal import Journal
from overread.core.paths import Paths, default_paths, site_settings
from overread.core.series import Rejected, Series
from overread.core.settings import BY_NAME, SCHEMA, account_name, load_settings
from overread.core.shared import sweep
from overread.core.store import Change, ReadingStore, new_uid
from overread.core.text import Language, Sentence, sentence
from overread.plugins.host import Host
from overread.viewer import asking, comparing, diagnostics, drive, judging, saving, shell, view_commands
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.slice_view import ViewServices
from overread.viewer.canvas.volume_view import VolumeView
from overread.viewer.commands import CommandRegistry
from overread.viewer.context_menu import ContextMenu
from overread.viewer.editing import COMMANDS as EDIT_COMMANDS
from overread.viewer.editing import Editing
from overread.viewer.guide import Guide
from overread.viewer.own_files import OwnFiles
from overread.viewer.pages.about import AboutPage
from overread.viewer.pages.empty import EmptyPage
from overread.viewer.pages.key_sheet import KeySheet
from overread.viewer.pages.left_out import LeftOutPage
from overread.viewer.pages.report import ReportPage
from overread.viewer.pages.settings import SettingRow, SettingsPage
from overread.viewer.pages.setup import SetupPanel
from overread.viewer.panels.own_read import OwnReadPanel
from overread.viewer.panels.reasons import WhyPanel
from overread.viewer.places import Places
from overread.viewer.presenters.inbox import ArrivalStatus, Inbox
from overread.viewer.presenters.study import Shown, StudyPresenter, best_series
from overread.viewer.presenters.volumes import VolumeShelf
from overread.viewer.program import own_command
from overread.viewer.render.fonts import load_fonts
from overread.viewer.rescue import Rescue
from overread.viewer.state.language import Words
from overread.viewer.state.observable import Property
from overread.viewer.state.views import Plane, VolumeState, Workspace
from overread.viewer.style import missing_cjk
from overread.viewer.tasks import Tasks
from overread.viewer.tools.base import Tool
from overread.viewer.tools.look import CrosshairTool, PanTool, WindowTool, ZoomTool
from overread.viewer.tools.measure import LengthTool, Measured, ProbeTool, probe_text
from overread.viewer.tools.shapes import shape_tools
from overread.viewer.window import MainWindow

DRAWN_SIZE = (1600, 1000)
INBOX_MS = 3000
PLACE_MS = 2000
SAMPLE_SECONDS = 600
OWN_COMMANDS = (
    "study.open", "study.open-files", "study.sample", "study.close", "inbox.show", "case.next", "app.settings",
    "app.quit", "patient.hide", "finding.key-image", "series.previous", "series.next", "reader.change",
    "panel.left", "panel.right", "window.full-screen", "edit.undo", "edit.redo", "help.keys", "help.setup",
    "help.about", "language.en", "language.zh", "page.close",
)  # fmt: skip
ROOM_COMMANDS = (*view_commands.COMMANDS, *judging.COMMANDS, *saving.COMMANDS)
"""Commands of the rooms that need a study."""


class Program(QObject):
    """Owner of all parts of one window."""

    def __init__(self, paths: Paths, language: Language | None = None) -> None:
        super().__init__()
        self.paths = paths
        self.log = diagnostics.start_log(paths.log)
        sweep()
        load_fonts()
        self.settings = load_settings(paths.settings, site_settings())
        self.own_files = OwnFiles(paths.config)
        self.words = Words(language or ("zh" if self.settings.text("language") == "zh" else "en"))
        self.tasks = Tasks()
        self.decoder = DecodePool()
        self.workspace = Workspace()
        self.workspace.layout.set(self.settings.text("layout"))
        self.journal = Journal(paths.journal)
        self.store = ReadingStore(self.journal, self.tasks.lane, self.tasks.post, lambda told: self.rescue.tell(told))
        self.store.reader = self.settings.text("reader") or account_name()
        self.shelf = VolumeShelf(self.tasks, self.tell, self.decoder)
        self.study = StudyPresenter(self.tasks, self.shelf, self.workspace, self.tell, self.decoder)
        self.worked_on: frozenset[str] = frozenset()
        self._going_to = ""
        self.inbox = Inbox(self.tasks, self._status_of)
        self.plugins = Host(paths.config, self.settings.approved_plugins, lambda told: self.tell("warning", told))
        self._make_views()
        self._make_window()
        self.places = Places(self.tasks, self.journal, self.study, self.tell)
        self.asking = asking.Asking(
            asking.Parts(
                self.registry, self.window, self.own_read, self.area, self.workspace, self.study, self.shelf,
                self.store, self.journal, self.inbox, self.tasks, self.settings, self.words,
                self._show_checks,
            )
        )  # fmt: skip
        parts = comparing.Parts(
            self.tasks, self.journal, self.store, self.shelf, self.study, self.workspace, self.registry, self.plugins,
            self.window, self.area, self.own_read, self.tell, lambda: self.settings.text("reading-mode") == "second",
        )  # fmt: skip
        self.comparing = comparing.Comparing(parts)
        self._connect()
        self._start()

    def _make_views(self) -> None:
        self.editing = Editing(
            self.store, self.workspace, self.tasks, self.words, self.tell,
            lambda reading: reading.visible(self.settings.text("reading-mode") == "second"),
        )  # fmt: skip
        tools: tuple[Tool, ...] = (
            WindowTool(), PanTool(), ZoomTool(), CrosshairTool(),
            LengthTool(self.words, self._measured), ProbeTool(self.words),
            *shape_tools(self.words, self._measured), *self.editing.tools,
        )  # fmt: skip
        self.profile: Property[str] = Property(self.settings.text("mouse"))
        self.text_scale = Property(self.settings.number("text-size") / 100)
        self.services = ViewServices(
            workspace=self.workspace,
            words=self.words,
            tools={tool.id: tool for tool in tools},
            is_key_image=lambda state: shell.key_image_here(self.store.reading, state) is not None,
            measurements=lambda state, plane, index: shell.drawn(self.store.reading, state, plane, index, self.words),
            profile=self.profile,
            text_scale=self.text_scale,
            findings=lambda state: self.judging.drawn(state),
        )
        self.area = ViewArea(self.services)

    def _make_window(self) -> None:
        available = (*ROOM_COMMANDS, *comparing.COMMANDS, *OWN_COMMANDS, *asking.COMMANDS, *EDIT_COMMANDS)
        self.registry = CommandRegistry(self.own_files.keymap, available, self.words.current.value)
        self.window = MainWindow(
            self.registry, self.area, self.words.current.value, self.settings.number("text-size")
        )
        window = self.window
        self.empty = EmptyPage(window.words, window.look, self.registry)
        self.empty.setObjectName("empty-page")
        self.editing.add_options(window)
        self.own_read = OwnReadPanel(window.words, window.look, self.registry)
        self.judging = judging.Judging(
            window, self.workspace, self.study, self.store, self.area, self.own_read, self.plugins,
            lambda: self.settings.text("reading-mode") == "second",
        )  # fmt: skip
        self.saving = saving.Saving(
            window, self.tasks, self.study, self.store, self.judging, self._results, self.inbox.refresh_status,
            self.editing.session,
        )  # fmt: skip
        self.setup = SetupPanel(window.words, window.look, self.registry)
        self.setup.set_choice("mode", self.settings.text("reading-mode"))
        self.why = WhyPanel(window.words, window.look)
        self.key_sheet = KeySheet(window.words, window.look, self.registry)
        self.about = AboutPage(window.words, window.look, version("overread"))
        self.settings_page = SettingsPage(window.words, window.look)
        self.report_page = ReportPage(window.words, window.look)
        self.left_out = LeftOutPage(window.words, window.look)
        self.left_out.setObjectName("left-out-page")

    def tell(self, kind: str, told: Sentence) -> None:
        """Say something on the message line."""
        self.window.messages.tell("error" if kind == "error" else "warning" if kind == "warning" else "note", told)

    def _connect(self) -> None:
        window, study = self.window, self.study
        windows = self.own_files.windows
        view_commands.ViewCommands(self.registry, self.workspace, study, self.tell, windows).connect()
        self.editing.connect(self.registry)
        calls: dict[str, Callable[..., object]] = {
            "study.open": self.choose_folder,
            "study.open-files": self.choose_files,
            "study.sample": self.open_sample,
            "study.close": study.close_all,
            "case.next": self.next_case,
            "series.previous": lambda: study.step_series(-1),
            "series.next": lambda: study.step_series(1),
            "finding.key-image": self.turn_key_image,
            "patient.hide": self.workspace.overlays.patient_hidden.set,
            "edit.undo": self.editing.session.undo,
            "edit.redo": self.editing.session.redo,
            "app.settings": self.show_settings,
            "help.keys": lambda: window.show_page(self.key_sheet),
            "help.setup": lambda: window.show_page(self.setup),
            "help.about": lambda: window.show_page(self.about),
            "language.en": lambda: self.change_setting("language", "en"),
            "language.zh": lambda: self.change_setting("language", "zh"),
        }
        for command, call in calls.items():
            self.registry.connect(command, call)
        window.dropped.connect(self.open_paths)
        window.close_requested.connect(self.close)
        window.router.refused.connect(
            lambda command: self.tell("note", shell.not_now(command, self.words.current.value))
        )
        window.patient_bar.reader_changed.connect(lambda name: self.change_setting("reader", name))
        window.left.studies.activated.connect(study.show)
        window.left.studies.badge_clicked.connect(lambda key: self.explain(study.series(key)))
        window.left.inbox.activated.connect(self.open_arrival)
        self.empty.open_clicked.connect(self.choose_folder)
        self.empty.inbox_clicked.connect(lambda: window.show_left(inbox=True))
        self.empty.sample_clicked.connect(self.open_sample)
        self.judging.connect()
        self.saving.connect()
        self.context = ContextMenu(window, self.area, self.workspace, self.store, self.judging)
        self.context.connect()
        self.rescue = Rescue(window, self.tasks, self.journal, self.store)
        for panel in (self.own_read, self.judging.panel):
            panel.go_to.connect(self._go_to)
            panel.delete.connect(self.judging.delete)
        self.setup.language_chosen.connect(lambda key: self.change_setting("language", key))
        self.setup.mouse_chosen.connect(lambda key: self.change_setting("mouse", key.replace("-", "_")))
        self.setup.mode_chosen.connect(lambda key: self.change_setting("reading-mode", key))
        self.settings_page.changed.connect(self.change_setting)
        self.area.hovered.connect(self._hovered)
        self.area.hovered.connect(self.editing.point)
        self.area.why_clicked.connect(self.explain)
        self._watch()

    def _watch(self) -> None:
        self._rows_timer = QTimer(self, interval=30, singleShot=True)
        self._rows_timer.timeout.connect(self._show_rows)
        self.study.catalogue.watch(lambda _series: self._rows_timer.start())
        self.study.thumbnail_made.watch(lambda _count: self._rows_timer.start())
        self.study.shown.watch(self._shown)
        self.study.rejected.watch(self._tell_left_out)
        self.study.shown.watch(lambda _shown: self._rows_timer.start())
        self.inbox.arrivals.watch(lambda _arrivals: self._arrived())
        self.workspace.overlays.patient_hidden.watch(lambda _hidden: self._show_people())
        self.store.watch(self._changed)
        self._inbox_timer = QTimer(self, interval=INBOX_MS)
        self._inbox_timer.timeout.connect(self.inbox.look)
        self._place_timer = QTimer(self, interval=PLACE_MS)
        self._place_timer.timeout.connect(lambda: self.places.remember())

    def _start(self) -> None:
        self.window.patient_bar.show_reader(self.store.reader)
        self._shown(None)
        self._show_undo()
        for complaint in (*self.settings.complaints, *self.own_files.complaints):
            self.tell("warning", complaint)
        self.plugins.start(window=True)
        if missing_cjk():
            self.tell("warning", sentence("open.no-cjk"))
        self._undo_catch = diagnostics.catch_unexpected(
            lambda report: self.tasks.post(lambda: self.show_report(report))
        )
        folder = Path(self.settings.text("inbox")) if self.settings.text("inbox") else self.paths.inbox
        self.inbox.watch(folder)
        self._inbox_timer.start()
        self._place_timer.start()
        self.tasks.lane(self._read_worked_on)

    # what is shown

    def _shown(self, shown: Shown | None) -> None:
        window = self.window
        window.left.studies.set_current(shown.series.key if shown else None)
        self.asking.shown(shown)
        for command in ROOM_COMMANDS:
            self.registry.set_enabled(command, shown is not None)
        self.editing.set_shown(self.registry, shown is not None)
        if shown is None:
            self._going_to = ""
            self.store.close_study()
            self._show_undo()
            window.patient_bar.show_patient(None)
            window.show_centre(self.empty)
            window.set_home(self.setup)
            self._show_checks()
            return
        window.patient_bar.show_patient(
            shell.patient_line(shown.series, hidden=self.workspace.overlays.patient_hidden.value)
        )
        window.show_centre(None)
        window.set_home(self.judging.home())
        shown.state.revision.watch(lambda _count: self._show_loading(shown.state))
        self._show_loading(shown.state)
        uid = shown.series.study.uid
        if self.store.study_uid != uid:
            self.store.open_study(uid, lambda: self.places.recall(uid))
            # What stood in the lists is of another study, and its journal may be long.
            self.own_read.set_measurements([])
            self.judging.refresh()
        going_to, self._going_to = self._going_to, ""
        if going_to:
            # After the views of the series have been hung.
            self.tasks.post(lambda: self.go_to_measurement(going_to))

    def _show_loading(self, state: VolumeState) -> None:
        done, total = int(np.count_nonzero(state.loaded)), len(state.loaded)
        told = None if state.complete else sentence("open.loading", done=done, total=total)
        for panel in (self.own_read, self.judging.panel):
            panel.set_loading(told)
        if state.complete:
            self._preload()

    def _arrived(self) -> None:
        self._show_arrivals()
        shown = self.study.shown.value
        if shown is not None and shown.state.complete:
            self._preload()

    def _preload(self) -> None:
        """Load the next case of the inbox while this one is read."""
        shown = self.study.shown.value
        arrival = None if shown is None else self.inbox.next_after(shown.series.study.uid)
        if arrival is not None and shown is not None:
            best = best_series(arrival.series)
            if best.study.uid != shown.series.study.uid and not self.shelf.is_shelved(best.key):
                self.study.keep_also(best.key)
                self.shelf.take(best, lambda _state: None)

    def _show_people(self) -> None:
        """Show or hide who the patients are, wherever it stands."""
        hidden, shown = self.workspace.overlays.patient_hidden.value, self.study.shown.value
        if shown is not None:
            self.window.patient_bar.show_patient(shell.patient_line(shown.series, hidden=hidden))
        self._show_rows()
        self._show_arrivals()

    def _show_rows(self) -> None:
        hidden = self.workspace.overlays.patient_hidden.value
        self.window.left.studies.set_rows(shell.series_rows(self.study, hidden=hidden))
        shown = self.study.shown.value
        self.window.left.studies.set_current(shown.series.key if shown else None)

    def _show_arrivals(self) -> None:
        arrivals = self.inbox.arrivals.value
        hidden = self.workspace.overlays.patient_hidden.value
        self.window.left.inbox.set_rows(shell.arrival_rows(arrivals, hidden=hidden))
        self.window.left.refresh()
        self.empty.set_arrived(len(arrivals))

    def _changed(self, change: Change) -> None:
        self.own_read.set_measurements(shell.measurement_rows(change.reading))
        uid = change.reading.study_uid
        if change.edit is not None and not isinstance(change.edit, Propose) and uid not in self.worked_on:
            self.worked_on = self.worked_on | {uid}
            self.inbox.refresh_status()
        self.asking.changed(change)
        self.rescue.changed(change)
        self._show_undo()
        self.judging.changed(change)

    def _show_undo(self) -> None:
        language = self.words.current.value
        for command, words in (("edit.undo", self.store.undo_words), ("edit.redo", self.store.redo_words)):
            self.registry.set_enabled(command, words is not None)
            self.registry.set_detail(command, words.say(language) if words else "")

    def _show_checks(self) -> None:
        cjk = "warning" if missing_cjk() else "ok"
        self.setup.set_checks(
            [self.asking.check(), (cjk, sentence("open.no-cjk" if cjk == "warning" else "open.cjk"))]  # type: ignore[list-item]
        )

    def _hovered(self, hover: object) -> None:
        if not isinstance(hover, tuple):
            self.window.jobs.show_cursor("")
            return
        port, x, y = hover
        self.window.jobs.show_cursor(probe_text(self.words, port, x, y) if port.is_inside(x, y) else "")

    def explain(self, series: Series | None) -> None:
        """Say why a series carries a badge, and what may be done with it."""
        if series is not None:
            reasons = [reason.sentence for reason in series.verdict.reasons]
            self.why.show_reasons(series.description or series.modality, reasons, shell.permissions(series))
            self.window.show_page(self.why)

    def _tell_left_out(self, rejected: tuple[Rejected, ...]) -> None:
        """Files that could not be used are said, and each is listed with its reason."""
        if rejected:
            self.window.messages.tell(
                "warning",
                sentence("open.some-left-out", n=len(rejected)),
                sentence("open.which-files"),
                lambda: self._show_left_out(rejected),
            )

    def _show_left_out(self, rejected: tuple[Rejected, ...]) -> None:
        self.left_out.set_rows([(one.path.name, one.reason) for one in rejected])
        self.window.show_page(self.left_out)

    def show_report(self, report: str) -> None:
        """Something unexpected happened: the report can be read before anything is kept."""
        self.window.messages.tell(
            "error", sentence("open.crashed"), sentence("open.show-report"), lambda: self._show_report(report)
        )

    def _show_report(self, report: str) -> None:
        self.report_page.show_report(report, self.paths.log)
        self.window.show_page(self.report_page)

    # opening

    def choose_folder(self) -> None:
        """Ask for a folder and open it."""
        chosen = QFileDialog.getExistingDirectory(self.window, self.words("open.choose-folder"))
        if chosen:
            self.study.open_paths([Path(chosen)])

    def choose_files(self) -> None:
        """Ask for files and open them."""
        chosen, _filter = QFileDialog.getOpenFileNames(self.window, self.words("open.choose-files"))
        if chosen:
            self.open_paths([Path(name) for name in chosen])

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open folders and files; edits that were saved elsewhere go back into the journal."""
        if not self.rescue.takes(paths):
            self.study.open_paths(paths)

    def open_arrival(self, key: str) -> None:
        """Open a case of the inbox."""
        for arrival in self.inbox.arrivals.value:
            if shell.arrival_key(arrival) == key:
                self.study.open_paths([arrival.path])
                self.window.show_left(inbox=False)

    def next_case(self) -> None:
        """Open the next case that nobody worked on."""
        shown = self.study.shown.value
        arrival = self.inbox.next_after(shown.series.study.uid if shown else "")
        if arrival is None:
            self.tell("note", sentence("open.no-next"))
        else:
            self.study.open_paths([arrival.path])

    def open_sample(self) -> None:
        """Make the sample study, once, and open it."""
        target = self.paths.cache / "sample"
        self.tell("note", sentence("open.making-sample"))

        def make(_cancel: object) -> Path:
            if not (target / "truth.json").exists():
                command = [*own_command(), "sample", str(target), "--size", "medium"]
                done = subprocess.run(command, capture_output=True, timeout=SAMPLE_SECONDS, check=False)
                if done.returncode != 0:
                    raise NotReadableError(sentence("open.no-sample"))
            return target / "series"

        self.tasks.run(make, lambda folder: self.study.open_paths([folder]), self._failed)

    def _failed(self, error: Exception) -> None:
        told = error.sentence if isinstance(error, NotReadableError) else sentence("open.no-sample")
        self.tell("error", told)

    # the reading

    def _measured(self, measured: Measured) -> None:
        if measured.state.is_prior:
            self.tell("note", sentence("prior.only-look"))
            return
        self.store.apply(Measure(shell.as_measurement(measured, new_uid())))

    def turn_key_image(self) -> None:
        """Mark the acquired image through the place as a key image, or take the mark away."""
        shown = self.study.shown.value
        if shown is None:
            return
        there = shell.key_image_here(self.store.reading, shown.state)
        if there is not None:
            self.store.apply(UnmarkKeyImage(there.uid))
            return
        made = shell.key_image_of(shown.state, new_uid())
        if made is None:
            self.tell("warning", sentence("open.no-image-here"))
        else:
            self.store.apply(MarkKeyImage(made))

    def _go_to(self, uid: str) -> None:
        if not self.judging.go_to(uid):
            self.go_to_measurement(uid)

    def go_to_measurement(self, uid: str) -> None:
        """Let the planes meet in the middle of a measurement, or at a key image; its series is shown first."""
        reading, shown = self.store.reading, self.study.shown.value
        image = None if reading is None else reading.key_image(uid)
        found = None if reading is None else reading.measurement(uid)
        marked = image or found
        if marked is None or shown is None:
            self.editing.session.go_to(uid)
            return
        if (marked.series_uid, marked.split) != (shown.series.uid, shown.series.split):
            self._open_series_of(marked)
        elif image is not None:
            shown.state.show_slice(Plane.IMAGES, image.slice_k)
        elif found is not None:
            middle = np.mean(np.array(found.points_lps_mm), axis=0)
            shown.state.go_to_lps_mm((float(middle[0]), float(middle[1]), float(middle[2])))
            for number, view in enumerate(self.workspace.views.value):
                if view.plane.value == Plane(found.plane):
                    self.workspace.active.set(number)

    def _open_series_of(self, marked: Measurement | KeyImage) -> None:
        wanted = (
            one for one in self.study.catalogue.value if (one.uid, one.split) == (marked.series_uid, marked.split)
        )
        series = next(wanted, None)
        if series is None:
            self.tell("note", sentence("open.series-not-open", image=marked.image_number, series=marked.series_uid))
        else:
            self._going_to = marked.uid
            self.study.show(series.key)

    def _results(self) -> Path:
        return Path(self.settings.text("results")) if self.settings.text("results") else self.paths.results

    def _status_of(self, study_uid: str) -> ArrivalStatus:
        if study_uid in self.saving.saved_studies:
            return ArrivalStatus.SAVED
        return ArrivalStatus.JUDGED if study_uid in self.worked_on else ArrivalStatus.NEW

    def _read_worked_on(self) -> None:
        try:
            found, saved = self.journal.studies(), self.journal.saved_studies()
        except (NotReadableError, NotWrittenError) as error:
            told = error.sentence
            self.tasks.post(lambda: self.tell("error", told))
            return
        self.tasks.post(lambda: self._take_worked_on(found, saved))

    def _take_worked_on(self, found: frozenset[str], saved: frozenset[str]) -> None:
        self.worked_on = self.worked_on | found
        self.saving.take_saved(saved)

    # settings

    def show_settings(self) -> None:
        """The page of all settings."""
        self.settings_page.set_rows(
            [
                SettingRow(
                    key=key.name,
                    title=sentence(key.text_id),
                    value=self.settings.get(key.name),
                    choices=tuple((choice, sentence(f"settings.{key.name}-{choice}")) for choice in key.choices),
                    low=key.low,
                    high=key.high,
                    fixed=key.name in self.settings.fixed,
                )
                for key in SCHEMA
            ]
        )
        self.window.show_page(self.settings_page)

    def change_setting(self, name: str, value: object) -> None:
        """Change a setting, now and for the next start; what an administrator fixed is said."""
        if name in self.settings.fixed or not BY_NAME[name].allows(value):
            self.tell(
                "warning",
                sentence("open.setting-fixed", name=sentence(BY_NAME[name].text_id)),
            )
            return
        try:
            self.settings.set(name, value if isinstance(value, (bool, int)) else str(value))
        except NotWrittenError as error:
            self.tell("warning", error.sentence)
        self._apply_setting(name)
        if name == "reading-mode":
            # At once: a mark that must be hidden now must not stand until the next edit.
            self.judging.refresh()

    def _apply_setting(self, name: str) -> None:
        if name == "language":
            language: Language = "zh" if self.settings.text("language") == "zh" else "en"
            self.words.current.set(language)
            self.window.retranslate(language)
            self.setup.set_choice("language", language)
            self._show_undo()
        elif name == "mouse":
            self.profile.set(self.settings.text("mouse"))
            self.setup.set_choice("mouse", self.settings.text("mouse").replace("_", "-"))
        elif name == "reader":
            self.store.reader = self.settings.text("reader") or account_name()
            self.window.patient_bar.show_reader(self.store.reader)
        elif name == "inbox":
            self.inbox.watch(Path(self.settings.text("inbox")) if self.settings.text("inbox") else self.paths.inbox)
        elif name == "reading-mode":
            self.asking.refresh()
            self.setup.set_choice("mode", self.settings.text("reading-mode"))
        elif name in ("text-size",):
            self.tell("note", sentence("open.next-start"))

    def guide(self) -> None:
        """Lead through the job: a strip of five steps over the images."""
        self.guided = Guide(self.window, self.registry, self.study, self.store, self.workspace, self.asking.run_first)

    def facts(self) -> dict[str, object]:
        """What is shown, for a program that drives the window from outside."""
        found = drive.facts(self.study, self.workspace, self.store, self.places)
        pictures = [view.frame for view in self.area.views if isinstance(view, VolumeView)]
        message = self.window.messages.shown
        return (
            found
            | self.asking.facts()
            | {
                "findings": self.judging.facts(),
                "volume_drawn": any(picture is not None for picture in pictures),
                "message": "" if message is None else self.window.words.tell(message.text),
            }
        )

    # the end

    def close(self) -> None:
        """Take everything down: timers, views, threads, memory, journal, log."""
        self._inbox_timer.stop()
        self._place_timer.stop()
        self._rows_timer.stop()
        self.places.remember()
        self.area.close_views()
        self.asking.close()
        self._undo_catch()
        # First: a thread that waits for a decoder then ends at once.
        self.decoder.close()
        self.tasks.close()
        self.shelf.close()
        self.journal.close()
        diagnostics.stop_log(self.log)


def show_fitting(window: MainWindow) -> None:
    """Show the window in its drawn size, or over the whole screen where that is smaller."""
    room = window.screen().availableGeometry()
    wide, high = DRAWN_SIZE
    if room.width() <= wide or room.height() <= high:
        window.showMaximized()
    else:
        window.resize(wide, high)
        window.show()


def run_window(paths: Sequence[Path], language: Language | None = None, *, guided: bool = False) -> int:
    """Open the window with some paths and stay until it is closed; the answer is the exit code.

    ``guided``: with the strip of five steps, and the model running as soon as the images are there.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("Overread")
    # Ctrl+C in the terminal closes the window; Python sees signals only while it runs, hence the timer.
    program = Program(default_paths(), language)
    signal.signal(signal.SIGINT, lambda *_arguments: program.window.close())
    ticker = QTimer(interval=500)
    ticker.timeout.connect(lambda: None)
    ticker.start()
    served = drive.serve(program.window, program.facts)
    show_fitting(program.window)
    if guided:
        program.guide()
    if paths:
        program.open_paths(list(paths))
    code = int(application.exec())
    if served is not None:
        served.close()
    return code
