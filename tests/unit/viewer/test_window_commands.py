"""The table of commands, its keymap, and which key reaches whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from overread.core.text import table
from overread.viewer.commands import (
    COMMAND_BY_ID,
    COMMANDS,
    MENUS,
    SUBMENUS,
    TOOL_ROW,
    CommandRegistry,
    KeymapError,
    check_keymap,
    load_keymap,
)
from overread.viewer.panels.key_router import KeyRouter
from overread.viewer.shell import not_now
from overread.viewer.style import icon_pixmap

KEYS_OF_THE_DESIGN = (
    *("Ctrl+O", "Ctrl+I", "Ctrl+Shift+N", "Up", "Down", "Shift+Up", "Shift+Down", "Home", "End", "PgUp", "PgDown"),
    *("Left", "Right", "Tab", ",", ".", *"1234567890", "Shift+0", "N", "Shift+N", "Ctrl+N", *"AXTE[]RI", "Return"),
    *("Esc", *"MUGHO", "Ctrl+Return", *"DBQPCVWZYLJKF", "Shift+M", "Ctrl+J", "Ctrl+S", "Ctrl+Z", "Ctrl+Shift+Z"),
    *("Ctrl+C", "?", "F1", "F4", "F5", "F11", "Ctrl+H", "Space"),
)


def test_every_key_of_the_design_belongs_to_a_command() -> None:
    given = {key for keys in load_keymap().values() for key in keys}
    assert [key for key in KEYS_OF_THE_DESIGN if key not in given] == []


def test_every_command_has_words_in_both_languages_and_a_menu() -> None:
    entries = table()
    for command in COMMANDS:
        assert entries[command.text_id]["en"], command.id
        assert entries[command.text_id]["zh"], command.id
        assert command.menu in MENUS or SUBMENUS[command.menu] in MENUS
    for group in TOOL_ROW:
        for command_id in group:
            assert entries[COMMAND_BY_ID[command_id].word_id]["zh"]


def test_a_conflict_is_refused_and_names_both(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('[keys]\n"tool.pan" = "W"\n', encoding="utf-8")
    with pytest.raises(KeymapError) as refused:
        load_keymap(own)
    assert "Window and level" in str(refused.value)
    assert "Pan" in str(refused.value)


def test_a_key_may_stand_in_two_modes_and_wrong_keys_are_named() -> None:
    check_keymap({"preset.1": ("1",), "reason.1": ("1",)})
    with pytest.raises(KeymapError, match="“Ctrl\\+Hop” is no key"):
        check_keymap({"preset.1": ("Ctrl+Hop",)})


def test_own_keymap_names_only_what_differs(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('[keys]\n"tool.pan" = "Shift+Y"\n', encoding="utf-8")
    keymap = load_keymap(own)
    assert keymap["tool.pan"] == ("Shift+Y",)
    assert keymap["tool.window"] == ("W",)


class Desk:
    """A window with views, a text field, a list and a button, and what the keys did."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.window = QWidget()
        self.views, self.field, self.list, self.button = QWidget(), QLineEdit(), QListWidget(), QPushButton("b")
        self.views.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.list.addItems(["a", "b", "c"])
        self.list.setCurrentRow(0)
        column = QVBoxLayout(self.window)
        for each in (self.views, self.field, self.list, self.button):
            column.addWidget(each)
        self.registry = CommandRegistry(load_keymap())
        self.done: list[str] = []
        for command in self.registry.available:
            self.registry.connect(command.id, lambda *args, name=command.id: self.done.append(name))
        self.clicks: list[bool] = []
        self.button.clicked.connect(lambda: self.clicks.append(True))
        self.router = KeyRouter(self.registry, self.views)
        qtbot.addWidget(self.window)
        with qtbot.waitExposed(self.window):
            self.window.show()
        self.window.activateWindow()

    def press(self, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """One key with the focus in ``widget``."""
        widget.setFocus()
        self.qtbot.waitUntil(widget.hasFocus)
        QTest.keyClick(widget, key, held)


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    return Desk(qtbot)


def test_single_keys_are_typed_in_a_text_field(desk: Desk) -> None:
    desk.press(desk.field, Qt.Key.Key_W)
    desk.press(desk.field, Qt.Key.Key_1)
    desk.press(desk.field, Qt.Key.Key_Space)
    assert desk.field.text() == "w1 "
    assert desk.done == []
    desk.press(desk.field, Qt.Key.Key_F4)
    assert desk.done == ["panel.left"]


def test_keys_reach_their_commands_in_the_views(desk: Desk) -> None:
    shift = Qt.KeyboardModifier.ShiftModifier
    desk.press(desk.views, Qt.Key.Key_W)
    desk.press(desk.views, Qt.Key.Key_Up)
    desk.press(desk.views, Qt.Key.Key_Down, shift)
    desk.press(desk.views, Qt.Key.Key_ParenRight, shift)
    desk.press(desk.views, Qt.Key.Key_Question, shift)
    desk.press(desk.views, Qt.Key.Key_Tab)
    desk.press(desk.views, Qt.Key.Key_Backtab, shift)
    assert desk.done == [
        "tool.window",
        "slice.previous",
        "slice.on-ten",
        "view.reset",
        "help.keys",
        "view.next",
        "view.previous",
    ]


def test_up_and_down_act_in_a_list_that_has_the_focus(desk: Desk) -> None:
    desk.press(desk.list, Qt.Key.Key_Down)
    assert desk.list.currentRow() == 1
    assert desk.done == []
    desk.press(desk.list, Qt.Key.Key_G)
    assert desk.done == ["overlays.shown"]


def test_space_is_never_a_click_and_enter_is(desk: Desk) -> None:
    states: list[bool] = []
    desk.registry.connect("overlays.hide-held", states.append)
    desk.press(desk.button, Qt.Key.Key_Space)
    assert desk.clicks == []
    assert states == [True, False]
    desk.press(desk.button, Qt.Key.Key_Return)
    assert desk.clicks == [True]


def test_digits_are_reasons_until_the_next_key_only(desk: Desk) -> None:
    desk.registry.set_reason_mode(True)
    desk.press(desk.views, Qt.Key.Key_2)
    desk.press(desk.views, Qt.Key.Key_2)
    assert desk.done == ["reason.2", "preset.2"]


def test_the_brush_has_its_keys_only_while_editing(desk: Desk) -> None:
    desk.press(desk.views, Qt.Key.Key_BracketLeft)
    desk.registry.set_edit_mode(True)
    desk.press(desk.views, Qt.Key.Key_BracketLeft)
    desk.press(desk.views, Qt.Key.Key_Escape)
    assert desk.done == ["edit.smaller", "edit.back"]


def test_only_available_commands_are_built(qtbot: QtBot) -> None:
    registry = CommandRegistry(load_keymap(), {"tool.pan", "slice.next"})
    assert [command.id for command in registry.available] == ["slice.next", "tool.pan"]
    assert "finding.accept" not in registry
    with pytest.raises(KeyError, match=r"finding\.fly"):
        CommandRegistry(load_keymap(), {"finding.fly"})


def test_every_icon_is_drawn_in_the_colour_asked_for(qtbot: QtBot) -> None:
    folder = Path(__file__).parents[3] / "resources" / "overread" / "resources" / "icons"
    names = sorted(file.stem for file in folder.glob("*.svg"))
    assert len(names) >= 55
    for name in names:
        image = icon_pixmap(name, "#FF0000", 20).toImage()
        colours = [image.pixelColor(x, y) for x in range(20) for y in range(20)]
        solid = [colour for colour in colours if colour.alpha() > 120]
        assert len(solid) >= 3, name
        assert all(colour.red() > 240 and colour.green() < 10 for colour in solid), name
    assert {command.icon for command in COMMANDS if command.icon} <= set(names)


def test_a_key_that_can_do_nothing_now_says_so(desk: Desk) -> None:
    refused: list[str] = []
    desk.router.refused.connect(refused.append)
    desk.registry.set_enabled("finding.prior", False)
    desk.press(desk.views, Qt.Key.Key_F)
    desk.press(desk.views, Qt.Key.Key_W)
    assert refused == ["finding.prior"]
    assert desk.done == ["tool.window"]
    told = not_now("finding.prior", "en").say("en")
    assert told == "No older study of this patient is open. Open it together with this one."
    assert not_now("findings.save", "zh").say("zh") == "现在无法执行“将已判定病灶保存为 SEG 和 SR”。"
