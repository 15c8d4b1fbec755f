"""The models held against the series in hand: what fits, what fits with warnings, what does not and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import (
    Text,
    Words,
    breakable,
    button,
    clear,
    hbox,
    icon_label,
    key_cap,
    label,
    line,
    vbox,
)
from overread.viewer.style import Look

FitSign = Literal["fits", "warnings", "no"]
_SIGNS: dict[FitSign, tuple[str, str]] = {
    "fits": ("done", "text"), "warnings": ("warning", "warning"), "no": ("close", "faint"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model: its name, its title, how it suits; what it does or did (``lines``); warnings, or why it does not
    fit (``reasons``)."""

    key: str
    title: Text
    name: str
    fit: FitSign
    lines: tuple[Text, ...]
    reasons: tuple[Text, ...] = ()


class Choice(QPushButton):
    """A button as high as what stands in it: click or Enter chooses it."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("row", True)
        self.setAutoDefault(False)
        self.setMinimumHeight(look.px(48))
        self.body = hbox(self, look, (16, 8, 16, 8), 10)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """Its text breaks lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As high as its text is at this width."""
        return max(self.minimumHeight(), self.body.totalHeightForWidth(width))

    def sizeHint(self) -> QSize:
        """As its text."""
        return self.body.totalSizeHint()

    def minimumSizeHint(self) -> QSize:
        """Its text gives way by breaking lines."""
        return QSize(0, self.minimumHeight())


class ModelsPage(Page):
    """Rows in two groups; ``chosen`` to run one, ``card_asked`` to read its card (both with the row's key)."""

    chosen = Signal(str)
    card_asked = Signal(str)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "models-page.title", parent)
        self.setObjectName("models-page")
        self._series: Text = ""
        self._images: Text = ""
        self._rows: tuple[ModelRow, ...] = ()
        self.choices: dict[str, Choice] = {}
        self.body.setContentsMargins(0, look.px(12), 0, look.px(12))
        self._content = vbox(None, look, (0, 0, 0, 0), 4)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        local = label("dim", wrap=True)
        words.set_text(local.setText, "asking.local")
        self.foot.addWidget(local)
        self.add_close("models-page.back")
        words.bind(self._render)

    def show_models(self, series: Text, images: Text, rows: Sequence[ModelRow]) -> None:
        """Show the models for a series. What is the same stays, with the keys where they are."""
        if (series, images, tuple(rows)) == (self._series, self._images, self._rows):
            return
        has_keys = any(choice.hasFocus() for choice in self.choices.values())
        self._series, self._images, self._rows = series, images, tuple(rows)
        self._render()
        if has_keys:
            self.focus_first()

    def focus_first(self) -> None:
        """Give the keys to the first model that fits."""
        for choice in self.choices.values():
            if choice.isEnabled():
                choice.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _render(self) -> None:
        clear(self._content)
        self.choices = {}
        head = hbox(None, self.look, (16, 0, 16, 4), 8)
        head.addWidget(label("head", breakable(self.words.tell(self._series)), wrap=True), 1)
        head.addWidget(label("dim", self.words.tell(self._images)))
        self._content.addLayout(head)
        if not self._rows:
            self._content.addWidget(self._inset(label("", self.words.say("asking.no-models"), wrap=True)))
        fitting = [row for row in self._rows if row.fit != "no"]
        for rows, text_id in (
            (fitting, "asking.fitting"),
            ([row for row in self._rows if row.fit == "no"], "asking.not-fitting"),
        ):
            if rows:
                self._content.addWidget(line())
                self._content.addWidget(self._inset(label("group", self.words.say(text_id))))
            for row in rows:
                self._content.addWidget(self._row(row, first=bool(fitting) and row is fitting[0]))

    def _inset(self, widget: QWidget) -> QWidget:
        made = QWidget()
        hbox(made, self.look, (16, 4, 16, 0), 0).addWidget(widget)
        return made

    def _row(self, row: ModelRow, *, first: bool) -> QWidget:
        made = QFrame()
        across = hbox(made, self.look, (0, 0, 8, 0), 0)
        choice = Choice(self.look)
        choice.setObjectName(f"model-{row.name.split(' ', maxsplit=1)[0]}")
        choice.setEnabled(row.fit != "no")
        choice.clicked.connect(lambda: self.chosen.emit(row.key))
        self.choices[row.key] = choice
        choice.body.addWidget(icon_label(self.look, *_SIGNS[row.fit]), 0, Qt.AlignmentFlag.AlignTop)
        texts = vbox(None, self.look, (0, 0, 0, 0), 2)
        dim = row.fit == "no"
        title = hbox(None, self.look, (0, 0, 0, 0), 8)
        title.addWidget(label("dim" if dim else "strong", self.words.tell(row.title), wrap=True), 1)
        if first:
            title.addWidget(key_cap("Return"), 0, Qt.AlignmentFlag.AlignTop)
        texts.addLayout(title)
        texts.addWidget(label("dim", breakable(row.name), wrap=True))
        for one in row.lines:
            texts.addWidget(label("dim", self.words.tell(one), wrap=True))
        for one in row.reasons:
            texts.addWidget(label("dim" if dim else "", self.words.tell(one), wrap=True))
        choice.body.addLayout(texts, 1)
        across.addWidget(choice, 1)
        card = button(self.words, "", "link")
        card.setText(self.words.say("models-page.card"))
        card.setObjectName(f"card-{row.name.split(' ', maxsplit=1)[0]}")
        card.clicked.connect(lambda: self.card_asked.emit(row.key))
        across.addWidget(card, 0, Qt.AlignmentFlag.AlignTop)
        return made
