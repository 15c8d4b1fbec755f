"""The real program on a virtual screen: ask a model, read first, see the map; engines killed, windows closed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import asking_kit
from overread.core.shared import PREFIX, folders
from overread.viewer.cli.screen import Screen

PROGRAM = (sys.executable, str(Path(asking_kit.__file__).with_name("asking_program.py")))
"""The program with the models of the tests."""


@pytest.fixture
def screen(own_home: Path, tmp_path: Path) -> Iterator[Screen]:
    folder = asking_kit.study(tmp_path / "study")
    with Screen(command=PROGRAM) as made:
        made.start([str(folder)])
        made.wait(lambda: made.state().get("slices"), "a series")
        made.wait(lambda: made.state()["loaded"] == made.state()["slices"], "all images")
        yield made


def job(screen: Screen) -> str:
    """State of the newest job."""
    jobs = screen.state().get("jobs") or [{"state": "none"}]
    return str(jobs[-1]["state"])


def ask(screen: Screen, *keys: str) -> None:
    """J, then keys that lead to a model, then Enter."""
    screen.key("j")
    screen.wait(lambda: screen.where("model-many"), "the models")
    screen.key(*keys, "Return")


def engines(screen: Screen) -> list[psutil.Process]:
    """Engine and workers of the program, the engine first."""
    assert screen.program is not None
    found = psutil.Process(screen.program.pid).children(recursive=True)
    return [one for one in found if "spawn_main" in " ".join(one.cmdline())]


def quit_clean(screen: Screen) -> None:
    """Leave the program: exit code 0, and neither a process nor shared memory of it stays."""
    assert screen.program is not None
    pid, running = screen.program.pid, engines(screen)
    assert screen.quit() == 0
    assert [path for folder in folders() for path in folder.glob(f"{PREFIX}{pid}-*")] == []
    assert [one for one in running if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []


def test_ask_read_first_then_see_the_marks_and_the_map(screen: Screen) -> None:
    ask(screen)
    screen.wait(lambda: job(screen) == "stored", "the result")
    assert screen.state()["marks_hidden"]
    screen.key("h")
    screen.wait(lambda: "map is hidden" in screen.state()["message"], "that the map is hidden")
    screen.key("ctrl+Return")
    screen.wait(lambda: screen.state()["own_read"], "the own read on disk")
    assert not screen.state()["marks_hidden"]
    told = screen.state()["message"]
    assert re.fullmatch(r"Own read stored \d\d:\d\d:\d\d with 0 marks\. The model's marks are shown\.", told)
    screen.key("h")
    screen.wait(lambda: screen.where("heat-bar"), "the bar of the map")
    screen.key("j", "Return")
    screen.wait(lambda: "has read this series already" in screen.state()["message"], "that it was read")
    assert len(screen.state()["jobs"]) == 1
    quit_clean(screen)


@pytest.mark.parametrize("victim", [0, -1])
def test_kill_9_on_engine_or_worker_and_the_next_job_works(screen: Screen, victim: int) -> None:
    ask(screen, "Tab", "Tab")
    screen.wait(lambda: job(screen) == "running" and len(engines(screen)) == 2, "a worker at work")
    screen.wait(lambda: screen.where("job.cancel"), "the button to cancel")
    engines(screen)[victim].kill()
    screen.wait(lambda: job(screen) == "failed", "the failure")
    assert "SIGKILL" in screen.state()["message"]
    ask(screen)
    screen.wait(lambda: job(screen) == "stored", "the next job")
    quit_clean(screen)


def test_cancel_and_then_close_while_a_job_runs(screen: Screen) -> None:
    ask(screen, "Tab", "Tab")
    screen.wait(lambda: job(screen) == "running" and len(engines(screen)) == 2, "a worker at work")
    screen.click(screen.point("job.cancel"))
    screen.wait(lambda: job(screen) == "cancelled", "the end of the job")
    ask(screen, "Tab", "Tab")
    screen.wait(lambda: job(screen) == "running" and len(engines(screen)) == 2, "a worker at work again")
    quit_clean(screen)
