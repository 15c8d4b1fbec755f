"""The menu of the thing under the pointer in the real program, with its mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from judging_kit import STUDY, edits, journalled
from overread.core.edits import DeclareOwnRead, Judge
from overread.core.reading import OwnRead
from overread.core.store import now
from overread.viewer.cli.screen import Screen


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with Screen() as made:
        yield made
    log = own_home / "log" / "overread.log"
    assert "ERROR" not in (log.read_text(encoding="utf-8") if log.exists() else "")


def test_the_menu_of_a_mark_accepts_it(screen: Screen, tmp_path: Path) -> None:
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    screen.start([str(STUDY.write(tmp_path / "study"))])
    screen.wait(lambda: screen.state().get("recalled"), "the reading")
    screen.wait(lambda: screen.state()["loaded"] == screen.state()["slices"], "all images")
    screen.key("n")
    screen.wait(lambda: screen.state()["findings"][0][3], "the first finding")
    # All views show it near their middle; what lies there is its place, in the axial view too.
    place, zoom = screen.state()["place_lps_mm"], screen.state()["zoom"]
    at = screen.point("view-axial")
    screen.click(at, 3)
    screen.wait(lambda: screen.where("context-menu"), "the menu")
    screen.key("Escape")
    screen.wait(lambda: screen.where("context-menu") is None, "no menu")
    assert [one for one in edits() if isinstance(one, Judge)] == []
    screen.click(at, 3)
    screen.wait(lambda: screen.where("context-menu"), "the menu again")
    screen.key("Down", "Return")
    screen.wait(lambda: screen.state()["findings"][0][2] == "accepted", "accepted")
    assert (screen.state()["place_lps_mm"], screen.state()["zoom"]) == (place, zoom)
    screen.wait(lambda: isinstance(edits()[-1], Judge), "the judgement in the journal")
    assert "Traceback" not in screen.log()
