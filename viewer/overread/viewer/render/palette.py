"""The colour tokens of resources/palette, by name."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from PySide6.QtGui import QColor


@cache
def tokens() -> dict[str, str]:
    """Every token: ``text`` or ``state.proposed`` to ``#RRGGBB``."""
    file = resources.files("overread.resources") / "palette" / "overread.toml"
    groups = tomllib.loads(file.read_text(encoding="utf-8"))
    found = dict(groups["base"])
    found.update({f"state.{name}": value for name, value in groups["state"].items()})
    return found


def colour(name: str, opacity: float = 1.0) -> QColor:
    """A token as a colour. Raises KeyError for a name that is none."""
    made = QColor(tokens()[name])
    made.setAlphaF(opacity)
    return made
