"""The 3D view: surfaces of findings at their place and in their colour, gone whenever they must not be seen."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from finding_kit import CENTRE, ball, finding, grid_volume
from overread.core.finding import Finding, Judgement, State
from overread.core.geometry import Geometry
from overread.core.mask import Mask
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.volume_view import VolumeView
from overread.viewer.render.camera import Camera, Look
from overread.viewer.render.palette import colour
from overread.viewer.render.surfaces import surface_of
from overread.viewer.state.views import Plane
from overread_testkit import Kit, loaded

OTHER = (18, 20, 30)
"""Centre [k, j, i] of the second finding."""


class Stage:
    """Two findings in a 3D view of 400 x 300 points."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.findings = [finding("f1", 1), finding("f2", 2, centre_kji=OTHER)]
        self.kit = Kit(loaded(grid_volume()), Plane.VOLUME)
        self.kit.services.findings = lambda _state: self.findings
        self.area = ViewArea(self.kit.services)
        qtbot.addWidget(self.area, before_close_func=lambda one: one.close_views())
        self.area.resize(400, 300)
        self.kit.workspace.views.set(tuple(self.kit.views))
        self.area.show()
        view = self.area.views[0]
        assert isinstance(view, VolumeView)
        self.view = view
        qtbot.waitUntil(self.is_fine, timeout=20000)

    def is_fine(self) -> bool:
        return self.view.frame is not None and not self.view.frame.request.coarse

    def point(self, one: Finding) -> tuple[float, float, float]:
        camera = Camera.of(self.kit.state.volume.geometry)
        return camera.point_of(self.view.look, one.measures.centre_lps_mm, 400, 300)

    def colour_at(self, one: Finding) -> QColor:
        """The colour where the centre of a finding is seen."""
        x, y, _per_mm = self.point(one)
        return self.view.grab().toImage().pixelColor(round(x), round(y))

    def shows(self, one: Finding, state: State) -> bool:
        found, wanted = self.colour_at(one), colour(f"state.{state}")
        return abs((found.hue() - wanted.hue() + 180) % 360 - 180) < 12 and found.saturation() > 100

    def judge(self, place: int, verdict: str) -> None:
        judged = msgspec.convert({"verdict": verdict, "who": "R", "at": "2026-01-02"}, Judgement)
        self.findings[place] = msgspec.structs.replace(self.findings[place], judgement=judged)
        self.area.update_all()


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    return Stage(qtbot)


def test_surfaces_stand_where_the_findings_are_and_follow_judgements(stage: Stage) -> None:
    first, second = stage.findings
    assert stage.shows(first, State.PROPOSED)
    assert stage.shows(second, State.PROPOSED)
    before = stage.view.frame
    stage.judge(0, "accepted")
    stage.qtbot.waitUntil(lambda: stage.shows(first, State.ACCEPTED), timeout=20000)
    assert stage.shows(second, State.PROPOSED)
    # The volume itself was not drawn again.
    assert before is not None
    assert stage.view.frame is not None
    assert stage.view.frame.picture.cacheKey() == before.picture.cacheKey()
    stage.judge(1, "rejected")
    assert not stage.shows(second, State.PROPOSED)
    stage.kit.workspace.marks.selected.set("f2")

    def is_grey() -> bool:
        # Black until its surface comes: neither colour nor light.
        found = stage.colour_at(second)
        return found.saturation() < 60 and found.lightness() > 100

    stage.qtbot.waitUntil(is_grey, timeout=20000)


def test_the_selected_one_has_a_filled_number(stage: Stage) -> None:
    first = stage.findings[0]
    x, y, per_mm = stage.point(first)
    beside = first.measures.equivalent_diameter_mm / 2 * per_mm * math.sqrt(0.5) + 10
    # Between the number's stroke and the edge of its disc of 8 points.
    at = QPoint(round(x + beside - 5), round(y - beside))
    assert stage.view.grab().toImage().pixelColor(at).lightness() < 40
    stage.kit.workspace.marks.selected.set("f1")
    assert stage.view.grab().toImage().pixelColor(at) == colour("state.proposed")


def test_what_must_not_be_seen_is_gone_at_once(stage: Stage) -> None:
    first, overlays = stage.findings[0], stage.kit.workspace.overlays
    for hidden, shown in ((overlays.held_hidden.set, False), (overlays.shown.set, True)):
        hidden(not shown)
        assert not stage.shows(first, State.PROPOSED)
        hidden(shown)
        assert stage.shows(first, State.PROPOSED)
    # The mode of reading went back to second reader: nothing of the model may stand until a new frame is there.
    stage.findings.clear()
    assert not stage.shows(first, State.PROPOSED)


def test_turning_keeps_surfaces_at_their_place(stage: Stage) -> None:
    first = stage.findings[0]
    before = stage.point(first)
    stage.view.set_look(Look(azimuth=60, elevation=30))
    stage.qtbot.waitUntil(
        lambda: stage.is_fine() and stage.view.frame is not None and stage.view.frame.request.look.azimuth == 60,
        timeout=20000,
    )
    assert math.dist(before[:2], stage.point(first)[:2]) > 10
    assert stage.shows(first, State.PROPOSED)


def test_it_says_that_surfaces_are_smoothed(stage: Stage) -> None:
    words = stage.kit.words("view.surface")
    assert "smoothed" in words
    plate = stage.view.grab().toImage().copy(8, 255, 250, 20)
    overlays = stage.kit.workspace.overlays
    overlays.shown.set(False)
    assert plate != stage.view.grab().toImage().copy(8, 255, 250, 20)


def test_a_short_right_click_asks_for_the_menu_and_a_drag_enlarges(stage: Stage) -> None:
    with stage.qtbot.waitSignal(stage.area.context_asked):
        stage.qtbot.mouseClick(stage.view, Qt.MouseButton.RightButton, pos=QPoint(100, 100))
    assert stage.view.look.zoom == 1.0


@pytest.mark.parametrize(
    "affine",
    [
        np.eye(4),
        np.array([[-0.7, 0, 0, 5.0], [0, 0.7, 0, -3.0], [0, 0, 2.5, 8.0], [0, 0, 0, 1]]),
        np.array([[1.0, 0, 0.3, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
    ],
    ids=["plain", "flipped, thick slices", "coronal, sheared"],
)
def test_a_surface_lies_on_the_mask_in_mm(affine: np.ndarray) -> None:
    geometry = Geometry((24, 32, 40), affine, "")
    mask: Mask = ball(4)
    points = np.argwhere(mask.to_volume((24, 32, 40)))[:, ::-1]
    corners = geometry.lps_from_ijk(
        np.vstack([points + 0.5 * np.eye(3)[axis] * sense for axis in range(3) for sense in (-1, 1)])
    )
    bounds = np.array(surface_of(mask, geometry).GetBounds()).reshape(3, 2)
    voxel = geometry.spacing_ijk_mm
    assert np.abs(bounds[:, 0] - corners.min(axis=0)).max() < 0.4 * max(voxel)
    assert np.abs(bounds[:, 1] - corners.max(axis=0)).max() < 0.4 * max(voxel)
    middle = geometry.lps_from_ijk(CENTRE[::-1])
    assert np.abs(bounds.mean(axis=1) - middle).max() < 0.1 * max(voxel)
