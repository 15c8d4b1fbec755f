"""The real window on a virtual screen, driven from outside with its mouse and keys (Xvfb, openbox, xdotool).

Used by ``overread demo`` where there is no screen, and by the tests. It knows only the screen; where a widget is and
what is shown it asks through the socket of ``overread.viewer.drive``, which can answer and do nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from overread.core.errors import NotReadableError
from overread.core.text import sentence

NEEDED = ("Xvfb", "openbox", "xdotool", "import")
START_SECONDS = 60.0
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05
CLOSE_SECONDS = 20.0


class NotSeenError(AssertionError):
    """What was waited for did not come."""


class Screen:
    """A virtual screen with a window manager. Use it as a context manager."""

    program_words: tuple[str, ...] = ("-m", "overread.viewer.cli.main")
    """What Python runs; the arguments of the program follow."""

    def __init__(self, width: int = 1600, height: int = 1000) -> None:
        missing = [name for name in NEEDED if shutil.which(name) is None]
        if missing:
            raise NotReadableError(sentence("demo.no-screen", what=", ".join(missing)))
        self.width, self.height = width, height
        self._folder = tempfile.TemporaryDirectory(prefix="overread-screen-")
        self.socket = Path(self._folder.name) / "drive"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.program: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self.display = ""
        self._arguments: tuple[str, ...] = ()

    def __enter__(self) -> Screen:
        reader, writer = os.pipe()
        command = [
            "Xvfb",
            "-displayfd",
            str(writer),
            "-screen",
            "0",
            f"{self.width}x{self.height}x24",
            "-nolisten",
            "tcp",
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._processes.append(subprocess.Popen(command, pass_fds=(writer,), **quiet))  # type: ignore[call-overload]
        os.close(writer)
        with os.fdopen(reader) as answer:
            # Up to the newline: Xvfb writes number and newline apart, and dies if nobody reads the second.
            self.display = f":{answer.readline().strip()}"
        self._processes.append(subprocess.Popen(["openbox"], env=self.environment(), **quiet))  # type: ignore[call-overload]
        return self

    def environment(self) -> dict[str, str]:
        """What a program needs to appear on this screen."""
        extra = {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb", "OVERREAD_DRIVE": str(self.socket)}
        return {**os.environ, **extra}

    def start(self, arguments: Sequence[str]) -> None:
        """Start the program and wait until its window answers."""
        self._arguments = tuple(arguments)
        self.socket.unlink(missing_ok=True)
        self._log = open(Path(self._folder.name) / "program.log", "ab")  # noqa: SIM115 - closed with the program
        self.program = subprocess.Popen(
            [sys.executable, *self.program_words, *arguments],
            env=self.environment(),
            stdout=self._log,
            stderr=self._log,
        )
        self.wait(lambda: self.where("view-area") is not None or self.where("empty-page") is not None, "the window")

    def start_again(self) -> None:
        """Start the program once more, as it was started last."""
        self.start(self._arguments)

    def log(self) -> str:
        """What the program printed."""
        return (Path(self._folder.name) / "program.log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Kill the program as a crash would."""
        if self.program is not None:
            self.program.send_signal(signal.SIGKILL)
            self.program.wait(CLOSE_SECONDS)
            self._end_program()

    def quit(self) -> int:
        """Leave the program by its key; its exit code."""
        if self.program is None:
            return 0
        self.key("ctrl+q")
        code = self.program.wait(CLOSE_SECONDS)
        self._end_program()
        return code

    def _end_program(self) -> None:
        self.program = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask the window; an empty answer when it is not there."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(10)
                line.connect(str(self.socket))
                line.sendall(json.dumps(question).encode() + b"\n")
                data = b""
                while not data.endswith(b"\n"):
                    part = line.recv(65536)
                    if not part:
                        return {}
                    data += part
        except OSError:
            return {}
        answer = json.loads(data)
        return answer if isinstance(answer, dict) else {}

    def state(self) -> dict[str, Any]:
        """What the window shows."""
        found = self.ask({"state": True}).get("state")
        return found if isinstance(found, dict) else {}

    def where(self, name: str) -> tuple[int, int, int, int] | None:
        """Left, top, width and height of a visible widget on the screen."""
        found = self.ask({"where": name}).get("where")
        return (found[0], found[1], found[2], found[3]) if found else None

    def wait(self, seen: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until something is so. Raises NotSeenError with ``what`` after ``seconds``."""
        end = time.monotonic() + seconds
        while not seen():
            if self.program is not None and self.program.poll() is not None:
                raise NotSeenError(f"the program ended while waiting for {what}:\n{self.log()}")
            if time.monotonic() > end:
                raise NotSeenError(f"waited for {what}; the window shows {self.state()}\n{self.log()}")
            time.sleep(POLL_SECONDS)

    def _xdotool(self, *words: str | int) -> None:
        subprocess.run(
            ["xdotool", *map(str, words)], env=self.environment(), check=True, timeout=30, capture_output=True
        )

    def point(self, name: str, across: float = 0.5, down: float = 0.5) -> tuple[int, int]:
        """A point of a widget, in shares of its width and height. Raises NotSeenError when it is not visible."""
        found = self.where(name)
        if found is None:
            raise NotSeenError(f"no visible widget {name}")
        left, top, width, height = found
        return round(left + width * across), round(top + height * down)

    def move(self, at: tuple[int, int]) -> None:
        """Move the pointer."""
        self._xdotool("mousemove", "--sync", at[0], at[1])

    def move_with(self, key: str, *points: tuple[int, int]) -> None:
        """Move the pointer over some points with a key held."""
        self._xdotool("keydown", key)
        for at in points:
            self._xdotool("mousemove", "--sync", at[0], at[1])
        self._xdotool("keyup", key)

    def click(self, at: tuple[int, int], button: int = 1) -> None:
        """Click at a point."""
        self._xdotool("mousemove", at[0], at[1], "click", button)

    def drag(self, start: tuple[int, int], end: tuple[int, int], button: int = 1) -> None:
        """Press at one point, move in steps, release at the other."""
        self._xdotool("mousemove", *start, "mousedown", button)
        for step in range(1, 9):
            x = round(start[0] + (end[0] - start[0]) * step / 8)
            y = round(start[1] + (end[1] - start[1]) * step / 8)
            self._xdotool("mousemove", x, y)
        self._xdotool("mouseup", button)

    def wheel(self, at: tuple[int, int], notches: int) -> None:
        """Turn the wheel; positive is towards the person (the next images)."""
        self._xdotool("mousemove", *at, "click", "--repeat", abs(notches), "--delay", 20, 5 if notches > 0 else 4)

    def key(self, *names: str) -> None:
        """Press keys one after the other."""
        self._xdotool("key", "--delay", 40, *names)

    def shot(self, path: Path) -> None:
        """The whole screen as a picture."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment(), check=True, timeout=60)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.program is not None:
            self.kill()
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._folder.cleanup()
