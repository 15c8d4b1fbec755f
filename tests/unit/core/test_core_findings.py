"""Findings: states, numbers, judging, painting, undo, and the way through the journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finding_kit import at, ball, finding, measures_of, result
from overread.core.edits import (
    Add,
    CannotApplyError,
    Change,
    DeclareOwnRead,
    Edit,
    Judge,
    MarkKeyImage,
    Note,
    Paint,
    Propose,
    Redo,
    Remove,
    Save,
    Undo,
    UnmarkKeyImage,
    decode,
    encode,
)
from overread.core.finding import Judgement, KeyImage, Origin, State
from overread.core.history import History
from overread.core.journal import Entry, Journal
from overread.core.mask import EMPTY, Mask, MaskChange
from overread.core.pairs import also_by_model
from overread.core.reading import OwnRead, Reading, Saved

ACCEPTED = Judgement(verdict="accepted", who="Reader 1", at="2026-01-02T03:04:05.678+00:00")
REJECTED = Judgement(verdict="rejected", who="Reader 1", at="2026-01-02T03:04:06.678+00:00", reason="vessel")


KEY = KeyImage(uid="k1", series_uid="1.2.3", sop_instance_uid="1.2.3.7", slice_k=7, image_number=17)


def painted(uid: str, before: Mask, after: Mask) -> Paint:
    return Paint(uid, "brush", MaskChange.between(before, after), measures_of(after), "Reader 1", 5)


def proposed(*uids: str) -> History:
    history = History(Reading("1.9"))
    history.take("e0", Propose(result(), tuple(finding(uid, number) for number, uid in enumerate(uids, 1))))
    return history


def test_a_proposal_is_accepted_rejected_and_put_off() -> None:
    history = proposed("f1", "f2", "f3")
    states = [one.state for one in history.reading.findings]
    assert states == [State.PROPOSED] * 3
    history.take("e1", Judge("f1", ACCEPTED))
    history.take("e2", Judge("f2", REJECTED))
    history.take("e3", Judge("f3", Judgement(verdict="later", who="Reader 1", at=ACCEPTED.at)))
    assert [one.state for one in history.reading.findings] == [State.ACCEPTED, State.REJECTED, State.LATER]
    assert [one.is_judged for one in history.reading.findings] == [True, True, False]
    assert [one.is_reported for one in history.reading.findings] == [True, False, False]


def test_painting_never_judges_and_takes_a_judgement_back() -> None:
    history = proposed("f1")
    before = history.reading.findings[0].mask
    bigger = ball(radius=4)
    history.take("e1", Judge("f1", ACCEPTED))
    reading = history.take("e2", painted("f1", before, bigger))
    assert reading.findings[0].state is State.EDITED
    assert reading.findings[0].mask == bigger
    assert reading.findings[0].proposed_mask == before
    reading = history.take("e3", Judge("f1", ACCEPTED))
    assert reading.findings[0].state is State.CORRECTED
    history.take("e4", Undo("e3"))
    reading = history.take("e5", Undo("e2"))
    assert reading.findings[0].state is State.ACCEPTED
    assert reading.findings[0].mask == before
    reading = history.take("e6", Redo("e2"))
    assert reading.findings[0].mask == bigger


def test_an_own_mark_stays_an_own_mark_when_it_is_painted() -> None:
    history = History(Reading("1.9"))
    own = finding("own", 1, origin=Origin.PERSON)
    history.take("e1", Add(own))
    reading = history.take("e2", painted("own", own.mask, ball(radius=5)))
    assert reading.findings[0].state is State.ADDED
    reading = history.take("e3", Remove("own"))
    assert reading.findings == ()
    reading = history.take("e4", Undo("e3"))
    assert reading.findings[0].mask == ball(radius=5)


def test_a_models_mark_cannot_be_removed_and_a_mask_cannot_be_emptied() -> None:
    history = proposed("f1")
    with pytest.raises(CannotApplyError):
        history.take("e1", Remove("f1"))
    mask = history.reading.findings[0].mask
    with pytest.raises(CannotApplyError):
        history.take("e2", Paint("f1", "erase", MaskChange.between(mask, EMPTY), measures_of(mask), "Reader 1"))
    assert history.reading.findings[0].state is State.PROPOSED


def test_facts_are_passed_over_by_undo() -> None:
    history = proposed("f1")
    history.take("e1", Note("f1", "near the hilum"))
    history.take("e2", DeclareOwnRead(OwnRead("Reader 1", ACCEPTED.at, 0)))
    history.take("e3", Save(Saved("Reader 1", ACCEPTED.at, "/somewhere", ("seg.dcm",), ("f1",))))
    reading = history.take("e4", Undo("e1"))
    assert reading.findings[0].note == ""
    assert reading.own_read is not None
    assert reading.saved is not None
    assert not history.done


def test_numbers_are_given_once_per_origin_and_own_marks_have_letters() -> None:
    history = proposed("f1", "f2")
    assert history.reading.next_number(Origin.MODEL) == 3
    assert history.reading.next_number(Origin.PERSON) == 1
    tags = [finding("x", number, origin=Origin.PERSON).tag for number in (1, 2, 26, 27, 52, 53)]
    assert tags == ["A", "B", "Z", "AA", "AZ", "BA"]
    assert [one.tag for one in history.reading.findings] == ["1", "2"]


def test_every_kind_of_edit_comes_back_from_its_json() -> None:
    own = finding("own", 1, origin=Origin.PERSON)
    edits = (
        Propose(result(), (finding("f1", 1),)), Judge("f1", REJECTED), Judge("f1", None), Add(own), Remove("own"),
        painted("f1", ball(3), ball(4)), Note("f1", "text"), DeclareOwnRead(OwnRead("r", ACCEPTED.at, 2)),
        Save(Saved("r", ACCEPTED.at, "/f", ("a", "b"), ("u",))), MarkKeyImage(KEY), UnmarkKeyImage("k1"),
    )  # fmt: skip
    for edit in edits:
        text, bits = encode(edit)
        assert decode(text, bits) == edit
    with pytest.raises(msgspec.ValidationError):
        decode(encode(edits[5])[0], None)


def test_the_bits_of_a_stroke_stand_beside_its_row_and_are_hashed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    stroke = painted("f1", ball(3), ball(4))
    edits: tuple[Edit, ...] = (Propose(result(), (finding("f1", 1),)), stroke)
    for number, edit in enumerate(edits):
        journal.append(Entry(f"2.25.{number}", "1.9", ACCEPTED.at, "Reader 1", edit))
    assert journal.entries("1.9")[1].edit == stroke
    assert journal.verify() is None
    journal.close()
    with sqlite3.connect(tmp_path / "j.sqlite") as base:
        assert base.execute("SELECT mask FROM entry WHERE kind = 'paint'").fetchone()[0] == stroke.change.bits
        base.execute("UPDATE entry SET mask = ? WHERE kind = 'paint'", (b"other",))
    again = Journal(tmp_path / "j.sqlite")
    assert again.verify() == 2
    again.close()


def test_a_journal_of_version_one_is_taken_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append(Entry("2.25.1", "1.9", ACCEPTED.at, "r", Note("f", "x")))
    journal.close()
    with sqlite3.connect(tmp_path / "j.sqlite") as base:
        base.execute("PRAGMA user_version=1")
    again = Journal(tmp_path / "j.sqlite")
    assert [one.uid for one in again.entries("1.9")] == ["2.25.1"]
    again.close()
    with sqlite3.connect(tmp_path / "j.sqlite") as base:
        assert base.execute("PRAGMA user_version").fetchone()[0] == 2


boxes = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8), boxes, boxes)
def test_a_change_leads_from_one_mask_to_the_other_and_back(
    first: bytes, second: bytes, at_first: tuple[int, int, int], at_second: tuple[int, int, int]
) -> None:
    def mask(bits: bytes, origin: tuple[int, int, int]) -> Mask:
        array = np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).astype(np.bool_).reshape(4, 4, 4)
        return Mask.from_array(array, origin)

    before, after = mask(first, at_first), mask(second, at_second)
    change = MaskChange.between(before, after)
    assert change.apply(before) == after
    assert change.apply(after) == before
    assert change.voxels == int((before.to_volume((12, 12, 12)) ^ after.to_volume((12, 12, 12))).sum())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=14))
def test_taking_everything_back_gives_what_was_proposed(choices: list[int]) -> None:
    history = proposed("f1", "f2")
    start, entries = history.reading, 1
    for choice in choices:
        reading = history.reading
        target = reading.findings[choice % len(reading.findings)]
        possible: list[Change] = [
            Judge(target.uid, ACCEPTED), Judge(target.uid, REJECTED), Judge(target.uid, None),
            Note(target.uid, f"n{entries}"), painted(target.uid, target.mask, ball(3 + entries % 3, at(entries % 4))),
            Add(finding(f"own{entries}", entries, origin=Origin.PERSON)),
            Remove(target.uid) if target.origin is Origin.PERSON else Note(target.uid, "-"),
        ]  # fmt: skip
        history.take(f"e{entries}", possible[choice])
        entries += 1
    while history.done:
        history.take("u", Undo(history.done[-1].entry_uid))
    assert history.reading == start


def test_the_models_marks_are_hidden_until_the_own_read_is_done() -> None:
    history = proposed("f1", "f2")
    history.take("e1", Add(finding("own", 1, origin=Origin.PERSON)))
    reading = history.reading
    assert [one.uid for one in reading.visible(second_reader=True)] == ["own"]
    assert [one.uid for one in reading.visible(second_reader=False)] == ["f1", "f2", "own"]
    reading = history.take("e2", DeclareOwnRead(OwnRead("Reader 1", ACCEPTED.at, 1)))
    assert not reading.hides_marks(second_reader=True)
    assert len(reading.visible(second_reader=True)) == 3


def test_an_own_mark_on_the_models_place_is_one_place() -> None:
    far = finding("far", 2, centre_kji=(18, 24, 30), score=0.9)
    near = finding("near", 1, centre_kji=(10, 13, 15), score=0.4)
    own = finding("own", 1, origin=Origin.PERSON)
    assert {uid: one.uid for uid, one in also_by_model((far, near, own)).items()} == {"own": "near"}
    lone = finding("lone", 2, origin=Origin.PERSON, centre_kji=(10, 20, 30))
    assert also_by_model((far, lone)) == {}


def test_key_images_are_marked_unmarked_and_taken_back() -> None:
    history = History(Reading("1.9"))
    assert history.take("e1", MarkKeyImage(KEY)).key_images == (KEY,)
    assert history.done[-1].words.say() == "key image 17"
    assert history.take("e2", UnmarkKeyImage("k1")).key_images == ()
    assert history.done[-1].words.say() == "no longer key image 17"
    assert history.take("e3", Undo("e2")).key_images == (KEY,)
    with pytest.raises(CannotApplyError):
        history.take("e4", MarkKeyImage(KEY))
    with pytest.raises(CannotApplyError):
        history.take("e5", UnmarkKeyImage("k2"))
