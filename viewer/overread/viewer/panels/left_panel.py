"""The left panel: the series of the study and the inbox, one of them shown; folded to thumbnails when narrow."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QPushButton, QStackedWidget, QWidget

from overread.viewer.commands import CommandRegistry, key_text
from overread.viewer.panels.inbox import InboxList
from overread.viewer.panels.study_list import StudyList
from overread.viewer.panels.words import Words, button, hbox, vbox
from overread.viewer.style import Look

WIDE, NARROW = 216, 72


class LeftPanel(QFrame):
    """Tabs Study and Inbox above the lists, the next case below."""

    fold_clicked = Signal()

    def __init__(self, words: Words, look: Look, registry: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("side", "left")
        self._words, self._look, self._registry = words, look, registry
        self._compact = self._asked_compact = False
        self._asked_width: int | None = None
        self.studies, self.inbox = StudyList(words, look), InboxList(words, look)
        self.study_tab, self.inbox_tab = self._tab("series"), self._tab("inbox")
        self.fold = button(words, "", "flat")
        self.fold.setIcon(look.icon("panel", "dim"))
        self.fold.setIconSize(QSize(look.px(16), look.px(16)))
        self.fold.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        head = QFrame()
        head.setProperty("bar", "below")
        head.setFixedHeight(look.px(40))
        row = hbox(head, look, (10, 0, 6, 0), 16)
        for each in (self.study_tab, self.inbox_tab):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.fold)
        self.lists = QStackedWidget()
        self.lists.addWidget(self.studies)
        self.lists.addWidget(self.inbox)
        self.next_case = QPushButton()
        self.next_case.setAutoDefault(False)
        self.next_case.setVisible("case.next" in registry)
        column = vbox(self, look, (0, 0, 0, 0), 0)
        column.addWidget(head)
        column.addWidget(self.lists, 1)
        foot = hbox(None, look, (8, 8, 8, 8), 0)
        foot.addWidget(self.next_case)
        column.addLayout(foot)
        self.study_tab.clicked.connect(lambda: self.show_inbox(False))
        self.inbox_tab.clicked.connect(lambda: self.show_inbox(True))
        self.fold.clicked.connect(self.fold_clicked)
        if "case.next" in registry:
            self.next_case.clicked.connect(lambda: registry.trigger("case.next"))
        self.show_inbox(False)
        words.bind(self.refresh)

    def _tab(self, icon: str) -> QPushButton:
        made = button(self._words, "", "tab")
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setIconSize(QSize(self._look.px(18), self._look.px(18)))
        made.setObjectName(icon)
        return made

    def show_inbox(self, inbox: bool) -> None:
        """Show the inbox, or the series of the study."""
        self.lists.setCurrentWidget(self.inbox if inbox else self.studies)
        self.study_tab.setChecked(not inbox)
        self.inbox_tab.setChecked(inbox)
        self._set_width()

    def set_compact(self, compact: bool, width: int | None = None) -> None:
        """Thumbnails only (72 wide), or all (216, or ``width`` points of the design)."""
        self._asked_compact, self._asked_width = compact, width
        self._set_width()

    def _set_width(self) -> None:
        # Arrivals are names and no thumbnails: while they are shown the panel is as wide as words need.
        self._compact = self._asked_compact and self.lists.currentWidget() is self.studies
        self.setFixedWidth(self._look.px(NARROW if self._compact else self._asked_width or WIDE))
        self.studies.set_compact(self._compact)
        self.refresh()

    def refresh(self) -> None:
        """Tell the tabs again: the number of arrivals may have changed."""
        words, count = self._words, self.inbox.count
        inbox = words.say("inbox-list.tab-count", n=count) if count else words.say("inbox-list.tab")
        study = words.say("study-list.tab")
        for tab, text in ((self.study_tab, study), (self.inbox_tab, inbox)):
            tab.setText("" if self._compact else text)
            tab.setIcon(self._look.icon(tab.objectName(), "dim") if self._compact else QIcon())
            tab.setToolTip(text)
        keys = self._registry.keys("case.next")
        tail = f"   {key_text(keys[0])}" if keys else ""
        self.next_case.setText("" if self._compact else words.say("window.next-case") + tail)
        self.next_case.setIcon(self._look.icon("redo") if self._compact else QIcon())
        self.next_case.setToolTip(words.say("window.next-case") + tail)
        self.fold.setVisible(not self._compact)
        self.fold.setToolTip(words.say("window.fold-left"))
