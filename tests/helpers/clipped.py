"""Texts that a window shows only in part."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QToolButton, QWidget

from overread.viewer.window import MainWindow


def cut(window: MainWindow) -> list[str]:
    """Texts of visible labels and buttons that are narrower or lower than what they have to show."""
    found = []
    for each in window.findChildren(QWidget):
        if not each.isVisible() or each is window.patient_bar.description:
            continue
        if isinstance(each, QLabel) and each.text():
            wide = each.wordWrap() or each.width() >= each.sizeHint().width()
            high = each.height() >= each.heightForWidth(each.width()) if each.wordWrap() else True
            if not (wide and high):
                found.append(f"{each.text()} {each.size()} {each.sizeHint()}")
        if isinstance(each, QAbstractButton) and each.text():
            if each.width() < each.sizeHint().width() or each.height() < each.sizeHint().height():
                found.append(f"{each.text()} {each.size()} {each.sizeHint()}")
            if isinstance(each, QToolButton) and each.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
                found.append(f"{each.text()}: icon without word")
    return found
