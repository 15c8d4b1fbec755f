"""The steps of ``overread demo`` without a screen: the main job, done from outside with mouse and keys.

Each step answers with a line that says what was seen, or raises NotSeenError. What is known of the study (the truth
of the sample) is used for one thing only: to click on a nodule that the model missed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from overread.core.dicom.scan import scan
from overread.core.geometry import Geometry, Triple
from overread.viewer.cli.known import Known, missed
from overread.viewer.cli.screen import NotSeenError, Screen
from overread.viewer.presenters.study import best_series
from overread.viewer.render.planes import grid_at
from overread.viewer.render.viewport import MARGIN
from overread.viewer.state.views import Plane

JOB_SECONDS = 300.0
"""A model on a busy machine with two cores takes well below a minute for a chest CT."""

NO_MARKS = "left out: the list has no mark for it"
STROKES = (
    (False, (0.49, 0.47), (0.53, 0.53)),
    (False, (0.44, 0.44), (0.56, 0.56)),
    (True, (0.52, 0.49), (0.52, 0.51)),
    (True, (0.5, 0.49), (0.5, 0.51)),
)
"""Strokes of the brush near the middle of the axial view, in shares of it; the first is whether Ctrl is held (erase).
What a model drew may already hold all that the first one would paint."""
STROKE_SECONDS = 5.0


@dataclass(slots=True)
class Demo:
    """What the steps share: the screen, the study, what is known of it, and the home of the program."""

    screen: Screen
    study: Path
    known: tuple[Known, ...]
    home: Path

    def state(self) -> dict[str, Any]:
        """What the window shows."""
        return self.screen.state()

    def wait(self, seen: Callable[[dict[str, Any]], object], what: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until the window's state satisfies something; that state."""
        found: dict[str, Any] = {}

        def look() -> bool:
            nonlocal found
            found = self.state()
            return bool(found and seen(found))

        self.screen.wait(look, what, seconds)
        return found

    def selected(self) -> list[Any]:
        """The selected finding as the list tells it: uid, tag, state."""
        return next((one for one in self.state().get("findings", ()) if one[3]), [])

    def marks(self) -> int:
        """How many findings stand in the list."""
        return len(self.state().get("findings", ()))

    def go_on(self) -> list[Any]:
        """N; the finding that is then selected (the same one where there is no other)."""
        before = self.selected()
        if before and self.marks() == 1:
            return before
        self.screen.key("n")
        self.screen.wait(lambda: self.selected() and self.selected()[0] != (before or [""])[0], "the next finding")
        return self.selected()


def open_study(demo: Demo) -> str:
    """The program was started with the study: wait for all images."""
    state = demo.wait(lambda now: now.get("slices") and now["loaded"] == now["slices"], "all images", 180)
    return f"{state['slices']} images loaded, {state['series']} series"


def own_read(demo: Demo) -> str:
    """Scroll, look in two windows, measure, take it back and do it again."""
    screen = demo.screen
    before = demo.state()["place_lps_mm"]
    screen.wheel(screen.point("view-axial"), 12)
    after = demo.wait(lambda now: now["place_lps_mm"] != before, "another image")["place_lps_mm"]
    screen.key("2")
    demo.wait(lambda now: now["window"] == [40, 400], "the mediastinal window")
    screen.key("1")
    demo.wait(lambda now: now["window"] == [-600, 1500], "the lung window")
    screen.key("d")
    demo.wait(lambda now: now["tool"] == "length", "the length tool")
    screen.drag(screen.point("view-axial", 0.4, 0.5), screen.point("view-axial", 0.55, 0.62))
    value, unit = demo.wait(lambda now: now["measurements"], "a length")["measurements"][-1]
    screen.key("ctrl+z")
    demo.wait(lambda now: not now["measurements"], "the length taken back")
    screen.key("ctrl+shift+z", "w")
    demo.wait(lambda now: now["measurements"], "the length again")
    return f"from z {before[2]:.1f} to {after[2]:.1f} mm, two windows, a length of {value:.1f} {unit}"


