"""One picture of one plane, as the window shows it and as ``overread snapshot`` writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen

from overread.core.geometry import place_letters_mm
from overread.core.series import Series, VerdictKind
from overread.core.text import Sentence, number, sentence
from overread.core.window import Window
from overread.viewer.render import overlays
from overread.viewer.render.heatmap import HeatPainter
from overread.viewer.render.lut import grey_pixels, image_of, window_table
from overread.viewer.render.marks import MarkPainter
from overread.viewer.render.overlays import CornerText, DrawnMeasurement
from overread.viewer.render.palette import colour
from overread.viewer.render.planes import plane_pixels
from overread.viewer.render.shapes import draw_measurement
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.views import PLANE_LPS_AXIS, Overlays, Plane, VolumeState

CROSSHAIR_GAP = 22.0
LOCATOR_FROM = 1.15
"""The locator shows when the zoom is above this many times the fit."""
LOCATOR_LEAST = 400.0
"""Views smaller than this have no room for it."""
FAMILIES = ("Inter", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "Microsoft YaHei UI", "DejaVu Sans")

Measurements = Callable[[VolumeState, Plane, int], Sequence[DrawnMeasurement]]


@dataclass(slots=True)
class Picture:
    """The grey picture of a pane, kept until its slice, its window or its pixels change."""

    image: QImage | None = None
    scaled_key: tuple[object, ...] = ()
    scaled: QImage | None = None
    """The picture as large as it stands in its view: what is drawn over it changes more often than it does."""
    table_key: tuple[object, ...] = ()
    table: NDArray[np.uint32] | None = None
    plane_key: tuple[object, ...] = ()
    plane: NDArray[np.generic] | None = None

    def of(self, port: Viewport) -> QImage:
        """The picture for a viewport; made anew only as far as something changed."""
        state, volume, window = port.state, port.state.volume, port.state.window.value
        plane_key = (id(state), port.grid.origin_ijk, port.grid.column_ijk, port.grid.row_ijk, state.revision.value)
        if plane_key != self.plane_key or self.plane is None:
            self.plane, self.plane_key = plane_pixels(volume, port.grid, nearest_present(state)), plane_key
            self.image = None
        table_key = (id(state), _window_key(window))
        if table_key != self.table_key or self.table is None:
            self.table, self.table_key = window_table(window, volume), table_key
            self.image = None
        if self.image is None:
            self.image = image_of(grey_pixels(self.plane, self.table, window, volume))
        return self.image

    def draw(self, painter: QPainter, port: Viewport, area: QRectF) -> None:
        """Draw the picture into an area of the view, smoothly enlarged."""
        image, ratio = self.of(port), painter.device().devicePixelRatioF()
        key = (image.cacheKey(), area.getRect(), port.width, port.height, ratio)
        if key != self.scaled_key or self.scaled is None:
            size = QSize(round(port.width * ratio), round(port.height * ratio))
            self.scaled, self.scaled_key = QImage(size, QImage.Format.Format_RGB32), key
            self.scaled.setDevicePixelRatio(ratio)
            self.scaled.fill(colour("view"))
            inner = QPainter(self.scaled)
            inner.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            inner.setRenderHint(QPainter.RenderHint.Antialiasing)
            inner.drawImage(area, image)
            inner.end()
        painter.drawImage(QPointF(0, 0), self.scaled)


def _window_key(window: Window) -> tuple[object, ...]:
    return window.centre, window.width, window.function


@dataclass(slots=True)
class SlicePainter:
    """Paints one view. ``seen`` tells per plane which slices were shown."""

    words: Words
    overlays: Overlays
    measurements: Measurements
    marks: MarkPainter | None = None
    text_scale: float = 1.0
    is_key_image: Callable[[VolumeState], bool] = lambda _state: False
    heat: HeatPainter | None = None
    picture: Picture = field(default_factory=Picture)
    badge_area: QRectF | None = None
    seen: dict[tuple[int, Plane], NDArray[np.bool_]] = field(default_factory=dict)

    def paint(self, painter: QPainter, port: Viewport, *, active: bool, draft: DrawnMeasurement | None) -> None:
        """The whole view: image, then everything over it unless it is held hidden."""
        whole = QRectF(0, 0, port.width, port.height)
        painter.fillRect(whole, colour("view"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(overlays.image_font(FAMILIES, 11 * self.text_scale))
        self._image(painter, port)
        self.badge_area = None
        if not self.overlays.held_hidden.value:
            self._over(painter, port, draft)
        if active:
            painter.setPen(QPen(colour("accent"), 2))
            painter.drawRect(whole.adjusted(1, 1, -1, -1))

    def _image(self, painter: QPainter, port: Viewport) -> None:
        left, top = port.corner
        across, down = port.scale
        area = QRectF(left, top, port.grid.columns * across, port.grid.rows * down)
        k = self._own_slice(port)
        if k is not None and k in port.state.volume.holes:
            overlays.hatch(painter, area, self.words("view.hole"))
            return
        if not (port.state.loaded.any() if k is None else port.state.loaded[k]):
            overlays.hatch(painter, area, self.words("view.loading"))
            return
        self.picture.draw(painter, port, area)
        if k is None:
            self._missing_rows(painter, port)
        self._mark_seen(port)

    def _own_slice(self, port: Viewport) -> int | None:
        """The stored slice k that this plane shows; None when the plane cuts through many."""
        return int(port.grid.origin_ijk[2]) if port.grid.column_ijk[2] == 0 and port.grid.row_ijk[2] == 0 else None

    def _is_absent(self, port: Viewport) -> bool:
        k = self._own_slice(port)
        return k is not None and bool(absent_slices(port.state)[k])

    def _missing_rows(self, painter: QPainter, port: Viewport) -> None:
        """In planes across the slices: hatch where no slice is, or is not there yet."""
        absent = absent_slices(port.state)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], absent.view(np.int8), [0]])))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            area = _band(port, first - 0.5, last - 0.5)
            words = self.words("view.loading" if not port.state.loaded[first] else "view.outside-scan")
            overlays.hatch(painter, area, words if area.height() > 20 and area.width() > 60 else "")

    def _mark_seen(self, port: Viewport) -> None:
        plane = port.view.plane.value
        key = (id(port.state), plane)
        if key not in self.seen:
            self.seen[key] = np.zeros(port.state.slice_count(plane), dtype=np.bool_)
        self.seen[key][port.state.slice_index(plane)] = True

    def _over(self, painter: QPainter, port: Viewport, draft: DrawnMeasurement | None) -> None:
        plane = port.view.plane.value
        if self.overlays.shown.value:
            if self.heat is not None and not self._is_absent(port):
                self.heat.paint(painter, port)
            if self.overlays.crosshair.value and port.state.has_planes:
                opened = 0.0 if self.marks is None else self.marks.gap(port)
                overlays.draw_crosshair(painter, port, CROSSHAIR_GAP + opened)
            if self.marks is not None:
                self.marks.paint(painter, port)
            for line in self.measurements(port.state, plane, port.state.slice_index(plane)):
                draw_measurement(painter, port, line)
        if draft is not None:
            draw_measurement(painter, port, draft)
        self._locator(painter, port)
        text = self.corner_text(port)
        self.badge_area = overlays.draw_corners(painter, port.width, port.height, text)
        away = overlays.letter_lines(QFontMetricsF(painter.font()), port.width, text)
        painter.setFont(overlays.image_font(FAMILIES, 13 * self.text_scale))
        if port.state.has_planes or port.state.volume.geometry.frame_of_reference_uid or port.state.has_mm:
            overlays.draw_letters(painter, port, away)
        painter.setFont(overlays.image_font(FAMILIES, 11 * self.text_scale))
        overlays.draw_scale_bar(painter, port, self.words("view.no-mm"))
        seen = self.seen.get((id(port.state), plane))
        if seen is not None:
            overlays.draw_rail(painter, port, _in_rail_order(seen, port), port.state.image_number(plane) - 1)
        if self.marks is not None and self.overlays.shown.value:
            self.marks.paint_ticks(painter, port)

    def _locator(self, painter: QPainter, port: Viewport) -> None:
        if port.zoom < port.fit * LOCATOR_FROM or min(port.width, port.height) < LOCATOR_LEAST:
            return
        if self.picture.image is not None:
            overlays.draw_locator(painter, port, self.picture.image, port.height - 46 * self.text_scale)

    def corner_text(self, port: Viewport) -> CornerText:
        """The words of the four corners."""
        series, state = port.state.series, port.state
        patient = series.patient
        sex = patient.sex.lower()
        who = " · ".join(
            part
            for part in (patient.birth_date, self.words(f"view.sex-{sex}") if sex in ("m", "f", "o") else "")
            if part
        )
        badge = badge_sentence(series, len(state.volume.holes))
        person: tuple[str, ...] = (patient.shown_name, patient.id, who)
        if self.overlays.patient_hidden.value:
            person = (self.words("patient.hidden"),)
        return CornerText(
            top_left=tuple(line for line in person if line),
            top_right=tuple(line for line in self._where(port) if line),
            bottom_left=self._how(port),
            badge="" if badge is None else badge.say(self.words.current.value),
            prior=self._prior(state) if state.is_prior else (),
        )

    def _prior(self, state: VolumeState) -> tuple[str, ...]:
        linked = state.link_words.value
        head = f"{self.words('view.prior')} {state.series.study.date}"
        return (head,) if linked is None else (head, linked.say(self.words.current.value))

    def _where(self, port: Viewport) -> tuple[str, ...]:
        state, series = port.state, port.state.series
        plane = port.view.plane.value if state.has_planes else Plane.IMAGES
        count = state.slice_count(plane)
        place = ""
        if state.has_planes:
            middle = port.grid.ijk(port.grid.columns / 2, port.grid.rows / 2)
            letters = place_letters_mm(state.volume.geometry.lps_from_ijk(middle))
            place = f"{letters[PLANE_LPS_AXIS[plane]]} mm"
        name = self.words("view.series", number=series.number) if series.number is not None else ""
        return (
            f"{self.words(f'view.{plane}')} {state.image_number(plane)}/{count}",
            place,
            " · ".join(part for part in (name, series.description) if part),
            series.study.date,
        )

    def _how(self, port: Viewport) -> tuple[str, ...]:
        window = port.state.window.value
        drawn = self.words("view.linear" if self._own_slice(port) is not None else "view.interpolated")
        if port.state.volume.acquired is not None:
            drawn = f"{drawn} · {self.words('view.upright')}"
        key_image = self._own_slice(port) is not None and self.is_key_image(port.state)
        return (
            *((self.words("view.key-image"),) if key_image else ()),
            self.words("view.window", width=number(window.width), centre=number(window.centre)),
            f"{self.words('view.zoom', percent=number(port.zoom_percent))} · {drawn}",
        )


def absent_slices(state: VolumeState) -> NDArray[np.bool_]:
    """Which slices k hold no pixels: holes, and what has not arrived."""
    absent = ~state.loaded
    absent[list(state.volume.holes)] = True
    return absent


def _band(port: Viewport, first_k: float, last_k: float) -> QRectF:
    """The part of a picture between two places along k, which runs along its rows or its columns."""
    grid = port.grid
    if grid.row_ijk[2] != 0:
        rows = sorted((k - grid.origin_ijk[2]) / grid.row_ijk[2] for k in (first_k, last_k))
        corners = (-0.5, rows[0]), (grid.columns - 0.5, rows[1])
    else:
        columns = sorted((k - grid.origin_ijk[2]) / grid.column_ijk[2] for k in (first_k, last_k))
        corners = (columns[0], -0.5), (columns[1], grid.rows - 0.5)
    (left, top), (right, bottom) = (port.point_at(*corner) for corner in corners)
    return QRectF(left, top, right - left, bottom - top)


def nearest_present(state: VolumeState) -> NDArray[np.intp] | None:
    """For each slice k the nearest one that holds pixels; None when all do, or none.

    Absent slices are hatched over; but drawn smoothly, their empty values would darken half of the slice beside them.
    """
    absent = absent_slices(state)
    if not absent.any() or absent.all():
        return None
    there = np.flatnonzero(~absent)
    wanted = np.arange(len(absent))
    after = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(there[before] - wanted) <= np.abs(there[after] - wanted)
    return np.asarray(np.where(nearer, there[before], there[after]), dtype=np.intp)


def badge_sentence(series: Series, holes: int) -> Sentence | None:
    """The amber words of a series; None for a quiet volume. ``holes``: how many of its slices hold no pixels."""
    verdict = series.verdict
    if holes:
        return sentence("badge.missing-slices", n=holes)
    if verdict.kind is VerdictKind.VOLUME:
        return None
    if verdict.kind is not VerdictKind.WARN:
        return sentence(f"badge.{verdict.kind}")
    for code in verdict.codes:
        if code in ("gantry-tilt", "irregular-spacing"):
            return sentence(f"badge.{code}")
    return sentence("badge.split" if any(code.endswith("-split") for code in verdict.codes) else "badge.warn")


def _in_rail_order(seen: NDArray[np.bool_], port: Viewport) -> NDArray[np.bool_]:
    return np.ascontiguousarray(seen[::-1]) if port.state.counts_down(port.view.plane.value) else seen
