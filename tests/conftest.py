"""What holds for every test: no screen, a home of its own, and nothing left behind.

A test fails when it leaves a thread, a child process, a window or a block of shared memory, when something is
logged as a warning or worse, and when Qt complains.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
os.environ.setdefault("QT_API", "pyside6")

import psutil
import pytest
from hypothesis import settings

from overread.core.shared import PREFIX, folders

settings.register_profile("long", max_examples=5000, deadline=None)
"""For `make test-all`; a test that sets a number of its own keeps it."""

QT_NOISE = ("propagateSizeHints",)
"""Messages of Qt's offscreen platform that say nothing about the program."""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, journal, logs and results of each test lie below its own temporary folder."""
    home = tmp_path / "overread-home"
    monkeypatch.setenv("OVERREAD_HOME", str(home))
    return home


def _blocks() -> set[str]:
    own = f"{PREFIX}{os.getpid()}-"
    return {path.name for folder in folders() if folder.is_dir() for path in folder.glob(f"{own}*")}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves threads, processes or shared memory."""
    threads = set(threading.enumerate())
    children = set(psutil.Process().children(recursive=True))
    blocks = _blocks()
    yield
    left = [thread.name for thread in set(threading.enumerate()) - threads if _is_ours(thread)]
    assert not left, f"threads left: {left}"
    processes = set(psutil.Process().children(recursive=True)) - children
    alive = [_words(process) for process in processes if _runs(process)]
    assert not alive, f"processes left: {alive}"
    assert not _blocks() - blocks, "shared memory left"


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _runs(process: psutil.Process) -> bool:
    """True for a living process other than the helper that ``multiprocessing`` keeps for the life of its parent."""
    try:
        alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return alive and "resource_tracker" not in _words(process)


def _is_ours(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith(("Dummy-", "pytest_timeout"))


@pytest.fixture(autouse=True)
def no_warning_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which something was logged as a warning or worse and not taken out by the test itself."""
    yield
    loud = [f"{record.name}: {record.getMessage()}" for record in caplog.records if record.levelno >= logging.WARNING]
    assert not loud, f"logged: {loud}"


@pytest.fixture(autouse=True)
def qt_is_quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test with a window in which Qt complains, or which leaves a window open."""
    yield
    if "qtbot" not in request.fixturenames:
        return
    from PySide6.QtCore import QCoreApplication, QEvent  # noqa: PLC0415 - tests without a window do not load Qt
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    shown = [
        widget.objectName() or type(widget).__name__
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible()
    ]
    log = getattr(request.node, "qt_log_capture", None)
    records = [] if log is None else [record.message for record in log.records]
    complaints = [text for text in records if text and not any(noise in text for noise in QT_NOISE)]
    assert not complaints, f"Qt says: {complaints}"
    assert not shown, f"windows left open: {shown}"
    # Windows that only a cycle of Python objects keeps would be styled anew with each window of a later test.
    for widget in QApplication.topLevelWidgets():
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
