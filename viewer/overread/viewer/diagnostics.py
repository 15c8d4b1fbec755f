"""The log and the crash report: places in the program, never a value, a name or a path of a patient.

Messages of exceptions can hold file names and header values, so neither the log nor a report takes them: only
the kind of error and the places in the program that it passed through.
"""

from __future__ import annotations

import logging
import platform
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

LOG_BYTES = 1 << 20
LOG_FILES = 3
_PACKAGE = "overread"


class _OwnFormatter(logging.Formatter):
    """Time, level, place; of an exception only its kind and its places."""

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return "" if ei[0] is None else describe(ei[0], ei[2])


def start_log(folder: Path) -> logging.Handler | None:
    """Log the program's own messages to a small set of files in ``folder``; None when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "overread.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
    except OSError:
        return None
    handler.setFormatter(_OwnFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger(_PACKAGE)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler


def stop_log(handler: logging.Handler | None) -> None:
    """Close what ``start_log`` opened."""
    if handler is not None:
        logging.getLogger(_PACKAGE).removeHandler(handler)
        handler.close()


def describe(kind: type[BaseException], trace: TracebackType | None) -> str:
    """An exception in words that hold no data: its kind, then each place as module, line and function."""
    lines = [f"{kind.__module__}.{kind.__qualname__}"]
    while trace is not None:
        frame = trace.tb_frame
        module = frame.f_globals.get("__name__", "?")
        lines.append(f"  {module}:{trace.tb_lineno} {frame.f_code.co_qualname}")
        trace = trace.tb_next
    return "\n".join(lines)


def report(kind: type[BaseException], trace: TracebackType | None) -> str:
    """A crash report as a person reads it before deciding whether it is kept."""
    head = [
        f"Overread {version('overread')}",
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}",
        f"PySide6 {version('PySide6-Essentials')}, VTK {version('vtk')}, NumPy {version('numpy')}",
        "",
    ]
    return "\n".join(head) + describe(kind, trace) + "\n"


def catch_unexpected(tell: Callable[[str], None]) -> Callable[[], None]:
    """Hand the report of every unexpected error to ``tell``, from any thread; the answer undoes it."""
    logger = logging.getLogger(_PACKAGE)
    before, before_thread = sys.excepthook, threading.excepthook

    def caught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before(kind, error, trace)
            return
        logger.error("unexpected error\n%s", describe(kind, trace))
        tell(report(kind, trace))

    def caught_in_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            caught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def undo() -> None:
        sys.excepthook, threading.excepthook = before, before_thread

    sys.excepthook, threading.excepthook = caught, caught_in_thread
    return undo
