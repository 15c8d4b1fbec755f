"""The menu of the thing under the pointer, opened with the right button in the whole window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from judging_kit import CORNERS, STUDY, centre_mm, edits, journalled
from overread.core.edits import DeclareOwnRead, Judge, Measure, RemoveMeasure
from overread.core.finding import Measurement
from overread.core.paths import default_paths
from overread.core.reading import OwnRead
from overread.core.store import now
from overread.viewer.app import Program
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.canvas.volume_view import VolumeView

X, Y, Z = centre_mm(CORNERS[0])
LINE = Measurement(
    uid="2.25.77", kind="length", points_lps_mm=((X - 60, Y - 30, Z), (X - 30, Y - 30, Z)), value=30.0, unit="mm",
    series_uid=STUDY.series_uid, plane="axial", slice_index=CORNERS[0][0] + 1,
)  # fmt: skip


class Stage:
    """The program with three findings and a length on the image of the first."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        made = self.program = Program(default_paths())
        made.window.may_close = lambda: True
        qtbot.addWidget(made.window)
        made.window.resize(1600, 1000)
        made.window.show()
        made.study.open_paths([STUDY.write(folder / "study")])
        qtbot.waitUntil(
            lambda: made.study.shown.value is not None and made.study.shown.value.state.complete, timeout=20000
        )
        qtbot.waitUntil(lambda: made.places.is_recalled, timeout=20000)
        shown = made.study.shown.value
        assert shown is not None
        shown.state.go_to_lps_mm((X, Y, Z))

    @property
    def axial(self) -> SliceView:
        view = self.program.area.views[0]
        assert isinstance(view, SliceView)
        return view

    def point(self, lps_mm: tuple[float, float, float]) -> QPoint:
        port = self.axial.port()
        assert port is not None
        x, y = port.point_of_lps(lps_mm)
        return QPoint(round(x), round(y))

    def click(self, at: QPoint, view: SliceView | VolumeView | None = None) -> QMenu | None:
        """The menu after a short right click."""
        target = self.axial if view is None else view
        target.grab()
        self.qtbot.mouseClick(target, Qt.MouseButton.RightButton, pos=at)
        return self.program.context.menu

    def choose(self, menu: QMenu, command: str) -> None:
        """Choose an entry by the words of its command, with the mouse."""
        words = self.program.registry.action(command).text()
        found = next(action for action in menu.actions() if action.text() == words)
        self.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(found).center())


@pytest.fixture
def stage(qtbot: QtBot, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    done = () if "hidden" in request.node.name else (DeclareOwnRead(OwnRead("Reader 1", now(), 0)),)
    journalled(*done, Measure(LINE))
    made = Stage(qtbot, tmp_path)
    yield made
    if made.program.context.menu is not None:
        made.program.context.menu.close()
    made.program.close()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet("")


def names(menu: QMenu | None) -> list[str]:
    """The commands of a menu; an entry of its own by its words, a menu within by its title."""
    assert menu is not None
    return [_name(action) for action in menu.actions() if not action.isSeparator()]


def _name(action: QAction) -> str:
    return action.objectName() or action.text()


def test_on_a_mark_it_is_that_findings_menu(stage: Stage) -> None:
    program = stage.program
    place = program.study.shown.value
    assert place is not None
    before = (place.state.place_ijk.value, program.workspace.views.value[0].zoom.value)
    menu = stage.click(stage.point((X, Y, Z)))
    assert names(menu) == [
        "finding.accept", "finding.reject", "Reason of rejection", "finding.later", "edit.brush", "finding.sentence",
        "finding.prior",
    ]  # fmt: skip
    assert program.workspace.marks.selected.value == "2.25.1"
    # It may lie under the pointer, so the images do not move.
    assert (place.state.place_ijk.value, program.workspace.views.value[0].zoom.value) == before
    # The selected one has no ring: then its whole place is meant, though a left click there is the tool's.
    menu = stage.click(stage.point((X, Y, Z)))
    assert names(menu)[0] == "finding.accept"
    assert menu is not None
    accept = menu.actions()[0]
    assert accept.shortcut().toString() == "A"
    assert accept.isShortcutVisibleInContextMenu()
    stage.choose(menu, "finding.accept")
    stage.qtbot.waitUntil(lambda: isinstance(edits()[-1], Judge), timeout=20000)
    judged = edits()[-1]
    assert isinstance(judged, Judge)
    assert (judged.uid, judged.judgement.verdict if judged.judgement else "") == ("2.25.1", "accepted")


def test_a_reason_can_be_chosen_at_once(stage: Stage) -> None:
    menu = stage.click(stage.point((X, Y, Z)))
    assert menu is not None
    reasons = menu.actions()[2].menu()
    assert isinstance(reasons, QMenu)
    assert names(reasons) == [f"reason.{n}" for n in range(1, 7)]
    stage.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(menu.actions()[2]).center())
    stage.qtbot.waitUntil(reasons.isVisible)
    stage.choose(reasons, "reason.2")
    stage.qtbot.waitUntil(lambda: isinstance(edits()[-1], Judge), timeout=20000)
    judged = edits()[-1]
    assert isinstance(judged, Judge)
    assert judged.judgement is not None
    assert (judged.uid, judged.judgement.verdict, judged.judgement.reason) == ("2.25.1", "rejected", "scar")


