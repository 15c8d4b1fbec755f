"""``make package``: freeze the program (overread.spec) and make a Debian package of it in dist/."""

from __future__ import annotations

import argparse
import email
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "packaging"
BUILD = ROOT / "build"
DIST = ROOT / "dist"
INSIDE = Path("opt/overread")
"""Where the program lies below the root of a system."""
T64 = ("libglib2.0-0", "libssl3", "libpng16-16")
"""Packages that carry ``t64`` at the end of their name on Debian 13 and Ubuntu 24.04 and newer."""
C_LIBRARIES = ("libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libresolv.so", "ld-linux")
MAINTAINER = "Overread developers <overread@localhost>"


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the two packages: with torch or without."""

    torch: bool
    version: str

    @property
    def name(self) -> str:
        """Name of the Debian package."""
        return "overread-torch" if self.torch else "overread"

    @property
    def other(self) -> str:
        """The package that cannot be installed beside this one."""
        return "overread" if self.torch else "overread-torch"


def main(argv: Sequence[str] | None = None) -> int:
    """Build one package and say where it is and how large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", action="store_true", help="take torch along")
    torch: bool = parser.parse_args(argv).torch
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    variant = Variant(torch, project["version"])
    moment = last_commit_time()
    tree = stage(variant, freeze(variant, moment), project["description"])
    file = pack(variant, tree, moment)
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size >> 20} MiB, unpacked {size >> 20} MiB\n")
    return 0


def last_commit_time() -> int:
    """Seconds since 1970 of the commit that is built: the only time that is written into the package."""
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def freeze(variant: Variant, moment: int) -> Path:
    """Run PyInstaller; the folder of the frozen program."""
    frozen = BUILD / f"frozen-{variant.name}"
    # PyInstaller loads every part of torch, deprecated ones too: their warnings say nothing about this program.
    settings = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(moment), "PYTHONWARNINGS": "ignore"}
    settings |= {"OVERREAD_TORCH": "1"} if variant.torch else {}
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    places = ["--distpath", str(frozen), "--workpath", str(BUILD / f"work-{variant.name}")]
    subprocess.run(
        [*command, *places, str(HERE / "overread.spec")], cwd=ROOT, env={**os.environ, **settings}, check=True
    )
    return frozen / "overread"


