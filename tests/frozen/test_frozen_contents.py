"""What lies in the package: nothing under the GPL, libraries under the LGPL unmodified and replaceable."""

from __future__ import annotations

import configparser
import email
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from unpacked_package import ROOT, Unpacked

SITE = Path(sysconfig.get_path("platlib"))
LGPL_FILES = (
    "PySide6/Qt/lib/libQt6Core.so.6",
    "PySide6/Qt/lib/libQt6Gui.so.6",
    "PySide6/Qt/lib/libQt6Widgets.so.6",
    "PySide6/QtCore.abi3.so",
    "PySide6/__init__.py",
    "shiboken6/libshiboken6.abi3.so.6.11",
    "cc3d/__init__.py",
    "fastmorph/__init__.py",
    "fastremap/__init__.py",
    "fill_voids/__init__.py",
)
LGPL_EXTENSIONS = ("edt.*.so", "fastmorphops.*.so", "cc3d/fastcc3d.*.so", "fastremap/*.so", "fill_voids/*.so")
LGPL = {
    "PySide6_Essentials", "shiboken6", "connected-components-3d", "edt", "fastmorph", "fastremap", "fill_voids",
}  # fmt: skip
QT_UNDER_THE_GPL = ("VirtualKeyboard", "Lottie", "WaylandCompositor", "Quick", "Qml", "Charts", "Designer")


def field(program: Unpacked, name: str) -> str:
    done = subprocess.run(["dpkg-deb", "-f", str(program.deb), name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_package_says_what_it_is_and_needs(program: Unpacked) -> None:
    assert field(program, "Package") == ("overread-torch" if program.with_torch else "overread")
    assert field(program, "Version") == "0.1.0"
    needs = field(program, "Depends")
    assert re.match(r"libc6 \(>= 2\.\d\d\), ", needs)
    lines = (ROOT / "packaging/debian-runs.txt").read_text(encoding="utf-8").splitlines()
    for name in (line.split("|")[0] for line in lines if not line.startswith("#")):
        assert re.search(rf"\b{re.escape(name)}\b", needs)
    assert "libssl3 | libssl3t64" in needs


def test_every_library_is_found(program: Unpacked) -> None:
    missing = set()
    for path in sorted(program.inside.rglob("*.so*")):
        if path.is_symlink() or "PySide6/Qt/plugins" in str(path):
            continue
        done = subprocess.run(
            ["ldd", str(path)],
            env={"LD_LIBRARY_PATH": str(program.inside)},
            capture_output=True,
            text=True,
            check=False,
        )
        missing |= {line.strip() for line in done.stdout.splitlines() if "not found" in line}
    assert not missing


def test_menu_icon_and_launcher(program: Unpacked) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # keys of a desktop file keep their case
    parser.read(program.tree / "usr/share/applications/overread.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert entry["Exec"].split()[0] == "overread"
    assert (program.tree / f"usr/share/icons/hicolor/scalable/apps/{entry['Icon']}.svg").is_file()
    assert program.launcher.is_symlink()
    assert program.launcher.resolve() == program.tree / "opt/overread/overread"


@pytest.mark.parametrize("name", LGPL_FILES)
def test_lgpl_files_lie_apart_and_are_unmodified(program: Unpacked, name: str) -> None:
    assert (program.inside / name).read_bytes() == (SITE / name).read_bytes()


@pytest.mark.parametrize("pattern", LGPL_EXTENSIONS)
def test_lgpl_extensions_lie_apart_and_are_unmodified(program: Unpacked, pattern: str) -> None:
    found = list(program.inside.glob(pattern))
    assert found
    assert all(path.read_bytes() == (SITE / path.relative_to(program.inside)).read_bytes() for path in found)


def test_the_library_that_lies_there_is_the_one_that_is_used(program: Unpacked, tmp_path: Path) -> None:
    library = program.inside / "PySide6/Qt/lib/libQt6Gui.so.6"
    kept = library.rename(tmp_path / library.name)
    try:
        library.write_bytes(b"not a library")
        broken = program.run("snapshot", tmp_path, "--to", tmp_path / "x.png")
    finally:
        library.unlink()
        kept.rename(library)
    assert broken.returncode != 0
    assert str(library.name) in broken.stderr
    whole = program.run("snapshot", tmp_path, "--to", tmp_path / "x.png")
    assert library.name not in whole.stderr


def test_nothing_inside_is_gpl(program: Unpacked) -> None:
    bad = []
    for path in program.inside.glob("*.dist-info/METADATA"):
        data = email.message_from_bytes(path.read_bytes())
        named = [str(data["License-Expression"] or ""), str(data["License"] or "")[:200]]
        text = " ".join(named + [line for line in data.get_all("Classifier", []) if "License" in line])
        if re.search(r"\bA?GPL|General Public License", text) and data["Name"] not in LGPL:
            bad.append(f"{data['Name']}: {text}")
    assert not bad
    names = [path.name for path in program.inside.rglob("*")]
    assert not [name for name in names if any(word in name for word in QT_UNDER_THE_GPL) and "Qt6" in name]
    assert not [name for name in names if re.match(r"(lib)?(readline|gdbm|x264|x265|qtvirtualkeyboard)", name)]


def test_licences_lie_beside_the_program(program: Unpacked) -> None:
    documents = program.tree / "usr/share/doc" / field(program, "Package")
    listed = (documents / "copyright").read_text(encoding="utf-8")
    for path in program.inside.glob("*.dist-info"):
        assert path.name in listed
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (documents / "LGPL-3.0.txt").read_text(encoding="utf-8")
    assert "## Replacing a library under the LGPL" in (documents / "packaging.md").read_text(encoding="utf-8")


def test_no_folder_of_the_build_is_written_inside(program: Unpacked) -> None:
    here = str(ROOT).encode()
    texts = [path for path in program.inside.rglob("*") if path.suffix in {".py", ".toml", ".json", ".txt", ""}]
    found = [path for path in texts if path.is_file() and not path.is_symlink() and here in path.read_bytes()]
    assert not found
    assert here not in (program.tree / "opt/overread/overread").read_bytes()
