"""How findings are drawn over an image: outlines by state, rings and corners by origin, tags, and ticks on the rail.

Measures are points at 96 dpi and never grow with the zoom. Nothing is drawn on the lesion itself: outlines run
outside the mask, tags beside it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF

from overread.core.finding import Finding, Origin, State
from overread.core.mask import Bool, Box, Mask, union
from overread.viewer.render.outline import DenseMasks, cut_of, outlines
from overread.viewer.render.overlays import rail_area
from overread.viewer.render.palette import colour
from overread.viewer.render.planes import Float
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.marks import Marks
from overread.viewer.state.views import Overlays, VolumeState

Findings = Callable[[VolumeState], Sequence[Finding]]

AWAY = 1.5
"""An outline runs this far outside the mask, so that the margin of the lesion stays visible."""
DOUBLE = 3.5
UNDER_WIDTH, UNDER_OPACITY = 3.1, 0.47
RING_SHARE, RING_EXTRA, RING_LEAST, RING_WIDTH = 0.86, 9.0, 15.0, 1.2
RING_GAP_DEGREES = 28
CORNER_SHARE = 0.38
DOT = 3.2
TAG_RADIUS = 8.0
TAG_TEXT = "#14110A"
"""Text on a tag filled with a state's colour: contrast 8.4 on orange."""
MOST_KEPT, MOST_CHANGED = 600, 64
MOST_COPIED, RADIUS_STEPS, MOST_COPIES = 64.0, 4, 64
"""Rings up to this radius are kept as pictures, for radii in quarters of a point: so many take 5 MB at most, and at
two pixels a point 20."""
TICK_WIDTH, TICK_HEIGHT = 8.0, 2.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """One kind of line: its width, its dashes in line widths (none: solid), and whether its ends are round."""

    width: float
    dashes: tuple[float, ...] = ()
    is_round: bool = False

    def pen(self, drawn: QColor, width: float | None = None) -> QPen:
        """The pen; of another width the dashes keep their length in points."""
        wide = self.width if width is None else width
        pen = QPen(drawn, wide)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap if self.is_round else Qt.PenCapStyle.FlatCap)
        if self.dashes:
            pen.setDashPattern([each * self.width / wide for each in self.dashes])
        return pen


DASHED = Stroke(1.5, (5, 3.2))
SOLID = Stroke(1.5)
LINES: dict[State, Stroke] = {
    State.PROPOSED: DASHED,
    State.EDITED: DASHED,
    State.ACCEPTED: SOLID,
    State.ADDED: SOLID,
    State.CORRECTED: Stroke(1.2),
    State.LATER: Stroke(1.8, (0.01, 2.6), is_round=True),
    State.REJECTED: Stroke(1.2, (0.01, 4.5), is_round=True),
}
PREVIEW = Stroke(1.5, (3, 3))
BY_MODEL = Stroke(1.1, (0.01, 3.4), is_round=True)
THIN = Stroke(RING_WIDTH)


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Lines around a cut, one path per distance from it, all their points, and the box of the cut.

    In points from the corner of the image, so that panning changes nothing.
    """

    paths: tuple[QPainterPath, ...]
    points: Float
    box: QRectF


@dataclass(frozen=True, slots=True, eq=False)
class Glass:
    """What one painting looks through: the view with its scale and the corner of its image, worked out once."""

    port: Viewport
    scale: tuple[float, float]
    corner: QPointF
    axis: int
    """The array axis (0 k, 1 j, 2 i) along which the plane cuts, and the slice there."""
    index: int

    @classmethod
    def of(cls, port: Viewport) -> Glass:
        """The glass of a view at this moment."""
        grid = port.grid
        through = next(axis for axis in range(3) if grid.column_ijk[axis] == 0 and grid.row_ijk[axis] == 0)
        return cls(port, port.scale, QPointF(*port.corner), 2 - through, int(grid.origin_ijk[through]))

    def cuts(self, mask: Mask) -> bool:
        """True when the plane goes through the box of a mask."""
        low, high = mask.box[self.axis]
        return low <= self.index < high


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands in a view: its box on the screen."""

    box: QRectF

    @property
    def half(self) -> float:
        """Half the diagonal of the box."""
        return math.hypot(self.box.width(), self.box.height()) / 2

    @property
    def ring(self) -> float:
        """Radius of the ring, and half the side of the corners."""
        return max(RING_LEAST, RING_SHARE * self.half + RING_EXTRA)