def run_model(demo: Demo) -> str:
    """J and Enter: the first model that fits. Its worker is killed, and it is run again."""
    screen = demo.screen
    if not _ask(demo):
        screen.key("Escape")
        return "no model fits this series: the list says why, and nothing is run"
    demo.wait(lambda now: now["jobs"][-1]["state"] == "running", "a running job", JOB_SECONDS)
    worker = _worker(demo)
    os.kill(worker, signal.SIGKILL)
    state = demo.wait(lambda now: now["jobs"][-1]["state"] == "failed", "the failed job", JOB_SECONDS)
    told = state["message"]
    screen.click(screen.point("message-read"))
    _ask(demo)
    demo.wait(lambda now: now["jobs"][-1]["state"] == "running", "the job again", JOB_SECONDS)
    screen.key("Down")
    state = demo.wait(lambda now: now["jobs"][-1]["state"] == "stored", "the answer", JOB_SECONDS)
    if not state["marks_hidden"] or state["findings"]:
        raise NotSeenError("the model's marks are seen before the own read is done")
    return f"worker {worker} killed: “{told}” Run again: stored, nothing of it shown"


def _ask(demo: Demo) -> bool:
    """J and Enter; False when that starts no job because no model fits."""
    count = len(demo.state()["jobs"])
    demo.screen.key("j")
    demo.screen.wait(lambda: demo.screen.where("models-page"), "the models")
    demo.screen.key("Return")
    try:
        demo.wait(lambda now: len(now["jobs"]) == count + 1, "the job", STROKE_SECONDS)
    except NotSeenError:
        return False
    return True


def _worker(demo: Demo) -> int:
    """The process that computes: the newest of those that the engine, a child of the program, has started."""
    found: list[int] = []

    def look() -> bool:
        program = demo.screen.program
        below = [] if program is None else psutil.Process(program.pid).children(recursive=True)
        spawned = [one for one in below if "resource_tracker" not in " ".join(one.cmdline())]
        found[:] = [one.pid for one in spawned if any(one.ppid() == other.pid for other in spawned)]
        return bool(found)

    demo.screen.wait(look, "a worker of the engine")
    return found[-1]


def show_marks(demo: Demo) -> str:
    """Ctrl+Enter: the own read is done."""
    demo.screen.key("ctrl+Return")
    state = demo.wait(lambda now: now["own_read"] and not now["marks_hidden"], "the marks")
    return f"“{state['message']}” {len(state['findings'])} marks"


def next_finding(demo: Demo) -> str:
    """N: all views go to the first finding."""
    if not demo.marks():
        return NO_MARKS
    before = demo.state()["place_lps_mm"]
    chosen = demo.go_on()
    place = demo.wait(lambda now: now["place_lps_mm"] != before, "the views at the finding")["place_lps_mm"]
    return "finding {} at LPS ({:.1f}, {:.1f}, {:.1f}) mm".format(chosen[1], *place)


def accept(demo: Demo) -> str:
    """A."""
    if not demo.marks():
        return NO_MARKS
    demo.screen.key("a")
    demo.screen.wait(lambda: demo.selected()[2] == "accepted", "an accepted finding")
    return f"finding {demo.selected()[1]} accepted"


def reject(demo: Demo) -> str:
    """N, X, 1: rejected, because it is a vessel."""
    if demo.marks() < 2:
        return NO_MARKS
    demo.go_on()
    demo.screen.key("x", "1")
    demo.screen.wait(lambda: demo.selected()[2] == "rejected", "a rejected finding")
    return f"finding {demo.selected()[1]} rejected: vessel"


def correct(demo: Demo) -> str:
    """N, E, a stroke of the brush, Enter, A: corrected, and accepted only by A."""
    screen = demo.screen
    if not demo.marks():
        return NO_MARKS
    tag = demo.go_on()[1]
    before = demo.state()["selected"][2]
    screen.key("e")
    demo.wait(lambda now: now["editing"], "editing")
    painted = _painted(demo, before)
    if painted[1] != "edited":
        raise NotSeenError(f"painting judged the finding: {painted}")
    screen.key("Return")
    demo.wait(lambda now: not now["editing"], "the end of editing")
    screen.key("a")
    screen.wait(lambda: demo.selected()[2] == "corrected", "a corrected finding")
    return f"finding {tag}: {painted[2] - before:+d} voxels by the brush, then accepted"


def _painted(demo: Demo, before: int) -> list[Any]:
    """The selected finding (tag, state, voxels) after the first stroke that changed it."""
    screen = demo.screen
    for erases, start, end in STROKES:
        ends = screen.point("view-axial", *start), screen.point("view-axial", *end)
        if erases:
            screen.drag_with("ctrl", *ends)
        else:
            screen.drag(*ends)
        try:
            found: list[Any] = demo.wait(lambda now: now["selected"][2] != before, "a stroke", STROKE_SECONDS)[
                "selected"
            ]
        except NotSeenError:
            continue  # it changed nothing: the window says so, and the next one is tried
        return found
    raise NotSeenError("no stroke changed the finding")


