"""Shared memory: seen by another process, gone after its owner, swept after a killed one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from overread.core.shared import SharedBlock, folders, sweep

WRITER = """
import sys, numpy as np
from overread.core.shared import SharedBlock
with SharedBlock.attach(sys.argv[1], int(sys.argv[2])) as block:
    block.array((4,), np.int16)[:] = [1, -2, 3, 4]
"""
KILLED = """
import os, signal
from overread.core.shared import SharedBlock
block = SharedBlock.create(1000)
print(block.name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_another_process_writes_and_its_end_removes_nothing() -> None:
    with SharedBlock.create(8) as block:
        subprocess.run([sys.executable, "-c", WRITER, block.name, "8"], check=True, timeout=60)
        assert block.array((4,), np.int16).tolist() == [1, -2, 3, 4]
        assert block.path.exists()
    assert not block.path.exists()


def test_an_array_outlives_the_block() -> None:
    block = SharedBlock.create(16)
    array = block.array((4,), np.float32)
    array[:] = 2.5
    block.close()
    assert array.tolist() == [2.5] * 4


def test_what_a_killed_process_left_is_swept() -> None:
    result = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False)
    name = result.stdout.strip()
    assert result.returncode == -9
    assert any((folder / name).exists() for folder in folders())
    assert name in sweep()
    assert not any((folder / name).exists() for folder in folders())


def test_our_own_blocks_are_not_swept() -> None:
    with SharedBlock.create(8) as block:
        assert block.name not in sweep()
        assert block.path.exists()


@pytest.mark.parametrize("name", ["../etc/passwd", "overread-1", "other", "overread-1-xyz"])
def test_foreign_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        SharedBlock.attach(name, 8)


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(OSError, match="no room"):
        SharedBlock.create(1 << 60)
