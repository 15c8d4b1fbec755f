"""``overread scan``: what there is in folders and files, and what may be done with it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from overread.core.dicom.listing import listing
from overread.core.dicom.scan import scan
from overread.core.errors import Exit, NotReadableError
from overread.core.text import sentence
from overread.viewer.cli.terminal import progress, write_json

HELP = "List the series in folders and files, each with its geometry verdict, and every file that is left out."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Scan and list. Exit code 3 when there is no image at all."""
    result = scan(arguments.paths, progress=progress("headers"))
    if arguments.json:
        write_json(listing(result))
    else:
        for series in result.series:
            sys.stdout.write(
                f"{series.key}\n  {series.modality} {series.description} · {len(series.instances)} images"
                f" · {series.verdict.kind}\n"
            )
            for reason in series.verdict.reasons:
                sys.stdout.write(f"  {reason.code}: {reason.sentence.say()}\n")
        for rejected in result.rejected:
            sys.stdout.write(f"left out: {rejected.path}: {rejected.reason.say()}\n")
    if not result.series:
        raise NotReadableError(sentence("dicom.nothing-found", folder=str(arguments.paths[0])))
    return Exit.DONE_WITH_OMISSIONS if result.rejected else Exit.DONE
