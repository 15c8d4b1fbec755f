"""The page after saving, and what counts as saved: from the files, the journal and the newest edit."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from clipped import cut
from finding_kit import at, finding, grid_volume, result
from overread.core.edits import Add, Edit, Judge, Measure, Note, Propose, Save, Undo
from overread.core.finding import Judgement, Measurement, Origin, State
from overread.core.journal import Entry, Journal
from overread.core.reading import OwnRead, Reading, Saved
from overread.core.saving import LeftOut, SaveReport
from overread.core.store import new_uid, now
from overread.core.text import LANGUAGES, Language, sentence
from overread.viewer.pages.saved import LeavePage, SavedPage
from overread.viewer.presenters.findings import Teller, listed
from overread.viewer.presenters.saving import SavedView, saved_view
from overread.viewer.window import MainWindow
from overread_testkit import series_for

ACCEPTED = Judgement(verdict="accepted", who="R", at="2026-01-02T03:04:05.678+00:00")


def not_judged(uid: str, tag: str) -> LeftOut:
    return LeftOut(uid, tag, State.PROPOSED, sentence("saving.not-judged", tag=tag))


def view(language: Language = "en") -> SavedView:
    """Two accepted, one rejected, one open, one below the cut; one that could not be written."""
    made = [finding(f"f{n}", n, radius=1, centre_kji=at(2 * n), score=1 - 0.2 * n) for n in range(1, 6)]
    made[4] = msgspec.structs.replace(made[4], score=0.05)
    for place in (0, 1):
        made[place] = msgspec.structs.replace(made[place], judgement=ACCEPTED)
    rejected = Judgement(verdict="rejected", who="R", at=ACCEPTED.at, reason="vessel")
    made[2] = msgspec.structs.replace(made[2], judgement=rejected)
    reading = Reading("1.2", findings=tuple(made), results=(result(),), own_read=OwnRead("R", ACCEPTED.at, 0))
    lost = LeftOut("f2", "2", State.ACCEPTED, sentence("saving.no-image", tag="2"))
    report = SaveReport(
        "R", ACCEPTED.at, Path("/home/r/Overread/7c1e0412"),
        ("findings-1.json", "seg-1.dcm", "assessment-1.dcm", "sr-1.dcm"),
        ("f1", "f2"), ("f3",), (not_judged("f4", "4"), not_judged("f5", "5"), lost),
    )  # fmt: skip
    series = series_for(grid_volume())
    words = Teller(language, lambda _uid, _split: series, lambda name: name, lambda _name: [], lambda *_given: "")
    return saved_view(report, reading, listed(reading, second_reader=True), words)


def test_the_page_says_what_was_written_and_what_was_not() -> None:
    shown = view()
    assert [(one.kind, one.what, one.verified) for one in shown.files] == [
        ("SEG", "2 segments: 1, 2", "read back, every voxel equal"),
        ("SR", "Report of 2 findings: 1, 2", "read back, every value equal"),
        ("SR", "How the model's marks were judged; rejected: 3", "read back, every value equal"),
        ("JSON", "The same as text for programs", "read back, every value equal"),
    ]
    assert shown.place == "Overread / 7c1e0412 / findings-1.json, seg-1.dcm, assessment-1.dcm, sr-1.dcm"
    assert shown.heading == "Not written: 1 not judged. It stays in the journal."
    assert [row.tag for row in shown.rows] == ["4"]
    assert shown.notes == (
        "2 was not written: no image lies where it was marked.",
        "1 more below the cut or beside a mark of yours is not judged and was not written.",
    )
    assert view("zh").files[0].what == "2 个分割：1, 2"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_pages_is_cut(qtbot: QtBot, window: MainWindow, language: Language) -> None:
    window.retranslate(language)
    page = SavedPage(window.words, window.look, window.registry)
    page.show_view(view(language))
    question = LeavePage(window.words, window.look)
    question.ask(3)
    with qtbot.waitExposed(window):
        window.show()
    for width, height in ((1280, 800), (1600, 1000), (1536, 2048)):
        window.resize(width, height)
        for each in (page, question):
            window.show_page(each)
            for _ in range(3):
                QApplication.processEvents()
            assert cut(window) == [], (width, height)
            assert window.right.width() <= 351 or height > width
    texts = [each.text() for each in question.findChildren(QLabel)]
    assert any(text.startswith("3 judged findings are" if language == "en" else "3 个已判定病灶") for text in texts)


def journal_of(path: Path, *edits: Edit) -> Journal:
    journal = Journal(path)
    for edit in edits:
        journal.append(Entry(new_uid(), "1.2", now(), "R", edit))
    return journal


SAVED = Save(Saved("R", "2999-01-02T03:04:05.678+00:00", "/there", ("seg-1.dcm",), ("f1",)))
OVERTAKEN = Save(Saved("R", ACCEPTED.at, "/there", ("seg-1.dcm",), ("f1",)))
"""A save that took its reading before what stands before it in the journal was done."""
LENGTH = Measure(Measurement(uid="m", kind="length", points_lps_mm=(), value=1.0, unit="mm", series_uid="1"))


@pytest.mark.parametrize(
    ("edits", "worked_on", "saved"),
    [
        ((Propose(result(), ()),), False, False),
        ((Propose(result(), ()), Judge("f1", ACCEPTED)), True, False),
        ((Judge("f1", ACCEPTED), SAVED), True, True),
        ((Judge("f1", ACCEPTED), SAVED, LENGTH), True, True),
        ((Judge("f1", ACCEPTED), OVERTAKEN), True, False),
        ((SAVED, Judge("f1", None)), True, False),
        ((SAVED, Undo("e")), True, False),
        ((SAVED, Note("f1", "x"), SAVED), True, True),
        ((SAVED, Add(finding("own", 1, origin=Origin.PERSON))), True, False),
    ],
)
def test_a_study_is_saved_until_the_next_edit_that_a_file_would_tell(
    tmp_path: Path, edits: tuple[Edit, ...], worked_on: bool, saved: bool
) -> None:
    journal = journal_of(tmp_path / "journal.sqlite", *edits)
    assert journal.studies() == (frozenset({"1.2"}) if worked_on else frozenset())
    assert journal.saved_studies() == (frozenset({"1.2"}) if saved else frozenset())
    journal.close()
