"""Two axes, angles and ellipses under a real mouse: mm, degrees and values that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from overread.core.edits import Measure, decode, encode
from overread.core.geometry import Triple
from overread.core.series import VerdictKind
from overread.core.volume import Volume
from overread.core.window import Window
from overread.viewer import shell
from overread.viewer.canvas.slice_view import SliceView
from overread.viewer.render.overlays import DrawnMeasurement
from overread.viewer.state.views import Plane, VolumeState
from overread.viewer.tools.shapes import measured_words, shape_tools, short_text
from overread_testkit import Kit, field_volume, loaded, series_for


class Desk:
    """A view with the tools of shapes; points are given in patient mm."""

    def __init__(self, qtbot: QtBot, volume: Volume, plane: Plane = Plane.AXIAL, *, has_mm: bool = True) -> None:
        self.qtbot = qtbot
        series = series_for(volume) if has_mm else series_for(volume, VerdictKind.IMAGES, frozenset())
        self.kit = Kit(loaded(volume, series, Window(0, 400)))
        tools = {tool.id: tool for tool in shape_tools(self.kit.words, self.kit.measured.append)}
        self.kit.services.tools = {**self.kit.services.tools, **tools}
        self.widget = SliceView(self.kit.view(plane), self.kit.services)
        self.widget.resize(600, 600)
        self.widget.set_active(True)
        qtbot.addWidget(self.widget, before_close_func=lambda view: view.release_state())
        self.widget.show()

    def take(self, tool: str) -> None:
        self.kit.workspace.tool.set(tool)

    def at(self, lps_mm: Triple) -> QPoint:
        port = self.widget.port()
        assert port is not None
        x, y = port.point_of_lps(lps_mm)
        return QPoint(round(x), round(y))

    def drag(self, start: Triple, end: Triple) -> None:
        first, last = self.at(start), self.at(end)
        self.qtbot.mousePress(self.widget, Qt.MouseButton.LeftButton, pos=first)
        for step in range(1, 4):
            self.qtbot.mouseMove(self.widget, first + (last - first) * step / 3)
        self.qtbot.mouseRelease(self.widget, Qt.MouseButton.LeftButton, pos=last)

    def click(self, place: Triple) -> None:
        self.qtbot.mouseClick(self.widget, Qt.MouseButton.LeftButton, pos=self.at(place))

    @property
    def draft(self) -> DrawnMeasurement | None:
        return self.kit.services.tools[self.kit.workspace.tool.value].draft.value


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    return Desk(qtbot, field_volume())


def test_two_axes_stand_at_right_angles(desk: Desk) -> None:
    desk.take("bidirectional")
    desk.drag((-10, -5, 0), (6, -5, 0))
    assert desk.kit.measured == []
    assert desk.draft is not None
    # The second drag is not quite across: only what runs across counts.
    desk.drag((0, -11, 0), (3, 1, 0))
    (measured,) = desk.kit.measured
    assert (measured.kind, measured.unit) == ("bidirectional", "mm")
    assert measured.value == pytest.approx(16, abs=0.2)
    (short,) = measured.values
    assert (short.name, short.unit) == ("short", "mm")
    assert short.value == pytest.approx(12, abs=0.2)
    long, across = (np.subtract(measured.points_lps_mm[n + 1], measured.points_lps_mm[n]) for n in (0, 2))
    assert long @ across == pytest.approx(0, abs=1e-6)
    assert desk.draft is None
    one = shell.as_measurement(measured, "2.25.1")
    assert short_text(one) == f"{measured.value:.1f} × {short.value:.1f} mm"


def test_the_longer_line_is_the_long_axis(desk: Desk) -> None:
    desk.take("bidirectional")
    desk.drag((-4, -5, 0), (4, -5, 0))
    desk.drag((0, -15, 0), (0, 5, 0))
    (measured,) = desk.kit.measured
    assert measured.value == pytest.approx(20, abs=0.2)
    assert measured.values[0].value == pytest.approx(8, abs=0.2)


def test_an_angle_in_the_patient(desk: Desk) -> None:
    desk.take("angle")
    desk.drag((10, -5, 0), (-5, -5, 0))
    desk.qtbot.mouseMove(desk.widget, desk.at((0, 0, 0)))
    assert desk.draft is not None
    assert (desk.draft.kind, len(desk.draft.points_lps_mm)) == ("angle", 3)
    # Voxels are 0.8 x 1.0 mm: the angle is that of the patient, not of the pixels.
    desk.click((4, 4, 0))
    (measured,) = desk.kit.measured
    assert measured.value == pytest.approx(45, abs=1)
    one = shell.as_measurement(measured, "2.25.1")
    assert short_text(one) == f"{measured.value:.1f}°"


def test_half_a_figure_is_forgotten_with_the_slice_and_with_the_tool(desk: Desk) -> None:
    desk.take("angle")
    desk.drag((10, -5, 0), (-5, -5, 0))
    desk.kit.state.step_image(Plane.AXIAL, 1)
    desk.click((4, 4, 0))
    assert desk.kit.measured == []
    desk.drag((10, -5, 0), (-5, -5, 0))
    desk.take("window")
    desk.take("angle")
    desk.click((4, 4, 0))
    assert desk.kit.measured == []


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.SAGITTAL])
def test_an_ellipse_holds_the_pixels_in_it(qtbot: QtBot, plane: Plane) -> None:
    base = field_volume()
    voxels = np.zeros((20, 40, 50), dtype=np.int16)
    voxels[:, 10:21, 20:31] = 100
    voxels[:, 15, 25] = 400
    volume = Volume(voxels, base.geometry, "1.2.3")
    desk = Desk(qtbot, volume, plane)
    desk.kit.state.go_to_ijk((25, 15, 10))
    desk.take("roi")
    middle = np.array(base.geometry.lps_from_ijk((25, 15, 10)))
    reach = np.array((3.3, 4.2, 0)) if plane is Plane.AXIAL else np.array((0, 4.2, 6.3))
    desk.drag(tuple(middle - reach), tuple(middle + reach))
    (measured,) = desk.kit.measured
    more = {one.name: one for one in measured.values}
    # Half axes of 3.3 x 4.2 mm in pixels of 0.8 x 1.0 mm; 4.2 x 6.3 mm in pixels of 1.0 x 2.0 mm.
    half = (3.3 / 0.8, 4.2) if plane is Plane.AXIAL else (4.2, 6.3 / 2)
    inside = [
        (a, b) for a in range(-5, 6) for b in range(-5, 6) if (a / half[0]) ** 2 + (b / half[1]) ** 2 <= 1
    ]  # fmt: skip
    bright = [(a, b) for a, b in inside if (a == 0 if plane is Plane.SAGITTAL else (a, b) == (0, 0))]
    values = [400.0] * len(bright) + [100.0] * (len(inside) - len(bright))
    assert measured.value == pytest.approx(np.mean(values), abs=3)
    assert more["sd"].value == pytest.approx(np.std(values), abs=3)
    assert (more["min"].value, more["max"].value, more["sd"].unit) == (100.0, 400.0, "HU")
    assert more["area"].value == pytest.approx(math.pi * np.prod(reach[reach > 0]), rel=0.03)
    assert more["area"].unit == "mm²"
    shown = measured_words(desk.kit.words, shell.as_measurement(measured, "2.25.1")).split("\n")
    assert shown[0] == f"mean {measured.value:.0f}, SD {more['sd'].value:.0f} HU"
    assert shown[1] == "min 100, max 400 HU"


def test_an_ellipse_leaves_out_what_holds_no_value(qtbot: QtBot) -> None:
    base = field_volume()
    voxels = np.full((20, 40, 50), 50, dtype=np.int16)
    voxels[9] = -32768
    voxels[:, 15, 25] = -3024
    desk = Desk(
        qtbot, Volume(voxels, base.geometry, "1.2.3", holes=frozenset({9}), padding_value=-3024), Plane.CORONAL
    )
    desk.kit.state.go_to_ijk((25, 15, 10))
    desk.take("roi")
    middle, reach = np.array(base.geometry.lps_from_ijk((25, 15, 10))), np.array((4, 0, 7))
    desk.drag(tuple(middle - reach), tuple(middle + reach))
    (measured,) = desk.kit.measured
    assert (measured.value, measured.across_gap) == (50.0, True)
    desk.kit.measured.clear()
    desk.drag(tuple(middle - (4, 0, 2.6)), tuple(middle - (-4, 0, 1.4)))
    assert desk.kit.measured == []


def test_without_mm_shapes_are_in_pixels(qtbot: QtBot) -> None:
    desk = Desk(qtbot, field_volume(), Plane.IMAGES, has_mm=False)
    desk.take("roi")
    port = desk.widget.port()
    assert port is not None
    start, end = port.lps_at(*port.point_at(10, 10)), port.lps_at(*port.point_at(30, 20))
    desk.drag(start, end)
    (measured,) = desk.kit.measured
    area = measured.values[-1]
    assert area.unit == "px²"
    assert area.value == pytest.approx(math.pi * 10 * 5, rel=0.02)


def test_a_shape_comes_back_from_the_journal_and_an_old_length_too(desk: Desk) -> None:
    desk.take("roi")
    desk.drag((-8, -10, 0), (2, 0, 0))
    one = shell.as_measurement(desk.kit.measured[0], "2.25.1")
    assert decode(encode(Measure(one))[0]) == Measure(one)
    old = (
        '{"type":"measure","measurement":{"uid":"1","kind":"length","points_lps_mm":[[0,0,0],[3,4,0]],"value":5.0,'
        '"unit":"mm","series_uid":"1.2"}}'
    )
    edit = decode(old)
    assert isinstance(edit, Measure)
    assert edit.measurement.values == ()


AXES: tuple[Triple, ...] = ((-8, -5, 0), (4, -5, 0), (-2, -9, 0), (-2, -1, 0))


@pytest.mark.parametrize(
    ("drawn", "on"),
    [
        (DrawnMeasurement(AXES, "mean 1\nmin 0", "roi"), (-2, -9, 0)),
        (DrawnMeasurement(AXES, "12.0 × 8.0 mm", "bidirectional"), (-2, -7, 0)),
        (DrawnMeasurement(((-8, -5, 0), (4, -5, 0), (4, 5, 0)), "90.0°", "angle"), (4, 0, 0)),
    ],
)
def test_shapes_are_drawn_where_they_are(qtbot: QtBot, desk: Desk, drawn: DrawnMeasurement, on: Triple) -> None:
    def measurements(_state: VolumeState, _plane: Plane, _index: int) -> tuple[DrawnMeasurement, ...]:
        return (drawn,)

    desk.kit.workspace.overlays.crosshair.set(False)
    desk.kit.services.measurements = measurements
    widget = SliceView(desk.widget.view, desk.kit.services)
    widget.resize(600, 600)
    qtbot.addWidget(widget, before_close_func=lambda view: view.release_state())
    widget.show()
    image, at = widget.grab().toImage(), desk.at(on)
    near = [image.pixelColor(at.x() + a, at.y() + b).lightness() for a in range(-3, 4) for b in range(-3, 4)]
    assert max(near) > 200
    # The dark line under it.
    assert min(near) < 80
