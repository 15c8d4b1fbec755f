"""A strip of five steps that leads through the job: what is done, what comes next, and by which key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QWidget

from overread.viewer.commands import CommandRegistry
from overread.viewer.panels.words import Words, button, clear, hbox, icon_label, key_cap, label
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step: its words, the commands whose keys are shown, and whether it is done."""

    text_id: str
    commands: tuple[str, ...]
    done: bool


class GuideStrip(QFrame):
    """The steps in a row: a tick before those that are done, the next one bright with its keys, the rest dim."""

    closed = Signal()

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("guide-strip")
        self.setProperty("bar", "below")
        self.setFixedHeight(look.px(36))
        self._words, self._look, self._registry = words, look, registry
        self._steps: tuple[GuideStep, ...] = ()
        self._row = hbox(self, look, (16, 0, 8, 0), 20)
        words.bind(self._render)

    def set_steps(self, steps: Sequence[GuideStep]) -> None:
        """Show these steps; the first that is not done is the next one."""
        if tuple(steps) != self._steps:
            self._steps = tuple(steps)
            self._render()

    def _render(self) -> None:
        clear(self._row)
        following = next((n for n, step in enumerate(self._steps) if not step.done), len(self._steps))
        for number, step in enumerate(self._steps):
            self._row.addWidget(self._step(number, step, is_next=number == following))
        self._row.addStretch(1)
        self._row.addWidget(self._close())

    def _step(self, number: int, step: GuideStep, *, is_next: bool) -> QWidget:
        made = QWidget()
        row = hbox(made, self._look, (0, 0, 0, 0), 6)
        row.addWidget(icon_label(self._look, "done", "accent") if step.done else self._number(number, is_next))
        row.addWidget(label("strong" if is_next else "dim", self._words.say(step.text_id)))
        for command in step.commands if is_next else ():
            keys = self._registry.keys(command)
            if keys:
                row.addWidget(key_cap(keys[0]))
        return made

    def _number(self, number: int, is_next: bool) -> QLabel:
        made = label("strong" if is_next else "dim", str(number + 1))
        made.setAlignment(Qt.AlignmentFlag.AlignCenter)
        made.setFixedWidth(self._look.px(16))
        return made

    def _close(self) -> QPushButton:
        made = button(self._words, "guide.close", "link")
        made.clicked.connect(self.closed)
        return made
