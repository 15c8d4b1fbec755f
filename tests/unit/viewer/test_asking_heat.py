"""The map over the images: at its place in mm, nothing below the threshold; and the mask that is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from finding_kit import ball, grid_volume
from overread.core.geometry import Geometry
from overread.core.journal import Journal
from overread.core.store import ReadingStore
from overread.viewer.canvas.area import ViewArea
from overread.viewer.canvas.heat_bar import HeatBar
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.presenters.heat import MapDesk, Maps, NoPieceError, mask_at, own_finding
from overread.viewer.render.heatmap import colours, map_plane, table
from overread.viewer.render.planes import grid_at
from overread.viewer.state.marks import Heat, heat_level
from overread.viewer.state.views import Plane
from overread_testkit import Kit, field_volume, loaded, series_for
from steps import Steps

COARSE = np.array([[1.6, 0, 0, -20.0], [0, 2.0, 0, -25.0], [0, 0, 4.0, -30.0], [0, 0, 0, 1]])
"""The grid of ``field_volume`` with every other voxel."""


def coarse_heat(value: int = 200) -> Heat:
    """A map on a coarser grid, one voxel of which is set: the one at (i, j, k) = (10, 8, 5)."""
    values = np.zeros((10, 20, 25), dtype=np.uint8)
    values[5, 8, 10] = value
    return Heat(values, Geometry((10, 20, 25), COARSE), "card.lung-nodule.heatmap", "1.2.3")


def test_viridis_runs_from_blue_to_yellow_and_nothing_is_drawn_below_the_threshold() -> None:
    ends = [QColor(int(colours()[value]) & 0xFFFFFF).name().upper() for value in (0, 51, 204, 255)]
    assert ends == ["#440154", "#414487", "#7AD151", "#FDE725"]
    # 0.3 of 255 is 76.5: 77 is the least value above it.
    assert heat_level(0.3) == 77
    assert table(0.3)[76] == 0
    assert table(0.3)[77] == colours()[77]
    # Below a quarter viridis is too dark to be seen: no threshold goes lower.
    assert heat_level(0.0) == 64


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
def test_a_map_lies_at_its_place_in_every_plane(plane: Plane) -> None:
    volume = field_volume()
    heat = coarse_heat()
    # Voxel (10, 8, 5) of the map lies at LPS (-4, -9, -10): voxel (20, 16, 10) of the images.
    i, j, k = volume.geometry.ijk_from_lps((-4.0, -9.0, -10.0))
    assert (i, j, k) == pytest.approx((20, 16, 10))
    index = {Plane.AXIAL: 10, Plane.CORONAL: 16, Plane.SAGITTAL: 20}[plane]
    grid = grid_at(volume.geometry, plane, index)
    cut = map_plane(heat, grid)
    column, row = (round(place) for place in grid.pixel((20.0, 16.0, 10.0)))
    assert cut.shape == (grid.rows, grid.columns)
    assert int(cut[row, column]) == 200
    # Halfway to the next voxel of the map it is half, beyond that nothing.
    assert abs(int(cut[row, column + 1]) - 100) <= 1
    assert int(cut[row, column + 2]) == 0
    assert not map_plane(heat, grid_at(volume.geometry, plane, index + 2)).any()


def test_the_pixel_under_the_map_is_viridis_over_grey(qtbot: QtBot) -> None:
    kit = Kit(loaded(), Plane.AXIAL)
    view = SliceView(kit.views[0], kit.services)
    qtbot.addWidget(view)
    view.resize(500, 500)
    kit.state.go_to_lps_mm((-4.0, -9.0, -10.0))
    kit.workspace.overlays.crosshair.set(False)
    port = view.port()
    assert port is not None
    x, y = (round(value) for value in port.point_of_lps((-4.0, -9.0, -10.0)))
    far = (round(port.point_of_lps((-12.0, -9.0, -10.0))[0]), y)
    plain = view.grab().toImage()
    flat = coarse_heat()
    flat.values[4:7, 7:10, 9:12] = 255
    kit.workspace.marks.heat.set(flat)
    assert view.grab().toImage() == plain
    kit.workspace.overlays.heatmap.set(True)
    shown = view.grab().toImage()
    grey, yellow, mixed = plain.pixelColor(x, y), QColor("#FDE725"), shown.pixelColor(x, y)
    for name in ("red", "green", "blue"):
        wanted = 0.6 * getattr(grey, name)() + 0.4 * getattr(yellow, name)()
        assert abs(getattr(mixed, name)() - wanted) <= 2
    assert shown.pixelColor(*far) == plain.pixelColor(*far)
    kit.workspace.overlays.held_hidden.set(True)
    assert view.grab().toImage().pixelColor(x, y) == grey
    kit.workspace.overlays.held_hidden.set(False)
    kit.workspace.marks.heat.set(Heat(coarse_heat().values, coarse_heat().geometry, "", "another series"))
    assert view.grab().toImage() == plain
    view.release_state()


def test_the_bar_names_the_map_and_sets_threshold_and_opacity(qtbot: QtBot) -> None:
    kit = Kit(loaded())
    area = ViewArea(kit.services)
    qtbot.addWidget(area)
    area.resize(900, 700)
    kit.workspace.views.set((kit.view(Plane.AXIAL),))
    bar = HeatBar(area, kit.workspace, kit.words)
    with qtbot.waitExposed(area):
        area.show()
    assert not bar.isVisible()
    kit.workspace.marks.heat.set(coarse_heat())
    kit.workspace.overlays.heatmap.set(True)
    assert bar.isVisible()
    assert bar.geometry().right() < area.width()
    top, bottom = bar.bar_ends()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() - 16, round((top + bottom) / 2)))
    # The bar runs from 0.25 to 1: its middle is 0.625.
    assert kit.workspace.marks.heat_threshold.value == pytest.approx(0.625, abs=0.01)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(10, bar.height() - 10))
    assert kit.workspace.marks.heat_opacity.value == pytest.approx(0.1)
    kit.workspace.overlays.held_hidden.set(True)
    assert not bar.isVisible()
    area.close_views()
    area.close()


def ball_heat() -> Heat:
    """Two balls on the grid of ``grid_volume``, 200 inside and 90 in a shell around the first."""
    volume = grid_volume()
    shape = volume.geometry.shape_kji
    values = np.zeros(shape, dtype=np.uint8)
    values[ball(5).to_volume(shape)] = 90
    values[ball(3).to_volume(shape)] = 200
    values[ball(2, (10, 24, 30)).to_volume(shape)] = 200
    return Heat(values, volume.geometry, "card.lung-nodule.heatmap", "1.2.3")


def test_the_piece_of_the_map_at_a_place_becomes_a_mask() -> None:
    volume = grid_volume()
    assert mask_at(ball_heat(), (14.0, 12.0, 10.0), 0.5, volume) == ball(3)
    assert mask_at(ball_heat(), (14.0, 12.0, 10.0), 0.3, volume) == ball(5)
    assert mask_at(ball_heat(), (30.0, 24.0, 10.0), 0.3, volume) == ball(2, (10, 24, 30))
    # 2 mm beside the ball is near enough, 10 mm is not.
    assert mask_at(ball_heat(), (14.0, 12.0, 15.0), 0.5, volume) == ball(3)
    with pytest.raises(NoPieceError, match="Nothing of the map lies above the threshold here"):
        mask_at(ball_heat(), (14.0, 12.0, 20.0), 0.5, volume)


def test_a_coarse_map_is_carried_to_the_grid_of_the_images() -> None:
    volume = field_volume()
    mask = mask_at(coarse_heat(200), (-4.0, -9.0, -10.0), 0.6, volume)
    # Linear between voxels of the map the value falls from 200 to 100 at the next voxel of the images: below 153.
    assert mask.box == ((10, 11), (16, 17), (20, 21))
    mask = mask_at(coarse_heat(200), (-4.0, -9.0, -10.0), 0.3, volume)
    # 100 along one axis is above 76.5, 50 along two is not: the voxel and its six neighbours.
    assert mask.voxels == 7
    finding = own_finding(mask, volume, series_for(volume), "Reader 1", 2)
    assert finding.tag == "B"
    assert finding.measures.centre_lps_mm == pytest.approx((-4.0, -9.0, -10.0))
    assert finding.measures.volume_mm3 == pytest.approx(7 * 0.8 * 1.0 * 2.0)
    assert str(finding.state) == "added"


def test_a_map_that_is_everywhere_is_no_place() -> None:
    volume = grid_volume((100, 100, 100))
    heat = Heat(np.full((100, 100, 100), 200, dtype=np.uint8), volume.geometry, "", "1.2.3")
    with pytest.raises(NoPieceError, match="Raise the threshold"):
        mask_at(heat, (50.0, 50.0, 50.0), 0.3, volume)


def test_a_thin_piece_that_reaches_far_is_no_place_and_one_at_the_edge_of_the_map_is() -> None:
    volume = grid_volume((4, 4, 300))
    values = np.zeros((4, 4, 300), dtype=np.uint8)
    values[2, 2, :] = 200
    with pytest.raises(NoPieceError, match="Raise the threshold"):
        mask_at(Heat(values, volume.geometry, "", "1.2.3"), (150.0, 2.0, 2.0), 0.3, volume)
    values[2, 2, 40:] = 0
    mask = mask_at(Heat(values, volume.geometry, "", "1.2.3"), (10.0, 2.0, 2.0), 0.3, volume)
    assert mask.box == ((2, 3), (2, 3), (0, 40))
    with pytest.raises(NoPieceError, match="Nothing of the map"):
        mask_at(Heat(values, volume.geometry, "", "1.2.3"), (-900.0, 2.0, 2.0), 0.3, volume)


def test_of_many_maps_the_oldest_go_but_never_the_one_in_hand(tmp_path: Path) -> None:
    kit = Kit(loaded())
    steps = Steps()
    store = ReadingStore(Journal(tmp_path / "j.sqlite"), steps.lane, steps.post, lambda _told: None)
    desk = MapDesk(steps, kit.workspace, store, lambda: False, lambda _kind, _told: None)
    maps = Maps(desk, most_bytes=3 * 5000)
    first = coarse_heat()
    assert first.values.nbytes == 5000
    maps.show_for(kit.state)
    keys = [kit.state.series.key, "b", "c", "d", "e"]
    for key in keys:
        maps.keep(Heat(first.values, first.geometry, "", key))
    assert [key for key in keys if maps.has(key)] == [kit.state.series.key, "d", "e"]
