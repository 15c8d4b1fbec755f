"""Steps of the main job in the real window, for tests: each does one thing with mouse or keys and waits for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from overread.core.shared import PREFIX, folders
from overread.viewer.cli.screen import NotSeenError, Screen

Pixels = NDArray[np.uint8]
JOB_SECONDS = 240.0
"""A whole chest on two busy cores."""
STROKE_SECONDS = 2.0
"""A stroke takes effect at once; one that met nothing changes nothing for longer than this."""


@contextmanager
def clean_screen(home: Path) -> Iterator[Screen]:
    """A virtual screen; afterwards the program's log holds no error."""
    with Screen() as made:
        yield made
    log = home / "log" / "overread.log"
    assert "ERROR" not in (log.read_text(encoding="utf-8") if log.exists() else "")


def loaded(screen: Screen) -> dict[str, Any]:
    """Wait until a series and its reading are there."""
    screen.wait(lambda: screen.state().get("slices"), "a series", JOB_SECONDS)
    screen.wait(lambda: screen.state()["loaded"] == screen.state()["slices"], "all images", JOB_SECONDS)
    screen.wait(lambda: screen.state()["recalled"], "the reading")
    return screen.state()


def open_study(screen: Screen, folder: Path) -> dict[str, Any]:
    """Start the program on a folder."""
    screen.start([str(folder)])
    return loaded(screen)


def run_model(screen: Screen) -> None:
    """J and Enter: the first model that fits reads the series."""
    screen.key("j")
    screen.wait(lambda: screen.where("model-lung-nodule"), "the models")
    screen.key("Return")
    screen.wait(lambda: (screen.state().get("jobs") or [{}])[-1].get("state") == "stored", "the result", JOB_SECONDS)


def own_read_done(screen: Screen) -> None:
    """Ctrl+Enter: the own read is stored, then the model's marks show."""
    screen.key("ctrl+Return")
    screen.wait(lambda: screen.state()["own_read"], "the own read on disk")
    screen.wait(lambda: not screen.state()["marks_hidden"], "the marks")


def findings(screen: Screen) -> dict[str, tuple[str, str]]:
    """Tag: (uid, state) of all that the list holds."""
    return {tag: (uid, state) for uid, tag, state, _selected in screen.state()["findings"]}


def selected(screen: Screen) -> str:
    """Tag of the selected finding; empty without one."""
    return next((tag for _uid, tag, _state, chosen in screen.state()["findings"] if chosen), "")


def go_to_next(screen: Screen) -> str:
    """N: the next finding of the list; its tag."""
    before = selected(screen)
    screen.key("n")
    screen.wait(lambda: selected(screen) not in ("", before), "the next finding")
    return selected(screen)


def judge(screen: Screen, keys: tuple[str, ...], state: str) -> None:
    """Keys that judge the selected finding, until it is so."""
    tag = selected(screen)
    screen.key(*keys)
    screen.wait(lambda: findings(screen)[tag][1] == state, f"finding {tag} {state}")


def save(screen: Screen, home: Path) -> Path:
    """Ctrl+S until it is said that the files were read back; the folder that holds them."""
    screen.key("ctrl+s")
    screen.wait(lambda: screen.where("saved-page"), "the page after saving", JOB_SECONDS)
    assert "saved and verified" in screen.state()["message"]
    (folder,) = (home / "results").iterdir()
    return folder


def kill_and_come_back(screen: Screen) -> None:
    """End the program as a crash does, and start it again; nothing that was acknowledged is missing."""
    screen.wait(lambda: screen.state()["place_kept"], "the place on disk")
    before = screen.state()
    screen.kill()
    screen.start_again()
    loaded(screen)
    screen.wait(lambda: len(screen.state()["findings"]) == len(before["findings"]), "the findings back")
    after = screen.state()
    assert [one[:3] for one in after["findings"]] == [one[:3] for one in before["findings"]]
    for name in ("masks", "measurements", "place_lps_mm", "window", "own_read"):
        assert after[name] == before[name], name