@dataclass(slots=True)
class MarkPainter:
    """Paints the findings of one view, and remembers where, for clicks. Outlines are kept until the zoom changes."""

    findings: Findings
    marks: Marks
    overlays: Overlays
    areas: list[tuple[str, QRectF]] = field(default_factory=list)
    wholes: list[tuple[str, QRectF]] = field(default_factory=list)
    """As ``areas``, with the place of the selected finding too, of which only the tag is for clicks."""
    _dense: DenseMasks = field(default_factory=DenseMasks)
    _changed: dict[tuple[Mask | None, Mask], tuple[int, ...]] = field(default_factory=dict)
    _kept: OrderedDict[tuple[object, ...], Outline | None] = field(default_factory=OrderedDict)

    def shown(self, state: VolumeState) -> list[Finding]:
        """The findings that are drawn: rejected ones only while they are asked for or selected. Selected last."""
        return shown_of(self.findings(state), self.marks)

    def gap(self, port: Viewport) -> float:
        """Half the size of the selected finding in this view: the cross-hair stays open over it."""
        chosen = next((one for one in self.findings(port.state) if one.uid == self.marks.selected.value), None)
        place = None if chosen is None else self._place(Glass.of(port), chosen)
        if place is None:
            return 0.0
        x, y = port.point_of_ijk(port.state.place_ijk.value)
        box = place.box
        return max(x - box.left(), box.right() - x, y - box.top(), box.bottom() - y)

    def paint(self, painter: QPainter, port: Viewport) -> None:
        """Everything that is drawn of the findings in this view, but for the ticks."""
        self.areas.clear()
        self.wholes.clear()
        glass = Glass.of(port)
        only_tags = self._heat_covers(port)
        for one in self.shown(port.state):
            place = self._place(glass, one)
            if place is None:
                continue
            selected = one.uid == self.marks.selected.value
            if not only_tags:
                self._lines(painter, glass, one, selected=selected)
                if not selected:
                    _ring(painter, place, one)
                if one.is_edited:
                    self._edited_dots(painter, glass, one, place, selected=selected)
            self._tag(painter, glass, one, place, selected=selected)
        if not only_tags and self.overlays.outlines.value:
            self._preview(painter, glass)

    def _place(self, glass: Glass, finding: Finding) -> Place | None:
        outline = self._outline(finding.mask, glass, _away(finding))
        return None if outline is None else Place(outline.box.translated(glass.corner))

    def _heat_covers(self, port: Viewport) -> bool:
        heat = self.marks.heat.value
        return self.overlays.heatmap.value and heat is not None and heat.series_key == port.state.series.key

    def _lines(self, painter: QPainter, glass: Glass, finding: Finding, *, selected: bool) -> None:
        if not self.overlays.outlines.value:
            return
        drawn = colour(f"state.{finding.state}")
        self._line(painter, glass, finding.mask, _away(finding), LINES[finding.state], drawn)
        if selected and finding.is_edited and finding.proposed_mask is not None:
            self._line(painter, glass, finding.proposed_mask, (AWAY,), BY_MODEL, colour("bright"))

    def _line(
        self, painter: QPainter, glass: Glass, mask: Mask, away: tuple[float, ...], stroke: Stroke, drawn: QColor
    ) -> None:
        outline = self._outline(mask, glass, away)
        for path in () if outline is None else outline.paths:
            _stroke(painter, glass, path, stroke, drawn)

    def _preview(self, painter: QPainter, glass: Glass) -> None:
        preview = self.marks.preview.value
        finding = next(
            (one for one in self.findings(glass.port.state) if preview is not None and one.uid == preview.uid), None
        )
        if preview is not None and finding is not None:
            self._line(painter, glass, preview.mask, (AWAY,), PREVIEW, colour(f"state.{finding.state}"))

    def _outline(self, mask: Mask, glass: Glass, away: tuple[float, ...]) -> Outline | None:
        """The outline of a mask in this view, made once for a slice and a zoom; None where the plane passes it by."""
        if not glass.cuts(mask):
            return None
        grid = glass.port.grid
        key = (mask, grid.origin_ijk, grid.column_ijk, grid.row_ijk, glass.scale, away)
        if key not in self._kept:
            found = cut_of(mask, grid, self._dense)
            self._kept[key] = None if found is None else _outline_of(found, glass.scale, away)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _edited_dots(
        self, painter: QPainter, glass: Glass, finding: Finding, place: Place, *, selected: bool
    ) -> None:
        """A dot at the ring where this image was changed; in planes across the images one at each changed image."""
        changed = self._changed_of(finding)
        drawn = colour(f"state.{finding.state}")
        grid = glass.port.grid
        if glass.axis == 0:
            if glass.index in changed:
                back = QPointF(-math.sqrt(0.5), -math.sqrt(0.5))
                edge = self._farthest(finding, glass, back) if selected else None
                _dot(painter, place.box.center() + back * place.ring if edge is None else edge + back * 7, drawn)
            return
        for k in changed:
            row = grid.pixel((grid.origin_ijk[0], grid.origin_ijk[1], float(k)))
            x, y = glass.port.point_at(*row)
            if grid.row_ijk[2] != 0:
                _dot(painter, QPointF(place.box.left() - 8, y), drawn)
            else:
                _dot(painter, QPointF(x, place.box.bottom() + 8), drawn)

    def _changed_of(self, finding: Finding) -> tuple[int, ...]:
        key = (finding.proposed_mask, finding.mask)
        if key not in self._changed:
            while len(self._changed) >= MOST_CHANGED:
                del self._changed[next(iter(self._changed))]
            self._changed[key] = changed_slices(finding, self._dense)
        return self._changed[key]

    def _tag(self, painter: QPainter, glass: Glass, finding: Finding, place: Place, *, selected: bool) -> None:
        """The tag beside the outline, at the upper right where there is room, and where a click finds the finding."""
        at = self._tag_place(glass, finding, place, selected=selected)
        area = draw_tag(painter, at, finding, selected=selected)
        half = place.half if selected else place.ring
        around = QRectF(place.box.center() - QPointF(half, half), place.box.center() + QPointF(half, half))
        self.areas.append((finding.uid, area.united(around) if not selected else area))
        self.wholes.append((finding.uid, area.united(around)))

    def _tag_place(self, glass: Glass, finding: Finding, place: Place, *, selected: bool) -> QPointF:
        """Middle of the tag: beyond the point of the outline that lies farthest to one of the four corners."""
        centre = place.box.center()
        tried = None
        wide, high = glass.port.width, glass.port.height
        for x, y in ((1, -1), (-1, -1), (1, 1), (-1, 1)):
            toward = QPointF(x * math.sqrt(0.5), y * math.sqrt(0.5))
            if selected:
                edge = self._farthest(finding, glass, toward)
                at = (centre if edge is None else edge) + toward * (TAG_RADIUS + 4)
            else:
                # Corners reach farther out than a ring of the same size.
                reach = place.ring * (math.sqrt(2) if finding.origin is Origin.PERSON else 1)
                at = centre + toward * (reach + TAG_RADIUS)
            tried = at if tried is None else tried
            if TAG_RADIUS < at.x() < wide - TAG_RADIUS and TAG_RADIUS < at.y() < high - TAG_RADIUS:
                return at
        return tried if tried is not None else centre

    def _farthest(self, finding: Finding, glass: Glass, toward: QPointF) -> QPointF | None:
        outline = self._outline(finding.mask, glass, _away(finding))
        if outline is None:
            return None
        x, y = outline.points[int((outline.points @ (toward.x(), toward.y())).argmax())].tolist()
        return glass.corner + QPointF(x, y)

    def paint_ticks(self, painter: QPainter, port: Viewport) -> None:
        """A tick at the rail for each finding, at the image on which it is largest."""
        plane = port.view.plane.value
        axis, from_end = port.state.axis(plane), port.state.counts_down(plane)
        count = port.state.slice_count(plane)
        rail = rail_area(port, count)
        if rail is None:
            return
        for one in self.shown(port.state):
            low, high = one.mask.box[2 - axis]
            middle = one.measures.slice_k if axis == 2 else (low + high - 1) / 2
            at = count - 1 - middle if from_end else middle
            y = rail.top() + (at + 0.5) * rail.height() / count
            painter.fillRect(
                QRectF(rail.right() - TICK_WIDTH, y - TICK_HEIGHT / 2, TICK_WIDTH, TICK_HEIGHT),
                colour(f"state.{one.state}"),
            )

    def at(self, x: float, y: float, *, whole: bool = False) -> str:
        """The finding whose mark lies under a point, the topmost first; empty when there is none.

        ``whole`` counts the place of the selected one too, not only its tag.
        """
        areas = self.wholes if whole else self.areas
        return next((uid for uid, area in reversed(areas) if area.contains(x, y)), "")


