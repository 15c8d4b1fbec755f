"""Every command of the window in one table, and the registry that gives each an action and its keys.

Knows no widgets. A command has a stable id; its words are ``command.<id>`` (menu), ``tool-word.<id>`` (tool row)
and its keys stand in a keymap file (``resources/keymaps/*.toml``). Which key reaches which command depends on the
mode: while a reason is asked the digits are reasons, while painting the keys of the brush come first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QKeyCombination, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

from overread.core.errors import OverreadError
from overread.core.text import Language, Sentence, say, sentence

Kind = Literal["push", "toggle", "tool", "layout", "hold"]
Keymap = Mapping[str, tuple[str, ...]]
MENUS = ("file", "study", "view", "tools", "findings", "models", "help")


class Mode(StrEnum):
    """When the keys of a command act: always, while painting, or while a reason of rejection is asked."""

    NORMAL = "normal"
    EDIT = "edit"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that the window can do. ``block`` parts a menu by lines; ``sheet`` is its part of the key sheet."""

    id: str
    menu: str
    block: int
    sheet: str
    icon: str = ""
    kind: Kind = "push"
    mode: Mode = Mode.NORMAL

    @property
    def text_id(self) -> str:
        """Text id of the words in the menu and the key sheet."""
        return f"command.{self.id}"

    @property
    def word_id(self) -> str:
        """Text id of the short word under the icon of the tool row."""
        return f"tool-word.{self.id}"


def _table() -> tuple[Command, ...]:
    return (
        *_FILE,
        *_STUDY,
        *_VIEW,
        *_presets(),
        *_LAYOUTS,
        *_TOOLS,
        *_FINDINGS,
        *_EDITING,
        *_reasons(),
        *_MODELS,
        *_HELP,
    )


_FILE = (
    Command("study.open", "file", 0, "go", "open"),
    Command("study.open-files", "file", 0, "go", "open"),
    Command("inbox.show", "file", 0, "go", "inbox"),
    Command("case.next", "file", 0, "go"),
    Command("study.sample", "file", 0, "go", "sample"),
    Command("findings.save", "file", 1, "judge", "save"),
    Command("study.close", "file", 2, "go", "close"),
    Command("app.settings", "file", 3, "go", "settings"),
    Command("app.quit", "file", 3, "go"),
)
_STUDY = (
    Command("series.previous", "study", 0, "go", "series"),
    Command("series.next", "study", 0, "go"),
    Command("prior.beside", "study", 1, "go", "beside", "toggle"),
    Command("prior.link", "study", 1, "go", "link", "toggle"),
    Command("finding.prior", "study", 1, "go"),
    Command("patient.hide", "study", 2, "see", "hidden", "toggle"),
    Command("reader.change", "study", 2, "go", "reader"),
)
_VIEW = (
    Command("slice.previous", "view", 0, "see"),
    Command("slice.next", "view", 0, "see"),
    Command("slice.back-ten", "view", 0, "see"),
    Command("slice.on-ten", "view", 0, "see"),
    Command("slice.first", "view", 0, "see"),
    Command("slice.last", "view", 0, "see"),
    Command("view.previous", "view", 1, "see"),
    Command("view.next", "view", 1, "see"),
    Command("view.reset", "view", 1, "see"),
    Command("layout.choose", "view", 2, "see", "layout"),
    Command("layout.previous", "view", 2, "see"),
    Command("layout.next", "view", 2, "see"),
    Command("volume.shown", "view", 2, "see", "cube", "toggle"),
    Command("crosshair.shown", "view", 3, "see", "crosshair", "toggle"),
    Command("overlays.shown", "view", 3, "see", "overlays", "toggle"),
    Command("outlines.shown", "view", 3, "see", "outlines", "toggle"),
    Command("heatmap.shown", "view", 3, "see", "heatmap", "toggle"),
    Command("rejected.shown", "view", 3, "see", "", "toggle"),
    Command("overlays.hide-held", "view", 3, "see", "", "hold"),
    Command("panel.left", "view", 4, "see", "panel", "toggle"),
    Command("panel.right", "view", 4, "see", "", "toggle"),
    Command("window.full-screen", "view", 4, "see", "screens", "toggle"),
)
_LAYOUTS = tuple(
    Command(f"layout.{name}", "layouts", 0, "see", "", "layout")
    for name in ("chest", "1", "1x2", "2x1", "2x2", "1+2", "1+3")
)
_TOOLS = (
    Command("edit.undo", "tools", 0, "correct", "undo"),
    Command("edit.redo", "tools", 0, "correct", "redo"),
    Command("tool.window", "tools", 1, "see", "window", "tool"),
    Command("tool.pan", "tools", 1, "see", "pan", "tool"),
    Command("tool.zoom", "tools", 1, "see", "zoom", "tool"),
    Command("tool.length", "tools", 2, "see", "length", "tool"),
    Command("tool.bidirectional", "tools", 2, "see", "bidirectional", "tool"),
    Command("tool.angle", "tools", 2, "see", "angle", "tool"),
    Command("tool.roi", "tools", 2, "see", "roi", "tool"),
    Command("tool.probe", "tools", 2, "see", "probe", "tool"),
    Command("measurement.delete", "tools", 2, "see"),
)
_FINDINGS = (
    Command("own-read.done", "findings", 0, "judge", "shown"),
    Command("finding.next", "findings", 1, "judge"),
    Command("finding.previous", "findings", 1, "judge"),
    Command("finding.next-open", "findings", 1, "judge"),
    Command("finding.accept", "findings", 2, "judge", "done"),
    Command("finding.reject", "findings", 2, "judge", "close"),
    Command("finding.later", "findings", 2, "judge", "later"),
    Command("finding.mark", "findings", 3, "correct", "mark", "tool"),
    Command("finding.key-image", "findings", 3, "judge", "key-image"),
    Command("finding.sentence", "findings", 3, "judge", "copy"),
    Command("heatmap.to-mask", "findings", 3, "correct"),
)
_EDITING = (
    Command("edit.brush", "findings", 4, "correct", "brush", "tool"),
    Command("edit.smaller", "findings", 4, "correct", "", "push", Mode.EDIT),
    Command("edit.larger", "findings", 4, "correct", "", "push", Mode.EDIT),
    Command("edit.grow", "findings", 4, "correct", "grow", "push", Mode.EDIT),
    Command("edit.interpolate", "findings", 4, "correct", "interpolate", "push", Mode.EDIT),
    Command("edit.done", "findings", 4, "correct", "", "push", Mode.EDIT),
    Command("edit.back", "findings", 4, "correct", "", "push", Mode.EDIT),
)
_MODELS = (
    Command("models.fitting", "models", 0, "go", "run"),
    Command("jobs.list", "models", 0, "go", "engine"),
    Command("job.cancel", "models", 0, "go"),
)
_HELP = (
    Command("help.keys", "help", 0, "go", "help"),
    Command("help.setup", "help", 0, "go"),
    Command("language.en", "help", 1, "go"),
    Command("language.zh", "help", 1, "go"),
    Command("page.close", "help", 2, "go", "close"),
    Command("help.about", "help", 3, "go", "note"),
)


