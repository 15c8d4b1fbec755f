"""The bar that says who is on the screen, in which mode is read, and who reads."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

from overread.viewer.panels.words import Text, Words, button, hbox, label
from overread.viewer.style import Look


@dataclass(frozen=True, slots=True)
class PatientLine:
    """Who and what is on the screen. ``birth_date`` and ``study_date`` are ISO dates or empty; ``sex`` is DICOM's
    (0010,0040): M, F, O or empty; ``age_years`` is the age at the study, None when not known."""

    name: str
    id: str
    birth_date: str = ""
    age_years: int | None = None
    sex: str = ""
    study_date: str = ""
    description: str = ""
    hidden: bool = False


class PatientBar(QFrame):
    """Name (always whole), id, born (age), sex, study date, description; mode; reader, changed in place."""

    reader_changed = Signal(str)
    reader_clicked = Signal()

    def __init__(self, words: Words, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "below")
        self.setFixedHeight(look.px(44))
        self._words, self._look = words, look
        self._line: PatientLine | None = None
        self._mode: Text | None = None
        self._reader = ""
        self.name = label("name")
        self.id = label("")
        self.born = label("")
        self.sex = label("")
        self.study_date = label("")
        self.description = label("")
        self.mode_chip, self.mode_sign = label("small"), QLabel()
        self._mode_frame = QFrame()
        self._mode_frame.setProperty("role", "chip")
        chip = hbox(self._mode_frame, look, (8, 2, 8, 2), 6)
        chip.addWidget(self.mode_sign)
        chip.addWidget(self.mode_chip)
        self.reader_button = button(words, "", "flat")
        self.reader_button.setIcon(look.icon("reader", "dim"))
        self.reader_button.setIconSize(QSize(look.px(16), look.px(16)))
        self.reader_edit = QLineEdit()
        self.reader_edit.setFixedWidth(look.px(200))
        self.reader_edit.hide()
        row = hbox(self, look, (12, 0, 12, 0), 20)
        self._fill(row, look)
        self.reader_button.clicked.connect(self.edit_reader)
        self.reader_edit.returnPressed.connect(self._take_reader)
        self.reader_edit.editingFinished.connect(self._stop_editing)
        words.bind(self._render)

    def _fill(self, row: QHBoxLayout, look: Look) -> None:
        for each in (self.name, self.id, self.born, self.sex, self.study_date):
            row.addWidget(each)
        row.addWidget(self.description, 1)
        row.addStretch(0)
        row.addWidget(self._mode_frame, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.reader_button)
        row.addWidget(self.reader_edit)
        # The description gives way first; who it is never does.
        self.description.setMinimumWidth(look.px(8))

    def show_patient(self, line: PatientLine | None) -> None:
        """Show a patient, or that no study is open."""
        self._line = line
        self._render()

    def show_mode(self, mode: Text | None, icon: str = "shown") -> None:
        """Show the reading mode in the chip with an eye (``shown`` or ``hidden``), or none."""
        self._mode = mode
        self.mode_sign.setPixmap(self._look.pixmap(icon, "dim", 14, self.devicePixelRatioF()))
        self._render()

    def show_reader(self, reader: str) -> None:
        """Show who reads."""
        self._reader = reader
        self._render()

    def edit_reader(self) -> None:
        """Let the reader's name be typed in place."""
        self.reader_clicked.emit()
        self.reader_edit.setText(self._reader)
        self.reader_button.hide()
        self.reader_edit.show()
        self.reader_edit.setFocus()
        self.reader_edit.selectAll()

    def _take_reader(self) -> None:
        wanted = self.reader_edit.text().strip()
        if wanted and wanted != self._reader:
            self._reader = wanted
            self.reader_changed.emit(wanted)
        self._stop_editing()

    def _stop_editing(self) -> None:
        self.reader_edit.hide()
        self.reader_button.show()
        self._render()

    def _render(self) -> None:
        words, line = self._words, self._line
        shown = line is not None and not line.hidden
        for each in (self.id, self.born, self.sex):
            each.setVisible(shown)
        for each in (self.study_date, self.description):
            each.setVisible(line is not None)
        self.name.setText(words.say("patient.none") if line is None else words.say("patient.hidden"))
        if line is not None:
            self._show_study(line)
            if shown:
                self._show_person(line)
        self._mode_frame.setVisible(self._mode is not None)
        self.mode_chip.setText(words.tell(self._mode) if self._mode is not None else "")
        self.reader_button.setText(self._reader or words.say("patient.no-reader"))
        self.reader_button.setToolTip(words.say("patient.change-reader"))
        _set_whole(self.name)

    def _show_person(self, line: PatientLine) -> None:
        words = self._words
        self.name.setText(line.name or words.say("patient.no-name"))
        self.id.setText(line.id or words.say("patient.no-id"))
        if not line.birth_date:
            self.born.setText(words.say("patient.no-birth-date"))
        elif line.age_years is None:
            self.born.setText(words.say("patient.born", date=line.birth_date))
        else:
            self.born.setText(words.say("patient.born-age", date=line.birth_date, n=line.age_years))
        known = line.sex if line.sex in ("M", "F", "O") else "unknown"
        self.sex.setText(words.say(f"patient.sex-{known}"))
        for each in (self.id, self.born, self.sex):
            _set_whole(each)

    def _show_study(self, line: PatientLine) -> None:
        self.study_date.setText(line.study_date or self._words.say("patient.no-study-date"))
        self.description.setText(line.description)
        self.description.setToolTip(line.description)
        _set_whole(self.study_date)


def _set_whole(shown: QLabel) -> None:
    """Keep a label at least as wide as its text."""
    shown.ensurePolished()
    shown.setMinimumWidth(shown.sizeHint().width())
