"""The right panel while a person reads alone: own marks, measurements, the prior. Nothing of a model stands here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from overread.viewer.commands import CommandRegistry
from overread.viewer.panels.words import (
    Text,
    Words,
    button,
    clear,
    command_button,
    hbox,
    icon_label,
    label,
    panel_head,
    vbox,
)
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """An own mark or measurement: its icon, what and where, and its value with unit."""

    key: str
    icon: str
    title: Text
    value: str


class OwnReadPanel(QFrame):
    """Own marks, measurements (click goes there, the cross deletes), loading, prior; below it the hint."""

    go_to = Signal(str)
    delete = Signal(str)
    prior_clicked = Signal()

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words, self._look, self._registry = words, look, registry
        self._marks: tuple[MeasurementRow, ...] = ()
        self._measurements: tuple[MeasurementRow, ...] = ()
        self._loading: Text | None = None
        self._prior: Text | None = None
        head, self._aside = panel_head(words, look, "own-read.title")
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(head)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        body = QWidget()
        scroll.setWidget(body)
        column.addWidget(scroll, 1)
        self._columns = vbox(body, look, (0, 12, 0, 12), 20)
        self._parts = tuple(self._part() for _ in range(4))
        self._columns.addStretch(1)
        self._foot = vbox(None, look, (16, 8, 16, 16), 8)
        self.hint = QWidget(self)
        column.addLayout(self._foot)
        if "own-read.done" in registry:
            self._add_hint()
        words.bind(self._render)

    def set_columns(self, beside: bool) -> None:
        """Parts beside each other (panels below the images) or below each other."""
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._columns.setDirection(direction)

    def set_marks(self, rows: Sequence[MeasurementRow]) -> None:
        """Show the reader's own marks."""
        self._marks = tuple(rows)
        self._render()

    def set_measurements(self, rows: Sequence[MeasurementRow]) -> None:
        """Show the measurements."""
        self._measurements = tuple(rows)
        self._render()

    def set_loading(self, text: Text | None) -> None:
        """Say what is being loaded, or nothing."""
        self._loading = text
        self._render()

    def set_prior(self, text: Text | None) -> None:
        """Name the prior study that can be put beside this one, or none."""
        self._prior = text
        self._render()

    def set_mode(self, text: str) -> None:
        """Say the reading mode in the head of the panel."""
        self._aside.setText(text)

    def set_hidden(self, hidden: bool) -> None:
        """Say at the foot that marks are hidden and how they are shown, or nothing."""
        self.hint.setVisible(hidden)

    def _part(self) -> QVBoxLayout:
        part = vbox(None, self._look, (0, 0, 0, 0), 6)
        self._columns.addLayout(part)
        return part

    def _add_hint(self) -> None:
        title, text = label("strong"), label("dim", wrap=True)
        self._words.set_text(title.setText, "own-read.hidden-title")
        self._words.set_text(text.setText, "own-read.hidden-text")
        row = hbox(None, self._look, (0, 0, 0, 0), 10)
        row.addWidget(icon_label(self._look, "hidden"))
        row.addWidget(title, 1)
        column = vbox(self.hint, self._look, (0, 0, 0, 0), 8)
        column.addLayout(row)
        column.addWidget(text)
        column.addWidget(command_button(self._words, self._registry, "own-read.done", "command.own-read.done"))
        self._foot.addWidget(self.hint)

    def _render(self) -> None:
        loading, marks, measurements, prior = self._parts
        for part in self._parts:
            clear(part)
        if self._loading is not None:
            self._heading(loading, "own-read.loading")
            loading.addWidget(self._inset(label("", self._words.tell(self._loading), wrap=True)))
        if "finding.mark" in self._registry:
            self._heading(marks, "own-read.marks")
            self._rows(marks, self._marks, "own-read.no-marks", "mark")
        self._heading(measurements, "own-read.measurements")
        self._rows(measurements, self._measurements, "own-read.no-measurements", "length")
        if self._prior is not None:
            self._heading(prior, "own-read.prior")
            row = hbox(None, self._look, (16, 0, 16, 0), 8)
            row.addWidget(label("", self._words.tell(self._prior), wrap=True), 1)
            beside = button(self._words, "", "small")
            beside.setText(self._words.say("own-read.beside"))
            beside.clicked.connect(self.prior_clicked)
            row.addWidget(beside)
            prior.addLayout(row)
        for part in self._parts:
            part.addStretch(0)

    def _heading(self, part: QVBoxLayout, text_id: str) -> None:
        part.addWidget(self._inset(label("group", self._words.say(text_id))))

    def _inset(self, widget: QWidget) -> QWidget:
        made = QWidget()
        hbox(made, self._look, (16, 0, 16, 0), 0).addWidget(widget)
        return made

    def _rows(self, part: QVBoxLayout, rows: tuple[MeasurementRow, ...], empty_id: str, icon: str) -> None:
        for row in rows:
            part.addWidget(measurement_line(self._words, self._look, row, self.go_to.emit, self.delete.emit))
        if rows:
            return
        card = QFrame()
        card.setProperty("role", "card")
        inner = hbox(card, self._look, (12, 10, 12, 10), 12)
        inner.addWidget(icon_label(self._look, icon, size=20))
        inner.addWidget(label("dim", self._words.say(empty_id), wrap=True), 1)
        part.addWidget(self._inset(card))


def measurement_line(
    words: Words, look: Look, row: MeasurementRow, go_to: Callable[[str], object], delete: Callable[[str], object]
) -> QWidget:
    """One line of own marks or measurements: a click goes there, the cross deletes."""
    made = QFrame()
    inner = hbox(made, look, (8, 0, 8, 0), 4)
    go = button(words, "", "flat")
    go.setText(words.tell(row.title))
    go.setIcon(look.icon(row.icon, "dim"))
    go.setIconSize(QSize(look.px(16), look.px(16)))
    go.setToolTip(words.say("own-read.go-to"))
    go.clicked.connect(lambda: go_to(row.key))
    away = button(words, "", "flat")
    away.setIcon(look.icon("close", "dim"))
    away.setIconSize(QSize(look.px(12), look.px(12)))
    away.setToolTip(words.say("own-read.delete"))
    away.clicked.connect(lambda: delete(row.key))
    inner.addWidget(go)
    inner.addStretch(1)
    inner.addWidget(label("value", row.value))
    inner.addWidget(away)
    return made