def _presets() -> tuple[Command, ...]:
    numbered = tuple(Command(f"preset.{number}", "presets", 0, "see") for number in range(1, 10))
    return (*numbered, Command("preset.file", "presets", 1, "see"))


def _reasons() -> tuple[Command, ...]:
    return tuple(Command(f"reason.{n}", "reasons", 0, "judge", "", "push", Mode.REASON) for n in range(1, 7))


COMMANDS: tuple[Command, ...] = _table()
"""All commands, in the order of the menus. ``presets``, ``layouts`` and ``reasons`` are menus within one."""

COMMAND_BY_ID: Mapping[str, Command] = {command.id: command for command in COMMANDS}

SUBMENUS: Mapping[str, str] = {"presets": "view", "layouts": "view", "reasons": "findings"}
"""Menus that stand inside another one."""

TOOL_ROW: tuple[tuple[str, ...], ...] = (
    ("tool.window", "tool.pan", "tool.zoom", "crosshair.shown"),
    ("tool.length", "tool.bidirectional", "tool.angle", "tool.roi", "tool.probe"),
    ("finding.mark", "edit.brush"),
    ("overlays.shown", "heatmap.shown"),
    ("layout.choose", "volume.shown", "models.fitting"),
)
"""The groups of the tool row over the images, from the left."""

SHEET_PARTS = ("see", "go", "judge", "correct")
"""Parts of the key sheet, in reading order."""


class KeymapError(OverreadError):
    """A keymap names an unknown command or key, or gives one key to two commands of one mode."""


def load_keymap(file: Path | None = None, name: str = "default") -> Keymap:
    """Keys of each command from ``file``, or from the shipped keymap ``name``.

    The file has one TOML table ``[keys]``: command id to a key or a list of keys; the first is shown. A file of
    a person's own names only what differs; the rest comes from the shipped one. Raises KeymapError.
    """
    shipped = resources.files("overread.resources") / "keymaps" / f"{name}.toml"
    keys = _parse(shipped.read_text(encoding="utf-8"), name)
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KeymapError(sentence("keymap.not-toml", file=file.name, error=type(error).__name__)) from error
        keys.update(_parse(text, file.name))
    check_keymap(keys)
    return keys


