"""``overread clean``: caches emptied, leftover shared memory removed; never the journal, settings or results."""

from __future__ import annotations

import argparse
import shutil
import sys

from overread.core.errors import Exit, NotWrittenError
from overread.core.paths import default_paths
from overread.core.shared import sweep
from overread.core.text import sentence

HELP = "Empty the caches and remove shared memory that a killed program left. Journal, settings and results stay."


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Clean, and say what went."""
    cache = default_paths().cache
    if cache.is_dir():
        try:
            shutil.rmtree(cache)
        except OSError as error:
            raise NotWrittenError(
                sentence("doctor.not-cleaned", folder=str(cache), why=error.strerror or "")
            ) from error
        sys.stdout.write(f"emptied {cache}\n")
    for name in sweep():
        sys.stdout.write(f"removed shared memory {name}\n")
    return Exit.DONE
