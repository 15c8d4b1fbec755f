"""The line that says what happened: it stays until it was read or the next one comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from overread.viewer.panels.words import Text, Words, button, hbox, label
from overread.viewer.style import Look

MessageKind = Literal["note", "warning", "error"]
_TOKENS: dict[str, str] = {"note": "dim", "warning": "warning", "error": "error"}
MOST_WAITING = 50
"""Of more the oldest are dropped: a folder of broken files must not fill the line for an hour."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that happened, with what can be done about it."""

    kind: MessageKind
    text: Text
    action_text: Text | None = None
    callback: Callable[[], object] | None = None


class MessageLine(QFrame):
    """A note is shown at once and gives way to whatever comes next; warnings and errors wait until each was read."""

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "above")
        self.setMinimumHeight(look.px(28))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._words = words
        self._look = look
        self._queue: list[Message] = []
        self.sign = QLabel()
        self.sign.setFixedSize(look.px(16), look.px(16))
        self.text = label("", wrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.action = button(words, "", "link")
        self.action.setObjectName("message-action")
        self.waiting = label("dim")
        self.read = button(words, "", "flat")
        self.read.setObjectName("message-read")
        self.read.setIcon(look.icon("close", "dim"))
        self.read.setIconSize(QSize(look.px(12), look.px(12)))
        for link in (self.action, self.read):
            link.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.notice = label("notice")
        words.set_text(self.notice.setText, "window.research-notice")
        row = hbox(self, look, (12, 2, 12, 2), 10)
        row.addWidget(self.sign)
        row.addWidget(self.text, 1)
        for each in (self.action, self.waiting, self.read, self.notice):
            row.addWidget(each)
        self.action.clicked.connect(self._act)
        self.read.clicked.connect(self.next)
        words.bind(self._render)

    def tell(
        self,
        kind: MessageKind,
        text: Text,
        action_text: Text | None = None,
        callback: Callable[[], object] | None = None,
        *,
        at_once: bool = False,
    ) -> None:
        """Say what happened, with one thing that can be done (a link).

        A note answers what a person does now: it stands before older errors, which wait behind it and are counted.
        ``at_once`` says an error or warning before those, too.
        """
        message = Message(kind, text, action_text, callback)
        waiting = [each for each in self._queue if each.kind != "note" and each != message]
        if at_once or kind == "note":
            self._queue = [message, *waiting[-MOST_WAITING + 1 :]]
        else:
            self._queue = [*waiting[-MOST_WAITING + 1 :], message]
        self._render()

    def next(self) -> None:
        """The shown message was read: the next one, or none."""
        del self._queue[:1]
        self._render()

    @property
    def shown(self) -> Message | None:
        """What is shown now."""
        return self._queue[0] if self._queue else None

    def _act(self) -> None:
        message = self.shown
        self.next()
        if message is not None and message.callback is not None:
            message.callback()

    def _render(self) -> None:
        message = self.shown
        kind = message.kind if message is not None else "note"
        self.sign.setPixmap(self._look.pixmap(kind, _TOKENS[kind], 16, self.devicePixelRatioF()))
        self.text.setText(self._words.tell(message.text) if message is not None else self._words.say("message.ready"))
        has_action = message is not None and message.action_text is not None
        self.action.setVisible(has_action)
        if message is not None and message.action_text is not None:
            self.action.setText(self._words.tell(message.action_text))
        more = len(self._queue) - 1
        self.waiting.setVisible(more > 0)
        self.waiting.setText(self._words.say("message.more", n=more) if more > 0 else "")
        self.read.setVisible(message is not None)
        self.read.setToolTip(self._words.say("message.read"))
