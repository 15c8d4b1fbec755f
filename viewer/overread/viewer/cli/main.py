"""The one command: ``overread``. Each sub-command has a module of its own, imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Protocol, cast

from overread.core.errors import Exit, OverreadError


class Command(Protocol):
    """What a command module offers."""

    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the answer is the exit code."""


COMMANDS = (
    "scan", "export", "analyze", "evaluate", "snapshot", "models", "plugins", "sample", "demo",
    "doctor", "bench", "clean",
)  # fmt: skip
"""Names of commands; ``open`` (the window) is what a path without a command means."""


def load(name: str) -> Command:
    """The module of a command. Imported late so that ``overread scan`` does not wait for Qt or VTK."""
    module: ModuleType = importlib.import_module(f"overread.viewer.cli.{name}")
    return cast(Command, module)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the answer is the exit code (core.errors.Exit)."""
    multiprocessing.freeze_support()
    words = list(sys.argv[1:] if argv is None else argv)
    name = words.pop(0) if words and words[0] in COMMANDS else "open"
    command = load(name)
    parser = argparse.ArgumentParser(
        prog="overread" if name == "open" else f"overread {name}",
        description=command.HELP,
        epilog=f"Commands: {', '.join(COMMANDS)}." if name == "open" else None,
    )
    command.configure(parser)
    arguments = parser.parse_args(words)
    try:
        return int(command.run(arguments))
    except OverreadError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return int(Exit.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