def _parse(text: str, name: str) -> dict[str, tuple[str, ...]]:
    try:
        entries = tomllib.loads(text).get("keys", {})
    except tomllib.TOMLDecodeError as error:
        raise KeymapError(sentence("keymap.not-toml", file=name, error=str(error))) from error
    if not isinstance(entries, dict):
        raise KeymapError(sentence("keymap.not-toml", file=name, error="[keys]"))
    keys: dict[str, tuple[str, ...]] = {}
    for command_id, given in entries.items():
        if command_id not in COMMAND_BY_ID:
            raise KeymapError(sentence("keymap.unknown-command", file=name, command=command_id))
        wanted = [given] if isinstance(given, str) else given
        if not isinstance(wanted, list) or not all(isinstance(key, str) for key in wanted):
            raise KeymapError(sentence("keymap.no-key", key=str(given)))
        keys[command_id] = tuple(wanted)
    return keys


def check_keymap(keymap: Keymap) -> None:
    """Raise KeymapError when a key is none, or belongs to two commands of one mode; the sentence names both."""
    taken: dict[tuple[Mode, int], str] = {}
    for command_id, keys in keymap.items():
        mode = COMMAND_BY_ID[command_id].mode
        for key in keys:
            code = key_code(key)
            other = taken.setdefault((mode, code), command_id)
            if other != command_id:
                first, second = (say(COMMAND_BY_ID[each].text_id) for each in (other, command_id))
                raise KeymapError(sentence("keymap.conflict", key=key, first=first, second=second))


def key_code(key: str) -> int:
    """Key and modifiers of a written key such as ``Ctrl+Shift+N`` as one number. Raises KeymapError."""
    sequence = QKeySequence(key, QKeySequence.SequenceFormat.PortableText)
    if sequence.count() != 1:
        raise KeymapError(sentence("keymap.no-key", key=key))
    pressed: QKeyCombination = sequence[0]  # type: ignore[index]  # Qt's stubs leave the operator out
    if pressed.key() == Qt.Key.Key_unknown:
        raise KeymapError(sentence("keymap.no-key", key=key))
    return combined(pressed.key(), pressed.keyboardModifiers())


def combined(key: Qt.Key, modifiers: Qt.KeyboardModifier) -> int:
    """One number for a pressed key. The shift that a sign such as ``?`` needs on some keyboards is left out, the
    keypad's mark too, and Enter and Return, Tab and Backtab are one key each."""
    wanted = modifiers & (
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
    )
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    if key == Qt.Key.Key_Backtab:
        key, wanted = Qt.Key.Key_Tab, wanted | Qt.KeyboardModifier.ShiftModifier
    is_sign = key.value < 0x7F and not chr(key.value).isalnum() and key != Qt.Key.Key_Space
    if is_sign:
        wanted &= ~Qt.KeyboardModifier.ShiftModifier
    return key.value | wanted.value


