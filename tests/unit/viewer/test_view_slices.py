"""A view of slices under a real mouse: what is painted where, and what the mouse does."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QWheelEvent
from pytestqt.qtbot import QtBot

from overread.core.series import VerdictKind
from overread.core.text import Language
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer.canvas.area import ViewArea, places_of
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.render import overlays
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.views import Plane
from overread.viewer.tools.measure import length_words
from overread_testkit import Kit, field_volume, loaded, series_for


def shown(qtbot: QtBot, kit: Kit, plane: Plane = Plane.AXIAL) -> SliceView:
    widget = SliceView(kit.view(plane), kit.services)
    widget.resize(600, 600)
    qtbot.addWidget(widget, before_close_func=lambda view: view.release_state())
    widget.show()
    return widget


def picture(widget: SliceView) -> QImage:
    return widget.grab().toImage()


def drag(
    qtbot: QtBot,
    widget: SliceView,
    start: QPoint,
    end: QPoint,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    qtbot.mousePress(widget, button, keys, start)
    for step in range(1, 6):
        qtbot.mouseMove(widget, start + (end - start) * step / 5)
    qtbot.mouseRelease(widget, button, keys, end)


def turn(widget: SliceView, notches: int, at: QPoint, keys: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(0, 0), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        keys, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    widget.wheelEvent(event)


@pytest.fixture
def kit() -> Kit:
    return Kit(loaded())


def test_a_known_voxel_lies_at_its_pixel(qtbot: QtBot) -> None:
    voxels = np.full((20, 40, 50), -1000, dtype=np.int16)
    voxels[12, 30, 8] = 1000
    volume = Volume(voxels, field_volume().geometry, "1.2.3")
    kit = Kit(loaded(volume, window=Window(0, 2000)))
    for plane, ijk in (
        (Plane.AXIAL, (8.0, 30.0, 12.0)),
        (Plane.CORONAL, (8.0, 30.0, 12.0)),
        (Plane.SAGITTAL, (8.0, 30.0, 12.0)),
    ):
        kit.state.go_to_ijk(ijk)
        kit.workspace.overlays.crosshair.set(False)
        widget = shown(qtbot, kit, plane)
        port = widget.port()
        assert port is not None
        x, y = port.point_of_ijk(ijk)
        image = picture(widget)
        assert image.pixelColor(round(x), round(y)).red() > 200
        assert image.pixelColor(round(x + 3 * port.scale[0]), round(y)).red() < 30


def test_the_wheel_goes_through_the_images(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    kit.state.show_slice(Plane.AXIAL, 10)
    turn(widget, -1, QPoint(300, 300), Qt.KeyboardModifier.NoModifier)
    assert kit.state.slice_index(Plane.AXIAL) == 9
    turn(widget, 3, QPoint(300, 300), Qt.KeyboardModifier.NoModifier)
    assert kit.state.slice_index(Plane.AXIAL) == 12


def test_ctrl_wheel_zooms_at_the_pointer(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    at = QPoint(420, 180)
    before = widget.port()
    assert before is not None
    zoom, place = before.zoom, before.ijk_at(at.x(), at.y())
    turn(widget, 2, at, Qt.KeyboardModifier.ControlModifier)
    after = widget.port()
    assert after is not None
    assert after.zoom == pytest.approx(zoom * 1.15**2)
    assert after.ijk_at(at.x(), at.y()) == pytest.approx(place, abs=1e-6)


def test_the_window_tool_changes_centre_and_width(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    drag(qtbot, widget, QPoint(200, 300), QPoint(500, 300))
    assert kit.state.window.value.width == pytest.approx(400 * np.e, rel=1e-6)
    assert kit.state.window.value.centre == 0
    kit.state.window.set(Window(0, 400))
    drag(qtbot, widget, QPoint(300, 200), QPoint(300, 350))
    assert kit.state.window.value.centre == pytest.approx(150 * 400 / 300)


def test_middle_pans_and_right_zooms(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    drag(qtbot, widget, QPoint(300, 300), QPoint(340, 280), Qt.MouseButton.MiddleButton)
    assert widget.view.pan.value == (40.0, -20.0)
    zoom = widget.view.zoom.value
    assert zoom is not None
    drag(qtbot, widget, QPoint(300, 300), QPoint(300, 200), Qt.MouseButton.RightButton)
    assert widget.view.zoom.value == pytest.approx(zoom * np.exp(0.5))


def test_the_other_profile_windows_with_the_right_button(qtbot: QtBot, kit: Kit) -> None:
    kit.services.profile.set("pacs_b")
    widget = shown(qtbot, kit)
    drag(qtbot, widget, QPoint(200, 300), QPoint(500, 300), Qt.MouseButton.RightButton)
    assert kit.state.window.value.width == pytest.approx(400 * np.e, rel=1e-6)


def test_a_short_right_click_asks_for_the_menu(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    with qtbot.waitSignal(widget.context_asked):
        qtbot.mouseClick(widget, Qt.MouseButton.RightButton, pos=QPoint(300, 300))


def test_a_length_is_right_in_mm(qtbot: QtBot, kit: Kit) -> None:
    kit.workspace.tool.set("length")
    widget = shown(qtbot, kit)
    port = widget.port()
    assert port is not None
    start, end = port.point_of_lps((-10, -15, 8)), port.point_of_lps((8, 9, 8))
    drag(qtbot, widget, QPoint(round(start[0]), round(start[1])), QPoint(round(end[0]), round(end[1])))
    (measured,) = kit.measured
    assert measured.unit == "mm"
    assert measured.value == pytest.approx(30.0, abs=0.2)
    assert np.array(measured.points_lps_mm[0])[:2] == pytest.approx([-10, -15], abs=0.1)


def test_without_mm_a_length_is_in_pixels(qtbot: QtBot) -> None:
    volume = field_volume()
    kit = Kit(loaded(volume, series_for(volume, VerdictKind.IMAGES, frozenset())))
    kit.workspace.tool.set("length")
    widget = shown(qtbot, kit, Plane.IMAGES)
    port = widget.port()
    assert port is not None
    start, end = port.point_at(10, 10), port.point_at(40, 10)
    drag(qtbot, widget, QPoint(round(start[0]), round(start[1])), QPoint(round(end[0]), round(end[1])))
    (measured,) = kit.measured
    assert measured.unit == "px"
    assert measured.value == pytest.approx(30, abs=0.3)
    assert overlays.scale_bar_mm(port) is None


def test_a_length_across_missing_images_is_marked(qtbot: QtBot) -> None:
    volume = field_volume()
    state = loaded(Volume(volume.voxels, volume.geometry, "1.2.3", holes=frozenset({9})))
    kit = Kit(state)
    kit.workspace.tool.set("length")
    widget = shown(qtbot, kit, Plane.CORONAL)
    port = widget.port()
    assert port is not None
    for first, last in ((6.0, 12.0), (11.0, 17.0)):
        start, end = port.point_of_ijk((20, 20, first)), port.point_of_ijk((24, 20, last))
        drag(qtbot, widget, QPoint(round(start[0]), round(start[1])), QPoint(round(end[0]), round(end[1])))
    assert [one.across_gap for one in kit.measured] == [True, False]
    assert length_words(kit.words, 12.34, "mm", across_gap=True) == "12.3 mm across missing images"


def test_a_click_is_no_length(qtbot: QtBot, kit: Kit) -> None:
    kit.workspace.tool.set("length")
    widget = shown(qtbot, kit)
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    assert kit.measured == []


def test_shift_move_lets_all_planes_meet_under_the_pointer(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    port = widget.port()
    assert port is not None
    x, y = port.point_of_ijk((12.0, 20.0, 10.0))
    event_point = QPoint(round(x), round(y))
    # A move with Shift held, which qtbot cannot send.
    widget.mouseMoveEvent(
        QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(event_point),
            QPointF(widget.mapToGlobal(event_point)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ShiftModifier,
        )
    )
    assert kit.state.place_ijk.value == pytest.approx((12.0, 20.0, 10.0), abs=0.1)


def test_the_scale_bar_is_as_long_as_it_says(qtbot: QtBot, kit: Kit) -> None:
    port = shown(qtbot, kit).port()
    assert port is not None
    assert overlays.scale_bar_mm(port) == 10
    assert 10 * port.zoom >= 0.13 * 600


def test_corner_text_is_readable_over_white(qtbot: QtBot) -> None:
    white = Volume(np.full((20, 40, 50), 3000, dtype=np.int16), field_volume().geometry, "1.2.3")
    kit = Kit(loaded(white))
    widget = shown(qtbot, kit)
    widget.view.zoom.set(40.0)
    image = picture(widget)
    corner = [image.pixelColor(x, y).lightness() for x in range(8, 120) for y in range(6, 20)]
    assert min(corner) < 110
    assert max(corner) > 200
    assert image.pixelColor(300, 200) == QColor(255, 255, 255)


def test_held_space_hides_everything_that_is_drawn_over(qtbot: QtBot) -> None:
    black = Volume(np.full((20, 40, 50), -3000, dtype=np.int16), field_volume().geometry, "1.2.3")
    kit = Kit(loaded(black))
    widget = shown(qtbot, kit)
    assert max(picture(widget).pixelColor(x, 14).lightness() for x in range(10, 120)) > 150
    kit.workspace.overlays.held_hidden.set(True)
    image = picture(widget)
    assert max(image.pixelColor(x, y).lightness() for x in range(0, 600, 3) for y in range(0, 600, 3)) == 0


def test_an_image_that_is_not_there_is_never_black(qtbot: QtBot) -> None:
    volume = field_volume()
    state = loaded(Volume(volume.voxels, volume.geometry, "1.2.3", holes=frozenset({5})))
    kit = Kit(state)
    widget = shown(qtbot, kit)
    kit.workspace.overlays.crosshair.set(False)
    for slice_k, loading in ((5, False), (7, True)):
        state.loaded[:] = True
        state.loaded[7] = not loading
        state.show_slice(Plane.AXIAL, slice_k)
        shades = {picture(widget).pixelColor(x, 250).name() for x in range(150, 250)}
        assert "#1e1f22" in shades
        assert len(shades) > 1


def test_a_hole_across_the_slices_is_hatched_and_does_not_darken_its_neighbours(qtbot: QtBot) -> None:
    voxels = np.full((20, 40, 50), 1000, dtype=np.int16)
    voxels[8:11] = -32768
    volume = Volume(voxels, field_volume().geometry, "1.2.3", holes=frozenset({8, 9, 10}))
    kit = Kit(loaded(volume, window=Window(0, 2000)))
    kit.workspace.overlays.crosshair.set(False)
    for plane in (Plane.CORONAL, Plane.SAGITTAL):
        widget = shown(qtbot, kit, plane)
        port = widget.port()
        assert port is not None
        image = picture(widget)

        def grey(k: float, image: QImage = image, port: Viewport = port, plane: Plane = plane) -> int:
            ijk = (30.0, 20.0, k) if plane is Plane.CORONAL else (25.0, 30.0, k)
            x, y = port.point_of_ijk(ijk)
            return image.pixelColor(round(x), round(y)).lightness()

        assert [grey(k) for k in (7.0, 7.4, 10.6, 11.0)] == [255] * 4
        assert max(grey(k) for k in (8.0, 8.3, 9.6, 10.3)) < 100


def test_the_badge_says_why_when_it_is_clicked(qtbot: QtBot) -> None:
    volume = field_volume()
    kit = Kit(loaded(volume, series_for(volume, VerdictKind.WARN)))
    widget = shown(qtbot, kit)
    picture(widget)
    area = widget._painter.badge_area
    assert area is not None
    with qtbot.waitSignal(widget.why_clicked) as caught:
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert caught.args[0].verdict.codes == ("gantry-tilt",)
    assert kit.state.window.value == Window(0, 400)


def test_a_quiet_volume_has_no_badge(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    picture(widget)
    assert widget._painter.badge_area is None


def test_the_corner_words(qtbot: QtBot, kit: Kit) -> None:
    widget = shown(qtbot, kit)
    kit.state.show_slice(Plane.AXIAL, 12)
    port = widget.port()
    assert port is not None
    text = widget._painter.corner_text(port)
    assert text.top_left == ("Doe, Jane", "P1", "1960-01-02 · F")
    assert text.top_right == ("Axial 8/20", "I 6.0 mm", "Series 2 · Lung", "2026-01-02")
    assert text.bottom_left[0] == "W 400 L 0"
    kit.words.current.set("zh")
    assert widget._painter.corner_text(port).top_right[0] == "轴位 8/20"


@pytest.fixture
def area(qtbot: QtBot) -> tuple[ViewArea, Kit]:
    kit = Kit(loaded(), Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
    widget = ViewArea(kit.services)
    qtbot.addWidget(widget, before_close_func=lambda one: one.close_views())
    widget.resize(1032, 820)
    kit.workspace.views.set(tuple(kit.views))
    widget.show()
    return widget, kit


def test_a_double_click_shows_one_view_alone_and_back(qtbot: QtBot, area: tuple[ViewArea, Kit]) -> None:
    widget, kit = area
    qtbot.mouseDClick(widget.views[1], Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert [view.isVisible() for view in widget.views] == [False, True, False]
    assert widget.views[1].geometry() == widget.rect()
    qtbot.mouseDClick(widget.views[1], Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert [view.isVisible() for view in widget.views] == [True, True, True]
    assert kit.workspace.active.value == 1


def test_the_layouts() -> None:
    chest = places_of("chest", 3, QRect(0, 0, 1032, 820))
    assert (chest[0].width(), chest[1].width(), chest[1].height()) == (680, 351, 409)
    portrait = places_of("chest", 3, QRect(0, 0, 1000, 1400))
    assert portrait[0] == QRect(0, 0, 1000, 840)
    assert portrait[1].top() == 841
    four = places_of("2x2", 4, QRect(0, 0, 1001, 801))
    assert [place.size().toTuple() for place in four] == [(500, 400)] * 4
    assert places_of("1", 1, QRect(0, 0, 10, 20)) == [QRect(0, 0, 10, 20)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [291, 351, 680])
def test_the_bottom_letter_and_the_words_beside_it_never_meet(
    qtbot: QtBot, kit: Kit, monkeypatch: pytest.MonkeyPatch, language: Language, width: int
) -> None:
    drawn: list[tuple[str, QRectF]] = []

    plate_text = overlays.plate_text

    def noted(painter: QPainter, x: float, y: float, text: str, **where: bool) -> QRectF:
        drawn.append((text, plate_text(painter, x, y, text, **where)))
        return drawn[-1][1]

    monkeypatch.setattr(overlays, "plate_text", noted)
    kit.words.current.set(language)
    widget = shown(qtbot, kit, Plane.CORONAL)
    widget.resize(width, 300)
    drawn.clear()
    picture(widget)
    letters = [area for text, area in drawn if text in ("H", "F", "R", "L")]
    assert len(letters) == 4
    for letter in letters:
        assert [text for text, area in drawn if area != letter and area.intersects(letter)] == []
