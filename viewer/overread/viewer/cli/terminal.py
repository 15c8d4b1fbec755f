"""What commands share on a terminal: progress on standard error, one JSON document on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def progress(word: str) -> Callable[[int, int], None] | None:
    """A progress writer for a terminal; None when standard error is none."""
    if not sys.stderr.isatty():
        return None

    def write(done: int, total: int) -> None:
        if done == total or done % 50 == 0:
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{word} {done} of {total}{end}")
            sys.stderr.flush()

    return write


def write_json(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
