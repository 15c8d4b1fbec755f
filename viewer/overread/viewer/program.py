"""How this program is started again as a process of its own, from the source tree, a wheel or a frozen build."""

from __future__ import annotations

import sys


def is_frozen() -> bool:
    """True in a frozen build, where the interpreter *is* the program and takes no code and no modules."""
    return bool(getattr(sys, "frozen", False))


def own_command() -> tuple[str, ...]:
    """The words that start ``overread``; its arguments follow them."""
    return (sys.executable,) if is_frozen() else (sys.executable, "-m", "overread.viewer.cli.main")
