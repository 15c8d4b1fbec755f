"""Where a decode worker begins. Light on purpose: one setting must stand before NumPy is imported."""

from __future__ import annotations

import importlib
import os
from multiprocessing.connection import Connection

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""NumPy's libraries start threads when they are loaded. Landlock and seccomp hold the thread that asks for them and
what it starts, not those that were there before; and decoding uses none."""


def main(pipe: Connection, parent_pid: int, source: tuple[str, int], result: tuple[str, int]) -> None:
    """Decode what comes over ``pipe`` until it ends. ``source`` and ``result``: name and bytes of the two blocks."""
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    worker = importlib.import_module("overread.core.dicom.decode_worker")
    worker.run(pipe, parent_pid, source, result)
