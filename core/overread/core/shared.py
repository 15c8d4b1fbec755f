"""Memory that two processes see: a mapped file in /dev/shm, or in the temporary folder where that is too small.

The process that creates a block owns it and removes it. The owner's process id stands in the name, so that
``sweep`` can remove what a killed process left behind. Plain ``mmap`` is used and not
``multiprocessing.shared_memory``: before Python 3.13 that removes a block when any process that attached to it
ends (python/cpython#82300).
"""

from __future__ import annotations

import mmap
import os
import re
import secrets
import shutil
import tempfile
from math import prod
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import DTypeLike, NDArray

PREFIX = "overread-"
_NAME = re.compile(r"overread-(\d+)-[0-9a-f]{16}")
_RESERVE_BYTES = 16 << 20
"""Left free on the file system: a full /dev/shm kills processes with SIGBUS."""


def folders() -> tuple[Path, ...]:
    """The folders in which blocks may lie, best first."""
    return Path("/dev/shm"), Path(tempfile.gettempdir())


class SharedBlock:
    """A block of shared memory. Use ``create`` in the owner and ``attach`` elsewhere; close it when done."""

    def __init__(self, path: Path, size: int, *, owner: bool) -> None:
        self.path = path
        self.size = size
        self.owner = owner
        access = mmap.ACCESS_WRITE
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), size, access=access)
        self._closed = False

    @classmethod
    def create(cls, size: int) -> SharedBlock:
        """A new zero-filled block of ``size`` bytes, owned by this process. Raises OSError when nothing has room."""
        size = max(1, size)
        for folder in folders():
            if not folder.is_dir() or shutil.disk_usage(folder).free < size + _RESERVE_BYTES:
                continue
            path = folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            try:
                os.ftruncate(descriptor, size)
            finally:
                os.close(descriptor)
            return cls(path, size, owner=True)
        raise OSError(28, f"no room for {size} bytes of shared memory")

    @classmethod
    def attach(cls, name: str, size: int) -> SharedBlock:
        """The block that another process created. Raises ValueError for a name that is none of ours."""
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a block of shared memory")
        for folder in folders():
            path = folder / name
            if path.is_file() and not path.is_symlink() and path.stat().st_size == max(1, size):
                return cls(path, max(1, size), owner=False)
        raise FileNotFoundError(name)

    @property
    def name(self) -> str:
        """What the other process passes to ``attach``."""
        return self.path.name

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[np.generic]:
        """An array over the first bytes of the block. It keeps the mapping alive after ``close``."""
        kind = np.dtype(dtype)
        flat = np.frombuffer(self._map, dtype=kind, count=prod(shape))
        return flat.reshape(shape)

    def close(self) -> None:
        """Give the block up; the owner also removes its name. Arrays over it stay valid until they are dropped."""
        if self._closed:
            return
        self._closed = True
        if self.owner:
            self.path.unlink(missing_ok=True)
        try:
            self._map.close()
        except BufferError:
            # Arrays still look at the mapping: it goes with the last of them.
            del self._map

    def __enter__(self) -> SharedBlock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sweep() -> list[str]:
    """Remove the blocks of processes that no longer run; the names of what was removed."""
    removed = []
    for folder in folders():
        if not folder.is_dir():
            continue
        for path in folder.glob(f"{PREFIX}*"):
            match = _NAME.fullmatch(path.name)
            if match and not Path(f"/proc/{match[1]}").exists():
                path.unlink(missing_ok=True)
                removed.append(path.name)
    return removed
