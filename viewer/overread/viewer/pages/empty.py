"""What the image area shows while no study is open: three ways in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from overread.viewer.commands import CommandRegistry
from overread.viewer.panels.words import Words, hbox, icon_label, key_cap, label, vbox
from overread.viewer.style import Look


class Choice(QFrame):
    """One way in: icon, title, one sentence, key. Click or Enter chooses it."""

    chosen = Signal()

    def __init__(self, look: Look, icon: str, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("choice", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.title, self.text = label("strong"), label("dim", wrap=True)
        row = hbox(self, look, (20, 12, 16, 12), 20)
        row.addWidget(icon_label(look, icon, "text", 24))
        texts = vbox(None, look, (0, 0, 0, 0), 4)
        head = hbox(None, look, (0, 0, 0, 0), 8)
        head.addWidget(self.title)
        head.addStretch(1)
        if key:
            head.addWidget(key_cap(key))
        texts.addLayout(head)
        texts.addWidget(self.text)
        row.addLayout(texts, 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A left click inside chooses."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)


class EmptyPage(QFrame):
    """Open, inbox, sample; and that anything can be dropped."""

    open_clicked = Signal()
    inbox_clicked = Signal()
    sample_clicked = Signal()

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", "empty")
        self._words, self._look, self._arrived = words, look, 0
        inner = QWidget()
        inner.setFixedWidth(look.px(560))
        inner.setStyleSheet("background: transparent;")
        column = vbox(inner, look, (0, 0, 0, 0), 8)
        title, hint = label("name"), label("", wrap=True)
        words.set_text(title.setText, "empty-page.title")
        words.set_text(hint.setText, "empty-page.hint")
        column.addWidget(title)
        column.addWidget(hint)
        column.addSpacing(look.px(12))
        self.open, self.inbox, self.sample = (
            Choice(look, icon, next(iter(registry.keys(command)), ""))
            for icon, command in (("open", "study.open"), ("inbox", "inbox.show"), ("sample", "study.sample"))
        )
        for choice, text_id in ((self.open, "open"), (self.inbox, "inbox"), (self.sample, "sample")):
            words.set_text(choice.title.setText, f"empty-page.{text_id}")
            column.addWidget(choice)
        words.set_text(self.open.text.setText, "empty-page.open-text")
        words.set_text(self.sample.text.setText, "empty-page.sample-text")
        words.bind(self._render)
        self.open.chosen.connect(self.open_clicked)
        self.inbox.chosen.connect(self.inbox_clicked)
        self.sample.chosen.connect(self.sample_clicked)
        self._arrange(inner)

    def _arrange(self, inner: QWidget) -> None:
        outer = vbox(self, self._look, (24, 24, 24, 48), 8)
        outer.addStretch(2)
        outer.addWidget(inner, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)
        drop_icon, drop = icon_label(self._look, "drop", "dim", 28), label("dim")
        drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.set_text(drop.setText, "empty-page.drop")
        outer.addWidget(drop_icon, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addWidget(drop, 0, Qt.AlignmentFlag.AlignHCenter)

    def set_arrived(self, count: int) -> None:
        """Say how many studies wait in the inbox."""
        self._arrived = count
        self._render()

    def _render(self) -> None:
        text: QLabel = self.inbox.text
        if self._arrived:
            text.setText(self._words.say("empty-page.inbox-count", n=self._arrived))
        else:
            text.setText(self._words.say("empty-page.inbox-empty"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The dashed frame into which things are dropped."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(self._look.colours["edge"]), 1)
        pen.setDashPattern([4, 5])
        painter.setPen(pen)
        gap = self._look.px(24)
        painter.drawRoundedRect(self.rect().adjusted(gap, gap, -gap, -gap), self._look.px(6), self._look.px(6))
        painter.end()
