"""The row of tools over the images: icon above word."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from overread.viewer.commands import COMMAND_BY_ID, TOOL_ROW, CommandRegistry
from overread.viewer.panels.words import Words, hbox
from overread.viewer.style import Look


class ToolRow(QFrame):
    """One button per available tool, in groups. In a window too narrow for the words the icons stay."""

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "below")
        self.setFixedHeight(look.px(48))
        self.setMinimumWidth(1)
        self._words, self._look, self._registry = words, look, registry
        self.buttons: dict[str, QToolButton] = {}
        self._row = row = hbox(self, look, (6, 0, 6, 0), 0)
        for group in TOOL_ROW:
            present = [each for each in group if each in registry]
            if present and self.buttons:
                row.addWidget(self._divider())
            for command_id in present:
                row.addWidget(self._button(command_id))
        row.addStretch(1)
        words.bind(self._render)

    def _divider(self) -> QFrame:
        made = QFrame()
        made.setProperty("line", True)
        made.setFixedSize(1, self._look.px(24))
        return made

    def _button(self, command_id: str) -> QToolButton:
        command = COMMAND_BY_ID[command_id]
        action = self._registry.action(command_id)
        made = QToolButton()
        made.setObjectName(command_id)
        made.setProperty("kind", command.kind)
        made.setIcon(self._look.icon(command.icon))
        made.setIconSize(QSize(self._look.px(20), self._look.px(20)))
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setMinimumSize(self._look.px(42), self._look.px(44))
        made.setCheckable(action.isCheckable())
        made.setChecked(action.isChecked())
        made.setEnabled(action.isEnabled())
        made.clicked.connect(lambda: self._clicked(command_id))
        action.toggled.connect(made.setChecked)
        action.enabledChanged.connect(made.setEnabled)
        self.buttons[command_id] = made
        return made

    def _clicked(self, command_id: str) -> None:
        action = self._registry.action(command_id)
        action.trigger()
        # The click toggled the button itself; the action says what is true.
        self.buttons[command_id].setChecked(action.isChecked())

    def _render(self) -> None:
        for command_id, each in self.buttons.items():
            each.setText(self._words.say(COMMAND_BY_ID[command_id].word_id))
            each.setToolTip(self._registry.action(command_id).toolTip())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words go when they do not fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        under, alone = Qt.ToolButtonStyle.ToolButtonTextUnderIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        for each in self.buttons.values():
            each.setToolButtonStyle(under)
        if self._row.sizeHint().width() > self.width():
            for each in self.buttons.values():
                each.setToolButtonStyle(alone)
