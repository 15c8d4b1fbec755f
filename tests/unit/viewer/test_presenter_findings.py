"""Which findings are listed, in what order and in which words; and that hidden marks leave no trace."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from finding_kit import at, finding, grid_volume, result
from overread.core.finding import Finding, Judgement, Origin
from overread.core.reading import OwnRead, Reading
from overread.core.text import Language, sentence, table
from overread.viewer.presenters.findings import FindingDetail, Listed, Teller, listed, told_of_judgement
from overread_testkit import series_for

LATER_THAN_ALL = "2026-03-01T00:00:00.000+00:00"


def judged(verdict: str, reason: str = "", note: str = "") -> Judgement:
    made: dict[str, str] = {"verdict": verdict, "who": "Reader 1", "at": LATER_THAN_ALL}
    return msgspec.convert(made | {"reason": reason, "note": note}, Judgement)


def marks(count: int) -> tuple[Finding, ...]:
    """Marks of a model, the best first, all apart."""
    return tuple(
        finding(f"f{n}", n, radius=1, centre_kji=(2 + n % 20, 4 + n % 7 * 4, 4 + n // 7 * 4), score=0.99 - 0.01 * n)
        for n in range(1, count + 1)
    )


def reading(*findings: Finding, own_read: bool = True) -> Reading:
    done = OwnRead("Reader 1", "2026-01-02T04:00:00.000+00:00", 0) if own_read else None
    return Reading("1.2", findings=findings, results=(result(),), own_read=done)


def teller(language: Language = "en", limits: tuple[str, ...] = ()) -> Teller:
    series = series_for(grid_volume())
    return Teller(
        language,
        lambda uid, _split: series if uid == "1.2.3" else None,
        lambda name: "LungNodule" if name == "lung-nodule" else name,
        lambda _name: [sentence(one) for one in limits],
        lambda found, series_number, image: f"{found.uid}, {series_number}, {image}",
    )


def test_marks_stand_by_score_and_own_marks_below_by_age() -> None:
    low, high = finding("low", 2, score=0.3), finding("high", 1, score=0.9, centre_kji=at(8))
    own = finding("own", 1, origin=Origin.PERSON, centre_kji=at(-6))
    after = msgspec.structs.replace(finding("after", 2, origin=Origin.PERSON, centre_kji=at(14)), at=LATER_THAN_ALL)
    found = listed(reading(low, own, high, after), second_reader=True)
    assert [one.uid for one in found.findings] == ["high", "low", "own", "after"]
    titles = [group.title for group in teller().groups(found)]
    assert titles == [
        "Model, by score",
        "Yours, stored before the marks were shown",
        "Yours, marked after the marks were shown",
    ]
    assert teller().groups(found)[0].aside == "LungNodule 0.1"


def test_hidden_marks_leave_no_trace() -> None:
    own = finding("own", 1, origin=Origin.PERSON)
    nothing = replace(reading(own, own_read=False), results=())
    thirty = reading(own, *marks(30), own_read=False)
    told = []
    for each in (nothing, thirty):
        found = listed(each, second_reader=True)
        words = teller()
        told.append((found, words.groups(found), words.head(found), words.notes(found), found.step("", 1)))
    assert told[0] == told[1]
    assert told[0][2] == "0 of 1 not judged"
    assert len(listed(thirty, second_reader=False).findings) == 31


def test_what_lies_below_the_cut_is_folded_until_it_is_opened_or_judged() -> None:
    made = [finding(f"f{n}", n, radius=1, centre_kji=at(2 * n), score=score) for n, score in ((1, 0.5), (2, 0.05))]
    found = listed(reading(*made), second_reader=True)
    assert [one.uid for one in found.findings] == ["f1"]
    assert teller().groups(found)[0].fold == "1 more below the cut of 0.10"
    opened = listed(reading(*made), True, frozenset({"0" * 32}))
    assert [one.uid for one in opened.findings] == ["f1", "f2"]
    assert teller().groups(opened)[0].fold == "Fold the 1 below the cut of 0.10"
    made[1] = msgspec.structs.replace(made[1], judgement=judged("accepted"))
    assert [one.uid for one in listed(reading(*made), second_reader=True).findings] == ["f1", "f2"]


def test_an_own_mark_and_the_models_are_one_row() -> None:
    own, mark = finding("own", 1, origin=Origin.PERSON), finding("mark", 1, score=0.93)
    found = listed(reading(own, mark), second_reader=True)
    assert [one.uid for one in found.findings] == ["own"]
    (group,) = teller().groups(found)
    assert group.rows[0].also == "also by the model, 0.93"
    assert teller("zh").detail(own, found).why[0] == "模型亦提示，0.93"
    accepted = msgspec.structs.replace(mark, judgement=judged("accepted"))
    assert [one.uid for one in listed(reading(own, accepted), second_reader=True).findings] == ["mark", "own"]
    taken_back = msgspec.structs.replace(own, judgement=judged("rejected"))
    assert [one.uid for one in listed(reading(taken_back, mark), second_reader=True).findings] == ["mark", "own"]


@pytest.mark.parametrize(
    ("start", "step", "only_open", "end"),
    [
        ("", 1, False, "f1"),
        ("f1", 1, False, "f2"),
        ("f4", 1, False, "f1"),
        ("", -1, False, "f4"),
        ("f1", -1, False, "f4"),
        ("f1", 1, True, "f3"),
        ("f3", 1, True, "f4"),
        ("f4", 1, True, "f3"),
        ("f2", -1, True, "f4"),
        ("gone", 1, False, "f1"),
    ],
)
def test_steps_go_round_in_the_order_of_the_list(start: str, step: int, only_open: bool, end: str) -> None:
    made = [finding(f"f{n}", n, radius=1, centre_kji=at(2 * n), score=1 - n / 10) for n in range(1, 5)]
    made[0] = msgspec.structs.replace(made[0], judgement=judged("accepted"))
    made[1] = msgspec.structs.replace(made[1], judgement=judged("rejected"))
    made[3] = msgspec.structs.replace(made[3], judgement=judged("later"))
    found = listed(reading(*made), second_reader=True)
    went = found.step(start, step, only_open=only_open)
    assert went is not None
    assert went.uid == end
    assert found.open_count == 2


def test_with_nothing_to_go_to_there_is_no_step() -> None:
    assert Listed().step("", 1) is None
    done = msgspec.structs.replace(finding("f1", 1), judgement=judged("accepted"))
    assert listed(reading(done), second_reader=True).step("", 1, only_open=True) is None


def detail(made: Finding, language: Language = "en") -> FindingDetail:
    return teller(language).detail(made, listed(reading(made), second_reader=True))


def test_a_line_of_the_list_tells_the_place_in_few_words_and_whole_on_hover() -> None:
    made = msgspec.structs.replace(finding("f1", 1, score=0.97), place=sentence("place.left-middle"))
    found = listed(reading(made), second_reader=True)
    row = teller("en").row(made, found)
    assert (row.place, row.hint) == ("L middle third", "Left lung, middle third · Score 0.97")
    assert teller("zh").row(made, found).place == "左中1/3"


def test_the_detail_of_a_finding_in_both_languages() -> None:
    made = msgspec.structs.replace(
        finding("f1", 1, score=0.97), kind="code.nodule", score_word="state.later", score_name="code.nodule",
        why={"diameter_mm": 6.0, "strange": 742.3}, warnings=(sentence("view.loading"),),
    )  # fmt: skip
    shown = detail(made)
    assert shown.title == "L 14.0, P 12.0, S 10.0 mm"
    assert shown.count == "1 of 1"
    # A ball of radius 3 in voxels of 1 mm: 7 voxels wide, cut at k = 10 of 24 images that count from the head.
    assert shown.facts == (
        ("Long × short", "7.0 × 7.0 mm"),
        ("Volume", "123 mm³"),
        ("Mean CT value", "−1 HU"),
        ("Kind", "nodule"),
        ("Where", "Image 14 of 24"),
        ("Series", "2"),
    )
    assert shown.why == ("nodule 0.97, Put off, not judged", "diameter 6.0 mm · strange 742")
    assert shown.warnings == ("loading this image",)
    assert shown.record[0].startswith("Proposed by LungNodule 0.1 (00000000), 2026-01-02")
    assert detail(made, "zh").facts[0] == ("长径 × 短径", "7.0 × 7.0 mm")
    assert shown.sentence == f"{made.uid}, 2, 14"


def test_a_rejected_one_gives_its_reason_in_place_of_its_kind() -> None:
    made = msgspec.structs.replace(
        finding("f1", 1), kind="code.nodule", judgement=judged("rejected", "vessel"), place=sentence("code.nodule")
    )
    assert teller().row(made, Listed()).what == "nodule · vessel"
    assert detail(made).record[-1].endswith(": Vessel")
    other = msgspec.structs.replace(made, judgement=judged("rejected", "other", "rib"))
    assert teller().row(other, Listed()).what == "nodule · rib"
    assert told_of_judgement(made).say() == "Finding 1 rejected."


def test_an_empty_list_says_what_it_does_not_mean() -> None:
    found = listed(reading(), second_reader=True)
    assert teller(limits=("view.hole",)).notes(found) == (
        "0 marks does not mean normal.",
        "LungNodule: no image here: missing or not readable",
    )
    assert teller("zh").notes(found)[0] == "0 个提示不代表正常。"
    nobody = listed(Reading("1.2"), second_reader=False)
    assert teller().notes(nobody) == ("No model has read this study. Your own marks appear here.",)


def test_a_row_names_the_place_in_few_words_and_the_detail_in_full() -> None:
    made = msgspec.structs.replace(
        finding("f1", 1), kind="card.lung-nodule.sub-solid", place=sentence("place.right-middle")
    )
    assert teller().row(made, Listed()).what == "R middle third · sub-solid"
    assert detail(made).title == "Right lung, middle third"
    assert teller("zh").row(made, Listed()).what == "右中1/3 · 亚实性"
    assert detail(made, "zh").title == "右肺中1/3"


def test_every_place_has_its_few_words() -> None:
    places = {name.removeprefix("place.") for name in table() if name.startswith("place.")}
    assert places == {name.removeprefix("place-short.") for name in table() if name.startswith("place-short.")}
