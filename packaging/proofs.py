"""``make test-all``: run the long checks one after the other and write what each found into docs/proofs.json.

``proofs.py NAME...`` runs some of them. A check that was not run keeps what it found last.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from overread.core.whole import write_whole

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/proofs.json"
MAKES_OWN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VIRTUAL_ENV")
"""A check is run as a person would run it, not as a part of the make that called this."""
FAILED = 1


@dataclass(frozen=True, slots=True)
class Proof:
    """A check: the line that a person would type, and the pattern of what counts in its output.

    The figure is every match of ``figure`` (its groups, where it has some), then the time.
    """

    name: str
    command: str
    figure: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a check found: one line of docs/proofs.json. ``commit`` ends in -dirty when files had been changed."""

    proof: str
    commit: str
    date: str
    command: str
    figure: str


PASSED = r"^(?:\d+ \w+, )*\d+ passed(?:, \d+ \w+)*(?= in )"
"""How pytest's last line tells what passed."""
PROOFS = (
    Proof("test", "make test", PASSED),
    Proof("clean-clone", "packaging/clean_clone.sh", PASSED),
    Proof(
        "properties",
        ".venv/bin/python -m pytest -q tests/unit -m hypothesis --hypothesis-profile=long --timeout=3600",
        PASSED,
    ),
    Proof("package", "make package", r"^dist/.*"),
    Proof("package-torch", "make package TORCH=1", r"^dist/.*"),
    Proof("frozen", "make frozen", PASSED),
    Proof("bench", "make bench", r"^(.*): [\d.]+ ms CPU, (.*) [\d.]+ ms, ratio ([\d.]+)"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks that are named, or all; 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(one.name for one in PROOFS)}")
    names: list[str] = parser.parse_args(argv).names
    unknown = sorted(set(names) - {one.name for one in PROOFS})
    if unknown:
        parser.error(f"no check is named {', '.join(unknown)}")
    chosen = [one for one in PROOFS if not names or one.name in names]
    return FAILED if run_all(chosen, TARGET, run) else 0


def run_all(proofs: Iterable[Proof], target: Path, do: Callable[[Proof], tuple[int, str]]) -> list[str]:
    """Run checks and write after each what it found; the names of those that failed. Raises OSError."""
    failed = []
    for proof in proofs:
        sys.stdout.write(f"== {proof.name}: {proof.command}\n")
        sys.stdout.flush()
        commit, started = commit_now(), time.monotonic()
        code, output = do(proof)
        found = figure(proof, code, output, time.monotonic() - started)
        if code:
            failed.append(proof.name)
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        put(target, Entry(proof.name, commit, date, proof.command, found))
        sys.stdout.write(f"== {proof.name}: {found}\n")
    return failed


def run(proof: Proof) -> tuple[int, str]:
    """Run the line, showing what it prints; its exit code and its output."""
    environment = {name: value for name, value in os.environ.items() if name not in MAKES_OWN}
    lines = []
    with subprocess.Popen(
        ["bash", "-c", proof.command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    return process.returncode, "".join(lines)


def figure(proof: Proof, code: int, output: str, seconds: float) -> str:
    """What counts of an output. A check that failed, or printed nothing that counts, says so."""
    found = [" / ".join(match.groups() or (match[0],)) for match in re.finditer(proof.figure, output, re.MULTILINE)]
    said = "; ".join(found) or "no figure"
    return f"{'' if code == 0 else f'FAILED with exit code {code}: '}{said}; {seconds:.0f} s"


def commit_now() -> str:
    """The commit that is checked out; ``-dirty`` after it when a file other than the proofs was changed."""
    there = ["git", "-C", str(ROOT)]
    head = subprocess.run([*there, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    status = [*there, "status", "--porcelain", "--", ".", f":(exclude){TARGET.relative_to(ROOT)}"]
    changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    return f"{head}-dirty" if changed else head


def read(target: Path) -> list[Mapping[str, str]]:
    """The entries of a file; none when there is no file. Raises ValueError when it is not a list of entries."""
    if not target.exists():
        return []
    entries = json.loads(target.read_text(encoding="utf-8"))
    if not isinstance(entries, list) or not all(set(one) == set(Entry.__slots__) for one in entries):
        raise ValueError(f"{target} does not hold a list of proofs")
    return entries


def put(target: Path, entry: Entry) -> None:
    """Put an entry in the place of the one of the same name, or at the end; the file is written whole."""
    entries = [dict(one) for one in read(target)]
    names = [one["proof"] for one in entries]
    if entry.proof in names:
        entries[names.index(entry.proof)] = asdict(entry)
    else:
        entries.append(asdict(entry))
    text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in entries)
    write_whole(target, f"[\n{text}\n]\n".encode())


if __name__ == "__main__":
    sys.exit(main())
