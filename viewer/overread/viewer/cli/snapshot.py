"""``overread snapshot``: the picture that the window would show, without a window."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter

from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import Exit, NotReadableError, NotWrittenError, WrongUseError
from overread.core.paths import default_paths, site_settings
from overread.core.series import Permission
from overread.core.settings import load_settings
from overread.core.text import Sentence, sentence
from overread.core.whole import write_whole
from overread.core.window import Window
from overread.viewer.cli.export import chosen_series
from overread.viewer.presenters.study import best_series
from overread.viewer.presenters.volumes import first_window
from overread.viewer.render.fonts import load_fonts
from overread.viewer.render.volume3d import presets
from overread.viewer.state.language import Words
from overread.viewer.state.views import Plane, VolumeState
from overread.viewer.stills import Still, reading_of

HELP = "Write the picture that the window would show: a plane, the 3D or the chest layout, with findings if asked."
PLANES = {"axial": Plane.AXIAL, "coronal": Plane.CORONAL, "sagittal": Plane.SAGITTAL, "3d": Plane.VOLUME}
LAYOUT = "layout"
ONE, WHOLE = "900x900", "1032x820"
"""Sizes of one view, and of the image area of the window as it is drawn."""
SMALLEST, LARGEST = 80, 8192
"""Sides of a picture in pixels: a view of the window is never smaller, a screen never larger."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.png")
    parser.add_argument("--series", metavar="UID[:SPLIT]")
    parser.add_argument("--view", choices=(*PLANES, LAYOUT), default="axial")
    parser.add_argument("--at", metavar="X,Y,Z", help="patient position in LPS mm that the planes go through")
    parser.add_argument("--window", metavar="C,W", help="window centre and width")
    parser.add_argument("--preset", choices=tuple(presets()), default="bone-and-lung", help="how 3D is drawn")
    parser.add_argument("--overlay", action="store_true", help="draw the findings that your journal holds")
    parser.add_argument("--size", metavar="WxH", help=f"{ONE}; of the layout {WHOLE}")
    parser.add_argument("--language", choices=("en", "zh"), default="en")


def run(arguments: argparse.Namespace) -> int:
    """Draw one picture into a file."""
    place = None if arguments.at is None else _numbers(arguments.at, 3, "--at")
    window = None if arguments.window is None else _window(arguments.window)
    width, height = _size(arguments.size or (WHOLE if arguments.view == LAYOUT else ONE))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    load_fonts()
    found = scan((arguments.path,))
    series = best_series(chosen_series(found.series, arguments.series, arguments.path))
    if Permission.PLANES not in series.verdict.may and arguments.view not in ("axial", LAYOUT):
        raise NotReadableError(sentence("snapshot.no-volume"))
    with load(series) as loading:
        state = VolumeState(series, loading.volume, first_window(series, loading))
        state.loaded[:] = True
        if window is not None:
            state.window.set(window)
        if place is not None:
            if not state.volume.geometry.contains_ijk(state.volume.geometry.ijk_from_lps(place)):
                raise WrongUseError(sentence("snapshot.outside", place=arguments.at))
            state.go_to_lps_mm((place[0], place[1], place[2]))
        still = Still(state, Words(arguments.language), arguments.preset)
        told = _overlay(still) if arguments.overlay else ()
        if arguments.view == LAYOUT:
            picture = still.of_layout("chest", width, height)
        else:
            picture = still.of_plane(PLANES[arguments.view] if state.has_planes else Plane.IMAGES, width, height)
    _write(picture, arguments.to)
    for one in told:
        sys.stderr.write(f"{one.say(arguments.language)}\n")
    application.processEvents()
    return Exit.DONE_WITH_OMISSIONS if told else Exit.DONE


def _overlay(still: Still) -> list[Sentence]:
    """Give the still what this user's journal holds of the study; the answer is what is left out, in sentences.

    That marks are hidden is said whether or not there are any: else it would betray them.
    """
    paths, told = default_paths(), list[Sentence]()
    settings = load_settings(paths.settings, site_settings())
    still.second_reader = settings.text("reading-mode") == "second"
    still.reading = reading_of(paths, still.state.series.study.uid, told.append)
    if still.reading.hides_marks(still.second_reader):
        told.append(sentence("snapshot.marks-hidden"))
    return told


def _write(picture: QImage, path: Path) -> None:
    """The picture as PNG. Raises NotWrittenError; nothing half-written stays."""
    data = QBuffer()
    data.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(data, QByteArray(b"png")).write(picture)
    try:
        write_whole(path, bytes(data.data().data()))
    except OSError as error:
        raise NotWrittenError(sentence("dicom.not-written", file=str(path), why=error.strerror or "")) from error


def _window(text: str) -> Window:
    """Centre and width. Raises WrongUseError."""
    centre, width = _numbers(text, 2, "--window")
    if width < 1:
        raise WrongUseError(sentence("snapshot.window"))
    return Window(centre, width)


def _size(text: str) -> tuple[int, int]:
    """Width and height of the picture. Raises WrongUseError for what is none, or none that can be drawn."""
    width, height = (round(side) for side in _numbers(text.replace("x", ","), 2, "--size"))
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise WrongUseError(sentence("snapshot.size", low=SMALLEST, high=LARGEST))
    return width, height


def _numbers(text: str, count: int, option: str) -> tuple[float, ...]:
    """Numbers parted by commas. Raises WrongUseError."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise WrongUseError(sentence("open.not-numbers", option=option, text=text, n=count))
    return numbers
