"""What every process of the engine does first."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import psutil

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h. The signal comes when the *thread* that started this process ends (prctl(2)): both parents here
start their child from a thread that lives as long as they do."""
NICENESS = 5
"""Below the window and the decode workers: on two cores a job must not make the images stutter."""
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def settle(parent_pid: int) -> None:
    """Die with the parent, leave Ctrl+C to it, and step back behind it. Ends the process if the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:
            sys.exit(1)
        os.nice(max(0, NICENESS - os.nice(0)))


def threads() -> int:
    """How many threads one worker computes with: one physical core stays free for the window."""
    return max(1, (psutil.cpu_count(logical=False) or 1) - 1)


def cap_threads() -> None:
    """Tell the numeric libraries of the processes that are started from here on; what a user set stays."""
    for name in _THREAD_VARIABLES:
        os.environ.setdefault(name, str(threads()))
