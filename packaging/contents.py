"""What goes into the frozen program, and what must not. Read by overread.spec."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

ROOMS = ("core", "inference", "viewer", "plugins", "resources")
BUNDLED = Path("overread/plugins/bundled")
BY_NAME = (
    "imagecodecs._shared_cython",
    "imagecodecs._jpeg8",
    "imagecodecs._jpegls",
    "imagecodecs._jpeg2k",
    "imagecodecs._htj2k",
    "imagecodecs._imcd",
    "cc3d",
    "edt",
    "fastmorph",
    "highdicom",
)
"""Loaded by name only, or declared as a need of the program although a room that uses it may come later."""
LGPL_MODULES = ("PySide6", "shiboken6", "cc3d", "edt", "fastmorph", "fastremap", "fill_voids")
"""Kept as files beside the program, so that each can be replaced (docs/packaging.md)."""
TORCH = ("torch", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec", "filelock")
EXCLUDED = (
    "matplotlib", "contourpy", "kiwisolver", "fontTools", "tkinter", "PIL._imagingtk",
    "readline", "_gdbm",  # GPL-3 below them
    "IPython", "pytest", "_pytest", "py", "hypothesis", "mypy", "setuptools", "pip", "PyInstaller", "pylab",
    "mpl_toolkits", "rich", "pygments", "markdown_it", "mdurl",
)  # fmt: skip

_SYSTEM = ("/lib/", "/usr/lib/")
_QT_LIBRARIES = (
    "Core", "DBus", "Gui", "Network", "OpenGL", "OpenGLWidgets", "PrintSupport", "Svg", "Test", "WaylandClient",
    "Widgets", "WlShellIntegration", "XcbQpa",
)  # fmt: skip
"""Of Qt's own libraries these may come along. Others (Quick, Lottie, the Wayland compositor) are not used, and some
of them and the virtual keyboard are GPL."""
_QT_PLUGINS = {
    "platforms": ("libqxcb.so", "libqoffscreen.so", "libqwayland.so"),
    "imageformats": ("libqsvg.so", "libqjpeg.so", "libqico.so"),
    "iconengines": ("libqsvgicon.so",),
    "platforminputcontexts": ("libcomposeplatforminputcontextplugin.so", "libibusplatforminputcontextplugin.so"),
    "platformthemes": ("libqxdgdesktopportal.so",),
    "xcbglintegrations": ("libqxcb-egl-integration.so", "libqxcb-glx-integration.so"),
    "wayland-shell-integration": ("libxdg-shell.so",),
    "wayland-decoration-client": ("libbradient.so", "libadwaita.so"),
    "wayland-graphics-integration-client": ("libqt-plugin-wayland-egl.so",),
}
Entry = tuple[str, str, str]
"""PyInstaller's: name in the folder, file here, kind."""


def modules(root: Path) -> list[str]:
    """Every module of the program: commands, the engine's server, the readers and plugins are loaded by name."""
    found = list(BY_NAME)
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            parts = path.relative_to(root / room).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def plugin_files(root: Path) -> list[tuple[str, str]]:
    """Manifests, texts and templates of the shipped plugins, each with the folder that it goes into."""
    return [(str(path), str(BUNDLED / path.parent.name)) for path in (root / "plugins" / BUNDLED).glob("*/*.toml")]


def is_wanted(entry: Entry) -> bool:
    """False for libraries that the system's packages bring (the .deb depends on them), and for Qt's unused parts."""
    name, source, kind = entry
    if kind == "SYMLINK":
        return _is_wanted_library(Path(source).name)
    if source.startswith(_SYSTEM) and ".so" in name and "/" not in name and not name.startswith("libpython"):
        return False
    if "/Qt/plugins/" in name:
        return Path(name).name in _QT_PLUGINS.get(Path(name).parent.name, ())
    return _is_wanted_library(Path(name).name)


def _is_wanted_library(file_name: str) -> bool:
    if not file_name.startswith("libQt6"):
        return True
    return file_name.removeprefix("libQt6").split(".")[0] in _QT_LIBRARIES


def metadata_files(entries: Iterable[Entry]) -> list[Entry]:
    """Metadata and licences of every distribution of which something is in ``entries``, and of the program itself."""
    tops = {Path(name).parts[0].split(".")[0] for name, _source, _kind in entries}
    owners = importlib.metadata.packages_distributions()
    names = {owner.lower().replace("_", "-") for top in tops for owner in owners.get(top, ())} | {"overread"}
    return [entry for name in sorted(names) for entry in _texts(name)]


def _texts(name: str) -> list[Entry]:
    found = []
    for file in importlib.metadata.distribution(name).files or ():
        folder, is_text = file.parts[0], "licen" in str(file).lower() or file.name.startswith(("COPYING", "NOTICE"))
        # Not the other files: an editable install writes the folder of the build into one of them.
        if folder.endswith(".dist-info") and (file.name == "METADATA" or is_text):
            found.append((str(file), str(file.locate()), "DATA"))
    return found