def shown_of(findings: Sequence[Finding], marks: Marks) -> list[Finding]:
    """The findings that are drawn: rejected ones only while they are asked for or selected. Selected last."""
    selected = marks.selected.value
    found = [
        one
        for one in findings
        if one.state is not State.REJECTED or marks.rejected_shown.value or one.uid == selected
    ]
    return sorted(found, key=lambda one: one.uid == selected)


def draw_tag(painter: QPainter, at: QPointF, finding: Finding, *, selected: bool) -> QRectF:
    """The number or letter of a finding about a point; filled when it is selected. The answer is its area."""
    drawn = colour(f"state.{finding.state}")
    metrics = QFontMetricsF(painter.font())
    width = max(2 * TAG_RADIUS, metrics.horizontalAdvance(finding.tag) + 8)
    size = QPointF(width / 2, TAG_RADIUS)
    area = QRectF(at - size, at + size)
    if selected:
        painter.setPen(QPen(colour("shadow", UNDER_OPACITY), 1))
        painter.setBrush(drawn)
        round_by = TAG_RADIUS if finding.origin is not Origin.PERSON else 2
        painter.drawRoundedRect(area, round_by, round_by)
        painter.setPen(QColor(TAG_TEXT))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, finding.tag)
        return area
    _copy(painter, at, _tag_image(finding.tag, painter.device().devicePixelRatio(), painter.font(), finding.state))
    return area


