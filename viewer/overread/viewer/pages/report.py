"""The report of something unexpected: read it first, then keep it or not."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Words, button, label
from overread.viewer.style import Look

FILE_NAME = "report.txt"


class ReportPage(Page):
    """Shows a report; it goes to a file only when the person says so, and nowhere else."""

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "report-page.title", parent)
        self._words = words
        self._folder: Path | None = None
        hint = label("dim", wrap=True)
        words.set_text(hint.setText, "report-page.hint")
        self.body.addWidget(hint)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.body.addWidget(self.text, 1)
        self.kept = label("dim", wrap=True)
        self.body.addWidget(self.kept)
        keep = button(words, "report-page.keep")
        keep.clicked.connect(self._keep)
        self.foot.addWidget(keep)
        self.add_close("report-page.discard")

    def show_report(self, report: str, folder: Path) -> None:
        """Show a report that could be kept in ``folder``."""
        self._folder = folder
        self.text.setPlainText(report)
        self.kept.setText("")

    def _keep(self) -> None:
        if self._folder is None:
            return
        place = self._folder / FILE_NAME
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            place.write_text(self.text.toPlainText(), encoding="utf-8")
        except OSError:
            self.kept.setText(self._words.say("report-page.not-kept"))
        else:
            self.kept.setText(self._words.say("report-page.kept", place=str(place)))
