"""The list of files that were left out."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from overread.core.text import sentence
from overread.viewer.pages.left_out import MOST_ROWS, LeftOutPage
from overread.viewer.panels.words import Words
from overread.viewer.render.palette import tokens
from overread.viewer.style import Look


def texts(page: LeftOutPage) -> list[str]:
    return [one.text() for one in page.findChildren(QLabel) if one.text()]


def test_every_file_stands_with_its_reason_and_more_are_counted(qtbot: QtBot) -> None:
    words = Words("en")
    page = LeftOutPage(words, Look(tokens()))
    qtbot.addWidget(page)
    page.set_rows([("notes.txt", sentence("dicom.not-dicom", file="notes.txt"))])
    assert texts(page)[:2] == ["Files left out", "1 file"]
    assert "notes.txt" in texts(page)
    assert sentence("dicom.not-dicom", file="notes.txt").say("en") in texts(page)
    words.set_language("zh")
    assert sentence("dicom.not-dicom", file="notes.txt").say("zh") in texts(page)
    words.set_language("en")
    page.set_rows([(f"f{number}", "why") for number in range(MOST_ROWS + 7)])
    assert "and 7 more" in texts(page)