def test_hidden_marks_have_no_menu(stage: Stage) -> None:
    there, beside = names(stage.click(stage.point((X, Y, Z)))), stage.point((X + 30, Y - 40, Z))
    assert names(stage.click(beside)) == there
    assert "finding.accept" not in there


def test_a_measurement_is_deleted_and_nothing_else(stage: Stage) -> None:
    stage.program.workspace.marks.selected.set("2.25.1")
    menu = stage.click(stage.point((X - 45, Y - 30, Z)))
    assert names(menu) == ["Delete measurement or own mark"]
    assert menu is not None
    assert menu.actions()[0].shortcut().toString() == "Del"
    stage.choose(menu, "measurement.delete")
    stage.qtbot.waitUntil(lambda: edits()[-1] == RemoveMeasure(LINE.uid), timeout=20000)


def test_elsewhere_it_is_the_menu_of_the_view(stage: Stage) -> None:
    menu = stage.click(stage.point((X + 30, Y - 40, Z)))
    assert names(menu) == [
        "Cross-hair here", "finding.key-image", "Window presets", "Layouts", "view.reset",
    ]  # fmt: skip
    assert menu is not None
    presets, layouts = (action.menu() for action in menu.actions() if action.menu() is not None)
    assert isinstance(presets, QMenu)
    assert isinstance(layouts, QMenu)
    assert presets.actions()[0].text() == "Window preset 1: Lung"
    assert names(layouts)[0] == "layout.chest"
    stage.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(menu.actions()[0]).center())
    shown = stage.program.study.shown.value
    assert shown is not None
    assert shown.state.place_lps_mm() == pytest.approx((X + 30, Y - 40, Z), abs=1.0)


def test_in_3d_a_finding_has_its_menu_and_a_click_goes_there(stage: Stage) -> None:
    program = stage.program
    program.registry.trigger("volume.shown")
    view = program.area.views[3]
    assert isinstance(view, VolumeView)
    stage.qtbot.waitUntil(lambda: view.frame is not None and view.frame.surfaces is not None, timeout=30000)
    view.grab()
    areas = dict(view._painter.areas)
    at = areas["2.25.3"].center().toPoint()
    menu = stage.click(at, view)
    assert names(menu)[0] == "finding.accept"
    assert program.workspace.marks.selected.value == "2.25.3"
    assert menu is not None
    menu.close()
    stage.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=areas["2.25.2"].center().toPoint())
    shown = program.study.shown.value
    assert shown is not None
    assert shown.state.place_lps_mm() == pytest.approx(tuple(centre_mm(CORNERS[1])))
    corner = stage.click(QPoint(5, view.height() - 60), view)
    assert names(corner) == ["finding.key-image", "Window presets", "Layouts", "view.reset"]
    assert corner is not None
    presets = corner.actions()[2].menu()
    assert isinstance(presets, QMenu)
    assert presets.actions()[0].text() == "Window preset 1: bone and lung"


def test_the_menu_speaks_the_language_of_the_window(stage: Stage) -> None:
    stage.program.change_setting("language", "zh")
    menu = stage.click(stage.point((X + 30, Y - 40, Z)))
    assert names(menu)[0] == "定位线移至此处"
    assert menu is not None
    presets = next(action.menu() for action in menu.actions() if action.menu() is not None)
    assert isinstance(presets, QMenu)
    assert presets.actions()[0].text() == "预设窗 1: 肺窗"
