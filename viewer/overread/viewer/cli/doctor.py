"""``overread doctor``: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import os
import platform
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from overread.core.dicom.decode_pool import DecodeFailedError, DecodePool
from overread.core.errors import Exit
from overread.core.paths import default_paths
from overread.core.text import say
from overread.inference.client import EngineClient, Event
from overread.inference.protocol import DeviceReport, Failure
from overread.viewer.cli.terminal import write_json
from overread.viewer.program import is_frozen

HELP = "Say what is installed on this computer, which device models would use, what is missing and how to get it."
PACKAGES = (
    "overread", "PySide6-Essentials", "vtk", "pydicom", "highdicom", "SimpleITK", "imagecodecs", "numpy", "scipy",
    "connected-components-3d", "edt", "fastmorph", "torch",
)  # fmt: skip
PROGRAMS = {"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool", "import": "imagemagick"}
"""Programs that only the demo and the tests without a screen need, and their Debian packages."""
LEAST_SHARED_BYTES = 1 << 30
PROBE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: ``ok``, ``note`` (works without) or ``missing`` (does not)."""

    what: str
    state: Literal["ok", "note", "missing"]
    found: str
    do: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument(
        "--gpu-selftest", action="store_true", help="let the engine compute on each device and compare"
    )


def run(arguments: argparse.Namespace) -> int:
    """Look and say. Exit code 1 when something that is needed is missing."""
    lines = [*_versions(), _shared(), _folders(), _decoders(), _renderer(), _font(), *_programs()]
    if arguments.gpu_selftest:
        lines.append(_self_test())
    if arguments.json:
        write_json({"lines": [asdict(line) for line in lines]})
    else:
        for line in lines:
            sys.stdout.write(f"{line.state:8}{line.what:28}{line.found}{'  ' + line.do if line.do else ''}\n")
    return Exit.DONE_WITH_OMISSIONS if any(line.state == "missing" for line in lines) else Exit.DONE


def _versions() -> list[Line]:
    lines = [Line("Python", "ok", platform.python_version())]
    for name in PACKAGES:
        try:
            lines.append(Line(name, "ok", importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            state: Literal["note", "missing"] = "note" if name == "torch" else "missing"
            do = say("doctor.install-frozen" if is_frozen() else "doctor.install", package=name)
            lines.append(Line(name, state, "not installed", do))
    return lines


def _shared() -> Line:
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return Line("shared memory", "note", say("doctor.no-shm"))
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "note"] = "ok" if free >= LEAST_SHARED_BYTES else "note"
    return Line("shared memory", state, f"{free >> 20} MiB free", "" if state == "ok" else say("doctor.small-shm"))


def _folders() -> Line:
    paths = default_paths()
    for folder in (paths.config, paths.data, paths.cache):
        place = folder
        while not place.exists():
            place = place.parent
        if not _writable(place):
            return Line("folders", "missing", str(folder), say("doctor.folder"))
    return Line("folders", "ok", str(paths.data))


def _writable(folder: Path) -> bool:
    probe = folder / ".overread-probe"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return False
    return True


def _decoders() -> Line:
    """Whether a decode worker starts, what holds it back, and what it decodes."""
    try:
        with DecodePool(1) as pool:
            ready = pool.probe()
    except DecodeFailedError:
        return Line("decode workers", "missing", "none starts", say("doctor.decoders"))
    found = f"{', '.join(ready.sandbox) or 'no sandbox'}; {', '.join(ready.codecs)}"
    if any(name.startswith("Landlock") for name in ready.sandbox):
        return Line("decode workers", "ok", found)
    return Line("decode workers", "note", found, say("doctor.no-landlock"))


def _probe(look: Callable[[], str]) -> str:
    """What a function finds in a process of its own; empty when it fails. ``spawn`` works in a frozen build too."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_look, args=(look, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv_bytes().decode() if ours.poll(PROBE_SECONDS) else ""
    except EOFError:
        # The process ended without an answer: a driver that is broken ends it.
        return ""
    finally:
        process.kill()
        process.join()
        ours.close()


def _look(look: Callable[[], str], answer: Connection) -> None:
    """Main function of the process that looks; what libraries print there is not for the person."""
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    answer.send_bytes(look().encode())


def _gl_name() -> str:
    # Here and below: VTK and Qt are loaded in the process that looks, and nowhere else.
    from overread.viewer.render.volume3d import gl_renderer  # noqa: PLC0415

    return gl_renderer()


def _draws_chinese() -> str:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from overread.viewer.style import missing_cjk  # noqa: PLC0415

    application = QApplication([])
    found = "" if missing_cjk() else "found"
    application.quit()
    return found


def _renderer() -> Line:
    name = _probe(_gl_name)
    if not name:
        return Line("OpenGL", "missing", "none", say("doctor.gl"))
    return Line("OpenGL", "ok", name)


def _font() -> Line:
    if _probe(_draws_chinese):
        return Line("Chinese font", "ok", "found")
    return Line("Chinese font", "note", "none", "apt-get install fonts-noto-cjk")


def _programs() -> list[Line]:
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not missing:
        return [Line("virtual screen", "ok", ", ".join(PROGRAMS.values()))]
    return [Line("virtual screen", "note", say("doctor.no-screen"), f"apt-get install {' '.join(missing)}")]


def _self_test() -> Line:
    reports: list[DeviceReport] = []
    answered = threading.Event()

    def heard(event: Event) -> None:
        if isinstance(event, DeviceReport):
            reports.append(event)
        if isinstance(event, DeviceReport | Failure):
            answered.set()

    client = EngineClient(heard)
    try:
        client.start()
        client.self_test()
        answered.wait(PROBE_SECONDS)
    finally:
        client.close()
    if not reports:
        return Line("GPU self-test", "missing", "no answer from the engine", say("doctor.engine"))
    return Line("GPU self-test", "ok", str(reports[-1]))
