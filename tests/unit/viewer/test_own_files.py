"""A person's own keys and window presets, what an administrator fixed, and the report: in the real window."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from build_series import Stack
from overread.core.paths import default_paths
from overread.core.window import Window
from overread.viewer import app
from overread.viewer.app import Program
from overread.viewer.own_files import OwnFiles

Start = Callable[[], Program]


@pytest.fixture
def start(qtbot: QtBot) -> Iterator[Start]:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    made: list[Program] = []

    def begin() -> Program:
        made.append(Program(default_paths()))
        return made[-1]

    yield begin
    for one in made:
        one.window.may_close = lambda: True
        one.window.close()
    application.setStyleSheet("")


def write(name: str, text: str) -> None:
    folder = default_paths().config
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def message(program: Program) -> str:
    shown = program.window.messages.shown
    return "" if shown is None else program.window.words.tell(shown.text)


def test_own_keys_and_presets_are_used(start: Start, qtbot: QtBot, tmp_path: Path) -> None:
    write("keymap.toml", '[keys]\n"tool.pan" = "Shift+Y"\n')
    write("windows.toml", "[[CT]]\ncentre = 50\nwidth = 350\n")
    program = start()
    assert program.registry.keys("tool.pan") == ("Shift+Y",)
    assert program.registry.keys("tool.window") == ("W",)
    assert program.own_files.windows["CT"] == (Window(50, 350),)
    assert message(program) == ""
    program.study.open_paths([Stack().write(tmp_path / "study")])
    qtbot.waitUntil(lambda: program.study.shown.value is not None)
    program.registry.trigger("preset.1")
    shown = program.study.shown.value
    assert shown is not None
    assert shown.state.window.value == Window(50, 350)
    qtbot.waitUntil(lambda: program.store.reading is not None and shown.state.complete)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[keys]\n"tool.pan" = "W"\n', "The key W stands twice"),
        ('[keys]\n"tool.fly" = "W"\n', "“tool.fly”, which is no command"),
        ('[keys]\n"tool.pan" = 7\n', "“7” is no key"),
        ('keys = "W"\n', "cannot be read"),
        ("[keys\n", "cannot be read"),
    ],
)
def test_a_wrong_keymap_is_named_and_the_shipped_keys_stand(start: Start, text: str, why: str) -> None:
    write("keymap.toml", text)
    program = start()
    assert why in message(program)
    assert program.registry.keys("tool.pan") == ("Y",)
    assert (default_paths().config / "keymap.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[CT]]\ncentre = 50\nwidth = 0\n", "width"),
        ("[[CT]]\ncentre = 50\n", "width"),
        ("[[CT]]\ncentre = 50\nwidth = 9\ncolour = 1\n", "colour"),
        ("[[CT]]\ncentre = inf\nwidth = 9\n", "finite"),
        ("[[CT]]\ncentre = 5\nwidth = 9\n" * 10, "CT"),
        ("[[CT]\n", "line"),
    ],
)
def test_wrong_presets_are_named_and_the_shipped_ones_stand(own_home: Path, text: str, why: str) -> None:
    write("windows.toml", text)
    files = OwnFiles(default_paths().config)
    (told,) = files.complaints
    assert told.say().startswith("The window presets in windows.toml cannot be used: ")
    assert why in told.say()
    assert files.windows["CT"][0] == Window(-600, 1500, name="lung")


def test_what_the_administrator_fixed_is_said_and_stays(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('mouse = "pacs_b"\n')
    monkeypatch.setattr(app, "site_settings", lambda: site)
    program = start()
    assert program.profile.value == "pacs_b"
    program.change_setting("mouse", "default")
    assert message(program) == (
        "“Mouse” cannot be changed to this: it is out of bounds, or fixed by the administrator."
    )
    assert program.profile.value == "pacs_b"
    program.show_settings()
    page = program.settings_page
    # The mouse, and the list of approved plugins, which is the administrator's alone.
    assert [one.text() for one in page.findChildren(QLabel)].count("set by the administrator") == 2


def test_a_report_is_read_before_anything_is_kept(
    start: Start, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    program = start()
    try:
        raise ValueError("DOE^JANE")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    caplog.clear()
    qtbot.waitUntil(lambda: program.window.messages.shown is not None)
    program.window.messages.action.click()
    assert program.window.right.currentWidget() is program.report_page
    text = program.report_page.text.toPlainText()
    assert "builtins.ValueError" in text
    assert "DOE" not in text
    kept = program.paths.log / "report.txt"
    assert not kept.exists()
    program.report_page.findChildren(type(program.window.messages.action))[0].click()
    assert kept.read_text(encoding="utf-8") == text
