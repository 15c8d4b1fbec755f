"""Findings drawn over the images: where each line lies, to the pixel, in three planes; what is drawn when."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from finding_kit import ball, finding, measures_of
from overread.core.finding import Finding, Judgement, Origin, State
from overread.core.geometry import Geometry
from overread.core.mask import Bool, Mask
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.render.marks import AWAY, DOUBLE, MarkPainter, changed_slices
from overread.viewer.render.outline import DenseMasks, cut_of, level_lines, outlines
from overread.viewer.render.palette import colour
from overread.viewer.render.planes import Float, grid_at
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.marks import Heat, Preview
from overread.viewer.state.views import Plane
from overread_testkit import Kit, loaded

BOX = ((8, 12), (10, 16), (20, 28))
"""A block of 4 x 6 x 8 voxels in a grid of 24 x 32 x 40."""
PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
AFFINES = {
    "head first": np.eye(4),
    "turned over": np.diag([-1.0, -1.0, 1.0, 1.0]),
    "feet up": np.diag([1.0, 1.0, -1.0, 1.0]),
    "coronal": np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
}


def block(origin: Origin = Origin.MODEL, verdict: str = "") -> Finding:
    mask = Mask.from_array(np.ones((4, 6, 8), dtype=np.bool_), (8, 10, 20))
    judgement = None
    if verdict:
        judgement = msgspec.convert({"verdict": verdict, "who": "R", "at": "2026-01-02"}, Judgement)
    return msgspec.structs.replace(
        finding("f1", 1, origin=origin),
        mask=mask,
        proposed_mask=mask,
        measures=measures_of(mask),
        judgement=judgement,
    )


class Stage:
    """A black volume with findings in a view of 400 x 400 points, 10 points per mm."""

    def __init__(self, qtbot: QtBot, *findings: Finding, affine: np.ndarray | None = None) -> None:
        self.qtbot = qtbot
        geometry = Geometry((24, 32, 40), np.eye(4) if affine is None else affine, "1.9")
        volume = Volume(np.full((24, 32, 40), -1000, dtype=np.int16), geometry, "1.2.3")
        self.kit = Kit(loaded(volume, window=Window(0, 100)))
        self.findings = list(findings)
        self.kit.services.findings = lambda _state: self.findings
        self.marks, self.overlays = self.kit.workspace.marks, self.kit.workspace.overlays
        self.overlays.crosshair.set(False)
        self.kit.state.go_to_ijk((24, 13, 10))

    def view(self, plane: Plane) -> SliceView:
        widget = SliceView(self.kit.view(plane), self.kit.services)
        widget.resize(400, 400)
        widget.view.zoom.set(10.0)
        self.qtbot.addWidget(widget, before_close_func=lambda view: view.release_state())
        widget.show()
        return widget

    def centred(self, plane: Plane) -> SliceView:
        """A view with the block in its middle."""
        widget = self.view(plane)
        port = widget.port()
        assert port is not None
        x, y = port.point_of_ijk((23.5, 12.5, 9.5))
        widget.view.pan.set((200 - x, 200 - y))
        return widget


def near(image: QImage, x: float, y: float, wanted: QColor, least: float = 0.75) -> bool:
    """True when a pixel holds at least this much of a colour over black: lines are smooth, so a share of it."""
    found = image.pixelColor(math.floor(x), math.floor(y))
    seen = np.array([found.red(), found.green(), found.blue()], dtype=float)
    whole = np.array([wanted.red(), wanted.green(), wanted.blue()], dtype=float)
    if not whole.any():
        return bool(seen.max() < 40)
    part = float(seen @ whole / (whole @ whole))
    return part >= least and bool(np.abs(seen - part * whole).max() < 25)


def share(image: QImage, points: list[tuple[float, float]], wanted: QColor, least: float = 0.75) -> float:
    return sum(near(image, x, y, wanted, least) for x, y in points) / len(points)


def edges(widget: SliceView, away: float) -> dict[str, list[tuple[float, float]]]:
    """Points along the four sides of the block, ``away`` points outside it; corners left out."""
    port = widget.port()
    assert port is not None
    (k0, k1), (j0, j1), (i0, i1) = BOX
    corners = [port.point_of_ijk((i - 0.5, j - 0.5, k - 0.5)) for i in (i0, i1) for j in (j0, j1) for k in (k0, k1)]
    xs, ys = [x for x, _y in corners], [y for _x, y in corners]
    left, right, top, bottom = min(xs) - away, max(xs) + away, min(ys) - away, max(ys) + away
    across = np.arange(left + 8, right - 8)
    down = np.arange(top + 8, bottom - 8)
    return {
        "left": [(left, y) for y in down],
        "right": [(right, y) for y in down],
        "top": [(x, top) for x in across],
        "bottom": [(x, bottom) for x in across],
    }


def inside(widget: SliceView) -> list[tuple[float, float]]:
    return [point for side in edges(widget, -3).values() for point in side]


@pytest.mark.parametrize("affine", AFFINES)
@pytest.mark.parametrize("plane", PLANES)
def test_a_solid_outline_runs_just_outside_the_mask(qtbot: QtBot, plane: Plane, affine: str) -> None:
    stage = Stage(qtbot, block(verdict="accepted"), affine=AFFINES[affine])
    stage.marks.selected.set("f1")
    widget = stage.centred(plane)
    image = widget.grab().toImage()
    green = colour("state.accepted")
    for side, points in edges(widget, AWAY).items():
        assert share(image, points, green) == 1.0, side
    assert share(image, inside(widget), QColor("black")) == 1.0
    for points in edges(widget, AWAY + 4).values():
        assert share(image, points, green) < 0.2


@pytest.mark.parametrize("plane", PLANES)
def test_beside_its_slices_nothing_is_drawn(qtbot: QtBot, plane: Plane) -> None:
    stage = Stage(qtbot, block(verdict="accepted"))
    widget = stage.centred(plane)
    axis = stage.kit.state.axis(plane)
    for index, drawn in ((BOX[2 - axis][0], True), (BOX[2 - axis][0] - 1, False), (BOX[2 - axis][1], False)):
        stage.kit.state.show_slice(plane, index)
        found = share(widget.grab().toImage(), edges(widget, AWAY)["left"], colour("state.accepted"))
        assert (found == 1.0) is drawn
        assert (found == 0.0) is not drawn


def test_each_state_has_its_line(qtbot: QtBot) -> None:
    lines = {
        "accepted": (1.0, 1.0),
        "rejected": (0.05, 0.4),
        "later": (0.2, 0.7),
        "": (0.5, 0.75),
    }
    for verdict, (low, high) in lines.items():
        made = block(verdict=verdict)
        stage = Stage(qtbot, made)
        stage.marks.selected.set("f1")
        widget = stage.centred(Plane.AXIAL)
        image = widget.grab().toImage()
        points = [point for side in edges(widget, AWAY).values() for point in side]
        assert low <= share(image, points, colour(f"state.{made.state}")) <= high, verdict


def test_a_corrected_one_has_two_lines_and_dots_of_what_the_model_drew(qtbot: QtBot) -> None:
    smaller = Mask.from_array(np.ones((4, 4, 4), dtype=np.bool_), (8, 11, 22))
    made = msgspec.structs.replace(block(verdict="accepted"), proposed_mask=smaller)
    assert made.state is State.CORRECTED
    stage = Stage(qtbot, made)
    stage.marks.selected.set("f1")
    widget = stage.centred(Plane.AXIAL)
    image = widget.grab().toImage()
    blue = colour("state.corrected")
    for away in (AWAY, AWAY + DOUBLE):
        assert share(image, edges(widget, away)["top"], blue, 0.4) == 1.0
    assert share(image, edges(widget, AWAY + DOUBLE / 2)["top"], blue) < 0.3
    port = widget.port()
    assert port is not None
    x, _y = port.point_of_ijk((21.5, 10.5, 9))
    row = [image.pixelColor(math.floor(x - AWAY), y).lightness() for y in range(175, 225)]
    assert max(row) > 150
    assert sum(value > 150 for value in row) < 30


def test_rings_are_of_models_and_corners_of_persons_and_the_selected_has_neither(qtbot: QtBot) -> None:
    half = math.hypot(80, 60) / 2
    ring = 0.86 * half + 9
    for origin, angle, drawn in (
        (Origin.MODEL, 45, True),
        (Origin.MODEL, 0, False),
        (Origin.MODEL, 90, False),
        (Origin.MODEL, 17, True),
    ):
        made = block(origin)
        stage = Stage(qtbot, made)
        image = stage.centred(Plane.AXIAL).grab().toImage()
        at = 200 + ring * math.cos(math.radians(angle)), 200 + ring * math.sin(math.radians(angle))
        assert near(image, *at, colour("state.proposed"), 0.4) is drawn, angle
    own = block(Origin.PERSON)
    stage = Stage(qtbot, own)
    widget = stage.centred(Plane.AXIAL)
    purple = colour("state.added")
    corner = [(200 - ring + step, 200 - ring) for step in range(2, 15)]
    middle = [(200.0 + step, 200 - ring) for step in range(-10, 10)]
    image = widget.grab().toImage()
    assert share(image, corner, purple, 0.4) == 1.0
    assert share(image, middle, purple) == 0.0
    stage.marks.selected.set("f1")
    assert share(widget.grab().toImage(), corner, purple) == 0.0


def tagged(image: QImage, wanted: QColor) -> int:
    """How many pixels of a colour the picture has."""
    return sum(near(image, x, y, wanted) for x in range(image.width()) for y in range(image.height()))


def test_keys_take_lines_away_and_the_heatmap_leaves_the_tags(qtbot: QtBot) -> None:
    stage = Stage(qtbot, block())
    widget = stage.centred(Plane.AXIAL)
    orange = colour("state.proposed")
    changes: list[tuple[Callable[[bool], None], bool]] = [
        (stage.overlays.shown.set, True),
        (stage.overlays.held_hidden.set, False),
    ]
    whole = tagged(widget.grab().toImage(), orange)
    stage.overlays.outlines.set(False)
    without_outline = tagged(widget.grab().toImage(), orange)
    stage.overlays.outlines.set(True)
    heat = Heat(np.zeros((2, 2, 2), dtype=np.uint8), stage.kit.state.volume.geometry, "view.hole", "1.2.3")
    stage.overlays.heatmap.set(True)
    assert tagged(widget.grab().toImage(), orange) == whole
    stage.marks.heat.set(heat)
    only_tag = tagged(widget.grab().toImage(), orange)
    stage.overlays.heatmap.set(False)
    assert whole > without_outline > only_tag > 5
    for change, back in changes:
        change(not back)
        # The tick at the rail goes too.
        assert tagged(widget.grab().toImage(), orange) == 0
        change(back)
    assert tagged(widget.grab().toImage(), orange) == whole


def test_rejected_ones_are_hidden_unless_asked_for_or_selected(qtbot: QtBot) -> None:
    stage = Stage(qtbot, block(verdict="rejected"))
    painter = MarkPainter(stage.kit.services.findings, stage.marks, stage.overlays)
    assert painter.shown(stage.kit.state) == []
    stage.marks.rejected_shown.set(True)
    assert len(painter.shown(stage.kit.state)) == 1
    stage.marks.rejected_shown.set(False)
    stage.marks.selected.set("f1")
    assert len(painter.shown(stage.kit.state)) == 1


def test_a_preview_is_dashed_where_it_would_be(qtbot: QtBot) -> None:
    stage = Stage(qtbot, block(verdict="accepted"))
    stage.marks.selected.set("f1")
    widget = stage.centred(Plane.AXIAL)
    wider = Mask.from_array(np.ones((4, 10, 8), dtype=np.bool_), (8, 8, 20))
    stage.marks.preview.set(Preview("f1", wider))
    top = [(x, y - 20) for x, y in edges(widget, AWAY)["top"]]
    assert 0.3 < share(widget.grab().toImage(), top, colour("state.accepted")) < 0.7


def test_a_click_on_a_mark_tells_which_and_other_tools_keep_their_clicks(qtbot: QtBot) -> None:
    stage = Stage(qtbot, block())
    widget = stage.centred(Plane.AXIAL)
    widget.grab()
    told: list[str] = []
    widget.mark_clicked.connect(told.append)
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(205, 205))
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(390, 20))
    assert told == ["f1"]
    stage.kit.workspace.tool.set("length")
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(205, 205))
    assert told == ["f1"]


def test_the_tag_of_the_selected_lies_beside_it_at_the_upper_right(qtbot: QtBot) -> None:
    stage = Stage(qtbot, block())
    stage.marks.selected.set("f1")
    widget = stage.centred(Plane.AXIAL)
    image = widget.grab().toImage()
    right, top = 240 + AWAY, 170 - AWAY
    middle = right + 12 * math.sqrt(0.5) - 1, top - 12 * math.sqrt(0.5) + 1
    assert near(image, middle[0] - 5, middle[1] + 3, colour("state.proposed"))
    assert share(image, inside(widget), QColor("black")) == 1.0


def test_lines_of_a_pixel_grid_are_exact() -> None:
    cut = np.ones((3, 5), dtype=np.bool_)
    ((line,), (far,)) = outlines(cut, (7.3, 11.0), (0.0, 5.0))
    assert line.min(axis=0) == pytest.approx((0, 0), abs=0.05)
    assert line.max(axis=0) == pytest.approx((5 * 7.3, 3 * 11.0), abs=0.05)
    assert far.max(axis=0) == pytest.approx((5 * 7.3 + 5, 3 * 11.0 + 5), abs=0.05)
    # A hole has a line of its own.
    cut = np.ones((9, 9), dtype=np.bool_)
    cut[3:6, 3:6] = False
    assert len(outlines(cut, (10.0, 10.0), (1.5,))[0]) == 2


def test_level_lines_of_a_known_field() -> None:
    field = np.zeros((5, 5))
    field[2, 2] = 4.0
    (line,) = level_lines(field, 1.0)
    assert {(round(x, 2), round(y, 2)) for x, y in line} == {(2.75, 2), (2, 2.75), (1.25, 2), (2, 1.25)}


@pytest.mark.parametrize("affine", AFFINES)
@pytest.mark.parametrize("plane", PLANES)
def test_cuts_lie_at_the_pixels_of_the_picture(plane: Plane, affine: str) -> None:
    made = np.zeros((24, 32, 40), dtype=np.bool_)
    made[9, 11:14, 21:26] = True
    made[10, 12, 24] = True
    geometry = Geometry((24, 32, 40), AFFINES[affine], "1.9")
    through = {Plane.AXIAL: 2, Plane.CORONAL: 1, Plane.SAGITTAL: 0}[plane]
    axis = geometry.axis_of(through)
    grid = grid_at(geometry, plane, (24, 12, 9)[axis])
    found = cut_of(Mask.from_array(made), grid, DenseMasks())
    assert found is not None
    cut, column, row = found
    for r, c in np.ndindex(grid.rows, grid.columns):
        i, j, k = (round(value) for value in grid.ijk(c, r))
        is_in = 0 <= r - row < cut.shape[0] and 0 <= c - column < cut.shape[1]
        assert bool(is_in and cut[r - row, c - column]) == bool(made[k, j, i])


def test_the_slices_that_were_changed() -> None:
    after = ball(3).to_array()
    after[2] = False
    made = msgspec.structs.replace(finding("f1", 1), mask=Mask.from_array(after, ball(3).origin_kji))
    assert changed_slices(made, DenseMasks()) == (9,)
    assert changed_slices(finding("f1", 1), DenseMasks()) == ()


def test_outlines_are_kept_while_panning_and_made_anew_for_another_zoom(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def spied(cut: Bool, scale: tuple[float, float], away: Sequence[float]) -> list[list[Float]]:
        made.append(cut)
        return outlines(cut, scale, away)

    monkeypatch.setattr("overread.viewer.render.marks.outlines", spied)
    stage = Stage(qtbot, block())
    widget = stage.centred(Plane.AXIAL)
    widget.grab()
    before = len(made)
    widget.view.pan.set((3.0, 4.0))
    widget.grab()
    assert len(made) == before
    widget.view.zoom.set(11.0)
    widget.grab()
    assert len(made) == before + 1


def test_ticks_stand_at_the_image_of_the_largest_cut(qtbot: QtBot) -> None:
    stage = Stage(qtbot, block())
    widget = stage.view(Plane.AXIAL)
    image = widget.grab().toImage()
    port = widget.port()
    assert isinstance(port, Viewport)
    # Image numbers run from the head: slice 8 of 24 lies 15.5 images down a rail of 320 points from y = 40.
    y = 40 + (24 - 1 - 8 + 0.5) * 320 / 24
    assert near(image, 400 - 6, y, colour("state.proposed"))
    assert not near(image, 400 - 6, y + 5, colour("state.proposed"))
