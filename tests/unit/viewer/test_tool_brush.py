"""Brush, eraser, growth, interpolation and own marks under a real mouse; each gesture is one edit in the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from pytestqt.qtbot import QtBot

from finding_kit import CENTRE, ball, finding, grid_volume, result
from overread.core.edits import Judge, Measure, Paint, Propose
from overread.core.finding import Finding, Judgement, Measurement, Origin, State
from overread.core.geometry import Geometry, Triple
from overread.core.journal import Journal
from overread.core.mask import Mask
from overread.core.store import ReadingStore, now
from overread.core.text import Sentence
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.commands import CommandRegistry, key_code, load_keymap
from overread.viewer.editing import COMMANDS, Editing
from overread.viewer.state.views import Plane, VolumeState
from overread.viewer.tasks import Tasks
from overread_testkit import Kit, loaded, series_for

STUDY = "1.2"
MIDDLE: Triple = (14.0, 12.0, 10.0)


class Desk:
    """Views of a volume with editing, on a journal of its own."""

    def __init__(self, qtbot: QtBot, folder: Path, state: VolumeState) -> None:
        self.qtbot = qtbot
        self.state = state
        self.told: list[str] = []
        self.tasks = Tasks()
        self.journal = Journal(folder / "journal.sqlite")
        self.store = ReadingStore(
            self.journal, self.tasks.lane, self.tasks.post, lambda told: self.tell("error", told)
        )
        self.store.reader = "Reader 1"
        self.kit = Kit(state)
        self.workspace = self.kit.workspace
        self.editing = Editing(
            self.store, self.workspace, self.tasks, self.kit.words, self.tell, lambda reading: reading.findings
        )
        tools = {**self.kit.services.tools, **{tool.id: tool for tool in self.editing.tools}}
        self.kit.services.tools = tools
        self.registry = CommandRegistry(
            load_keymap(), [*COMMANDS, "edit.undo", "edit.redo", "tool.window", "page.close"]
        )
        self.editing.connect(self.registry)
        self.editing.set_shown(self.registry, True)
        self.widgets = {plane: self._view(plane) for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)}
        self.workspace.views.set(tuple(widget.view for widget in self.widgets.values()))
        self.workspace.overlays.crosshair.set(False)
        self.state.go_to_ijk(MIDDLE)
        self.open()

    def tell(self, _kind: str, told: Sentence) -> None:
        self.told.append(told.say())

    def _view(self, plane: Plane) -> SliceView:
        widget = SliceView(self.kit.view(plane), self.kit.services)
        widget.resize(500, 500)
        widget.hovered.connect(self.editing.point)
        self.qtbot.addWidget(widget, before_close_func=lambda view: view.release_state())
        widget.show()
        return widget

    def open(self) -> None:
        ready: list[bool] = []
        self.store.open_study(STUDY, lambda: ready.append(True))
        self.qtbot.waitUntil(lambda: bool(ready))

    def propose(self, *findings: Finding) -> None:
        self.store.apply(Propose(result(), findings), who="lung-nodule 0.1")
        self.qtbot.waitUntil(lambda: len(self.findings) == len(findings))
        self.workspace.marks.selected.set(findings[0].uid)

    @property
    def findings(self) -> tuple[Finding, ...]:
        reading = self.store.reading
        return () if reading is None else reading.findings

    @property
    def mask(self) -> Mask:
        return self.findings[0].mask

    def point(self, plane: Plane, ijk: Triple) -> QPoint:
        port = self.widgets[plane].port()
        assert port is not None
        x, y = port.point_of_ijk(ijk)
        return QPoint(round(x), round(y))

    def hover(self, plane: Plane, ijk: Triple, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget, at = self.widgets[plane], self.point(plane, ijk)
        none = Qt.MouseButton.NoButton
        widget.mouseMoveEvent(
            QMouseEvent(
                QEvent.Type.MouseMove, QPointF(at), QPointF(widget.mapToGlobal(at)), none, none, keys
            )
        )  # fmt: skip

    def stroke(
        self, plane: Plane, *places: Triple, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        widget = self.widgets[plane]
        points = [self.point(plane, place) for place in places]
        self.qtbot.mousePress(widget, Qt.MouseButton.LeftButton, keys, points[0])
        for point in points[1:]:
            self.qtbot.mouseMove(widget, point)
        self.qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, keys, points[-1])

    def until(self, seen: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(seen()))

    def settle(self) -> None:
        ended: list[bool] = []
        self.editing.session.then(lambda: ended.append(True))
        self.until(lambda: ended)

    def strokes(self) -> list[Paint]:
        return [entry.edit for entry in self.journal.entries(STUDY) if isinstance(entry.edit, Paint)]

    def close(self) -> None:
        self.tasks.close()
        self.journal.close()


def voxels_of(mask: Mask) -> set[tuple[int, int, int]]:
    k, j, i = np.nonzero(mask.to_array())
    return set(zip(*(a + o for a, o in zip((k, j, i), mask.origin_kji, strict=True)), strict=True))


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[VolumeState], Desk]]:
    made: list[Desk] = []

    def one(state: VolumeState) -> Desk:
        made.append(Desk(qtbot, tmp_path, state))
        return made[-1]

    yield one
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make: Callable[[VolumeState], Desk]) -> Desk:
    made = make(loaded(grid_volume(), window=Window(-600, 1500)))
    made.propose(finding("2.25.1", 1, radius=2))
    return made


def edit(desk: Desk, size_mm: float = 2.3, low: float = -1024) -> None:
    desk.registry.trigger("edit.brush")
    assert desk.workspace.marks.editing.value
    desk.editing.session.size_mm.set(size_mm)
    desk.editing.session.low.set(low)


@pytest.mark.parametrize(
    ("plane", "across"),
    [(Plane.AXIAL, (0, 0, 1)), (Plane.CORONAL, (0, 0, 1)), (Plane.SAGITTAL, (0, 1, 0))],
)
def test_a_stroke_paints_known_voxels_in_each_plane(desk: Desk, plane: Plane, across: tuple[int, int, int]) -> None:
    edit(desk)
    before = voxels_of(desk.mask)
    row = {Plane.AXIAL: (0, 6, 0), Plane.CORONAL: (6, 0, 0), Plane.SAGITTAL: (6, 0, 0)}[plane]
    centre = tuple(c + r for c, r in zip(CENTRE, row, strict=True))
    start, end = ((centre[2] + n * across[2], centre[1] + n * across[1], centre[0]) for n in (0, 3))
    desk.stroke(plane, (*map(float, start),), (*map(float, end),))  # type: ignore[arg-type]  # three floats
    desk.until(lambda: desk.mask.voxels > len(before))
    line = {tuple(c + n * a for c, a in zip(centre, across, strict=True)) for n in range(-1, 5)}
    added = voxels_of(desk.mask) - before
    assert line <= added
    # A disc of 2.3 mm on 1 mm voxels is a cross of five: 4 crosses in a row are 4 + 2 + 2 * 4 voxels.
    assert len(added) == 14
    through = {Plane.AXIAL: 0, Plane.CORONAL: 1, Plane.SAGITTAL: 2}[plane]
    assert {voxel[through] for voxel in added} == {centre[through]}


def test_a_stroke_is_one_edit_that_is_measured_and_does_not_judge(desk: Desk) -> None:
    edit(desk)
    desk.store.apply(Judge("2.25.1", Judgement(verdict="accepted", who="Reader 1", at=now())))
    desk.until(lambda: desk.findings[0].judgement)
    desk.stroke(Plane.AXIAL, (14, 18, 10), (16, 18, 10), (18, 18, 10))
    desk.until(lambda: desk.findings[0].judgement is None)
    (stroke,) = desk.strokes()
    assert (stroke.how, stroke.who, stroke.voxels) == ("brush", "Reader 1", desk.mask.voxels - 33)
    assert desk.findings[0].state is State.EDITED
    assert desk.findings[0].measures.volume_mm3 == desk.mask.voxels
    assert desk.findings[0].edited_by == "Reader 1"
    assert any("counts as not judged again" in told for told in desk.told)
    undo = desk.store.undo_words
    assert undo is not None
    assert undo.say() == f"brush stroke on finding 1, +{stroke.voxels} voxels"


def test_the_brush_keeps_to_the_values_of_the_finding(desk: Desk) -> None:
    desk.registry.trigger("edit.brush")
    session = desk.editing.session
    # The ball of radius 2 lies in the bright block of 40 HU.
    assert (session.low.value, session.high.value) == (40.0, 3071.0)
    session.size_mm.set(12.0)
    desk.stroke(Plane.AXIAL, MIDDLE)
    desk.settle()
    painted = voxels_of(desk.mask)
    assert {voxel for voxel in painted if voxel[0] == 10} == {
        (10, j, i) for j in range(10, 15) for i in range(12, 17)
    }
    desk.stroke(Plane.AXIAL, (30, 12, 10))
    desk.settle()
    assert voxels_of(desk.mask) == painted
    assert desk.told[-1].startswith("Nothing here lies within the values of the brush")


def test_ctrl_erases_and_everything_cannot_be_erased(desk: Desk) -> None:
    edit(desk, size_mm=1.0)
    desk.stroke(Plane.AXIAL, MIDDLE, keys=Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: desk.mask.voxels == 32)
    assert CENTRE not in voxels_of(desk.mask)
    assert desk.strokes()[-1].how == "erase"
    before = desk.mask
    # Slice by slice, until the last stroke would take the rest.
    session = desk.editing.session
    session.erasing.set(True)
    session.size_mm.set(12.0)
    for k in range(8, 13):
        desk.state.go_to_ijk((14, 12, k))
        desk.stroke(Plane.AXIAL, (14, 12, k))
    desk.settle()
    assert desk.mask.voxels == len([one for one in voxels_of(before) if one[0] == 12])
    assert desk.told[-1].startswith("Nothing would be left of this finding")


def test_strokes_that_follow_fast_all_count(desk: Desk) -> None:
    edit(desk)
    for i in range(10, 24):
        desk.stroke(Plane.AXIAL, (i, 20, 10), (i, 22, 10))
    desk.settle()
    added = {voxel for voxel in voxels_of(desk.mask) if voxel[1] > 18}
    assert {(10, j, i) for j in range(19, 24) for i in range(10, 24)} <= added
    assert desk.mask.voxels == 33 + sum(stroke.voxels for stroke in desk.strokes())


def test_undo_and_redo_follow_strokes_and_a_restart_gives_the_same_mask(desk: Desk) -> None:
    edit(desk)
    masks = [desk.mask]
    for number, keys in enumerate((Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier)):
        desk.stroke(Plane.SAGITTAL, (14, 12, 10), (14, 20, 10 + number), keys=keys)
        desk.settle()
        masks.append(desk.mask)
    assert len({mask.bits for mask in masks}) == 3
    desk.editing.session.undo()
    desk.settle()
    assert desk.mask == masks[1]
    desk.open()
    assert not desk.workspace.marks.editing.value
    assert desk.mask == masks[1]
    desk.editing.session.redo()
    desk.settle()
    assert desk.mask == masks[2]
    desk.editing.session.undo()
    desk.editing.session.undo()
    desk.settle()
    assert desk.mask == masks[0]
    assert desk.findings[0].state is State.PROPOSED


def test_an_undo_right_after_a_stroke_takes_that_stroke_back(desk: Desk) -> None:
    edit(desk)
    desk.stroke(Plane.AXIAL, (14, 20, 10), (20, 20, 10))
    desk.editing.session.undo()
    desk.settle()
    assert len(desk.strokes()) == 1
    assert desk.mask == ball(2)


def test_growing_adds_what_lies_at_the_pointer(make: Callable[[VolumeState], Desk]) -> None:
    desk = make(loaded(grid_volume(), window=Window(-600, 1500)))
    desk.propose(finding("2.25.1", 1, radius=1))
    edit(desk)
    desk.hover(Plane.CORONAL, MIDDLE)
    desk.registry.trigger("edit.grow")
    desk.settle()
    assert voxels_of(desk.mask) == {(k, j, i) for k in range(8, 13) for j in range(10, 15) for i in range(12, 17)}
    assert desk.strokes()[-1].how == "grow"
    desk.hover(Plane.CORONAL, (30.0, 12.0, 18.0))
    desk.registry.trigger("edit.grow")
    desk.settle()
    assert desk.told[-1].startswith("This point hardly differs")
    assert len(desk.strokes()) == 1


def test_interpolation_is_shown_before_it_is_applied(desk: Desk) -> None:
    edit(desk, size_mm=1.0)
    for k in (8, 16):
        desk.state.go_to_ijk((14, 12, k))
        desk.editing.session.size_mm.set(10.0)
        desk.stroke(Plane.AXIAL, (14, 12, k))
    desk.settle()
    before = desk.mask
    desk.registry.trigger("edit.interpolate")
    desk.until(lambda: desk.workspace.marks.preview.value)
    preview = desk.workspace.marks.preview.value
    assert preview is not None
    assert preview.slices == tuple(range(9, 16))
    assert desk.mask == before
    assert desk.told[-1].startswith("Preview on 7 images")
    desk.registry.trigger("edit.back")
    assert desk.workspace.marks.preview.value is None
    assert desk.workspace.marks.editing.value
    desk.registry.trigger("edit.interpolate")
    desk.until(lambda: desk.workspace.marks.preview.value)
    desk.registry.trigger("edit.done")
    desk.settle()
    assert desk.workspace.marks.preview.value is None
    assert {(k, 12, 14) for k in range(8, 17)} <= voxels_of(desk.mask)
    assert desk.strokes()[-1].how == "interpolate"
    assert desk.workspace.marks.editing.value
    desk.registry.trigger("edit.done")
    assert not desk.workspace.marks.editing.value


def test_slices_whose_strokes_were_taken_back_are_no_painted_slices(desk: Desk) -> None:
    edit(desk)
    for k in (8, 16):
        desk.state.go_to_ijk((14, 20, k))
        desk.stroke(Plane.AXIAL, (14, 20, k))
    desk.settle()
    assert desk.editing.session.painted() == {0: (8, 16)}
    desk.editing.session.undo()
    desk.settle()
    assert desk.editing.session.painted() == {0: (8,)}
    desk.registry.trigger("edit.interpolate")
    desk.settle()
    assert desk.told[-1].startswith("Interpolation needs two painted images")


def test_editing_needs_a_finding_and_leaves_the_tool_as_it_was(desk: Desk) -> None:
    desk.workspace.marks.selected.set("")
    desk.hover(Plane.AXIAL, (35.0, 28.0, 10.0))
    desk.registry.trigger("edit.brush")
    assert desk.told[-1].startswith("Nothing is selected to edit")
    assert (desk.workspace.tool.value, desk.registry.action("tool.window").isChecked()) == ("window", True)
    desk.hover(Plane.AXIAL, MIDDLE)
    desk.registry.trigger("edit.brush")
    assert desk.workspace.marks.selected.value == "2.25.1"
    assert desk.workspace.tool.value == "brush"
    grow = desk.registry.command_for(key_code("R"))
    assert grow is not None
    assert grow.id == "edit.grow"
    desk.registry.trigger("edit.back")
    assert (desk.workspace.tool.value, desk.workspace.marks.editing.value) == ("window", False)
    assert desk.registry.command_for(key_code("R")) is None
    assert not desk.registry.action("edit.grow").isEnabled()
    desk.registry.trigger("edit.brush")
    desk.workspace.tool.set("window")
    assert not desk.workspace.marks.editing.value
    desk.state.loaded[3] = False
    desk.registry.trigger("edit.brush")
    assert desk.told[-1].startswith("Not all images are there yet")


def test_escape_drops_the_stroke_in_hand(desk: Desk) -> None:
    edit(desk)
    widget = desk.widgets[Plane.AXIAL]
    desk.qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=desk.point(Plane.AXIAL, (20, 20, 10)))
    assert desk.editing.session.stroke.value is not None
    desk.registry.trigger("edit.back")
    desk.qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=desk.point(Plane.AXIAL, (20, 20, 10)))
    desk.settle()
    assert desk.strokes() == []
    assert desk.workspace.marks.editing.value


def test_the_size_by_key_and_wheel(desk: Desk) -> None:
    edit(desk, size_mm=8.0)
    desk.registry.trigger("edit.larger")
    assert desk.editing.session.size_mm.value == 10.0
    desk.registry.trigger("edit.smaller")
    desk.registry.trigger("edit.smaller")
    assert desk.editing.session.size_mm.value == 6.0
    widget, at = desk.widgets[Plane.AXIAL], QPoint(250, 250)
    widget.wheelEvent(
        QWheelEvent(
            QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(0, 0), QPoint(0, 240), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ShiftModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )
    )  # fmt: skip
    assert desk.editing.session.size_mm.value == 10.0
    assert desk.state.slice_index(Plane.AXIAL) == 10


def test_the_circle_has_its_real_size_and_the_fill_lies_on_the_mask(desk: Desk) -> None:
    edit(desk, size_mm=10.0)
    for plane in desk.widgets:
        desk.hover(plane, MIDDLE)
        widget = desk.widgets[plane]
        port = widget.port()
        assert port is not None
        image = widget.grab().toImage()
        x, y = port.point_of_ijk(MIDDLE)
        radius = 5 * port.zoom
        ring = [image.pixelColor(round(x - radius) + n, round(y) + 9).lightness() for n in range(-4, 5)]
        assert max(ring) > 150, plane
        # Six voxels beside the middle nothing is filled, on the finding the block of 40 HU is warmed by orange.
        inside = image.pixelColor(round(x + port.zoom), round(y + port.zoom))
        assert inside.red() - inside.blue() == pytest.approx(0.16 * 255 * QColor("#E69F00").redF(), abs=8), plane
        beside = image.pixelColor(round(x + 3.4 * port.zoom), round(y - 1.3 * port.zoom))
        assert beside.red() == beside.blue(), plane


def test_a_click_marks_what_was_missed(desk: Desk) -> None:
    desk.registry.trigger("finding.mark")
    assert desk.workspace.tool.value == "mark"
    assert desk.widgets[Plane.CORONAL].cursor().shape() == Qt.CursorShape.CrossCursor
    desk.stroke(Plane.CORONAL, MIDDLE)
    desk.until(lambda: len(desk.findings) == 2)
    desk.settle()
    own = desk.findings[1]
    assert (own.origin, own.tag, own.state, own.who) == (Origin.PERSON, "A", State.ADDED, "Reader 1")
    assert own.mask.voxels == 125
    assert own.measures.mean_value == 40
    assert own.place is not None
    assert own.place.say() == "L 14.0, P 12.0, S 10.0 mm"
    assert desk.workspace.marks.selected.value == own.uid
    assert desk.workspace.tool.value == "window"
    assert desk.findings[0].mask == ball(2)
    desk.editing.session.undo()
    desk.settle()
    assert len(desk.findings) == 1


def test_a_mark_belongs_to_its_study_although_another_was_opened_before_it_was_worked_out(desk: Desk) -> None:
    desk.registry.trigger("finding.mark")
    desk.stroke(Plane.CORONAL, MIDDLE)
    ready: list[bool] = []
    desk.store.open_study("1.2.9", lambda: ready.append(True))
    desk.until(lambda: ready)
    desk.settle()
    assert not [one.tag for one in desk.findings]
    assert desk.journal.entries("1.2.9") == ()
    desk.open()
    proposed, own = desk.findings
    assert (proposed.tag, own.tag) == ("1", "A")
    assert own.mask.voxels == 125


def test_what_could_not_be_worked_out_before_its_study_was_left_is_told(desk: Desk) -> None:
    desk.registry.trigger("finding.mark")
    desk.store.close_study()
    desk.stroke(Plane.CORONAL, MIDDLE)
    desk.settle()
    assert desk.told == ["What was drawn last had not been worked out when its study was closed, and is not kept."]


def test_where_nothing_grows_a_ball_is_put_and_said(desk: Desk) -> None:
    desk.state.go_to_ijk((30, 12, 18))
    for _mark in range(2):
        desk.registry.trigger("finding.mark")
        desk.stroke(Plane.AXIAL, (30, 12, 18))
        desk.settle()
    assert [one.tag for one in desk.findings] == ["1", "A", "B"]
    assert desk.findings[1].mask == ball(2.5, (18, 12, 30))
    assert desk.told[-1].startswith("A ball of 5 mm was put here: the place hardly differs")


def test_own_marks_can_be_removed_and_a_models_cannot(desk: Desk) -> None:
    desk.registry.trigger("measurement.delete")
    assert desk.told[-1] == "Mark 1 is a model's: it is rejected with X, not removed."
    desk.registry.trigger("finding.mark")
    desk.stroke(Plane.AXIAL, MIDDLE)
    desk.until(lambda: len(desk.findings) == 2)
    desk.settle()
    desk.registry.trigger("measurement.delete")
    desk.until(lambda: len(desk.findings) == 1)
    assert desk.findings[0].origin is Origin.MODEL
    desk.workspace.marks.selected.set("")
    desk.registry.trigger("measurement.delete")
    assert desk.told[-1].startswith("There is nothing to remove")


def test_strokes_lie_right_where_the_picture_runs_against_the_grid(make: Callable[[VolumeState], Desk]) -> None:
    affine = np.diag([-1.0, -1.0, -1.0, 1.0])
    bare = grid_volume()
    volume = Volume(bare.voxels, Geometry(bare.geometry.shape_kji, affine, "1.9.1"), "1.2.3")
    desk = make(loaded(volume, series_for(volume), Window(-600, 1500)))
    desk.propose(finding("2.25.1", 1, radius=2))
    edit(desk, size_mm=0.5)
    for plane, place in (
        (Plane.AXIAL, (20.0, 12.0, 10.0)),
        (Plane.CORONAL, (14.0, 12.0, 18.0)),
        (Plane.SAGITTAL, (14.0, 22.0, 10.0)),
    ):
        desk.stroke(plane, place)
    desk.settle()
    assert voxels_of(desk.mask) - voxels_of(ball(2)) == {(10, 12, 20), (18, 12, 14), (10, 22, 14)}
    desk.editing.brush.leave()
    for plane, widget in desk.widgets.items():
        port = widget.port()
        assert port is not None
        image = widget.grab().toImage()
        through = desk.state.axis(plane)
        for ijk in (
            MIDDLE,
            (14.0, 12.0, 18.0),
            (20.0, 12.0, 10.0),
            (14.0, 22.0, 10.0),
            (8.0, 12.0, 10.0),
            (14.0, 2.0, 10.0),
        ):
            seen = list(ijk)
            seen[through] = MIDDLE[through]
            filled = (round(seen[2]), round(seen[1]), round(seen[0])) in voxels_of(desk.mask)
            x, y = port.point_of_ijk((seen[0], seen[1], seen[2]))
            shade = image.pixelColor(round(x), round(y))
            assert (shade.red() > shade.blue()) == filled, (plane, ijk)


def test_other_units_have_a_scale_of_their_own(make: Callable[[VolumeState], Desk]) -> None:
    voxels = np.full((24, 32, 40), 1.25, dtype=np.float32)
    voxels[8:13, 10:15, 12:17] = 7.5
    volume = Volume(voxels, grid_volume().geometry, "1.2.3", unit="SUVbw")
    desk = make(loaded(volume, series_for(volume), Window(5, 10)))
    desk.propose(finding("2.25.1", 1, radius=2))
    desk.registry.trigger("edit.brush")
    session = desk.editing.session
    assert session.scale.value == (((0.0, 1.25), (1.0, 7.5)), "SUVbw")
    assert (session.low.value, session.high.value) == (7.5, 7.5)


def test_ctrl_shows_the_eraser_although_the_pointer_stands_still(desk: Desk) -> None:
    edit(desk, size_mm=10.0)
    desk.hover(Plane.AXIAL, MIDDLE)
    widget = desk.widgets[Plane.AXIAL]
    before = widget.grab().toImage()
    desk.qtbot.keyPress(widget, Qt.Key.Key_Control)
    held = widget.grab().toImage()
    desk.qtbot.keyRelease(widget, Qt.Key.Key_Control)
    assert held != before
    assert widget.grab().toImage() == before


def test_del_takes_the_measurement_under_the_pointer(desk: Desk) -> None:
    lengths = [
        Measurement(
            uid=f"2.25.{k}", kind="length", points_lps_mm=((4, 4, k), (20, 4, k)), value=16, unit="mm",
            series_uid="1.2.3", plane="axial", slice_index=k,
        )
        for k in (10, 11)
    ]  # fmt: skip
    for one in lengths:
        desk.store.apply(Measure(one))
    desk.settle()
    desk.hover(Plane.AXIAL, (12.0, 6.0, 10.0))
    desk.registry.trigger("measurement.delete")
    desk.hover(Plane.AXIAL, (12.0, 4.3, 10.0))
    desk.registry.trigger("measurement.delete")
    desk.until(lambda: desk.store.reading and [one.uid for one in desk.store.reading.measurements] == ["2.25.11"])
    assert desk.told[-1].startswith("Mark 1 is a model's")


def test_a_mark_is_gone_to_by_its_row(desk: Desk) -> None:
    desk.state.go_to_ijk((30, 28, 3))
    desk.workspace.marks.selected.set("")
    desk.editing.session.go_to("2.25.1")
    assert desk.state.place_ijk.value == MIDDLE
    assert desk.workspace.marks.selected.value == "2.25.1"
