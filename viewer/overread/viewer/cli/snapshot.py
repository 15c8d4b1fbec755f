"""``overread snapshot``: the picture that the window would show, without a window."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter

from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import Exit, NotReadableError, NotWrittenError
from overread.core.text import sentence
from overread.core.whole import write_whole
from overread.core.window import Window
from overread.viewer.cli.export import chosen_series
from overread.viewer.presenters.study import best_series
from overread.viewer.presenters.volumes import first_window
from overread.viewer.render.fonts import load_fonts
from overread.viewer.render.overlays import plate_text
from overread.viewer.render.slice_painter import SlicePainter
from overread.viewer.render.viewport import Viewport
from overread.viewer.state.language import Words
from overread.viewer.state.views import Overlays, Plane, ViewState, VolumeState

HELP = "Write the picture that the window would show of a plane: image, patient, place, window, letters, scale."
PLANES = {"axial": Plane.AXIAL, "coronal": Plane.CORONAL, "sagittal": Plane.SAGITTAL}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.png")
    parser.add_argument("--series", metavar="UID[:SPLIT]")
    parser.add_argument("--view", choices=tuple(PLANES), default="axial")
    parser.add_argument("--at", metavar="X,Y,Z", help="patient position in LPS mm that the plane goes through")
    parser.add_argument("--window", metavar="C,W", help="window centre and width")
    parser.add_argument("--size", metavar="WxH", default="900x900")
    parser.add_argument("--language", choices=("en", "zh"), default="en")


def run(arguments: argparse.Namespace) -> int:
    """Draw one plane into a file."""
    place = _numbers(arguments.at, 3, "--at")
    window = _numbers(arguments.window, 2, "--window")
    size = _numbers(arguments.size.replace("x", ","), 2, "--size") or (900.0, 900.0)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    load_fonts()
    found = scan((arguments.path,))
    series = best_series(chosen_series(found.series, arguments.series, arguments.path))
    with load(series) as loading:
        state = VolumeState(series, loading.volume, first_window(series, loading))
        state.loaded[:] = True
        if window is not None:
            state.window.set(Window(window[0], window[1]))
        if place is not None:
            state.go_to_lps_mm((place[0], place[1], place[2]))
        view = ViewState(PLANES[arguments.view] if state.has_planes else Plane.IMAGES)
        view.volume.set(state)
        picture = _draw(view, Words(arguments.language), round(size[0]), round(size[1]))
    data = QBuffer()
    data.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(data, QByteArray(b"png")).write(picture)
    try:
        write_whole(arguments.to, bytes(data.data().data()))
    except OSError as error:
        raise NotWrittenError(
            sentence("dicom.not-written", file=str(arguments.to), why=error.strerror or "")
        ) from error
    application.processEvents()
    return Exit.DONE


def _draw(view: ViewState, words: Words, width: int, height: int) -> QImage:
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    port = Viewport.of(view, width, height)
    painter = QPainter(picture)
    try:
        if port is not None:
            SlicePainter(words, Overlays(), lambda _state, _plane, _index: ()).paint(
                painter, port, active=False, draft=None
            )
            plate_text(painter, width / 2, height - 34, words("view.notice"), centre=True)
    finally:
        painter.end()
    return picture


def _numbers(text: str | None, count: int, option: str) -> tuple[float, ...] | None:
    """Numbers parted by commas. Raises NotReadableError (exit 2 is argparse's; here the text is named)."""
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise NotReadableError(sentence("open.not-numbers", option=option, text=text, n=count))
    return numbers