def changed_slices(finding: Finding, dense: DenseMasks) -> tuple[int, ...]:
    """The stored slices k on which a mask is no longer what the model drew."""
    if finding.proposed_mask is None or finding.proposed_mask == finding.mask:
        return ()
    box = union(finding.proposed_mask.box, finding.mask.box)
    before, after = (_widened(mask, box, dense) for mask in (finding.proposed_mask, finding.mask))
    found = np.flatnonzero((before != after).any(axis=(1, 2))) + box[0][0]
    return tuple(int(k) for k in found)


def _widened(mask: Mask, box: Box, dense: DenseMasks) -> Bool:
    """A mask as an array of a box around it."""
    sides = [(inner[0] - outer[0], outer[1] - inner[1]) for inner, outer in zip(mask.box, box, strict=True)]
    return np.pad(dense.of(mask), sides)


def _away(finding: Finding) -> tuple[float, ...]:
    """How far outside the mask its lines run."""
    return (AWAY, AWAY + DOUBLE) if finding.state is State.CORRECTED else (AWAY,)


def _outline_of(found: tuple[Bool, int, int], scale: tuple[float, float], away: tuple[float, ...]) -> Outline:
    cut, column, row = found
    shift = np.array([column * scale[0], row * scale[1]])
    paths, points = [], []
    for lines in outlines(cut, scale, away):
        path = QPainterPath()
        for line in lines:
            points.append(line + shift)
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points[-1].tolist()]))
            path.closeSubpath()
        paths.append(path)
    rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
    first = QPointF((column + int(columns[0])) * scale[0], (row + int(rows[0])) * scale[1])
    last = QPointF((column + int(columns[-1]) + 1) * scale[0], (row + int(rows[-1]) + 1) * scale[1])
    return Outline(tuple(paths), np.concatenate(points), QRectF(first, last))


def _stroke(painter: QPainter, glass: Glass, path: QPainterPath, stroke: Stroke, drawn: QColor) -> None:
    """A path with the dark line under it."""
    painter.translate(glass.corner)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    under = UNDER_WIDTH if stroke.width >= 1.2 else stroke.width + 1.2
    painter.setPen(stroke.pen(colour("shadow", UNDER_OPACITY), under))
    painter.drawPath(path)
    painter.setPen(stroke.pen(drawn))
    painter.drawPath(path)
    painter.translate(-glass.corner)


