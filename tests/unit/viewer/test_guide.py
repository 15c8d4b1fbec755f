"""The strip of five steps says what is done and what comes next."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from finding_kit import finding, result
from overread.core.edits import DeclareOwnRead, Judge, Propose, Save
from overread.core.finding import Judgement
from overread.core.history import History
from overread.core.reading import OwnRead, Reading, Saved
from overread.viewer.commands import CommandRegistry, load_keymap
from overread.viewer.guide import steps
from overread.viewer.panels.guide import GuideStrip
from overread.viewer.panels.words import Words
from overread.viewer.render.palette import tokens
from overread.viewer.style import Look

AT = "2026-01-02T03:04:05.678+00:00"


def done(history: History, looked: bool, selected: str) -> list[bool]:
    return [step.done for step in steps(history.reading, looked, selected)]


def test_the_steps_follow_what_was_done() -> None:
    history = History(Reading("1.9"))
    assert done(history, False, "") == [False] * 5
    assert done(history, True, "") == [True, False, False, False, False]
    history.take("e1", Propose(result(), (finding("f1", 1),)))
    assert done(history, True, "f1") == [True, False, False, False, False]
    history.take("e2", DeclareOwnRead(OwnRead("r", AT, 0)))
    assert done(history, True, "") == [True, True, False, False, False]
    assert done(history, True, "f1") == [True, True, True, False, False]
    history.take("e3", Judge("f1", Judgement(verdict="accepted", who="r", at=AT)))
    assert done(history, True, "") == [True, True, True, True, False]
    history.take("e4", Save(Saved("r", AT, "/f", ("seg-1.dcm",), ("f1",))))
    assert done(history, True, "") == [True] * 5


def test_the_strip_shows_the_next_step_with_its_keys_in_both_languages(qtbot: QtBot) -> None:
    words, registry = Words("en"), CommandRegistry(load_keymap())
    strip = GuideStrip(words, Look(tokens()), registry)
    qtbot.addWidget(strip)
    history = History(Reading("1.9"))
    history.take("e1", Propose(result(), (finding("f1", 1),)))
    history.take("e2", DeclareOwnRead(OwnRead("r", AT, 0)))
    strip.set_steps(steps(history.reading, True, "f1"))

    def shown() -> list[str]:
        return [one.text() for one in strip.findChildren(QLabel) if one.text()]

    assert shown() == [
        "Look through the images", "Read on your own, then show the marks", "Go to a mark",
        "4", "Accept, reject or correct it", "A", "X", "E", "5", "Save and verify",
    ]  # fmt: skip
    words.set_language("zh")
    assert "接受、排除或修正" in shown()
    with qtbot.waitSignal(strip.closed):
        strip.findChildren(QPushButton)[-1].click()
