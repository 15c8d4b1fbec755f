"""Where the views of a layout stand."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QFontMetricsF
from pytestqt.qtbot import QtBot

from overread.viewer.canvas.area import places_of
from overread.viewer.render.overlays import CornerText, letter_lines


@pytest.mark.parametrize("options_height", [0, 36])
def test_on_a_portrait_monitor_the_side_views_stand_below_with_tool_options_and_without(options_height: int) -> None:
    # What is left for the views in a window of 1536 x 2048 with its panels below.
    large, coronal, sagittal = places_of("chest", 3, QRect(0, 0, 1536, 1307 - options_height))
    assert large.width() == 1536
    assert coronal.top() == sagittal.top() > large.bottom()


def test_in_a_wide_window_the_side_views_stand_beside() -> None:
    # In a window of 1600 x 1000.
    large, coronal, sagittal = places_of("chest", 3, QRect(0, 0, 1031, 800))
    assert large.height() == 800
    assert coronal.left() == sagittal.left() > large.right()


def test_orientation_letters_cover_no_word_of_a_corner(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(QFont())
    text = CornerText(("A" * 20, "P1"), ("Coronal",), ("W 1500 L -600", "Zoom 111 % " + "x" * 20))
    wide = 4 * metrics.horizontalAdvance("x" * 40)
    narrow = 2 * metrics.horizontalAdvance("A" * 10)
    assert letter_lines(metrics, wide, text) == (0, 0)
    assert metrics.horizontalAdvance("W 1500 L -600") > narrow / 2 - 24
    assert letter_lines(metrics, narrow, text) == (1, 2)
    assert letter_lines(metrics, narrow, CornerText()) == (0, 0)
