"""Settings as a form that is made from a list: one line per setting, changed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Text, Words, clear, label, vbox
from overread.viewer.style import Look

Value = bool | int | str


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. Its kind follows from the value (bool, int, str) and from ``choices`` (value, words);
    ``low`` and ``high`` bound a number; ``fixed`` means that an administrator's file decides."""

    key: str
    title: Text
    value: Value
    help: Text = ""
    choices: tuple[tuple[str, Text], ...] = ()
    low: int = 0
    high: int = 1_000_000
    fixed: bool = False


class SettingsPage(Page):
    """The form; ``changed`` with key and new value (bool, int or str)."""

    changed = Signal(str, object)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "settings-page.title", parent)
        self._rows: tuple[SettingRow, ...] = ()
        self._content = vbox(None, look, (0, 0, 0, 0), 8)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        self.add_close("settings-page.close")
        words.bind(self._render)

    def set_rows(self, rows: Sequence[SettingRow]) -> None:
        """Show these settings with their values."""
        self._rows = tuple(rows)
        self._render()

    def _render(self) -> None:
        clear(self._content)
        for row in self._rows:
            editor = self._editor(row)
            editor.setObjectName(row.key)
            editor.setEnabled(not row.fixed)
            if not isinstance(editor, QCheckBox):
                self._content.addWidget(label("value", self.words.tell(row.title), wrap=True))
            self._content.addWidget(editor)
            if row.help:
                self._content.addWidget(label("dim", self.words.tell(row.help), wrap=True))
            if row.fixed:
                self._content.addWidget(label("small", self.words.say("settings-page.fixed")))
            self._content.addSpacing(self.look.px(8))

    def _editor(self, row: SettingRow) -> QWidget:
        if row.choices:
            return self._choice(row)
        if isinstance(row.value, bool):
            check = QCheckBox(self.words.tell(row.title))
            check.setChecked(row.value)
            check.toggled.connect(lambda value: self.changed.emit(row.key, value))
            return check
        if isinstance(row.value, int):
            number = QSpinBox()
            number.setRange(row.low, row.high)
            number.setValue(row.value)
            number.setKeyboardTracking(False)
            number.valueChanged.connect(lambda value: self.changed.emit(row.key, value))
            return number
        text = QLineEdit(row.value)
        text.editingFinished.connect(lambda: self.changed.emit(row.key, text.text()))
        return text

    def _choice(self, row: SettingRow) -> QWidget:
        box = QComboBox()
        for value, words in row.choices:
            box.addItem(self.words.tell(words), value)
        box.setCurrentIndex(max(0, box.findData(row.value)))
        box.currentIndexChanged.connect(lambda index: self.changed.emit(row.key, box.itemData(index)))
        return box
