"""The window with models of its own: whole texts in both languages at all sizes, and what its parts tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

import asking_kit
from clipped import cut
from overread.core.text import LANGUAGES, Language, Sentence, say, sentence, table
from overread.inference.cards import Fit, Suitability
from overread.viewer.asking_rows import card_text, model_rows
from overread.viewer.pages.about import AboutPage
from overread.viewer.pages.empty import EmptyPage
from overread.viewer.pages.jobs import JobRow, JobsPage
from overread.viewer.pages.key_sheet import KeySheet
from overread.viewer.pages.model_card import CardPage
from overread.viewer.pages.models import ModelRow, ModelsPage
from overread.viewer.pages.settings import SettingRow, SettingsPage
from overread.viewer.pages.setup import SetupPanel
from overread.viewer.panels.inbox import ArrivalRow
from overread.viewer.panels.job_strip import JobLine, clock
from overread.viewer.panels.own_read import MeasurementRow, OwnReadPanel
from overread.viewer.panels.patient_bar import PatientLine
from overread.viewer.panels.reasons import WhyPanel
from overread.viewer.panels.study_list import SeriesRow
from overread.viewer.window import MainWindow

SIZES = [(1280, 800), (1600, 1000), (1920, 1080), (2560, 1440), (1536, 2048)]
LONG_NAME = "VAN DER WESTHUIZEN-OBERMEIER, Maximiliane Charlotte"


def fill(window: MainWindow) -> None:
    """A patient, two studies, an arrival, measurements, a job, a message."""
    words, look, registry = window.words, window.look, window.registry
    grey = np.arange(64 * 48, dtype=np.uint8).reshape(64, 48)
    born, study = "1941-03-14", "2000-01-01"
    window.patient_bar.show_patient(PatientLine(LONG_NAME, "LIDC-IDRI-0001", born, 58, "F", study, "CT"))
    window.patient_bar.show_mode(sentence("setup-page.mode-second"))
    window.patient_bar.show_reader("Reader 1")
    badge = sentence("inbox-list.new")
    window.left.studies.set_rows(
        [
            SeriesRow("a", "2 · Lung 2.5", "111", badge, sentence("message.ready"), False, "2000-01-01", grey),
            SeriesRow("b", "2 · Lung 5.0", "58", None, None, True, "1999-03-02"),
        ]
    )
    window.left.inbox.set_rows([ArrivalRow("c", "A, B", "12:04")])
    own = OwnReadPanel(words, look, registry)
    own.set_measurements([MeasurementRow("m", "length", sentence("own-read.measurements"), "31.8 mm")])
    own.set_prior("1999-03-02")
    window.set_home(own)
    window.jobs.show_job(JobLine("LungNodule 1.2", "2", sentence("own-read.loading"), 12, 40, 14.0, 31.0))
    window.jobs.show_cursor("L 48.2  P 79.1  I 117.5 mm  −68 HU")
    window.messages.tell("warning", sentence("own-read.hidden-text"), sentence("job.cancel"))


def asking_pages(window: MainWindow, language: Language) -> list[QWidget]:
    """The pages of models and jobs, with every kind of row."""
    words, look = window.words, window.look
    models, card, jobs = ModelsPage(words, look), CardPage(words, look), JobsPage(words, look)
    suited = [
        (asking_kit.CARDS["many"], Suitability(Fit.FITS)),
        (
            asking_kit.CARDS["thick"],
            Suitability(Fit.WARNINGS, (sentence("engine.suit.thick", limit="2", found="3.00"),)),
        ),
        (asking_kit.CARDS["head"], Suitability(Fit.NO, (sentence("engine.suit.modality", wanted="MR", found="CT"),))),
    ]
    models.show_models(
        "2 · Lung 2.5 mm", sentence("asking.images", n=111), model_rows(suited, lambda _: None, hides=True)
    )
    card.show_card(card_text(*suited[1], was_read=True, language=language))
    why = sentence("engine.killed", signal="SIGKILL")
    asked = sentence("jobs-page.asked", who="Reader 1", time="14:02:11")
    state = sentence("jobs-page.failed", elapsed="0:14")
    jobs.set_rows(
        [JobRow(0, "error", "error", "lung-nodule 0.1", "2 · Lung 2.5 mm", asked, state, why, may_cancel=True)]
    )
    return [models, card, jobs]


def settle(qtbot: QtBot, window: MainWindow, width: int, height: int) -> None:
    window.resize(width, height)
    if not window.isVisible():
        with qtbot.waitExposed(window):
            window.show()
    QApplication.processEvents()
    QApplication.processEvents()
    assert (window.width(), window.height()) == (width, height)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_cut_at_any_size(qtbot: QtBot, window: MainWindow, language: Language) -> None:
    fill(window)
    window.retranslate(language)
    extra = [
        KeySheet(window.words, window.look, window.registry),
        SetupPanel(window.words, window.look, window.registry),
        AboutPage(window.words, window.look, "0.1.0"),
        *asking_pages(window, language),
    ]
    for width, height in SIZES:
        settle(qtbot, window, width, height)
        assert cut(window) == [], (width, height)
        assert window.patient_bar.name.text() == LONG_NAME
        for page in extra:
            window.show_page(page)
            QApplication.processEvents()
            assert cut(window) == [], (width, height, type(page).__name__)
        window.close_page()


def test_no_text_id_is_shown_and_chinese_has_no_english_sentence(qtbot: QtBot, window: MainWindow) -> None:
    fill(window)
    window.show_centre(EmptyPage(window.words, window.look, window.registry))
    window.retranslate("zh")
    settle(qtbot, window, 1600, 1000)
    english = {forms["en"] for forms in table().values() if forms["en"] != forms["zh"]}
    shown = [each.text() for each in window.findChildren(QLabel) + window.findChildren(QAbstractButton)]
    shown += [window.registry.action(command.id).text() for command in window.registry.available]
    assert [text for text in shown if text in english or text in table()] == []
    assert window.menuBar().actions()[0].text() == "文件"


def test_every_entry_of_the_window_is_in_chinese() -> None:
    same = {"ROI", "Overread", "English", "简体中文"}
    folder = Path(__file__).parents[3] / "resources" / "overread" / "resources" / "translations"
    assert (folder / "panels.toml").is_file()
    areas = (
        "menu",
        "command",
        "tool-word",
        "patient",
        "study-list",
        "own-read",
        "empty-page",
        "setup-page",
        "window",
    )
    for text_id, forms in table().items():
        if text_id.split(".")[0] in areas and forms["zh"] not in same:
            assert any(ord(sign) > 0x2E80 for sign in forms["zh"]), text_id


def test_panels_lie_below_in_portrait_and_beside_else(qtbot: QtBot, window: MainWindow) -> None:
    fill(window)
    settle(qtbot, window, 1600, 1000)
    assert window.left.width() == 216
    assert window.right.width() == 352 - 1  # the hairline at its left is the panel's
    assert window.patient_bar.height() == 44
    settle(qtbot, window, 1280, 800)
    assert window.left.width() == 72
    settle(qtbot, window, 1536, 2048)
    assert window.left.height() == 520
    assert window.left.mapTo(window, window.left.rect().topLeft()).y() > window.height() / 2


def test_folding_gives_the_images_the_room(qtbot: QtBot, window: MainWindow) -> None:
    fill(window)
    settle(qtbot, window, 1600, 1000)
    before = window.centre.width()
    window.registry.trigger("panel.left")
    window.registry.trigger("panel.right")
    QApplication.processEvents()
    assert window.centre.width() == before + 216 + 352 == 1600


def test_messages_wait_until_read_and_notes_give_way(window: MainWindow) -> None:
    done: list[str] = []
    line = window.messages
    line.tell("note", "first")
    line.tell("error", "second", "act", lambda: done.append("acted"))
    line.tell("warning", "third")
    assert line.text.text() == "second"
    assert line.waiting.text() == "1 more"
    line.action.click()
    assert done == ["acted"]
    assert line.text.text() == "third"
    line.next()
    assert line.text.text() == "Ready."


def test_job_strip_says_what_is_known(window: MainWindow) -> None:
    window.jobs.show_job(JobLine("m", "2", "s", 12, 40, 14, None))
    assert window.jobs.parts.text() == "12 of 40"
    assert window.jobs.elapsed.text() == "0:14"
    assert window.jobs.left.isHidden()
    window.jobs.show_job(None)
    assert window.jobs.model.text() == "No job is running"
    assert clock(3723) == "1:02:03"


def test_patient_and_reader(qtbot: QtBot, window: MainWindow) -> None:
    bar = window.patient_bar
    assert bar.name.text() == "No study open"
    bar.show_patient(PatientLine("A^B", "7", "1941-03-14", 58, "F"))
    assert (bar.born.text(), bar.sex.text()) == ("born 1941-03-14 (58 y)", "female")
    with qtbot.waitSignal(bar.reader_changed) as told:
        bar.edit_reader()
        bar.reader_edit.setText("Dr. Li")
        bar.reader_edit.returnPressed.emit()
    assert told.args == ["Dr. Li"]
    assert bar.reader_button.text() == "Dr. Li"


def test_dropped_paths_are_told(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path)), QUrl("https://example.org")])
    left = Qt.MouseButton.LeftButton
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, Qt.KeyboardModifier.NoModifier)
    with qtbot.waitSignal(window.dropped) as told:
        window.dropEvent(drop)
    assert told.args == [[tmp_path]]


def test_an_open_question_keeps_the_window(window: MainWindow) -> None:
    window.may_close = lambda: False
    window.show()
    assert not window.close()
    window.may_close = lambda: True
    assert window.close()


def test_settings_and_reasons(qtbot: QtBot, window: MainWindow) -> None:
    page = SettingsPage(window.words, window.look)
    page.set_rows([SettingRow("size", "Size", 100, low=80, high=200), SettingRow("on", "On", True, fixed=True)])
    spin, check = page.findChild(QWidget, "size"), page.findChild(QWidget, "on")
    assert spin is not None
    assert check is not None
    with qtbot.waitSignal(page.changed) as told:
        spin.setProperty("value", 125)
    assert told.args == ["size", 125]
    assert not check.isEnabled()
    why = WhyPanel(window.words, window.look)
    why.show_reasons("2 · Lung", [Sentence("message.ready")])
    assert "Ready." in [each.text() for each in why.findChildren(QLabel)]


def test_a_note_answers_at_once_and_unread_errors_wait_behind_it(window: MainWindow) -> None:
    line = window.messages
    line.tell("error", "not read yet")
    line.tell("note", "accepted", "undo", lambda: None)
    assert (line.text.text(), line.waiting.text()) == ("accepted", "1 more")
    line.tell("note", "something else")
    assert (line.text.text(), line.waiting.text()) == ("something else", "1 more")
    line.tell("error", "another error")
    assert (line.text.text(), line.waiting.text()) == ("not read yet", "1 more")
    line.tell("error", "what cannot wait", at_once=True)
    assert (line.text.text(), line.waiting.text()) == ("what cannot wait", "2 more")


def test_a_narrow_list_marks_priors(window: MainWindow) -> None:
    window.resize(1280, 800)
    window.show()
    rows = [
        SeriesRow("a", "2 · Lung", "40 images"),
        SeriesRow("b", "2 · Lung", "58 images", is_prior=True, study="1999"),
    ]
    window.left.studies.set_rows(rows)
    for language, words in (("en", "PRIOR"), ("zh", "既往")):
        window.retranslate("en" if language == "en" else "zh")
        labels = [each for each in window.left.studies.list.findChildren(QLabel) if each.isVisible()]
        marks = [each for each in labels if each.text() == words]
        assert len(marks) == 1
        picture = marks[0].parentWidget()
        assert picture is not None
        assert picture.rect().contains(marks[0].geometry()), marks[0].geometry()


def test_the_stage_of_a_waiting_job_is_no_sentence() -> None:
    for text_id in ("engine.queued", "engine.starting"):
        assert not say(text_id).endswith(".")
        assert not say(text_id, "zh").endswith("。")


@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000)])
@pytest.mark.parametrize("purpose", [1, 12], ids=["short", "long, scrolls"])
def test_the_models_page_cuts_nothing_off(window: MainWindow, size: tuple[int, int], purpose: int) -> None:
    window.resize(*size)
    window.show()
    page = ModelsPage(window.words, window.look)
    page.show_models(
        "Series 2 · LUNG_1.25MM_AXIAL_THIN_RECONSTRUCTION_B70F",
        "133 images",
        [
            ModelRow(
                "a", "Lung nodules and what else a long title holds", "lung-nodule-of-a-long-name 0.1.0", "fits",
                ("Marks round, bright places inside the lung on chest CT, for a person to judge. " * purpose,),
            ),
            ModelRow("b", "Another", "other 1.0", "no", ("Another purpose. " * purpose,), ("Needs 1.25 mm.",)),
        ],
    )  # fmt: skip
    window.show_page(page)
    QApplication.processEvents()
    for each in page.findChildren(QLabel):
        if each.isVisible():
            left, right = (each.mapTo(page, point).x() for point in (each.rect().topLeft(), each.rect().topRight()))
            assert left >= 0, each.text()
            assert right < page.width(), each.text()
    assert cut(window) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_arrived_is_told_whole_at_any_size(qtbot: QtBot, window: MainWindow, language: Language) -> None:
    window.retranslate(language)
    window.left.inbox.set_rows(
        [
            ArrivalRow("c", LONG_NAME, "2026-03-02 CT chest with contrast, low dose", "judged"),
            ArrivalRow("d", "A, B", ""),
        ]
    )
    window.show_left(inbox=True)
    for width, height in SIZES:
        settle(qtbot, window, width, height)
        inbox = window.left.inbox
        told = [each for each in inbox.list.findChildren(QLabel) if each.text()]
        assert len(told) == 5
        short = [each.text() for each in told if each.height() < each.heightForWidth(each.width())]
        narrow = [each.text() for each in told if not each.wordWrap() and each.width() < each.sizeHint().width()]
        assert short + narrow == [], (width, height)


def test_full_screen_gives_back_the_maximised_window(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitExposed(window):
        window.showMaximized()
    window.registry.trigger("window.full-screen")
    qtbot.waitUntil(window.isFullScreen)
    window.registry.trigger("window.full-screen")
    qtbot.waitUntil(lambda: not window.isFullScreen())
    assert window.isMaximized()
