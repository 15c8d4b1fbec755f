"""Editing put together: session, tools, row of options, and the commands that reach them."""

from __future__ import annotations

from collections.abc import Callable

from overread.core.edits import RemoveMeasure
from overread.core.finding import Finding
from overread.core.geometry import Triple
from overread.core.reading import Reading
from overread.core.store import ReadingStore
from overread.core.text import Sentence
from overread.viewer.commands import CommandRegistry
from overread.viewer.panels.edit_options import EditOptions
from overread.viewer.presenters.background import Background
from overread.viewer.presenters.edit_session import SIZES_MM, EditSession
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.views import VolumeState, Workspace
from overread.viewer.tools.base import Tool
from overread.viewer.tools.brush import BrushTool
from overread.viewer.tools.mark import MarkTool
from overread.viewer.tools.shapes import hit
from overread.viewer.window import MainWindow

COMMANDS = (
    "edit.brush", "edit.smaller", "edit.larger", "edit.grow", "edit.interpolate", "edit.done", "edit.back",
    "finding.mark", "measurement.delete",
)  # fmt: skip
"""The commands that this module gives, all in need of images."""
TOOL_COMMANDS = {"brush": "edit.brush", "mark": "finding.mark"}
EDIT_ONLY = tuple(name for name in COMMANDS if name.startswith("edit.") and name != "edit.brush")


class Editing:
    """The session and its two tools; ``connect`` joins them with the window."""

    def __init__(
        self,
        store: ReadingStore,
        workspace: Workspace,
        background: Background,
        words: Words,
        tell: Callable[[str, Sentence], None],
        visible: Callable[[Reading], tuple[Finding, ...]],
    ) -> None:
        self._workspace = workspace
        self.session = EditSession(store, workspace, background, tell, visible)
        self.brush = BrushTool(self.session, workspace.marks.preview, words)
        self.tools: tuple[Tool, ...] = (self.brush, MarkTool(self._marked))
        self._before = workspace.tool.value
        self._hover: tuple[Viewport, float, float] | None = None

    def connect(self, registry: CommandRegistry) -> None:
        """Give the commands, and keep the keys and the pressed tool as the session is."""
        session, workspace = self.session, self._workspace
        calls: dict[str, Callable[[], object]] = {
            "edit.brush": lambda: self._start(registry),
            "edit.smaller": lambda: session.resize(-1),
            "edit.larger": lambda: session.resize(1),
            "edit.grow": session.grow,
            "edit.interpolate": session.interpolate,
            "edit.done": session.done,
            "edit.back": self._back,
            "finding.mark": lambda: self._take("mark"),
            "measurement.delete": self._delete,
        }
        for command, call in calls.items():
            registry.connect(command, call)
        workspace.marks.editing.watch(lambda editing: self._edits(registry, editing))
        workspace.tool.watch(lambda tool: self._tool_changed(registry, tool))
        self._edits(registry, False)

    def add_options(self, window: MainWindow) -> None:
        """Put the row of options over the images and join it with the session."""
        session = self.session
        options = EditOptions(window.words, window.look, window.registry, SIZES_MM)
        window.add_options(options)
        options.sized.connect(lambda place: session.size_mm.set(SIZES_MM[place]))
        options.ranged.connect(session.set_range)
        options.erase_chosen.connect(session.erasing.set)
        session.size_mm.watch(options.set_size)
        session.scale.watch(lambda scale: options.set_scale(*scale))
        for each in (session.low, session.high):
            each.watch(lambda _value: options.set_range(session.low.value, session.high.value))
        session.erasing.watch(options.set_erasing)
        self._workspace.marks.preview.watch(lambda preview: options.set_preview(preview is not None))
        self._workspace.marks.editing.watch(options.setVisible)
        options.set_size(session.size_mm.value)
        options.set_range(session.low.value, session.high.value)

    def set_shown(self, registry: CommandRegistry, shown: bool) -> None:
        """Another series is shown, or none: editing is over, and without images nothing can be drawn."""
        self.session.leave()
        for command in COMMANDS:
            registry.set_enabled(command, shown and command not in EDIT_ONLY)

    def point(self, hover: object) -> None:
        """Remember what lies under the pointer: a (port, x, y) of a view, or None."""
        self._hover = hover if isinstance(hover, tuple) else None
        if isinstance(hover, tuple):
            port, x, y = hover
            self.session.pointer = (port.state, port.ijk_at(x, y)) if port.is_inside(x, y) else None

    def _start(self, registry: CommandRegistry) -> None:
        if self.session.start():
            if self._hover is not None:
                self.brush.hover(*self._hover)
            self._take("brush")
        # A refused tool is not in hand, though its button was pressed.
        _show_tool(registry, self._workspace.tool.value)

    def _take(self, tool: str) -> None:
        now = self._workspace.tool.value
        if now not in TOOL_COMMANDS:
            self._before = now
        self._workspace.tool.set(tool)

    def _marked(self, state: VolumeState, at_ijk: Triple) -> None:
        self._workspace.tool.set(self._before)
        self.session.mark(state, at_ijk)

    def _delete(self) -> None:
        """Take away the measurement under the pointer, else the selected own mark."""
        reading = self.session.store.reading
        measurements = () if reading is None or self._hover is None else reading.measurements
        for one in measurements:
            if self._hover is not None and hit(*self._hover, one):
                self.session.store.apply(RemoveMeasure(one.uid))
                return
        self.session.remove()

    def _back(self) -> None:
        if self.session.stroke.value is not None:
            self.brush.cancel()
        else:
            self.session.back()

    def _edits(self, registry: CommandRegistry, editing: bool) -> None:
        registry.set_edit_mode(editing)
        for command in EDIT_ONLY:
            registry.set_enabled(command, editing)
        if not editing and self._workspace.tool.value == "brush":
            self._workspace.tool.set(self._before)

    def _tool_changed(self, registry: CommandRegistry, tool: str) -> None:
        _show_tool(registry, tool)
        if tool != "brush":
            self.session.leave()


def _show_tool(registry: CommandRegistry, tool: str) -> None:
    registry.set_checked(TOOL_COMMANDS.get(tool, f"tool.{tool}"), True)
