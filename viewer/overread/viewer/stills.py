"""Pictures of a study without a window: a plane, the 3D, or a whole layout, with or without its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter

from overread.core.finding import Finding
from overread.core.journal import Journal
from overread.core.paths import Paths
from overread.core.reading import Reading
from overread.core.store import replayed
from overread.core.text import Sentence
from overread.viewer.canvas.area import places_of
from overread.viewer.presenters.findings import listed
from overread.viewer.presenters.study import LAYOUTS
from overread.viewer.render.camera import Look
from overread.viewer.render.marks import MarkPainter
from overread.viewer.render.overlays import EDGE, LINE, image_font, plate_text
from overread.viewer.render.palette import colour
from overread.viewer.render.slice_painter import FAMILIES, SlicePainter
from overread.viewer.render.viewport import Viewport
from overread.viewer.render.volume3d import Request, Scene
from overread.viewer.render.volume_painter import VolumePainter
from overread.viewer.shell import drawn
from overread.viewer.state.language import Words
from overread.viewer.state.marks import Marks
from overread.viewer.state.views import Overlays, Plane, ViewState, VolumeState

NOTICE_UP, NOTICE_CLEAR = 34.0, 160.0
"""The notice stands so far above the lower edge; where there is less room at each side, above the corner words."""


def reading_of(paths: Paths, study_uid: str, failed: Callable[[Sentence], object]) -> Reading:
    """The reading of a study as this user's journal holds it; without a journal an empty one, and none is made.

    A step that cannot be done is told by ``failed``. Raises NotReadableError, NotWrittenError.
    """
    if not paths.journal.exists():
        return Reading(study_uid)
    journal = Journal(paths.journal)
    try:
        return replayed(study_uid, journal.entries(study_uid), failed).reading
    finally:
        journal.close()


@dataclass(slots=True)
class Still:
    """Draws views of one series. ``reading`` is what is drawn over the images, as far as the mode lets it be seen."""

    state: VolumeState
    words: Words
    preset: str
    reading: Reading | None = None
    second_reader: bool = True
    _marks: Marks = field(default_factory=Marks)
    _overlays: Overlays = field(default_factory=Overlays)

    def findings(self, state: VolumeState) -> Sequence[Finding]:
        """The findings of the series that the window would draw."""
        key = (state.series.uid, state.series.split)
        found = listed(self.reading, self.second_reader).findings
        return [one for one in found if (one.series_uid, one.split) == key]

    def of_plane(self, plane: Plane, width: int, height: int) -> QImage:
        """One view."""
        with _picture(width, height) as (picture, painter):
            self._view(painter, plane, QRect(0, 0, width, height))
            self._notice(painter, width, height)
        return picture

    def of_layout(self, layout: str, width: int, height: int) -> QImage:
        """All views of a layout, where the window has them; of a series that is no volume its images."""
        planes = LAYOUTS[layout] if self.state.has_planes else (Plane.IMAGES,)
        places = places_of(layout, len(planes), QRect(0, 0, width, height))
        with _picture(width, height) as (picture, painter):
            painter.fillRect(picture.rect(), colour("line"))
            for plane, place in zip(planes, places, strict=True):
                self._view(painter, plane, place)
            self._notice(painter, places[0].width(), places[0].height())
        return picture

    def _view(self, painter: QPainter, plane: Plane, place: QRect) -> None:
        painter.save()
        painter.translate(place.topLeft())
        painter.setClipRect(QRect(0, 0, place.width(), place.height()))
        try:
            if plane is Plane.VOLUME:
                self._volume(painter, place.width(), place.height())
            else:
                self._plane(painter, plane, place.width(), place.height())
        finally:
            painter.restore()

    def _plane(self, painter: QPainter, plane: Plane, width: int, height: int) -> None:
        view = ViewState(plane)
        view.volume.set(self.state)
        port = Viewport.of(view, width, height)
        if port is not None:
            marks = MarkPainter(self.findings, self._marks, self._overlays)
            made = SlicePainter(
                self.words, self._overlays,
                lambda state, plane, index: drawn(self.reading, state, plane, index, self.words), marks,
            )  # fmt: skip
            made.paint(painter, port, active=False, draft=None)

    def _volume(self, painter: QPainter, width: int, height: int) -> None:
        made = VolumePainter(self.words, self._overlays, self._marks, self.findings)
        look = Look(preset=self.preset)
        scene = Scene(self.state.volume)
        try:
            frame = scene.frame(Request(look, width, height, coarse=False, surfaces=made.surfaces(self.state)))
        finally:
            scene.close()
        made.paint(painter, QRectF(0, 0, width, height), self.state, look, frame)

    def _notice(self, painter: QPainter, width: int, height: int) -> None:
        """What this program is not for, on every picture; in a narrow one above the words of the corners."""
        painter.setFont(image_font(FAMILIES))
        text = self.words("view.notice")
        room = (width - QFontMetricsF(painter.font()).horizontalAdvance(text)) / 2
        up = NOTICE_UP if room > NOTICE_CLEAR else NOTICE_UP + EDGE + 2 * LINE
        plate_text(painter, width / 2, height - up, text, centre=True)


@contextmanager
def _picture(width: int, height: int) -> Iterator[tuple[QImage, QPainter]]:
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    try:
        yield picture, painter
    finally:
        painter.end()