class CommandRegistry:
    """The actions of all available commands, and the answer to "which command does this key mean now"."""

    def __init__(self, keymap: Keymap, available: Iterable[str] | None = None, language: Language = "en") -> None:
        """``available``: ids of the commands that exist in this program; None means all. Raises KeymapError."""
        check_keymap(keymap)
        wanted: Collection[str] = COMMAND_BY_ID.keys() if available is None else frozenset(available)
        unknown = set(wanted) - COMMAND_BY_ID.keys()
        if unknown:
            raise KeyError(f"no such commands: {', '.join(sorted(unknown))}")
        self._keymap = keymap
        self._callbacks: dict[str, list[Callable[..., object]]] = {}
        self._details: dict[str, str | Sentence] = {}
        self._actions: dict[str, QAction] = {}
        self._owner = QObject()
        self._groups = {"tool": QActionGroup(self._owner), "layout": QActionGroup(self._owner)}
        self._codes: dict[tuple[Mode, int], str] = {}
        self._edit_mode = False
        self._reason_mode = False
        self.reason_changed: Callable[[bool], object] = lambda on: None
        """Told when the digits begin or cease to be reasons."""
        self.language: Language = language
        for command in COMMANDS:
            if command.id in wanted:
                self._add(command)
        self.retranslate(language)

    def _add(self, command: Command) -> None:
        action = QAction()
        action.setObjectName(command.id)
        action.setCheckable(command.kind in ("toggle", "tool", "layout"))
        action.setAutoRepeat(command.mode is Mode.NORMAL)
        # The router of keys decides which command a key means; the action only shows its key.
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setShortcutVisibleInContextMenu(True)
        if command.kind in self._groups:
            self._groups[command.kind].addAction(action)
        keys = self.keys(command.id)
        if keys:
            action.setShortcut(QKeySequence(keys[0], QKeySequence.SequenceFormat.PortableText))
        for key in keys:
            self._codes[command.mode, key_code(key)] = command.id
        action.triggered.connect(lambda checked=False, command=command: self._run(command, bool(checked)))
        self._actions[command.id] = action
        self._callbacks[command.id] = []

    def _run(self, command: Command, checked: bool) -> None:
        for callback in tuple(self._callbacks[command.id]):
            if command.kind in ("toggle", "hold"):
                callback(checked)
            else:
                callback()

    @property
    def available(self) -> tuple[Command, ...]:
        """The commands of this program, in the order of the menus."""
        return tuple(command for command in COMMANDS if command.id in self._actions)

    def __contains__(self, command_id: str) -> bool:
        return command_id in self._actions

    def action(self, command_id: str) -> QAction:
        """The action of an available command. Raises KeyError."""
        return self._actions[command_id]

    def keys(self, command_id: str) -> tuple[str, ...]:
        """The keys of a command as the keymap writes them, the shown one first."""
        return self._keymap.get(command_id, ())

    def connect(self, command_id: str, callback: Callable[..., object]) -> None:
        """Call ``callback`` when the command is given: without arguments, a toggle with its new state (bool), a
        held key with True at the press and False at the release. Raises KeyError when it is not available."""
        self._callbacks[command_id].append(callback)

    def trigger(self, command_id: str) -> None:
        """Give a command, as its key would; a disabled one does nothing."""
        self._actions[command_id].trigger()

    def hold(self, command_id: str, pressed: bool) -> None:
        """Tell that a held key went down or up."""
        command = COMMAND_BY_ID[command_id]
        if command_id in self._actions:
            self._run(command, pressed)

    def set_enabled(self, command_id: str, enabled: bool) -> None:
        """Let a command be given, or not; one that is not available is left alone."""
        if command_id in self._actions:
            self._actions[command_id].setEnabled(enabled)

    def set_checked(self, command_id: str, checked: bool) -> None:
        """Show the state of a toggle or the tool in hand without giving the command."""
        if command_id in self._actions:
            self._actions[command_id].setChecked(checked)

    def set_detail(self, command_id: str, detail: str | Sentence) -> None:
        """Say in the menu what a command would do now, e.g. what is undone; empty takes it away."""
        if command_id in self._actions:
            self._details[command_id] = detail
            self._name(COMMAND_BY_ID[command_id])

    @property
    def reason_mode(self) -> bool:
        """True while the digits are reasons of a rejection."""
        return self._reason_mode

    def set_reason_mode(self, on: bool) -> None:
        """Let the digits 1 to 6 be reasons until the next key."""
        if on != self._reason_mode:
            self._reason_mode = on
            self.reason_changed(on)

    def set_edit_mode(self, on: bool) -> None:
        """Let the keys of the brush come before those of the same name."""
        self._edit_mode = on

    def command_for(self, code: int) -> Command | None:
        """The command that a key (see ``combined``) means in the present mode, or None."""
        modes = [Mode.NORMAL]
        if self._edit_mode:
            modes.insert(0, Mode.EDIT)
        if self._reason_mode:
            modes.insert(0, Mode.REASON)
        for mode in modes:
            command_id = self._codes.get((mode, code))
            if command_id is not None:
                return COMMAND_BY_ID[command_id]
        return None

    def retranslate(self, language: Language) -> None:
        """Name every action in ``language``."""
        self.language = language
        for command in self.available:
            self._name(command)

    def _name(self, command: Command) -> None:
        action = self._actions[command.id]
        words = say(command.text_id, self.language)
        told = self._details.get(command.id, "")
        detail = told.say(self.language) if isinstance(told, Sentence) else told
        action.setText(f"{words}: {detail}" if detail else words)
        action.setIconText(words)
        keys = self.keys(command.id)
        action.setToolTip(f"{words} ({key_text(keys[0])})" if keys else words)


_ARROWS = {"Up": "\N{UPWARDS ARROW}", "Down": "\N{DOWNWARDS ARROW}"}
_ARROWS |= {"Left": "\N{LEFTWARDS ARROW}", "Right": "\N{RIGHTWARDS ARROW}"}


def key_text(key: str) -> str:
    """A key as its cap shows it: ``Ctrl+Shift+N``, arrows as arrows, ``Return`` as ``Enter``."""
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    last = {"Return": "Enter", **_ARROWS}.get(last, last)
    return "+".join([*modifiers, last])
