"""After a save: what was written and read back, where it is, and what was not. And a question before leaving."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from overread.viewer.commands import CommandRegistry
from overread.viewer.pages.page import Page
from overread.viewer.panels.words import Words, button, clear, command_button, hbox, icon_label, label, line, vbox
from overread.viewer.presenters.findings import FindingRow
from overread.viewer.presenters.saving import SavedFile, SavedView
from overread.viewer.style import Look


class SavedPage(Page):
    """Shows a ``SavedView``."""

    open_folder = Signal()

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "save-page.title", parent)
        self.setObjectName("saved-page")
        self._content = vbox(None, look, (0, 0, 0, 0), 8)
        self.body.addLayout(self._content)
        self.body.addStretch(1)
        self.foot.addWidget(command_button(words, registry, "finding.next-open", "save-page.go-on"))
        self.add_close("why.close")

    def show_view(self, view: SavedView) -> None:
        """Show what a save did, in words that are ready."""
        clear(self._content)
        self.aside.setText(view.time)
        for file in view.files:
            self._file(file)
        place = hbox(None, self.look, (0, 4, 0, 0), 8)
        place.addWidget(icon_label(self.look, "open"), 0, Qt.AlignmentFlag.AlignTop)
        place.addWidget(label("", view.place, wrap=True), 1)
        self._content.addLayout(place)
        link = button(self.words, "", "link")
        link.setText(self.words.say("save-page.open-folder"))
        link.clicked.connect(self.open_folder)
        self._content.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        if view.heading:
            self._content.addWidget(line())
            self._content.addWidget(label("strong", view.heading, wrap=True))
        for row in view.rows:
            self._row(row)
        for text in view.notes:
            note = hbox(None, self.look, (0, 4, 0, 0), 10)
            note.addWidget(icon_label(self.look, "note"), 0, Qt.AlignmentFlag.AlignTop)
            note.addWidget(label("dim", text, wrap=True), 1)
            self._content.addLayout(note)

    def _file(self, file: SavedFile) -> None:
        row = hbox(None, self.look, (0, 0, 0, 0), 10)
        chip = label("chip", file.kind)
        chip.setAlignment(Qt.AlignmentFlag.AlignCenter)
        chip.setMinimumWidth(self.look.px(48))
        row.addWidget(chip, 0, Qt.AlignmentFlag.AlignTop)
        words = vbox(None, self.look, (0, 0, 0, 0), 0)
        words.addWidget(label("", file.what, wrap=True))
        words.addWidget(label("dim", file.verified, wrap=True))
        row.addLayout(words, 1)
        self._content.addLayout(row)

    def _row(self, row: FindingRow) -> None:
        made = hbox(None, self.look, (0, 0, 0, 0), 10)
        made.addWidget(icon_label(self.look, f"state-{row.state}", f"state.{row.state}"))
        made.addWidget(label("strong", row.tag))
        made.addWidget(label("", row.what, wrap=True), 1)
        made.addWidget(label("dim", row.size))
        self._content.addLayout(made)


class LeavePage(Page):
    """The question before leaving with judgements that are in the journal only. It stops nothing else."""

    save = Signal()
    leave = Signal()

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(words, look, "save-page.leave-title", parent)
        self.setObjectName("leave-page")
        self._text = label("", wrap=True)
        self.body.addWidget(self._text)
        self.body.addStretch(1)
        self._count = 0
        for text_id, told in (("save-page.save-first", self.save), ("save-page.leave", self.leave)):
            made = button(words, text_id)
            made.clicked.connect(told)
            self.foot.addWidget(made)
        self.add_close("save-page.stay")
        words.bind(self._name)

    def ask(self, count: int) -> None:
        """Say how many judged findings are not saved."""
        self._count = count
        self._name()

    def _name(self) -> None:
        self._text.setText(self.words.say("save-page.leave-text", n=self._count))
