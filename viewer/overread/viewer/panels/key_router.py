"""Which key press becomes a command, and which belongs to the widget that has the focus.

Single keys act only when no text field has the focus. Up, Down and Tab act in a list or panel that has the focus,
else in the views. Space is never a click: buttons answer Enter.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTextEdit,
    QWidget,
)

from overread.viewer.commands import Command, CommandRegistry, combined, key_code

_MODIFIER_KEYS = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}
_MOVING = {key_code(key) for key in ("Up", "Down", "Tab", "Shift+Tab")}
_SIDEWAYS = {key_code(key) for key in ("Left", "Right", "Home", "End", "PgUp", "PgDown")}
_ENTER = key_code("Return")
_SPACE = key_code("Space")
_EDITING_TEXT = {key_code(f"Ctrl+{key}") for key in ("A", "C", "V", "X", "Z", "Shift+Z", "Y", "Return")}
_TEXT_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


class KeyRouter(QObject):
    """Sees every key of the application before the widgets do. ``views`` is the widget that holds the images.

    ``refused`` names the command of a key that cannot be given now: a key must never do nothing in silence.
    """

    refused = Signal(str)

    def __init__(self, registry: CommandRegistry, views: QWidget) -> None:
        # A child of the views: it must not outlive them as a filter of the application.
        super().__init__(views)
        self._registry = registry
        self._views = views
        self._held: str | None = None
        self._held_key = 0
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's hook: True keeps the event from the widget."""
        kind = event.type()
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return isinstance(watched, QWidget) and self._pressed(event)
        if kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            return isinstance(watched, QWidget) and self._released(event)
        if kind == QEvent.Type.ApplicationDeactivate:
            self._let_go()
        return False

    def _pressed(self, event: QKeyEvent) -> bool:
        if event.key() in _MODIFIER_KEYS or QApplication.activePopupWidget() or QApplication.activeModalWidget():
            return False
        code = combined(Qt.Key(event.key()), event.modifiers())
        focus = QApplication.focusWidget()
        if _belongs_to_text(focus, code):
            return False
        command = self._registry.command_for(code)
        self._registry.set_reason_mode(False)
        if code == _ENTER and isinstance(focus, QAbstractButton):
            focus.click()
            return True
        if code == _ENTER and isinstance(focus, QAbstractItemView):
            return False
        if command is None or self._belongs_to_panel(focus, code):
            # A button would take Space for a click whatever the keymap says.
            return code == _SPACE and isinstance(focus, QAbstractButton)
        return self._give(command, event)

    def _give(self, command: Command, event: QKeyEvent) -> bool:
        event.accept()
        if command.kind == "hold":
            if not event.isAutoRepeat() and self._held is None:
                self._held, self._held_key = command.id, event.key()
                self._registry.hold(command.id, True)
            return True
        action = self._registry.action(command.id)
        repeats = command.id.startswith(("slice.", "series.", "edit."))
        if not action.isEnabled():
            if not event.isAutoRepeat():
                self.refused.emit(command.id)
        elif not event.isAutoRepeat() or repeats:
            action.trigger()
        return True

    def _released(self, event: QKeyEvent) -> bool:
        if event.isAutoRepeat():
            return self._held is not None
        held = self._held
        if (
            held is not None
            and self._registry.command_for(combined(Qt.Key(event.key()), event.modifiers())) is not None
        ):
            self._let_go()
            return True
        return event.key() == Qt.Key.Key_Space and isinstance(QApplication.focusWidget(), QAbstractButton)

    def _let_go(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._registry.hold(held, False)

    def _belongs_to_panel(self, focus: QWidget | None, code: int) -> bool:
        if focus is None or focus is self._views or self._views.isAncestorOf(focus) or focus.isWindow():
            return False
        if code in _MOVING:
            return True
        return code in _SIDEWAYS and isinstance(focus, (QAbstractSlider, QRadioButton, QComboBox))


def _belongs_to_text(focus: QWidget | None, code: int) -> bool:
    """True when a text field has the focus and the key is one that is typed or edits text."""
    if isinstance(focus, QComboBox):
        return focus.isEditable() and not _is_far_key(code)
    return isinstance(focus, _TEXT_FIELDS) and (not _is_far_key(code) or code in _EDITING_TEXT)


def _is_far_key(code: int) -> bool:
    """True for keys that no text is made of: with Ctrl or Alt, and the function keys."""
    has_modifier = bool(code & (Qt.KeyboardModifier.ControlModifier.value | Qt.KeyboardModifier.AltModifier.value))
    key = code & ~Qt.KeyboardModifier.KeyboardModifierMask.value
    return has_modifier or Qt.Key.Key_F1.value <= key <= Qt.Key.Key_F35.value
