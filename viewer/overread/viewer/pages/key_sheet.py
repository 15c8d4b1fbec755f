"""All keys of the window, made from the registry: what is not available does not stand there."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from overread.viewer.commands import SHEET_PARTS, Command, CommandRegistry, key_text
from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Words, clear, label, vbox
from overread.viewer.style import Look


class KeySheet(Page):
    """Keys as caps beside their words, in four parts."""

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "key-sheet.title", parent)
        self._registry = registry
        self._content = vbox(None, look, (0, 0, 0, 0), 8)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        hint = label("dim", wrap=True)
        words.set_text(hint.setText, "key-sheet.hint")
        self.foot.addWidget(hint)
        self.add_close("why.close")
        words.bind(self._render)

    def lines(self) -> list[tuple[str, tuple[str, ...], str]]:
        """(part, keys, words) of every line; the presets 1 to 9 are one line."""
        found: list[tuple[str, tuple[str, ...], str]] = []
        for part in SHEET_PARTS:
            for command in self._registry.available:
                keys = self._registry.keys(command.id)
                if command.sheet == part and keys and not command.id.startswith("reason."):
                    found.extend(self._line(part, command, keys))
        return found

    def _line(self, part: str, command: Command, keys: tuple[str, ...]) -> list[tuple[str, tuple[str, ...], str]]:
        if command.menu == "presets" and command.id != "preset.file":
            if command.id != "preset.1":
                return []
            last = self._registry.keys("preset.9")
            return [(part, (f"{keys[0]}–{last[0]}" if last else keys[0],), self.words.say("key-sheet.presets"))]
        # Of several keys that differ only by the keyboard's layout the first is enough.
        shown = keys[:1] if command.id == "view.reset" else keys
        return [(part, tuple(key_text(key) for key in shown), self.words.say(command.text_id))]

    def _render(self) -> None:
        clear(self._content)
        part_shown = ""
        grid = QGridLayout()
        for part, keys, text in self.lines():
            if part != part_shown:
                part_shown = part
                self._content.addWidget(label("head", self.words.say(f"key-sheet.{part}")))
                grid = QGridLayout()
                grid.setColumnMinimumWidth(0, self.look.px(112))
                grid.setColumnStretch(1, 1)
                grid.setHorizontalSpacing(self.look.px(8))
                self._content.addLayout(grid)
            caps = QWidget()
            column = vbox(caps, self.look, (0, 0, 0, 0), 2)
            for key in keys:
                column.addWidget(label("key", key), 0, Qt.AlignmentFlag.AlignLeft)
            row = grid.rowCount()
            grid.addWidget(caps, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label("", text, wrap=True), row, 1, Qt.AlignmentFlag.AlignTop)