def stage(variant: Variant, program: Path, description: str) -> Path:
    """Lay out the tree of the package as it will lie on a system."""
    tree = BUILD / f"tree-{variant.name}"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(program, tree / INSIDE, symlinks=True)
    documents = tree / "usr/share/doc" / variant.name
    lesser = next((tree / INSIDE / "_internal").glob("connected_components_3d-*.dist-info/licenses"))
    for source, target in (
        (HERE / "overread.desktop", tree / "usr/share/applications/overread.desktop"),
        (HERE / "overread.svg", tree / "usr/share/icons/hicolor/scalable/apps/overread.svg"),
        (ROOT / "docs/packaging.md", documents / "packaging.md"),
        (ROOT / "docs/intended-use.md", documents / "intended-use.md"),
        (ROOT / "LICENSE", documents / "LICENSE"),
        (ROOT / "NOTICE", documents / "NOTICE"),
        (lesser / "COPYING.LESSER", documents / "LGPL-3.0.txt"),
        (lesser / "COPYING", documents / "GPL-3.0.txt"),
        (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", documents / "Python-LICENSE.txt"),
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    (documents / "copyright").write_text(copyright_text(tree / INSIDE), encoding="utf-8")
    launcher = tree / "usr/bin/overread"
    launcher.parent.mkdir(parents=True)
    launcher.symlink_to(Path("../..") / INSIDE / "overread")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(control(variant, tree, description), encoding="utf-8")
    return tree


def control(variant: Variant, tree: Path, description: str) -> str:
    """The control file: name, version, needs."""
    files = (path for path in (tree / "opt").rglob("*") if path.is_file() and not path.is_symlink())
    kib = sum(path.stat().st_size for path in files) >> 10
    machine = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    short, _colon, rest = description.partition(": ")
    return (
        f"Package: {variant.name}\n"
        f"Version: {variant.version}\n"
        f"Architecture: {machine.stdout.strip()}\n"
        f"Maintainer: {MAINTAINER}\n"
        f"Installed-Size: {kib}\n"
        f"Depends: {', '.join(depends(tree / INSIDE))}\n"
        f"Conflicts: {variant.other}\n"
        f"Replaces: {variant.other}\n"
        "Section: science\n"
        "Priority: optional\n"
        f"Description: {short}\n"
        f" {rest}\n"
    )


def depends(program: Path) -> list[str]:
    """Debian packages: owners of libraries that are named and not brought along, and the written list."""
    files = elf_files(program)
    brought = {path.name for path in program.rglob("*.so*")}
    needed, glibc = set(), (0, 0)
    for text in headers(files):
        needed |= set(re.findall(r"NEEDED\s+(\S+)", text))
        versions = re.findall(r"\bGLIBC_(\d+)\.(\d+)", text)
        glibc = max([glibc, *((int(major), int(minor)) for major, minor in versions)])
    outside = {name for name in needed - brought if not name.startswith(C_LIBRARIES)}
    names = {owner(name, place) for name, place in places_of(outside).items()} | set(written_list())
    return [f"libc6 (>= {glibc[0]}.{glibc[1]})", *sorted({alternatives(name) for name in names})]


def elf_files(folder: Path) -> list[Path]:
    """Programs and libraries in a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    found.append(path)
    return found


def headers(files: Sequence[Path]) -> Iterator[str]:
    """What ``objdump -p`` says of each file."""
    for file in files:
        yield subprocess.run(["objdump", "-p", str(file)], capture_output=True, text=True, check=True).stdout


def places_of(libraries: set[str]) -> dict[str, Path]:
    """Where the loader finds libraries. Raises SystemExit with a sentence when one is not installed."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found: dict[str, Path] = {}
    for name, place in re.findall(r"^\s+(\S+) \(.*x86-64.*\) => (\S+)$", listed, re.MULTILINE):
        found.setdefault(name, Path(place))
    missing = sorted(libraries - set(found))
    if missing:
        raise SystemExit(
            f"The program needs {', '.join(missing)}, which this system does not have; install them first."
        )
    return {name: found[name] for name in libraries}


def owner(library: str, place: Path) -> str:
    """The Debian package that a library came from. Raises SystemExit when none owns it."""
    # With merged folders dpkg knows a file by one of its two names.
    bare = str(place).removeprefix("/usr")
    for path in (bare, f"/usr{bare}"):
        done = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    raise SystemExit(f"{library} at {place} belongs to no Debian package, so that the package cannot depend on it.")


def written_list() -> list[str]:
    """The first name of each line of debian-runs.txt."""
    lines = (HERE / "debian-runs.txt").read_text(encoding="utf-8").splitlines()
    return [line.split("|")[0] for line in lines if line and not line.startswith("#")]


def alternatives(name: str) -> str:
    """A package by every name that it has on the systems that are supported."""
    plain = name.removesuffix("t64")
    return f"{plain} | {plain}t64" if plain in T64 else name


def copyright_text(program: Path) -> str:
    """What is inside, under which licence, and where the licence's text lies."""
    lines = [
        "Overread is licensed under the Apache License 2.0 (LICENSE, NOTICE beside this file). It comes with Python",
        "and with the packages below, unmodified. Their licence texts lie in the folders named. Those under the LGPL",
        "are files of their own that can be replaced: packaging.md says how. The program's loader is PyInstaller's",
        "(GPL-2.0 with the exception that what it loads may have any licence).",
        "",
    ]
    for folder in sorted((program / "_internal").glob("*.dist-info")):
        data = email.message_from_bytes((folder / "METADATA").read_bytes())
        named = str(data["License-Expression"] or data["License"] or "").split("\n")[0]
        classes = [line.split(" :: ")[-1] for line in data.get_all("Classifier", []) if line.startswith("License ::")]
        lines.append(f"{data['Name']} {data['Version']}: {named or '; '.join(classes)}")
        lines.append(f"  /{INSIDE}/_internal/{folder.name}")
    return "\n".join(lines) + "\n"


def pack(variant: Variant, tree: Path, moment: int) -> Path:
    """Make the package, whole or not at all. Times and rights of all files are the same in every build."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)
    DIST.mkdir(exist_ok=True)
    machine = re.search(r"^Architecture: (\S+)$", (tree / "DEBIAN/control").read_text(encoding="utf-8"), re.MULTILINE)
    assert machine is not None
    file = DIST / f"{variant.name}_{variant.version}_{machine[1]}.deb"
    part = BUILD / file.name
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(part)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment)}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    os.replace(part, file)
    return file


if __name__ == "__main__":
    sys.exit(main())