def add_missed(demo: Demo) -> str:
    """M and a click: on a nodule that is known and was missed, else in the middle of a lung."""
    screen = demo.screen
    target = missed(demo.home, demo.known)
    at = screen.point("view-axial", 0.3, 0.5) if target is None else _show(demo, target.centre_lps_mm)
    # Counted among all findings: in the list an own mark takes the place of a model's mark that it covers.
    count = len(demo.state()["masks"])
    screen.key("m")
    screen.click(at)
    state = demo.wait(lambda now: len(now["masks"]) == count + 1, "the own mark")
    what = "no nodule was missed: a place in the lung" if target is None else f"known nodule {target.number}"
    return f"{what} marked as {state['selected'][0]}, {state['selected'][2]} voxels: “{state['message']}”"


def _show(demo: Demo, place_lps_mm: Triple) -> tuple[int, int]:
    """Scroll to the image of a place, the whole image in view; the point of the screen that shows the place."""
    screen, series = demo.screen, best_series(scan((demo.study,)).series)
    geometry = series.geometry
    if geometry is None:
        raise NotSeenError("the series is no volume")
    screen.key("shift+0")
    demo.wait(lambda now: now["zoom"][0] is None, "the whole image")
    wanted = geometry.ijk_from_lps(place_lps_mm)
    screen.key("Home")
    for _step in range(geometry.shape_kji[0]):
        place = demo.state()["place_lps_mm"]
        if abs(geometry.ijk_from_lps(place)[2] - wanted[2]) <= 0.5:
            break
        screen.key("Down")
        demo.wait(lambda now, place=place: now["place_lps_mm"] != place, "the next image")  # type: ignore[misc]
    return _point(demo, geometry, place_lps_mm)


def _point(demo: Demo, geometry: Geometry, place_lps_mm: Triple) -> tuple[int, int]:
    area = demo.screen.where("view-axial")
    if area is None:
        raise NotSeenError("no axial view")
    left, top, width, height = area
    ijk = geometry.ijk_from_lps(place_lps_mm)
    grid = grid_at(geometry, Plane.AXIAL, round(float(ijk[2])))
    column, row = grid.pixel(ijk)
    wide, high = grid.pixel_mm
    zoom = MARGIN * min(width / (grid.columns * wide), height / (grid.rows * high))
    x = left + width / 2 + (column - (grid.columns - 1) / 2) * wide * zoom
    y = top + height / 2 + (row - (grid.rows - 1) / 2) * high * zoom
    return round(x), round(y)


def killed_and_back(demo: Demo) -> str:
    """Kill the program as a crash would, start it again: the same findings, the same image."""
    screen = demo.screen
    before = demo.wait(lambda now: now.get("place_kept"), "the place on disk")
    screen.kill()
    screen.start_again()
    state = demo.wait(lambda now: now.get("masks") == before["masks"], "the work back", 180)
    demo.wait(lambda now: now.get("place_lps_mm") == before["place_lps_mm"], "the same image", 180)
    demo.wait(lambda now: now["loaded"] == now["slices"], "all images", 180)
    return f"{len(state['masks'])} findings and the same image are back"


def save(demo: Demo) -> str:
    """Ctrl+S: written, read back, and only then said."""
    demo.screen.key("ctrl+s")
    demo.screen.wait(lambda: demo.screen.where("saved-page"), "saved and verified", 120)
    files = sorted(path.name for path in demo.home.glob("results/*/*") if not path.name.startswith("."))
    return f"saved and verified: {', '.join(files)}"


def four_views(demo: Demo) -> str:
    """V: four views, one of them in 3D."""
    demo.screen.key("Escape", "v")
    demo.wait(lambda now: now["layout"] == "2x2", "four views")
    demo.wait(lambda now: now.get("volume_drawn"), "the 3D picture", 120)
    return "four views with 3D"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name (and that of its picture), and what is done."""

    name: str
    do: Callable[[Demo], str]


STEPS = (
    Step("open", open_study),
    Step("own-read", own_read),
    Step("run-worker-killed-run-again", run_model),
    Step("marks-shown", show_marks),
    Step("next-finding", next_finding),
    Step("accept", accept),
    Step("reject", reject),
    Step("correct", correct),
    Step("add-missed", add_missed),
    Step("killed-and-back", killed_and_back),
    Step("save", save),
    Step("four-views", four_views),
)
"""The main job, in order."""
