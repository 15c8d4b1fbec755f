"""Judging in the real program: hidden until the own read is done, then one after the other, killed in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from judging_kit import CORNERS, STUDY, centre_mm, edits, journalled
from overread.core.edits import DeclareOwnRead, Judge, Save
from overread.core.reading import OwnRead
from overread.core.store import now
from overread.viewer.cli.screen import Screen


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with Screen() as made:
        yield made
    log = own_home / "log" / "overread.log"
    assert "ERROR" not in (log.read_text(encoding="utf-8") if log.exists() else "")


@pytest.fixture
def series(tmp_path: Path) -> Path:
    return STUDY.write(tmp_path / "study")


def opened(screen: Screen, series: Path) -> dict[str, Any]:
    screen.start([str(series)])
    screen.wait(lambda: screen.state().get("slices"), "a series")
    screen.wait(lambda: screen.state()["loaded"] == screen.state()["slices"], "all images")
    screen.wait(lambda: screen.state()["recalled"], "the reading")
    return screen.state()


def states(screen: Screen) -> list[str]:
    return [state for _uid, _tag, state, _selected in screen.state()["findings"]]


def selected(screen: Screen) -> str:
    return next((tag for _uid, tag, _state, chosen in screen.state()["findings"] if chosen), "")


def test_until_the_own_read_is_done_nothing_of_the_model_shows(screen: Screen, series: Path) -> None:
    journalled()
    opened(screen, series)
    assert screen.state()["findings"] == []
    assert screen.where("findings-panel") is None
    before = screen.state()
    screen.key("n")
    screen.wait(lambda: "no finding to go to" in str(screen.state().get("message")), "the sentence")
    screen.key("a")
    screen.wait(lambda: "Choose a finding first" in str(screen.state().get("message")), "the hint")
    assert screen.state()["place_lps_mm"] == before["place_lps_mm"]
    assert screen.quit() == 0
    assert len(edits()) == 1


def test_judge_one_after_the_other_be_killed_and_go_on(screen: Screen, series: Path) -> None:
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    opened(screen, series)
    screen.wait(lambda: states(screen) == ["proposed"] * 3, "three findings")

    screen.key("n")
    screen.wait(lambda: selected(screen) == "1", "the first")
    state = screen.state()
    assert state["place_lps_mm"] == pytest.approx(centre_mm(CORNERS[0]))
    assert state["window"] == [-600, 1500]
    axial = screen.where("view-axial")
    assert axial is not None
    assert state["zoom"][0] == pytest.approx(min(axial[2], axial[3]) / 120)

    screen.key("Return", "Down", "Up")
    screen.key("a")
    screen.wait(lambda: states(screen) == ["accepted", "proposed", "proposed"], "accepted")
    assert "Finding 1 accepted" in screen.state()["message"]
    screen.key("n", "x", "2")
    screen.wait(lambda: states(screen)[1] == "rejected", "rejected")
    screen.wait(lambda: len([one for one in edits() if isinstance(one, Judge)]) == 3, "the reason in the journal")
    newest = edits()[-1]
    assert isinstance(newest, Judge)
    assert newest.judgement is not None
    assert newest.judgement.reason == "scar"
    assert screen.state()["window"] == [-600, 1500]
    screen.key("2")
    screen.wait(lambda: screen.state()["window"] == [40, 400], "the digit is a preset again")
    screen.key("ctrl+n")
    screen.wait(lambda: selected(screen) == "3", "the one that is not judged")
    screen.key("t")
    screen.wait(lambda: states(screen) == ["accepted", "rejected", "later"], "later")

    screen.kill()
    screen.start_again()
    screen.wait(lambda: states(screen) == ["accepted", "rejected", "later"], "the judgements back")
    screen.key("ctrl+z")
    screen.wait(lambda: states(screen) == ["accepted", "rejected", "proposed"], "the last one taken back")
    screen.wait(lambda: "Taken back" in str(screen.state()["message"]), "what was taken back")
    screen.key("shift+n")
    screen.wait(lambda: selected(screen) == "3", "the last of the list")
    screen.key("n")
    screen.wait(lambda: selected(screen) == "1", "round to the first")
    assert "Traceback" not in screen.log()


def test_a_click_on_a_row_and_on_a_mark_go_there(screen: Screen, series: Path) -> None:
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    opened(screen, series)
    screen.wait(lambda: len(states(screen)) == 3, "three findings")
    listing = screen.where("finding-list")
    assert listing is not None
    # A heading and rows of 28: the third finding is the fourth line.
    screen.click((listing[0] + 100, listing[1] + 28 * 3 + 14))
    screen.wait(lambda: selected(screen) == "3", "the clicked one")
    place = screen.state()["place_lps_mm"]
    assert place == pytest.approx(centre_mm(CORNERS[2]))
    screen.key("Down")
    screen.wait(lambda: screen.state()["place_lps_mm"][2] == pytest.approx(place[2] - 3.0), "the keys at the views")
    screen.key("n")
    screen.wait(lambda: selected(screen) == "1", "the first")
    screen.key("shift+0")
    screen.key("Escape")
    screen.click((listing[0] + 100, listing[1] + 28 * 2 + 14))
    screen.wait(lambda: selected(screen) == "2", "the second")
    screen.click(screen.point("view-coronal"))
    assert selected(screen) == "2"
    assert screen.quit() == 0


def test_save_says_so_after_reading_back_and_leaving_unsaved_asks(
    screen: Screen, series: Path, own_home: Path
) -> None:
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    opened(screen, series)
    screen.wait(lambda: len(states(screen)) == 3, "three findings")
    screen.key("ctrl+s")
    screen.wait(lambda: "nothing to save" in str(screen.state()["message"]), "that nothing is judged")
    screen.key("n", "a", "n", "x")
    screen.wait(lambda: states(screen) == ["accepted", "rejected", "proposed"], "two judgements")
    screen.key("ctrl+q")
    screen.wait(lambda: screen.where("leave-page"), "the question")
    screen.key("ctrl+s")
    screen.wait(lambda: screen.where("saved-page"), "the page after saving")
    assert "1 finding saved and verified" in screen.state()["message"]
    (folder,) = (own_home / "results").iterdir()
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["assessment-1.dcm", "findings-1.json", "seg-1.dcm", "sr-1.dcm"]
    written = json.loads((folder / "findings-1.json").read_text(encoding="utf-8"))
    assert [(one["tag"], one["state"]) for one in written["findings"]] == [("1", "accepted"), ("2", "rejected")]
    assert screen.quit() == 0
    newest = edits()[-1]
    assert isinstance(newest, Save)
    assert newest.saved.finding_uids == ("2.25.1",)
    assert newest.saved.files == ("findings-1.json", "seg-1.dcm", "assessment-1.dcm", "sr-1.dcm")


def test_leaving_twice_leaves_and_the_judgement_is_back(screen: Screen, series: Path) -> None:
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    opened(screen, series)
    screen.wait(lambda: len(states(screen)) == 3, "three findings")
    screen.key("n", "t")
    screen.wait(lambda: states(screen)[0] == "later", "put off")
    screen.key("a")
    screen.wait(lambda: states(screen)[0] == "accepted", "accepted")
    screen.key("ctrl+q")
    screen.wait(lambda: screen.where("leave-page"), "the question")
    screen.key("ctrl+w")
    screen.wait(lambda: "1 judged finding of the study" in str(screen.state()["message"]), "what was left unsaved")
    assert screen.quit() == 0
    opened(screen, series)
    screen.wait(lambda: states(screen)[0] == "accepted", "the judgement")
    screen.kill()


def test_a_reason_in_own_words_and_the_sentence_on_the_clipboard(screen: Screen, series: Path) -> None:
    journalled(DeclareOwnRead(OwnRead("Reader 1", now(), 0)))
    opened(screen, series)
    screen.wait(lambda: len(states(screen)) == 3, "three findings")
    screen.key("n", "x", "6")
    screen.wait(lambda: screen.where("reason-text"), "the line for own words")
    # In the line the keys of judging are letters.
    screen.key("t", "a", "x", "Return")
    screen.wait(lambda: len([one for one in edits() if isinstance(one, Judge)]) == 2, "the reason in the journal")
    newest = edits()[-1]
    assert isinstance(newest, Judge)
    assert newest.judgement is not None
    assert (newest.judgement.reason, newest.judgement.note) == ("other", "tax")
    assert states(screen) == ["rejected", "proposed", "proposed"]
    screen.key("n")
    screen.wait(lambda: selected(screen) == "2", "the keys are back at the images")
    screen.key("ctrl+c")
    screen.wait(lambda: "Copied: " in str(screen.state()["message"]), "the sentence")
    # Slice 21 of 40, counted from the head: image 19.
    assert "nodule, 12.9 × 10.2 mm, volume 709 mm³ (series 2, image 19)." in screen.state()["message"]
    screen.key("x", "Escape", "ctrl+z", "ctrl+z")
    screen.wait(lambda: states(screen) == ["rejected", "proposed", "proposed"], "taken back")
    screen.kill()
