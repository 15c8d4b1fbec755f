"""The jobs since the start of the program, newest first: which model, which series, who asked, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Text, Words, button, clear, hbox, icon_label, label, vbox
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job. ``icon`` and ``token`` are its sign; ``may_cancel`` while it has not ended."""

    number: int
    icon: str
    token: str
    model: Text
    series: Text
    asked: Text
    state: Text
    why: Text | None = None
    may_cancel: bool = False


class JobsPage(Page):
    """The list; ``cancel_asked`` with the number of a job."""

    cancel_asked = Signal(int)

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "jobs-page.title", parent)
        self.setObjectName("jobs-page")
        self._rows: tuple[JobRow, ...] = ()
        self._content = vbox(None, look, (0, 0, 0, 0), 12)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        self.add_close("jobs-page.back")
        words.bind(self._render)

    def set_rows(self, rows: Sequence[JobRow]) -> None:
        """Show these jobs."""
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self._render()

    def _render(self) -> None:
        clear(self._content)
        if not self._rows:
            self._content.addWidget(label("dim", self.words.say("jobs-page.empty"), wrap=True))
        for row in self._rows:
            self._content.addWidget(self._row(row))

    def _row(self, row: JobRow) -> QWidget:
        made = QFrame()
        across = hbox(made, self.look, (0, 0, 0, 0), 10)
        across.addWidget(icon_label(self.look, row.icon, row.token), 0, Qt.AlignmentFlag.AlignTop)
        texts = vbox(None, self.look, (0, 0, 0, 0), 2)
        texts.addWidget(label("strong", self.words.tell(row.model)))
        texts.addWidget(label("", self.words.tell(row.series), wrap=True))
        for one in (row.asked, row.state, row.why):
            if one is not None:
                texts.addWidget(label("dim", self.words.tell(one), wrap=True))
        across.addLayout(texts, 1)
        if row.may_cancel:
            cancel = button(self.words, "", "small")
            cancel.setText(self.words.say("job.cancel"))
            cancel.setObjectName(f"cancel-job-{row.number}")
            cancel.clicked.connect(lambda: self.cancel_asked.emit(row.number))
            across.addWidget(cancel, 0, Qt.AlignmentFlag.AlignTop)
        return made
