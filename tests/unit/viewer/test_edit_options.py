"""The row of options while a finding is edited: it fits, says what is set, and sets it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from overread.core.text import LANGUAGES, Language
from overread.viewer.commands import CommandRegistry, load_keymap
from overread.viewer.editing import COMMANDS
from overread.viewer.panels.edit_options import EditOptions, RangeSlider
from overread.viewer.panels.words import Words
from overread.viewer.presenters.edit_session import SCALE_HU, SIZES_MM
from overread.viewer.render.palette import tokens
from overread.viewer.style import Look


@pytest.fixture
def row(qtbot: QtBot) -> EditOptions:
    registry = CommandRegistry(load_keymap(), COMMANDS)
    made = EditOptions(Words("en"), Look(tokens()), registry, SIZES_MM)
    qtbot.addWidget(made)
    made.resize(1032, 40)
    made.set_size(8.0)
    made.set_range(-450.0, 3071.0)
    made.show()
    return made


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_at_any_width(row: EditOptions, language: Language) -> None:
    row._words.set_language(language)
    for width in (1032, 856, 700, 536):
        row.resize(width, 40)
        QApplication.processEvents()
        QApplication.processEvents()
        shown = [each for each in row.findChildren(QWidget) if each.isVisible() and each.parent() is row]
        assert {row.grow, row.done, row.back} <= set(shown)
        for each in shown:
            assert each.width() >= each.minimumSizeHint().width(), (width, each.objectName())
        assert max(each.geometry().right() for each in shown) < width


def test_it_says_what_is_set(row: EditOptions) -> None:
    texts = [each.text() for each in (row._title, row._size, row._low, row._high)]
    assert texts == ["HU brush", "8.0 mm", "−450", "3071 HU"]
    assert [each.text() for each in (row.erase, row.grow, row.interpolate, row.back, row.done)] == [
        "Erase  Ctrl", "Grow  R", "Interpolate  I", "Back  Esc", "Done  Enter",
    ]  # fmt: skip
    row.set_preview(True)
    row.set_erasing(True)
    assert (row.interpolate.isChecked(), row.erase.isChecked()) == (True, True)
    row.set_scale(((0.0, 0.0), (1.0, 12.5)), "SUVbw")
    row.set_range(2.5, 12.5)
    assert (row._low.text(), row._high.text()) == ("2.50", "12.50 SUVbw")


def test_the_buttons_and_the_slider_give_what_they_say(qtbot: QtBot, row: EditOptions) -> None:
    given: list[str] = []
    row._registry.connect("edit.grow", lambda: given.append("grow"))
    qtbot.mouseClick(row.grow, Qt.MouseButton.LeftButton)
    assert given == ["grow"]
    with qtbot.waitSignal(row.erase_chosen) as caught:
        qtbot.mouseClick(row.erase, Qt.MouseButton.LeftButton)
    assert caught.args == [True]
    with qtbot.waitSignal(row.sized) as caught:
        row._slider.setValue(3)
    assert SIZES_MM[caught.args[0]] == 2.0


def test_the_knobs_move_and_never_cross(qtbot: QtBot) -> None:
    slider = RangeSlider(Look(tokens()))
    qtbot.addWidget(slider)
    slider.resize(112, 24)
    slider.set_values(-450.0, 3071.0)
    slider.show()
    moved: list[tuple[float, float]] = []
    slider.moved.connect(lambda low, high: moved.append((low, high)))
    at = QPoint(round(slider.x_of(-450)), 12)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(slider, QPoint(round(slider.x_of(-200)), 12))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton)
    low, high = moved[-1]
    assert (low % 10, high) == (0, 3071.0)
    assert low == pytest.approx(-200, abs=20)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.x_of(3071)), 12))
    qtbot.mouseMove(slider, QPoint(0, 12))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton)
    assert moved[-1] == (low, low)
    # Lung and soft tissue have four fifths of the line.
    assert slider.x_of(400) == pytest.approx(6 + 0.8 * 100)
    assert slider.value_at(0) == SCALE_HU[0][1]
