"""Text that changes its language while the window is open, and small widgets that all panels use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from overread.core.text import Language, Sentence, say
from overread.viewer.commands import CommandRegistry, key_text
from overread.viewer.style import Look

Box = TypeVar("Box", bound=QBoxLayout)
Text = str | Sentence
"""Text for people: a sentence of the table (told again when the language changes) or a proper name."""


class Words:
    """The language of the window. Everything that shows text is told when it changes."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._renderers: list[Callable[[], None]] = []

    def bind(self, render: Callable[[], None]) -> None:
        """Call ``render`` now and at each change of the language."""
        self._renderers.append(render)
        render()

    def set_text(self, setter: Callable[[str], object], text_id: str) -> None:
        """Give ``setter`` the words of a text id, now and at each change of the language."""

        def render() -> None:
            setter(say(text_id, self.language))

        self.bind(render)

    def say(self, text_id: str, **values: str | int | float) -> str:
        """The words of a text id in the present language."""
        return say(text_id, self.language, **values)

    def tell(self, text: Text) -> str:
        """A text in the present language."""
        return text.say(self.language) if isinstance(text, Sentence) else text

    def set_language(self, language: Language) -> None:
        """Change the language of everything that is bound."""
        self.language = language
        for render in tuple(self._renderers):
            render()


def label(role: str = "", text: str = "", wrap: bool = False) -> QLabel:
    """A plain-text label of a role of the style sheet; ``wrap`` breaks lines."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    if not wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    return made


def breakable(name: str) -> str:
    """A name as scanners and models write it; a line may break after its underlines, as after its hyphens."""
    return name.replace("_", "_\N{ZERO WIDTH SPACE}")


def button(words: Words, text_id: str, kind: str = "") -> QPushButton:
    """A button with words; ``kind`` is a property of the style sheet (small, link, flat, badge, tab)."""
    made = QPushButton()
    made.setAutoDefault(False)
    if kind:
        made.setProperty(kind, True)
    if text_id:
        words.set_text(made.setText, text_id)
    return made


def command_button(words: Words, registry: CommandRegistry, command_id: str, text_id: str) -> QPushButton:
    """A button that gives a command and shows its key after its words."""
    made = QPushButton()
    made.setAutoDefault(False)
    keys = registry.keys(command_id)
    tail = f"   {key_text(keys[0])}" if keys else ""
    words.bind(lambda: made.setText(words.say(text_id) + tail))
    made.clicked.connect(lambda: registry.trigger(command_id))
    action = registry.action(command_id)
    made.setEnabled(action.isEnabled())
    action.enabledChanged.connect(made.setEnabled)
    return made


def key_cap(key: str) -> QLabel:
    """A key as a small cap."""
    return label("key", key_text(key))


def line() -> QFrame:
    """A hairline across a panel."""
    made = QFrame()
    made.setProperty("line", True)
    made.setFixedHeight(1)
    return made


def icon_label(look: Look, name: str, token: str = "dim", size: int = 16) -> QLabel:
    """An icon as a label."""
    made = QLabel()
    made.setPixmap(look.pixmap(name, token, size, made.devicePixelRatioF()))
    made.setFixedSize(look.px(size), look.px(size))
    return made


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            # Hidden at once: deleted later, it must not be seen or found by a search meanwhile.
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


def panel_head(words: Words, look: Look, title_id: str) -> tuple[QFrame, QLabel]:
    """The head of a panel (40 high) with its title, and the label at its right end."""
    frame = QFrame()
    frame.setProperty("bar", "below")
    frame.setFixedHeight(look.px(40))
    title, aside = label("head"), label("dim")
    words.set_text(title.setText, title_id)
    row = hbox(frame, look, (16, 0, 16, 0), 8)
    row.addWidget(title)
    row.addStretch(1)
    row.addWidget(aside)
    return frame, aside


def hbox(parent: QWidget | None, look: Look, margins: tuple[int, int, int, int], spacing: int) -> QHBoxLayout:
    """A row with margins and spacing in points of the design."""
    return _measured(QHBoxLayout(parent) if parent is not None else QHBoxLayout(), look, margins, spacing)


def vbox(parent: QWidget | None, look: Look, margins: tuple[int, int, int, int], spacing: int) -> QVBoxLayout:
    """A column with margins and spacing in points of the design."""
    return _measured(QVBoxLayout(parent) if parent is not None else QVBoxLayout(), look, margins, spacing)


def _measured(layout: Box, look: Look, margins: tuple[int, int, int, int], spacing: int) -> Box:
    left, top, right, bottom = (look.px(each) if each else 0 for each in margins)
    layout.setContentsMargins(left, top, right, bottom)
    layout.setSpacing(look.px(spacing) if spacing else 0)
    return layout
