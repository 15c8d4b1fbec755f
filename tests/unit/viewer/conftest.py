"""What several tests of panels and pages need: the window's frame, with every command and no study."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from overread.viewer.commands import CommandRegistry, load_keymap
from overread.viewer.window import MainWindow


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """An empty main window; the style sheet goes with it."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    made = MainWindow(CommandRegistry(load_keymap()), QWidget())
    qtbot.addWidget(made)
    yield made
    application.setStyleSheet("")
