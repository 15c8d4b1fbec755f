"""Each Debian package in dist/ is unpacked elsewhere and run as on a system that has nothing of this tree."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from unpacked_package import ROOT, Unpacked

PATH = "/usr/local/bin:/usr/bin:/bin"


def packages() -> Sequence[Path]:
    """What `make package` made."""
    return sorted((ROOT / "dist").glob("*.deb"))


@pytest.fixture(scope="session", params=[deb.name for deb in packages()] or ["none"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unpacked]:
    """The package, unpacked below a temporary folder."""
    deb = ROOT / "dist" / str(request.param)
    if not deb.is_file():
        pytest.fail("dist/ holds no package; run `make package` first")
    tree = tmp_path_factory.mktemp("elsewhere").resolve()
    subprocess.run(["dpkg-deb", "-x", str(deb), str(tree)], check=True)
    yield Unpacked(deb, tree)
    shutil.rmtree(tree)


@pytest.fixture(autouse=True)
def strange_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Path:
    """An empty home and nothing of this environment; the home."""
    for name in list(os.environ):
        if name.startswith(("OVERREAD", "PYTHON", "QT_", "VTK_", "VIRTUAL_ENV", "LD_", "XDG_", "DISPLAY", "WAYLAND")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", PATH)
    monkeypatch.chdir(home)
    return home
