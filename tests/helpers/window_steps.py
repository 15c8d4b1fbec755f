"""Steps of the main job in the real window, for tests: each does one thing with mouse or keys and waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from overread.core.shared import PREFIX, folders
from overread.viewer.cli.screen import Screen

Pixels = NDArray[np.uint8]
JOB_SECONDS = 240.0
"""A whole chest on two busy cores."""


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
