"""One picture of the 3D view, as the window shows it and as ``overread snapshot`` writes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from overread.viewer.render import overlays
from overread.viewer.render.axes import axis_cross
from overread.viewer.render.camera import Camera, Look
from overread.viewer.render.marks import TAG_RADIUS, Findings, draw_tag, shown_of
from overread.viewer.render.overlays import CornerText
from overread.viewer.render.palette import colour
from overread.viewer.render.slice_painter import FAMILIES
from overread.viewer.render.surfaces import Surface
from overread.viewer.render.volume3d import Frame
from overread.viewer.state.language import Words
from overread.viewer.state.marks import Marks
from overread.viewer.state.views import Overlays, VolumeState

CROSS_FROM_EDGE = 56


@dataclass(slots=True)
class VolumePainter:
    """Paints the volume, the surfaces and numbers of the findings that may be seen now, and what is said of it."""

    words: Words
    overlays: Overlays
    marks: Marks
    findings: Findings
    text_scale: float = 1.0
    areas: list[tuple[str, QRectF]] = field(default_factory=list)
    """Where findings were painted last, for clicks."""

    def surfaces(self, state: VolumeState) -> tuple[Surface, ...]:
        """What is wanted of the findings, in a settled order: the selected one is told by its number, not here."""
        found = sorted(shown_of(self.findings(state), self.marks), key=lambda one: one.uid)
        return tuple(Surface(one.uid, one.mask, f"state.{one.state}") for one in found)

    def paint(
        self, painter: QPainter, area: QRectF, state: VolumeState | None, look: Look, frame: Frame | None
    ) -> None:
        """The whole view; without a frame only the words."""
        self.areas.clear()
        painter.fillRect(area, colour("view"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if frame is not None:
            painter.drawImage(area, frame.picture)
        if self.overlays.held_hidden.value:
            return
        painter.setFont(overlays.image_font(FAMILIES, 11 * self.text_scale))
        drawn = False
        if frame is not None and state is not None:
            drawn = self._findings(painter, area, state, frame)
        if state is not None:
            overlays.draw_corners(painter, area.width(), area.height(), self._words(state, look, frame, drawn))
        if frame is not None:
            self._cross(painter, area, look)

    def _findings(self, painter: QPainter, area: QRectF, state: VolumeState, frame: Frame) -> bool:
        """Surfaces and numbers; False when nothing of them was drawn.

        A frame that was made before a mark had to be hidden still holds its surface: then none is drawn.
        """
        made, wanted = frame.request.surfaces, self.surfaces(state)
        stale = not {one.uid for one in made} <= {one.uid for one in wanted}
        if frame.surfaces is None or stale or not self.overlays.shown.value:
            return False
        painter.drawImage(area, frame.surfaces)
        camera = Camera.of(state.volume.geometry)
        drawn = {one.uid for one in made}
        selected = self.marks.selected.value
        for one in shown_of(self.findings(state), self.marks):
            if one.uid in drawn:
                x, y, per_mm = camera.point_of(
                    frame.request.look, one.measures.centre_lps_mm, area.width(), area.height()
                )
                half = one.measures.equivalent_diameter_mm / 2 * per_mm
                beside = half * math.sqrt(0.5) + TAG_RADIUS + 2
                tag = draw_tag(painter, QPointF(x + beside, y - beside), one, selected=one.uid == selected)
                self.areas += [(one.uid, QRectF(x - half, y - half, 2 * half, 2 * half)), (one.uid, tag)]
        return True

    def _words(self, state: VolumeState, look: Look, frame: Frame | None, has_surfaces: bool) -> CornerText:
        say, series = self.words, state.series
        patient = series.patient
        if not state.has_planes:
            below: tuple[str, ...] = (say("view.no-volume"),)
        elif frame is None:
            below = (say("view.drawing"),)
        else:
            below = (
                *((say("view.surface"),) if has_surfaces else ()),
                say("view.no-scale"),
                *((say("view.turning"),) if frame.request.coarse else ()),
            )
        person: tuple[str, ...] = (patient.shown_name, patient.id, patient.birth_date)
        if self.overlays.patient_hidden.value:
            person = (say("patient.hidden"),)
        name = say("view.series", number=series.number) if series.number is not None else series.description
        return CornerText(
            top_left=tuple(line for line in person if line),
            top_right=(say("view.volume", preset=say(f"preset.{look.preset}")), name, series.study.date),
            bottom_left=below,
            prior=(f"{say('view.prior')} {series.study.date}",) if state.is_prior else (),
        )

    @staticmethod
    def _cross(painter: QPainter, area: QRectF, look: Look) -> None:
        centre = QPointF(area.width() - CROSS_FROM_EDGE, area.height() - CROSS_FROM_EDGE)
        for arm in axis_cross(look.azimuth, look.elevation):
            end = centre + QPointF(arm.x * 26, arm.y * 26)
            painter.setPen(QPen(colour("crosshair", 0.9 if arm.near else 0.4), 1.4))
            painter.drawLine(centre, end)
            at = centre + QPointF(arm.x * 38, arm.y * 38)
            overlays.plate_text(painter, at.x(), at.y() - 7, arm.letter, centre=True)
