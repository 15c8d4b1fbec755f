"""The detail of one finding: measures, why, warnings, record; below it, never scrolling away, the buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from overread.core.finding import State
from overread.viewer.commands import CommandRegistry, key_text
from overread.viewer.panels.words import (
    Words,
    button,
    clear,
    command_button,
    hbox,
    icon_label,
    key_cap,
    label,
    line,
    vbox,
)
from overread.viewer.presenters.findings import REASONS, FindingDetail
from overread.viewer.style import Look

FIRST_ROW = (
    ("finding.accept", "findings.accept", "done"),
    ("finding.reject", "findings.reject", "close"),
    ("edit.brush", "findings.edit", "brush"),
)
SECOND_ROW = (("finding.later", "findings.later", "later"), ("finding.sentence", "findings.sentence", "copy"))


class ReasonLine(QLineEdit):
    """One line of text that Esc leaves."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc hides the line."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FindingDetailPart(QFrame):
    """Shows a ``FindingDetail``; the buttons give the commands of the keys and none of them ever has the focus."""

    reason_chosen = Signal(str, str)
    """A key of ``REASONS``, and own words for the last of them."""

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words, self._look, self._registry = words, look, registry
        self._detail: FindingDetail | None = None
        self.setObjectName("finding-detail")
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(line())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner = QWidget()
        self._scroll.setWidget(self._inner)
        column.addWidget(self._scroll, 1)
        self._body = vbox(self._inner, look, (16, 8, 16, 8), 6)
        column.addWidget(line())
        self._foot_frame = QWidget()
        foot = vbox(self._foot_frame, look, (16, 8, 16, 8), 8)
        self._make_reasons(foot)
        self._make_buttons(foot)
        self.sentence = label("dim", wrap=True)
        foot.addWidget(self.sentence)
        column.addWidget(self._foot_frame)

    def _make_buttons(self, foot: QVBoxLayout) -> None:
        for row, kind in ((FIRST_ROW, "judge"), (SECOND_ROW, "second")):
            beside = hbox(None, self._look, (0, 0, 0, 0), 8)
            for command, text_id, icon in row:
                if command in self._registry:
                    made = command_button(self._words, self._registry, command, text_id)
                    made.setProperty(kind, True)
                    made.setIcon(self._look.icon(icon))
                    made.setIconSize(QSize(self._look.px(16), self._look.px(16)))
                    # A button with the focus would take Enter for a click, and Enter accepts nothing.
                    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                    made.setObjectName(f"button-{command}")
                    beside.addWidget(made, 1)
            foot.addLayout(beside)

    def _make_reasons(self, foot: QVBoxLayout) -> None:
        self._reasons = QWidget()
        column = vbox(self._reasons, self._look, (0, 0, 0, 0), 6)
        hint = label("dim", wrap=True)
        self._words.set_text(hint.setText, "findings.why-rejected")
        column.addWidget(hint)
        grid = QGridLayout()
        grid.setSpacing(self._look.px(6))
        self._reason_buttons: dict[str, QPushButton] = {}
        for place, reason in enumerate(REASONS):
            made = button(self._words, "", "small")
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(lambda _checked=False, chosen=reason: self._choose(chosen))
            self._reason_buttons[reason] = made
            grid.addWidget(made, place // 2, place % 2)
        column.addLayout(grid)
        self.other = ReasonLine()
        self.other.setObjectName("reason-text")
        self.other.hide()
        self._words.set_text(self.other.setPlaceholderText, "findings.other-hint")
        self.other.returnPressed.connect(lambda: self.reason_chosen.emit("other", self.other.text().strip()))
        column.addWidget(self.other)
        foot.addWidget(self._reasons)
        self.set_reason_keys(False)

    def _choose(self, reason: str) -> None:
        if reason == "other":
            self.ask_other()
        else:
            self.reason_chosen.emit(reason, "")
        self._mark_reason()

    def ask_other(self) -> None:
        """Open the line for a reason in own words."""
        self.other.clear()
        self.other.show()
        self.other.setFocus()

    def set_reason_keys(self, on: bool) -> None:
        """Show the digits on the reasons while they act."""
        for place, reason in enumerate(REASONS, start=1):
            words = self._words.say(f"reason.{reason}")
            self._reason_buttons[reason].setText(f"{place}  {words}" if on else words)

    def show_detail(self, detail: FindingDetail | None) -> None:
        """Show one finding, or nothing."""
        if detail is None or self._detail is None or detail.uid != self._detail.uid or detail.reason:
            self.other.hide()
        self._detail = detail
        self.setVisible(detail is not None)
        clear(self._body)
        if detail is not None:
            self._fill(detail)
            # Shown at once: else the layout counts them only after the next turn of the event loop.
            for child in self._inner.findChildren(QWidget):
                child.show()
            self.sentence.setText(detail.sentence)
            self._reasons.setVisible(detail.state is State.REJECTED)
            self.set_reason_keys(self._registry.reason_mode)
            self._mark_reason()
            self._scroll.verticalScrollBar().setValue(0)

    def _mark_reason(self) -> None:
        chosen = "" if self._detail is None else self._detail.reason
        for reason, made in self._reason_buttons.items():
            made.setChecked(reason == chosen)

    def _fill(self, detail: FindingDetail) -> None:
        look = self._look
        head = hbox(None, look, (0, 0, 0, 0), 8)
        head.addWidget(label("title", f"{detail.tag}   {detail.title}", wrap=True), 1)
        head.addWidget(label("dim", detail.count), 0, Qt.AlignmentFlag.AlignTop)
        for key in self._registry.keys("finding.next")[:1]:
            head.addWidget(key_cap(key_text(key)), 0, Qt.AlignmentFlag.AlignTop)
        self._body.addLayout(head)
        self._line(f"state-{detail.state}", f"state.{detail.state}", detail.state_words, "")
        self._facts(detail)
        if detail.why:
            self._body.addWidget(line())
            self._body.addWidget(label("group", self._words.say("findings.why")))
            for number, text in enumerate(detail.why):
                self._body.addWidget(label("" if number == 0 else "dim", text, wrap=True))
        for text in detail.warnings:
            self._line("warning", "warning", text, "")
        self._body.addWidget(line())
        for text in detail.record:
            self._body.addWidget(label("dim", text, wrap=True))
        self._body.addStretch(1)

    def _facts(self, detail: FindingDetail) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(self._look.px(16))
        grid.setVerticalSpacing(self._look.px(2))
        for place, (name, value) in enumerate(detail.facts):
            row, column = place // 2 * 2, place % 2
            grid.addWidget(label("dim", name), row, column)
            grid.addWidget(label("value", value, wrap=True), row + 1, column)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self._body.addLayout(grid)

    def _line(self, icon: str, token: str, text: str, role: str) -> None:
        row = hbox(None, self._look, (0, 0, 0, 0), 8)
        row.addWidget(icon_label(self._look, icon, token), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(role, text, wrap=True), 1)
        self._body.addLayout(row)

    def wanted_height(self, width: int) -> int:
        """How high the whole is at a width, so that nothing scrolls."""
        body = self._body.heightForWidth(width) if self._body.hasHeightForWidth() else self._body.sizeHint().height()
        foot = self._foot_frame.layout()
        low = foot.heightForWidth(width) if foot is not None and foot.hasHeightForWidth() else 0
        return body + max(low, self._foot_frame.sizeHint().height()) + 2
