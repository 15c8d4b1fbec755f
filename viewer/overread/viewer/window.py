"""The main window: bars, panels and menus around the images. It knows no study; others tell it what to show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QMoveEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGridLayout,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from overread.core.text import Language, say
from overread.viewer.commands import MENUS, SUBMENUS, CommandRegistry
from overread.viewer.panels.job_strip import JobStrip
from overread.viewer.panels.key_router import KeyRouter
from overread.viewer.panels.left_panel import LeftPanel
from overread.viewer.panels.message_line import MessageLine
from overread.viewer.panels.patient_bar import PatientBar
from overread.viewer.panels.tool_options import ToolOptions
from overread.viewer.panels.tool_row import ToolRow
from overread.viewer.panels.words import Words, vbox
from overread.viewer.render.palette import tokens
from overread.viewer.style import Look, QtWords, apply

RIGHT_WIDTH, BELOW_HEIGHT, LEFT_BELOW_WIDTH = 352, 520, 240
NARROW_WINDOW = 1400
"""Below this width the left panel folds to thumbnails, so that the images keep half of the window."""
SMALLEST = (960, 640)


class MainWindow(QMainWindow):
    """The frame. ``central`` is the widget of the images. Public parts: patient_bar, left (studies, inbox), tools,
    tool_options, messages, jobs, words, look. ``dropped``: list of Path."""

    dropped = Signal(list)
    close_requested = Signal()

    def __init__(
        self, registry: CommandRegistry, central: QWidget, language: Language = "en", size_percent: int = 100
    ) -> None:
        super().__init__()
        self.registry = registry
        self.words = Words(language)
        self.look = Look(tokens(), size_percent)
        self._qt_words: QtWords | None = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply(application, self.look)
            self._qt_words = QtWords(application)
            self._qt_words.set_language(language)
        self.may_close: Callable[[], bool] = lambda: True
        """Asked before the window closes; False keeps it open."""
        self.geometry_changed: Callable[[bytes], object] = lambda state: None
        """Told the window's place and size (opaque bytes for ``restore``) whenever it changes."""
        registry.retranslate(language)
        self.setAcceptDrops(True)
        self.setMinimumSize(*SMALLEST)
        self._portrait: bool | None = None
        self._menus: dict[str, QMenu] = {}
        self._build(central)
        self._make_menus()
        self._connect()
        self.router = KeyRouter(registry, self.centre)
        self.words.bind(self._name)
        self._arrange()
        self.images.setFocus()

    def _build(self, central: QWidget) -> None:
        words, look, registry = self.words, self.look, self.registry
        self.patient_bar = PatientBar(words, look)
        self.left = LeftPanel(words, look, registry)
        self.tools, self.tool_options = ToolRow(words, look, registry), ToolOptions(words, look)
        self.messages, self.jobs = MessageLine(words, look), JobStrip(words, look)
        self.centre, self.right = QStackedWidget(), QStackedWidget()
        self.centre.setObjectName("centre")
        self.centre.addWidget(central)
        central.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.images = central
        self._right_frame = QFrame()
        self._right_frame.setProperty("side", "right")
        vbox(self._right_frame, look, (0, 0, 0, 0), 0).addWidget(self.right)
        self._home: QWidget | None = None
        self._middle = QWidget()
        middle = vbox(self._middle, look, (0, 0, 0, 0), 0)
        for each in (self.tools, self.tool_options):
            middle.addWidget(each)
        middle.addWidget(self.centre, 1)
        body = QWidget()
        self._grid = QGridLayout(body)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        whole = QWidget()
        column = self._column = vbox(whole, look, (0, 0, 0, 0), 0)
        self._guide: QWidget | None = None
        column.addWidget(self.patient_bar)
        column.addWidget(body, 1)
        column.addWidget(self.messages)
        column.addWidget(self.jobs)
        self.setCentralWidget(whole)

    def _make_menus(self) -> None:
        present = {command.menu for command in self.registry.available}
        parents = {SUBMENUS[menu] for menu in present if menu in SUBMENUS}
        for menu_id in MENUS:
            if menu_id in present or menu_id in parents:
                self._menus[menu_id] = self.menuBar().addMenu("")
        block: dict[str, int] = {}
        for command in self.registry.available:
            if command.menu not in self._menus:
                self._menus[command.menu] = self._menus[SUBMENUS[command.menu]].addMenu("")
            menu = self._menus[command.menu]
            if block.get(command.menu, command.block) != command.block:
                menu.addSeparator()
            block[command.menu] = command.block
            action = self.registry.action(command.id)
            if command.icon:
                action.setIcon(self.look.icon(command.icon))
            menu.addAction(action)

    def _connect(self) -> None:
        registry = self.registry
        own: tuple[tuple[str, Callable[..., object]], ...] = (
            ("panel.left", self.left.setVisible),
            ("panel.right", self._right_frame.setVisible),
            ("window.full-screen", self._set_full_screen),
            ("layout.choose", self._choose_layout),
            ("page.close", self.close_page),
            ("reader.change", self.patient_bar.edit_reader),
            ("inbox.show", lambda: self.show_left(inbox=True)),
            ("app.quit", self.close),
        )
        for command_id, callback in own:
            if command_id in registry:
                registry.connect(command_id, callback)
        for command_id in ("panel.left", "panel.right"):
            registry.set_checked(command_id, True)
        self.left.fold_clicked.connect(lambda: self._fold_left())

    def _fold_left(self) -> None:
        self.left.hide()
        self.registry.set_checked("panel.left", False)

    def _set_full_screen(self, full: bool) -> None:
        # Not showFullScreen() and showNormal(): a window that was maximised before must be so again.
        state, bit = self.windowState(), Qt.WindowState.WindowFullScreen
        self.setWindowState(state | bit if full else state & ~bit)

    def _choose_layout(self) -> None:
        menu, beside = self._menus.get("layouts"), self.tools.buttons.get("layout.choose")
        if menu is not None:
            place = beside.mapToGlobal(QPoint(0, beside.height())) if beside else self.mapToGlobal(QPoint(0, 0))
            menu.popup(place)

    def show_left(self, inbox: bool) -> None:
        """Show the left panel with the inbox, or with the series of the study, and give it the keys."""
        self.left.show()
        self.registry.set_checked("panel.left", True)
        self.left.show_inbox(inbox)
        (self.left.inbox.list if inbox else self.left.studies.list).setFocus()

    def add_options(self, row: QWidget) -> None:
        """One more row of options between the tools and the images; it shows and hides itself."""
        layout = self._middle.layout()
        if isinstance(layout, QVBoxLayout):
            layout.insertWidget(layout.indexOf(self.centre), row)

    def set_home(self, panel: QWidget) -> None:
        """The panel that the right side shows when no page is open."""
        self._home = panel
        if self.right.indexOf(panel) < 0:
            self.right.addWidget(panel)
        self.right.setCurrentWidget(panel)
        self._set_columns()

    @property
    def home(self) -> QWidget | None:
        """The panel that the right side shows when no page is open."""
        return self._home

    def show_page(self, page: QWidget) -> None:
        """Show a page (keys, settings, why, …) on the right until it is closed with Esc or Back."""
        if self.right.indexOf(page) < 0:
            self.right.addWidget(page)
            closed = getattr(page, "closed", None)
            if closed is not None:
                closed.connect(self.close_page)
        self.right.setCurrentWidget(page)
        self._right_frame.show()
        self.registry.set_checked("panel.right", True)

    def close_page(self) -> None:
        """Back to the panel behind the page, and the keys back to the images."""
        if self._home is not None:
            self.right.setCurrentWidget(self._home)
        shown = self.centre.currentWidget()
        if shown is not None:
            shown.setFocus()

    def show_centre(self, widget: QWidget | None) -> None:
        """Show something instead of the images (the empty page), or the images again (None)."""
        shown = widget if widget is not None else self.images
        if self.centre.indexOf(shown) < 0:
            self.centre.addWidget(shown)
        self.centre.setCurrentWidget(shown)
        if widget is None:
            self.images.setFocus()

    def show_guide(self, strip: QWidget | None) -> None:
        """Show a strip of steps below the patient bar, or take it away (None)."""
        if self._guide is not None:
            self._guide.hide()
        self._guide = strip
        if strip is not None:
            self._column.insertWidget(1, strip)
            strip.show()

    def retranslate(self, language: Language) -> None:
        """Change the language of everything in the window, Qt's own words too."""
        if self._qt_words is not None:
            self._qt_words.set_language(language)
        self.registry.retranslate(language)
        self.words.set_language(language)

    def _name(self) -> None:
        self.setWindowTitle(self.words.say("window.title"))
        for menu_id, menu in self._menus.items():
            menu.setTitle(say(f"menu.{menu_id}", self.words.language))

    def _arrange(self) -> None:
        look, portrait = self.look, self.height() > self.width()
        compact = not portrait and self.width() < look.px(NARROW_WINDOW)
        if portrait != self._portrait:
            self._portrait = portrait
            self._place(portrait)
        self.left.set_compact(compact, LEFT_BELOW_WIDTH if portrait else None)

    def _place(self, portrait: bool) -> None:
        grid, look = self._grid, self.look
        for each in (self.left, self._middle, self._right_frame):
            grid.removeWidget(each)
        if portrait:
            grid.addWidget(self._middle, 0, 0, 1, 2)
            grid.addWidget(self.left, 1, 0)
            grid.addWidget(self._right_frame, 1, 1)
            self._right_frame.setMinimumWidth(0)
            self._right_frame.setMaximumWidth(16_777_215)
        else:
            grid.addWidget(self.left, 0, 0)
            grid.addWidget(self._middle, 0, 1)
            grid.addWidget(self._right_frame, 0, 2)
            self._right_frame.setFixedWidth(look.px(RIGHT_WIDTH))
        for each in (self.left, self._right_frame):
            each.setMaximumHeight(look.px(BELOW_HEIGHT) if portrait else 16_777_215)
            each.setMinimumHeight(look.px(BELOW_HEIGHT) if portrait else 0)
        grid.setRowStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self._set_columns()

    def _set_columns(self) -> None:
        for index in range(self.right.count()):
            columns = getattr(self.right.widget(index), "set_columns", None)
            if columns is not None:
                columns(bool(self._portrait))

    def restore(self, state: bytes) -> bool:
        """Take the place and size that ``geometry_changed`` told; False when they cannot be used."""
        return self.restoreGeometry(QByteArray(state))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Panels move below the images in a window that is higher than wide."""
        super().resizeEvent(event)
        self._arrange()
        self.geometry_changed(bytes(self.saveGeometry().data()))

    def moveEvent(self, event: QMoveEvent) -> None:
        """The place is remembered."""
        super().moveEvent(event)
        self.geometry_changed(bytes(self.saveGeometry().data()))

    def changeEvent(self, event: QEvent) -> None:
        """Full screen may be left by the desktop too."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.registry.set_checked("window.full-screen", self.isFullScreen())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks ``may_close`` and tells ``close_requested``."""
        if not self.may_close():
            event.ignore()
            return
        self.close_requested.emit()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Local files and folders may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tells which paths were dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)
