"""The menu of the thing under the pointer: of a finding's mark, of a measurement, else of the view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from overread.core.finding import Measurement, Origin
from overread.core.store import ReadingStore
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.commands import COMMANDS, CommandRegistry
from overread.viewer.judging import Judging
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.views import Workspace
from overread.viewer.tools.look import point_all_at
from overread.viewer.tools.shapes import hit
from overread.viewer.window import MainWindow

DELETE = "measurement.delete"
JUDGE = ("finding.accept", "finding.reject")
FURTHER = ("finding.later", "edit.brush", "finding.sentence", "finding.prior")


@dataclass
class ContextMenu:
    """Opens on a short right click. Its entries are the commands of the registry, with their keys.

    What acts on one thing alone has an entry of its own: the pointer leaves the thing on its way to the entry.
    """

    window: MainWindow
    area: ViewArea
    workspace: Workspace
    store: ReadingStore
    judging: Judging
    menu: QMenu | None = None

    def connect(self) -> None:
        """Listen to the views."""
        self.area.context_asked.connect(self.open_at)

    def open_at(self, at: QPoint) -> None:
        """Open the menu at a global point."""
        view = next((one for one in self.area.views if one.rect().contains(one.mapFromGlobal(at))), None)
        if view is None or view.view.volume.value is None:
            return
        point = view.mapFromGlobal(at)
        port = view.port() if isinstance(view, SliceView) else None
        if self.menu is not None:
            self.menu.close()
        menu = self.menu = QMenu(self.window)
        menu.setObjectName("context-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.destroyed.connect(lambda: self._gone(menu))
        uid = view.mark_at(point.x(), point.y())
        measured = None if port is None or uid else self._measurement_at(port, point)
        if uid:
            self._of_finding(menu, uid)
        elif measured is not None:
            self._add_delete(menu, measured.uid)
        else:
            self._of_view(menu, port, point)
        menu.popup(at)

    def _gone(self, menu: QMenu) -> None:
        if self.menu is menu:
            self.menu = None

    def _measurement_at(self, port: Viewport, at: QPoint) -> Measurement | None:
        overlays, reading = self.workspace.overlays, self.store.reading
        if reading is None or not overlays.shown.value or overlays.held_hidden.value:
            return None
        return next((one for one in reading.measurements if hit(port, at.x(), at.y(), one)), None)

    def _of_finding(self, menu: QMenu, uid: str) -> None:
        """The finding is selected, so that the commands mean it; the images stay where they are."""
        self.workspace.marks.selected.set(uid)
        self._add(menu, JUDGE)
        self._add_menu(menu, "reasons")
        self._add(menu, FURTHER)
        finding = self.judging.selected
        if finding is not None and finding.origin is Origin.PERSON:
            menu.addSeparator()
            self._add_delete(menu, uid)

    def _of_view(self, menu: QMenu, port: Viewport | None, at: QPoint) -> None:
        if port is not None and port.state.has_planes and port.is_inside(at.x(), at.y()):
            words = self.window.words.say("context.crosshair-here")
            # The view may have been replaced by another layout when the entry is chosen; its state lives on.
            self._add_own(menu, words, lambda: point_all_at(port, at.x(), at.y()))
        self._add(menu, ("finding.key-image",))
        menu.addSeparator()
        self._add_menu(menu, "presets")
        self._add_menu(menu, "layouts")
        self._add(menu, ("view.reset",))

    def _add(self, menu: QMenu, commands: Iterable[str]) -> None:
        for command in commands:
            if command in self._registry:
                menu.addAction(self._registry.action(command))

    def _add_menu(self, menu: QMenu, name: str) -> None:
        """A menu of the menu bar within this one, without what cannot be given now."""
        inner = menu.addMenu(self.window.words.say(f"menu.{name}"))
        commands = (command.id for command in COMMANDS if command.menu == name and command.id in self._registry)
        self._add(inner, (one for one in commands if self._registry.action(one).isEnabled()))

    def _add_delete(self, menu: QMenu, uid: str) -> None:
        like = self._registry.action(DELETE)
        made = self._add_own(menu, like.text(), lambda: self.judging.delete(uid))
        made.setShortcut(like.shortcut())
        made.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        made.setShortcutVisibleInContextMenu(True)

    @staticmethod
    def _add_own(menu: QMenu, words: str, call: Callable[[], object]) -> QAction:
        made = menu.addAction(words)
        made.triggered.connect(lambda _checked: call())
        return made

    @property
    def _registry(self) -> CommandRegistry:
        return self.window.registry
