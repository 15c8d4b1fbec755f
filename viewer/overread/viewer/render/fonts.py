"""The fonts that ship with the program."""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFontDatabase


def load_fonts() -> None:
    """Make the shipped fonts known to Qt. Once per process is enough; more does no harm."""
    if "Inter" in QFontDatabase.families():
        return
    folder = resources.files("overread.resources") / "fonts"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".otf"):
            QFontDatabase.addApplicationFontFromData(QByteArray(file.read_bytes()))
