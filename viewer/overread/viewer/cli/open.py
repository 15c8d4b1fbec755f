"""``overread [PATH…]``: the window, with these opened."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.core.errors import NotReadableError
from overread.core.text import sentence

HELP = "Open the window, with these folders or files in it. Research software, not a medical device."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="folder or file with images")
    parser.add_argument("--guided", action="store_true", help="with a strip of five steps that leads through the job")
    parser.add_argument("--language", choices=("en", "zh"), help="language of the window, this time")


def run(arguments: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    for path in arguments.paths:
        if not path.exists():
            raise NotReadableError(sentence("open.not-there", path=str(path)))
    # Imported here: Qt and VTK take a second to load, and a wrong path should be told at once.
    from overread.viewer.app import run_window  # noqa: PLC0415

    return run_window([path.resolve() for path in arguments.paths], arguments.language, guided=arguments.guided)