def quit_clean(screen: Screen) -> None:
    """Leave by the key: exit code 0, no trace of an error, and no shared memory of this program."""
    assert screen.program is not None
    pid = screen.program.pid
    assert screen.quit() == 0
    assert "Traceback" not in screen.log()
    assert blocks_of(pid) == []


def blocks_of(pid: int) -> list[Path]:
    """The blocks of shared memory that one program made."""
    return [path for folder in folders() for path in folder.glob(f"{PREFIX}{pid}-*")]


def pixels(screen: Screen, names: Sequence[str], folder: Path) -> dict[str, Pixels]:
    """What widgets show on the screen at one moment, each [row, column, red green blue]."""
    # Uncompressed: to pack a picture takes ten times as long as to take it.
    path = folder / "screen.ppm"
    screen.shot(path)
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    whole = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
    found = {}
    for name in names:
        left, top, width, height = screen.where(name) or (0, 0, 0, 0)
        found[name] = whole[top : top + height, left : left + width].copy()
    return found


def look_through(screen: Screen) -> None:
    """The own read: the wheel through some images, and a length."""
    before = screen.state()["place_lps_mm"]
    screen.wheel(screen.point("view-axial"), 5)
    screen.wait(lambda: screen.state()["place_lps_mm"] != before, "other images")
    screen.key("d")
    screen.wait(lambda: screen.state()["tool"] == "length", "the length tool")
    screen.drag(screen.point("view-axial", 0.4, 0.5), screen.point("view-axial", 0.5, 0.55))
    screen.wait(lambda: screen.state()["measurements"], "a length")
    screen.key("w")
    screen.wait(lambda: screen.state()["tool"] == "window", "the window tool")


def voxels_of(screen: Screen, tag: str) -> int:
    """Size of the mask of a finding."""
    return next(int(voxels) for each, _state, voxels in screen.state()["masks"] if each == tag)


def correct_by_brush(screen: Screen) -> None:
    """E, strokes that erase a line of the selected finding, undo, redo, Enter."""
    tag = selected(screen)
    whole = voxels_of(screen, tag)
    screen.move(screen.point("view-axial"))
    screen.key("e")
    screen.wait(lambda: screen.state()["editing"], "editing")
    assert selected(screen) == tag
    # Narrower than any finding, so that no stroke erases all of it.
    screen.key(*["bracketleft"] * 5)
    _erase_a_line(screen, tag)
    erased = voxels_of(screen, tag)
    assert erased < whole
    screen.key("ctrl+z")
    screen.wait(lambda: voxels_of(screen, tag) == whole, "the stroke taken back")
    screen.key("ctrl+shift+z")
    screen.wait(lambda: voxels_of(screen, tag) == erased, "the stroke again")
    screen.key("Return")
    screen.wait(lambda: not screen.state()["editing"], "the end of editing")


def _erase_a_line(screen: Screen, tag: str) -> None:
    """Strokes across the middle of the axial view until one has met the finding, which need not be convex."""
    whole = voxels_of(screen, tag)
    middle, zoom = screen.point("view-axial"), screen.state()["zoom"][0]
    for down_mm in (0, 2, -2, 4, -4):
        y = round(middle[1] + down_mm * zoom)
        screen.drag_with("ctrl", (round(middle[0] - 6 * zoom), y), (round(middle[0] + 6 * zoom), y))
        end = time.monotonic() + STROKE_SECONDS
        while time.monotonic() < end:
            if voxels_of(screen, tag) < whole:
                return
    raise NotSeenError(f"no stroke met finding {tag}; the window shows {screen.state()}")


def mark_by_click(screen: Screen, across: float, down: float) -> str:
    """M and a click in the axial view, which shows the whole image: a mark of one's own; its tag."""
    before = set(findings(screen))
    screen.click(screen.point("view-axial", 0.05, 0.05))
    screen.key("shift+0", "m")
    screen.wait(lambda: screen.state()["tool"] == "mark", "the tool of marking")
    screen.click(screen.point("view-axial", across, down))
    screen.wait(lambda: set(findings(screen)) - before, "a mark of one's own")
    (tag,) = set(findings(screen)) - before
    screen.key("w")
    return tag
