"""The strip at the window's foot: the running job, and what is under the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from overread.viewer.panels.words import Text, Words, button, hbox, icon_label, label
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job under way. ``left_s`` is None while nobody knows; ``total`` 0 while nothing is counted."""

    model: Text
    series: Text
    stage: Text
    done: int = 0
    total: int = 0
    elapsed_s: float = 0.0
    left_s: float | None = None
    may_cancel: bool = True


class JobStrip(QFrame):
    """Model, series, stage, how much of all, time, time left, cancel; the cursor's place and value at the right."""

    cancel_clicked = Signal()

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "above")
        self.setFixedHeight(look.px(32))
        self._words = words
        self._job: JobLine | None = None
        self._idle: Text | None = None
        self.model = label("strong")
        self.series, self.stage, self.parts = label("dim"), label("dim"), label("dim")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMinimumWidth(look.px(60))
        self.progress.setMaximumWidth(look.px(200))
        self.elapsed, self.left = label("dim"), label("dim")
        self.cancel = button(words, "job.cancel", "small")
        self.cancel.setObjectName("job.cancel")
        self.cursor_text = label("value")
        row = hbox(self, look, (12, 0, 12, 0), 16)
        row.addWidget(icon_label(look, "engine"))
        for each in (self.model, self.series, self.stage, self.parts):
            row.addWidget(each)
        row.addWidget(self.progress, 1)
        for each in (self.elapsed, self.left):
            row.addWidget(each)
        row.addWidget(self.cancel)
        row.addStretch(1)
        row.addWidget(self.cursor_text)
        self.cancel.clicked.connect(self.cancel_clicked)
        words.bind(self._render)

    def show_job(self, job: JobLine | None, idle: Text | None = None) -> None:
        """Show a job, or that none runs; ``idle`` is then said instead of the usual words (a job's last word,
        which must be the same whatever the model found)."""
        self._job, self._idle = job, idle
        self._render()

    def show_cursor(self, text: str) -> None:
        """Show place and value under the cursor, e.g. ``L 48.2  P 79.1  I 117.5 mm   −68 HU``."""
        self.cursor_text.setText(text)

    def _render(self) -> None:
        words, job = self._words, self._job
        for each in (self.series, self.stage, self.parts, self.progress, self.elapsed, self.left, self.cancel):
            each.setVisible(job is not None)
        self.model.setProperty("role", "strong" if job is not None else "dim")
        self.model.style().polish(self.model)
        if job is None:
            self.model.setText(words.tell(self._idle) if self._idle is not None else words.say("job.none"))
            return
        self.cancel.setEnabled(job.may_cancel)
        self.model.setText(words.tell(job.model))
        self.series.setText(words.tell(job.series))
        self.stage.setText(words.tell(job.stage))
        self.parts.setVisible(job.total > 0)
        self.parts.setText(words.say("job.parts", n=job.done, total=job.total))
        # A range of nothing would make the bar run to and fro.
        self.progress.setRange(0, max(1, job.total))
        self.progress.setValue(job.done)
        self.elapsed.setText(clock(job.elapsed_s))
        self.left.setVisible(job.left_s is not None)
        self.left.setText(words.say("job.left", time=clock(job.left_s)) if job.left_s is not None else "")


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, ``0:14``; with hours ``1:02:03``."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
