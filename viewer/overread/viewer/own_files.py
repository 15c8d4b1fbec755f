"""Files of a person's own in the configuration folder: keys and window presets.

Each names only what differs from what is shipped. One that cannot be used is named on the message line, left as it
is, and what is shipped stands.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from overread.core.errors import OverreadError
from overread.core.text import Sentence
from overread.viewer.commands import Keymap, load_keymap
from overread.viewer.view_commands import WindowPresets, presets

KEYMAP, WINDOWS = "keymap.toml", "windows.toml"
T = TypeVar("T")


class OwnFiles:
    """Keys and window presets of this person; ``complaints`` say what could not be used."""

    def __init__(self, config: Path) -> None:
        self.complaints: list[Sentence] = []
        self.keymap: Keymap = self._own_or_shipped(load_keymap, config / KEYMAP)
        self.windows: WindowPresets = self._own_or_shipped(presets, config / WINDOWS)

    def _own_or_shipped(self, read: Callable[[Path | None], T], file: Path) -> T:
        if file.exists():
            try:
                return read(file)
            except OverreadError as error:
                self.complaints.append(error.sentence)
        return read(None)
