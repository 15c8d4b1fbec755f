"""The main job from the first image to a saved report, on the sample and, where one is named, on a real study.

OVERREAD_REAL_STUDY names a folder with one chest CT (CONTRIBUTING.md); without it the sample is the only study.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from outside_readers import numbers_by_tracking_uid, segments_by_tracking_uid
from overread.core.sample.study import write_sample
from overread.viewer.cli.screen import Screen
from window_steps import (
    clean_screen,
    correct_by_brush,
    findings,
    go_to_next,
    judge,
    kill_and_come_back,
    look_through,
    mark_by_click,
    open_study,
    own_read_done,
    quit_clean,
    run_model,
    save,
)

REAL = os.environ.get("OVERREAD_REAL_STUDY", "")
SEED = 5
REPORTED = {"accepted", "corrected", "added"}
Note = Callable[[str, object], None]


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with clean_screen(own_home) as made:
        yield made


@pytest.mark.parametrize("study", ["sample", *([pytest.param(REAL, id="real")] if REAL else [])])
def test_the_main_job(screen: Screen, tmp_path: Path, own_home: Path, study: str, record_property: Note) -> None:
    if study == "sample":
        # Pixels of 1.44 mm: the smallest sample that the model reads.
        write_sample(tmp_path / "sample", SEED, "medium")
        folder = tmp_path / "sample" / "series"
    else:
        folder = Path(study)
    began = time.monotonic()

    def done(step: str) -> None:
        record_property(step, f"after {time.monotonic() - began:.1f} s")

    open_study(screen, folder)
    done("open")
    look_through(screen)
    run_model(screen)
    done("model")
    # Nothing of the model shows before the own read is done.
    assert findings(screen) == {}
    own_read_done(screen)
    proposed = findings(screen)
    assert {state for _uid, state in proposed.values()} <= {"proposed"}
    record_property("marks", len(proposed))

    verdicts = judge_the_first_three(screen)
    own = mark_by_click(screen, 0.35, 0.45)
    verdicts[own] = "added"
    done("judge")
    folder = save(screen, own_home)
    done("save")
    record_property(
        "files", " ".join(check_saved(folder, {findings(screen)[tag][0]: verdicts[tag] for tag in verdicts}))
    )
    kill_and_come_back(screen)
    done("kill and back")
    assert {tag: findings(screen)[tag][1] for tag in verdicts} == verdicts
    # What was saved stays saved: leaving asks nothing.
    quit_clean(screen)


def judge_the_first_three(screen: Screen) -> dict[str, str]:
    """Accept, reject with a reason, correct: as many as there are marks; tag and state."""

    def correct() -> None:
        correct_by_brush(screen)
        judge(screen, ("a",), "corrected")

    ways: tuple[tuple[str, Callable[[], None]], ...] = (
        ("accepted", lambda: judge(screen, ("a",), "accepted")),
        ("rejected", lambda: judge(screen, ("x", "1"), "rejected")),
        ("corrected", correct),
    )
    verdicts = {}
    for state, do in ways[: len(findings(screen))]:
        tag = go_to_next(screen)
        do()
        verdicts[tag] = state
    return verdicts


def check_saved(folder: Path, states: dict[str, str]) -> list[str]:
    """What stands in the files is what was judged, at the same mm; the names of the files."""
    reported = {uid for uid, state in states.items() if state in REPORTED}
    segments = segments_by_tracking_uid(folder / "seg-1.dcm")
    assert set(segments) == reported
    assert set(numbers_by_tracking_uid(folder / "sr-1.dcm")) == reported
    told = json.loads((folder / "findings-1.json").read_text(encoding="utf-8"))["findings"]
    assert {one["uid"]: one["state"] for one in told} == states
    for one in told:
        if one["uid"] in reported:
            segment = segments[one["uid"]]
            assert np.abs(segment.centre_lps_mm - one["centre_lps_mm"]).max() < 0.05
            assert segment.volume_mm3 == pytest.approx(one["volume_mm3"], rel=1e-3)
    names = sorted(path.name for path in folder.iterdir())
    expected = ["findings-1.json", "seg-1.dcm", "sr-1.dcm"]
    assert names == (["assessment-1.dcm", *expected] if "rejected" in states.values() else expected)
    return names