def _arc(quarter: int) -> tuple[QPointF, ...]:
    """One arc of the ring of radius 1, in steps of about six degrees: short lines are drawn faster than curves."""
    degrees = np.linspace(quarter * 90 + RING_GAP_DEGREES / 2, quarter * 90 + 90 - RING_GAP_DEGREES / 2, 11)
    return tuple(QPointF(math.cos(math.radians(each)), math.sin(math.radians(each))) for each in degrees)


_ARCS = tuple(_arc(quarter) for quarter in range(4))


def _ring(painter: QPainter, place: Place, finding: Finding) -> None:
    """Around what is not selected. Small ones are drawn once and then copied, to the nearest pixel."""
    is_person = finding.origin is Origin.PERSON
    if place.ring > MOST_COPIED:
        _draw_ring(painter, place.box.center(), place.ring, is_person, finding.state)
        return
    radius = round(place.ring * RADIUS_STEPS) / RADIUS_STEPS
    _copy(
        painter,
        place.box.center(),
        _ring_image(radius, painter.device().devicePixelRatio(), is_person, finding.state),
    )


def _copy(painter: QPainter, centre: QPointF, image: QImage) -> None:
    """A picture about a point, moved to the nearest pixels so that it stays sharp and is copied at its quickest."""
    dense = image.devicePixelRatio()
    corner = centre * dense - QPointF(image.width(), image.height()) / 2
    painter.drawImage(QPointF(round(corner.x()), round(corner.y())) / dense, image)


def _clear_image(wide: float, high: float, dense: float) -> QImage:
    """A picture of nothing that holds so many points, an even number of pixels each way."""
    image = QImage(
        2 * math.ceil(wide * dense / 2), 2 * math.ceil(high * dense / 2), QImage.Format.Format_ARGB32_Premultiplied
    )
    image.setDevicePixelRatio(dense)
    image.fill(Qt.GlobalColor.transparent)
    return image


@lru_cache(maxsize=MOST_COPIES)
def _ring_image(radius: float, dense: float, is_person: bool, state: State) -> QImage:
    """A ring with its middle in the middle of the picture."""
    image = _clear_image(2 * (radius + UNDER_WIDTH), 2 * (radius + UNDER_WIDTH), dense)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw_ring(painter, QPointF(image.width(), image.height()) / (2 * dense), radius, is_person, state)
    painter.end()
    return image


@lru_cache(maxsize=MOST_COPIES)
def _tag_image(tag: str, dense: float, font: QFont, state: State) -> QImage:
    """The number of a finding that is not selected, with a dark edge, its middle in the middle of the picture."""
    metrics = QFontMetricsF(font)
    wide = metrics.horizontalAdvance(tag)
    image = _clear_image(wide + 8, 2 * TAG_RADIUS, dense)
    centre = QPointF(image.width(), image.height()) / (2 * dense)
    path = QPainterPath()
    path.addText(centre + QPointF(-wide / 2, metrics.capHeight() / 2), font, tag)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour("shadow", 0.8), 3, j=Qt.PenJoinStyle.RoundJoin))
    painter.drawPath(path)
    painter.fillPath(path, colour(f"state.{state}"))
    painter.end()
    return image


def _draw_ring(painter: QPainter, centre: QPointF, radius: float, is_person: bool, state: State) -> None:
    """Four arcs for a model's mark, four corners for a person's."""
    path = QPainterPath()
    if not is_person:
        for arc in _ARCS:
            path.addPolygon(QPolygonF([centre + point * radius for point in arc]))
    else:
        long = CORNER_SHARE * radius
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            tip = centre + QPointF(x * radius, y * radius)
            path.moveTo(tip - QPointF(x * long, 0))
            path.lineTo(tip)
            path.lineTo(tip - QPointF(0, y * long))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (
        THIN.pen(colour("shadow", UNDER_OPACITY), UNDER_WIDTH),
        THIN.pen(colour(f"state.{state}")),
    ):
        painter.setPen(pen)
        painter.drawPath(path)


def _dot(painter: QPainter, at: QPointF, drawn: QColor) -> None:
    painter.setPen(QPen(colour("shadow", UNDER_OPACITY), 1.6))
    painter.setBrush(drawn)
    painter.drawEllipse(at, DOT, DOT)
