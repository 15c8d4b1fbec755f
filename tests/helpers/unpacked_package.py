"""A Debian package of the program, unpacked somewhere, and how it is run there."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240


@dataclass(frozen=True)
class Unpacked:
    """A package and the tree that came out of it."""

    deb: Path
    tree: Path

    @property
    def inside(self) -> Path:
        """The folder with the libraries and the data."""
        return self.tree / "opt/overread/_internal"

    @property
    def launcher(self) -> Path:
        """The command that a person calls."""
        return self.tree / "usr/bin/overread"

    @property
    def with_torch(self) -> bool:
        """True for the package that brings torch."""
        return self.deb.name.startswith("overread-torch_")

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the program with some arguments in the environment of the test."""
        command = [str(self.launcher), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs from this tree."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.exe().startswith(f"{self.tree}/"):
                    found.append(process)
            except psutil.Error:
                # Gone meanwhile, or a process of the system without a file.
                continue
        return found
