"""The questions of the first start, in the right panel: no wizard, nothing modal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from overread.core.text import LANGUAGES, Language
from overread.viewer.commands import CommandRegistry
from overread.viewer.pages.page import Page
from overread.viewer.panels.words import (
    Text,
    Words,
    clear,
    command_button,
    hbox,
    icon_label,
    label,
    line,
    vbox,
)
from overread.viewer.style import Look

Check = tuple[Literal["ok", "note", "warning"], Text]
_SIGNS = {"ok": ("done", "dim"), "note": ("note", "dim"), "warning": ("warning", "warning")}


class SetupPanel(Page):
    """Language, mouse, reading mode, and what was found on this computer."""

    language_chosen = Signal(str)
    mouse_chosen = Signal(str)
    mode_chosen = Signal(str)

    def __init__(
        self,
        words: Words,
        look: Look,
        registry: CommandRegistry,
        offer_mode: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(words, look, "setup-page.title", parent)
        words.set_text(self.aside.setText, "setup-page.aside")
        self._checks_shown: tuple[Check, ...] = ()
        self._groups: dict[str, QButtonGroup] = {}
        self._ask("language", tuple((each, f"command.language.{each}", "") for each in LANGUAGES))
        mouse = (("default", "mouse-default"), ("pacs-b", "mouse-pacs-b"))
        self._ask("mouse", tuple((key, f"setup-page.{each}", f"setup-page.{each}-text") for key, each in mouse))
        if offer_mode:
            modes = (("second", "mode-second"), ("concurrent", "mode-concurrent"))
            self._ask("mode", tuple((key, f"setup-page.{each}", f"setup-page.{each}-text") for key, each in modes))
        self._heading("computer")
        self._checks: QVBoxLayout = vbox(None, look, (0, 0, 0, 0), 8)
        self.body.addLayout(self._checks)
        self.body.addStretch(1)
        privacy = label("dim", wrap=True)
        words.set_text(privacy.setText, "setup-page.privacy")
        self.foot.addWidget(privacy)
        if "help.keys" in registry:
            self.foot.addWidget(command_button(words, registry, "help.keys", "setup-page.keys"))
        self.set_choice("language", words.language)
        words.bind(self._render)

    def set_choice(self, question: str, key: str) -> None:
        """Show an answer: of ``language``, ``mouse`` or ``mode``. Nothing is emitted."""
        for each in self._groups[question].buttons():
            if each.objectName() == key:
                each.setChecked(True)

    def set_checks(self, checks: Sequence[Check]) -> None:
        """Show what was found on this computer."""
        self._checks_shown = tuple(checks)
        self._render()

    def _heading(self, question: str) -> None:
        heading = label("group")
        self.words.set_text(heading.setText, f"setup-page.{question}")
        self.body.addWidget(heading)

    def _ask(self, question: str, answers: tuple[tuple[str, str, str], ...]) -> None:
        self._heading(question)
        group = QButtonGroup(self)
        self._groups[question] = group
        signal = {"language": self.language_chosen, "mouse": self.mouse_chosen, "mode": self.mode_chosen}[question]
        for key, title_id, text_id in answers:
            choice = QRadioButton()
            choice.setObjectName(key)
            self.words.set_text(choice.setText, title_id)
            group.addButton(choice)
            self.body.addWidget(choice)
            if text_id:
                text = label("dim", wrap=True)
                text.setContentsMargins(self.look.px(26), 0, 0, self.look.px(4))
                self.words.set_text(text.setText, text_id)
                self.body.addWidget(text)
        group.buttons()[0].setChecked(True)
        group.buttonClicked.connect(lambda button: signal.emit(button.objectName()))
        self.body.addSpacing(self.look.px(4))
        self.body.addWidget(line())
        self.body.addSpacing(self.look.px(4))

    def _render(self) -> None:
        clear(self._checks)
        language: Language = self.words.language
        self.set_choice("language", language)
        for kind, text in self._checks_shown:
            row = hbox(None, self.look, (0, 0, 0, 0), 10)
            row.addWidget(icon_label(self.look, *_SIGNS[kind]), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label("", self.words.tell(text), wrap=True), 1)
            self._checks.addLayout(row)
