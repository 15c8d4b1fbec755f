"""The panel of findings at all sizes and in both languages, and what its clicks and keys tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clipped import cut
from finding_kit import at, finding, grid_volume, result
from overread.core.finding import Finding, Judgement, Origin
from overread.core.reading import OwnRead, Reading
from overread.core.text import LANGUAGES, Language, sentence, table
from overread.viewer.panels.finding_list import _Lines
from overread.viewer.panels.findings import FindingsPanel
from overread.viewer.panels.own_read import MeasurementRow
from overread.viewer.presenters.findings import Listed, Teller, listed
from overread.viewer.style import font
from overread.viewer.window import MainWindow
from overread_testkit import series_for

SIZES = [(1280, 800), (1600, 1000), (1920, 1080), (2560, 1440), (1536, 2048)]


def study() -> Listed:
    """Nine findings in all states, one own mark that the model has too, and one below the cut."""
    made: list[Finding] = []
    for n in range(1, 9):
        one = finding(f"f{n}", n, radius=1, centre_kji=(2 + 2 * n, 4 + 3 * n, 4 + 4 * n), score=1 - n / 9.5)
        made.append(
            msgspec.structs.replace(
                one, kind="code.nodule", place=sentence("reason.calcified-granuloma"), score_word="inbox-list.judged",
                score_name="code.nodule", why={"diameter_mm": 31.8, "contrast": 742.3, "wall": 0.12},
                warnings=(sentence("open.no-cjk"), sentence("view.hole")), edited_by="Reader 1",
            )
        )  # fmt: skip
    for place, verdict in ((1, "accepted"), (4, "rejected"), (5, "later")):
        judgement = Judgement(
            verdict=verdict,  # type: ignore[arg-type]  # one of the three
            who="Reader 1",
            at="2026-01-02T03:04:05.678+00:00",
            reason="scar" if verdict == "rejected" else "",
        )
        made[place] = msgspec.structs.replace(made[place], judgement=judgement)
    own = finding("own", 1, origin=Origin.PERSON, radius=1, centre_kji=made[2].mask.origin_kji)
    own = msgspec.structs.replace(own, mask=made[2].mask)
    own_read = OwnRead("Reader 1", "2026-01-02T04:00:00.000+00:00", 1)
    cut_result = msgspec.structs.replace(result(), cut=0.2)
    return listed(Reading("1.2", findings=(*made, own), results=(cut_result,), own_read=own_read), second_reader=True)


class Shown:
    """A window with the panel, fed as the program feeds it."""

    def __init__(self, qtbot: QtBot, window: MainWindow, found: Listed) -> None:
        self.window, self.found, self.qtbot = window, found, qtbot
        self.panel = FindingsPanel(window.words, window.look, window.registry)
        self.selected = ""
        window.set_home(self.panel)
        window.words.bind(self.show)
        row = MeasurementRow("m", "length", sentence("own-read.measurements"), "31.8 mm")
        self.panel.set_measurements([row])

    def show(self) -> None:
        series = series_for(grid_volume())
        words = Teller(
            self.window.words.language,
            lambda _uid, _split: series,
            lambda name: name,
            lambda _name: [sentence("setup-page.privacy")],
            lambda _found, _series, image: f"A nodule of 8.0 × 6.2 mm, volume 1.2 cm³ (series 2, image {image}).",
        )
        self.panel.show_findings(
            words.groups(self.found), words.head(self.found), words.notes(self.found), self.selected
        )
        chosen = [one for one in self.found.findings if one.uid == self.selected]
        self.panel.show_detail(words.detail(chosen[0], self.found) if chosen else None)

    def select(self, uid: str) -> None:
        self.selected = uid
        self.show()

    def settle(self, width: int, height: int) -> None:
        self.window.resize(width, height)
        if not self.window.isVisible():
            with self.qtbot.waitExposed(self.window):
                self.window.show()
        for _ in range(3):
            QApplication.processEvents()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_cut_at_any_size(qtbot: QtBot, window: MainWindow, language: Language) -> None:
    shown = Shown(qtbot, window, study())
    window.retranslate(language)
    for width, height in SIZES:
        for uid in ("", "f1", "f5", "own"):
            shown.select(uid)
            shown.settle(width, height)
            assert cut(window) == [], (width, height, uid)
            assert window.right.width() <= 351 or height > width
        for command in ("finding.accept", "finding.reject", "edit.brush", "finding.later", "finding.sentence"):
            button = shown.panel.findChild(QPushButton, f"button-{command}")
            assert button is not None
            assert button.isVisible()
            bottom = button.mapTo(window, QPoint(0, button.height())).y()
            assert bottom <= window.messages.mapTo(window, QPoint(0, 0)).y(), (width, height, command)
        upper = shown.panel.list.mapTo(shown.panel, QPoint(0, 0)).y()
        detail = shown.panel.detail.mapTo(shown.panel, QPoint(0, 0)).y()
        assert detail - upper >= 5 * 28 or height > width


def test_the_buttons_weigh_the_same_and_none_takes_the_focus(qtbot: QtBot, window: MainWindow) -> None:
    shown = Shown(qtbot, window, study())
    shown.select("f1")
    shown.settle(1600, 1000)
    made = [
        shown.panel.findChild(QPushButton, f"button-{command}")
        for command in ("finding.accept", "finding.reject", "edit.brush")
    ]
    buttons = [one for one in made if one is not None]
    assert len(buttons) == 3
    assert {one.height() for one in buttons} == {36}
    assert max(one.width() for one in buttons) - min(one.width() for one in buttons) <= 1
    assert not any(one.isDefault() or one.autoDefault() for one in buttons)
    assert all(one.focusPolicy() == Qt.FocusPolicy.NoFocus for one in buttons)


def texts(widget: QWidget) -> list[str]:
    return [each.text() for each in widget.findChildren(QLabel) if each.isVisible()]


def test_the_head_counts_what_nobody_judged(qtbot: QtBot, window: MainWindow) -> None:
    shown = Shown(qtbot, window, study())
    shown.settle(1600, 1000)
    # Of eight marks one is folded and one stands with the own mark: 6 + 1, of which 2, 5 and the own one are judged.
    assert shown.panel.aside.text() == "4 of 7 not judged"
    window.retranslate("zh")
    assert shown.panel.aside.text() == "7 个中 4 个未判定"


def rows(shown: Shown) -> Sequence[str]:
    spoken = Qt.ItemDataRole.AccessibleTextRole
    return [shown.panel.list.item(n).data(spoken) for n in range(shown.panel.list.count())]


def test_a_row_says_all_of_it_and_a_click_chooses_it(qtbot: QtBot, window: MainWindow) -> None:
    shown = Shown(qtbot, window, study())
    shown.settle(1600, 1000)
    assert rows(shown)[:3] == [
        "Model, by score",
        "1, Calcified granuloma · nodule, 3.0 mm, judged",
        "2, Calcified granuloma · nodule, 3.0 mm, judged",
    ]
    assert rows(shown)[-1] == "A, Image 17, 3.0 mm, also by the model, 0.68"
    told: list[str] = []
    folds: list[str] = []
    shown.panel.chosen.connect(told.append)
    shown.panel.fold_clicked.connect(folds.append)
    listing = shown.panel.list
    place = listing.place_of("f2")
    assert place.height() == 28
    assert listing.place_of("own").height() == 44
    QTest.mouseClick(listing.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place.center())
    assert set(told) == {"f2"}
    fold = next(n for n, text in enumerate(rows(shown)) if "below the cut" in text)
    middle = listing.visualItemRect(listing.item(fold)).center()
    QTest.mouseClick(listing.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert folds == ["0" * 32]
    assert listing.item(1).toolTip() == "Calcified granuloma · nodule 0.89"


def test_showing_the_list_anew_chooses_nothing(qtbot: QtBot, window: MainWindow) -> None:
    shown = Shown(qtbot, window, study())
    told: list[str] = []
    shown.panel.chosen.connect(told.append)
    shown.select("f2")
    shown.show()
    shown.select("")
    assert told == []


def test_reasons_stand_below_a_rejected_one_with_their_digits_while_these_act(
    qtbot: QtBot, window: MainWindow
) -> None:
    shown = Shown(qtbot, window, study())
    shown.select("f5")
    shown.settle(1600, 1000)
    window.registry.reason_changed = shown.panel.detail.set_reason_keys
    buttons = {one.text(): one for one in shown.panel.findChildren(QPushButton) if one.isVisible()}
    assert buttons["Scar or atelectasis"].isChecked()
    window.registry.set_reason_mode(True)
    assert buttons["Scar or atelectasis"].text() == "2  Scar or atelectasis"
    window.registry.set_reason_mode(False)
    told: list[tuple[str, str]] = []
    shown.panel.detail.reason_chosen.connect(lambda reason, note: told.append((reason, note)))
    buttons["Vessel"].click()
    buttons["Other"].click()
    line = shown.panel.detail.other
    assert line.isVisible()
    QTest.keyClicks(line, "rib")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert told == [("vessel", ""), ("other", "rib")]
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert not line.isVisible()
    shown.select("f1")
    assert not buttons["Vessel"].isVisible()


def test_an_empty_list_is_no_all_clear(qtbot: QtBot, window: MainWindow) -> None:
    empty = listed(Reading("1.2", results=(result(),), own_read=OwnRead("R", "2026-01-02T04:00:00+00:00", 0)), True)
    shown = Shown(qtbot, window, empty)
    shown.settle(1600, 1000)
    assert "0 marks does not mean normal." in texts(shown.panel)
    assert shown.panel.aside.text() == ""
    assert not shown.panel.detail.isVisible()


def test_at_a_step_the_line_comes_into_sight(qtbot: QtBot, window: MainWindow) -> None:
    many = tuple(finding(f"f{n}", n, radius=1, centre_kji=at(0), score=1 - n / 100) for n in range(1, 31))
    found = listed(Reading("1.2", findings=many, results=(result(),), own_read=OwnRead("R", "x", 0)), True)
    shown = Shown(qtbot, window, found)
    shown.settle(1280, 800)
    shown.select("f30")
    shown.settle(1280, 800)
    line = shown.panel.list.place_of("f30")
    at_y = shown.panel.list.mapTo(shown.panel, line.center()).y()
    assert 40 < at_y < shown.panel.detail.y()


def test_short_places_are_whole_in_their_rows(window: MainWindow) -> None:
    window.resize(1280, 800)
    made = FindingsPanel(window.words, window.look, window.registry)
    window.set_home(made)
    window.show()
    lines = made.list.itemDelegate()
    assert isinstance(lines, _Lines)
    metrics = QFontMetrics(font(100, 13))
    teller = Teller("en", lambda _uid, _split: None, str, lambda _name: [], lambda _finding, _series, _image: "")
    for place in [name for name in table() if name.startswith("place.")]:
        for kind in ("card.lung-nodule.solid", "card.lung-nodule.sub-solid"):
            one = msgspec.structs.replace(finding("f", 1), place=sentence(place), kind=kind)
            row = teller.row(one, Listed())
            # The scroll bar takes some of the list.
            assert metrics.horizontalAdvance(row.what) <= lines.room(
                made.list.width() - 8, replace(row, size="12.9 mm")
            )
