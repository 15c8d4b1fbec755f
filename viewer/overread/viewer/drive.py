"""Where things are, for a program that drives the window from outside with a real mouse and keys.

Only when OVERREAD_DRIVE names a local socket. It answers two questions, as JSON lines, and can do nothing:
``{"where": "object name"}`` gives the rectangle of a visible widget on the screen, ``{"state": true}`` what is
shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication, QWidget

from overread.core.store import ReadingStore
from overread.viewer.places import Places
from overread.viewer.presenters.study import StudyPresenter
from overread.viewer.state.views import Workspace

VARIABLE = "OVERREAD_DRIVE"
MOST_BYTES = 65_536


class Server:
    """Answers the questions of drivers."""

    def __init__(self, name: str, window: QWidget, state: Callable[[], dict[str, Any]]) -> None:
        self._window = window
        self._state = state
        self._server = QLocalServer()
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        self._server.listen(name)

    def _connected(self) -> None:
        socket = self._server.nextPendingConnection()
        if socket is not None:
            socket.readyRead.connect(lambda: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket: QLocalSocket) -> None:
        while socket.canReadLine():
            line = bytes(socket.readLine(MOST_BYTES).data())
            socket.write(json.dumps(self._answer(line)).encode() + b"\n")
            socket.flush()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
        except ValueError:
            return {"error": "not JSON"}
        if isinstance(asked, dict) and isinstance(asked.get("where"), str):
            return {"where": self._where(asked["where"])}
        return {"state": self._state()}

    def _where(self, name: str) -> list[int] | None:
        for top in QApplication.topLevelWidgets():
            for widget in [top, *top.findChildren(QWidget, name)]:
                if widget.objectName() == name and widget.isVisible():
                    corner = widget.mapToGlobal(QPoint(0, 0))
                    return [corner.x(), corner.y(), widget.width(), widget.height()]
        return None

    def close(self) -> None:
        """Stop answering."""
        self._server.close()


def serve(window: QWidget, state: Callable[[], dict[str, Any]]) -> Server | None:
    """A server when OVERREAD_DRIVE asks for one."""
    name = os.environ.get(VARIABLE)
    return Server(name, window, state) if name else None


def facts(study: StudyPresenter, workspace: Workspace, store: ReadingStore, places: Places) -> dict[str, Any]:
    """What is shown, in JSON's terms."""
    shown = study.shown.value
    reading = store.reading
    selected = None if reading is None else reading.finding(workspace.marks.selected.value)
    found: dict[str, Any] = {
        "series": len(study.catalogue.value),
        "layout": workspace.layout.value,
        "tool": workspace.tool.value,
        "active": workspace.active.value,
        "measurements": [] if reading is None else [[one.value, one.unit] for one in reading.measurements],
        "undo": store.undo_words is not None,
        "key_images": [] if reading is None else [one.image_number for one in reading.key_images],
        "editing": workspace.marks.editing.value,
        "masks": [] if reading is None else [[one.tag, str(one.state), one.mask.voxels] for one in reading.findings],
        "selected": None if selected is None else [selected.tag, str(selected.state), selected.mask.voxels],
    }
    if shown is not None:
        window = shown.state.window.value
        found |= {
            "key": shown.series.key,
            "loaded": int(shown.state.loaded.sum()),
            "slices": len(shown.state.loaded),
            "place_lps_mm": list(shown.state.place_lps_mm()),
            "window": [window.centre, window.width],
            "place_kept": places.is_kept,
            "recalled": places.is_recalled,
            "zoom": [view.zoom.value for view in workspace.views.value],
            "volume_preset": [view.volume_preset.value for view in workspace.views.value],
        }
    return found
