"""Which devices there are, which one a job gets, and whether they compute. torch is imported here, late."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import sys
import time

import psutil

from overread.core.errors import EngineError
from overread.core.text import sentence
from overread.inference.engine.processes import threads

_SIDE = 256
"""Side of the matrices of the self-test: some milliseconds on a processor."""

Line = dict[str, str | int | float | bool]


def cuda_devices() -> int:
    """How many CUDA devices the driver sees; 0 without a driver or without torch. torch is not imported."""
    if importlib.util.find_spec("torch") is None:
        return 0
    count = ctypes.c_int(0)
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return 0
    except (OSError, AttributeError):
        return 0
    return count.value


def resolve(device: str) -> str:
    """``auto`` is the first CUDA device if any, else the processor. Raises EngineError for a missing one."""
    if device == "cpu":
        return device
    count = cuda_devices()
    if device == "auto":
        return "cuda:0" if count else "cpu"
    if int(device.removeprefix("cuda:")) >= count:
        raise EngineError(sentence("engine.no-device", device=device))
    return device


def describe() -> list[Line]:
    """One line for the processor and one for each CUDA device, each with the result of a small computation.

    ``works`` says whether a product of matrices came out right; ``ms`` is its time, measured once.
    """
    lines: list[Line] = [_processor()]
    if importlib.util.find_spec("torch") is None:
        lines[0]["torch"] = ""
        return lines
    # Late: importing torch takes seconds, and only this process may do it.
    import torch  # noqa: PLC0415

    torch.set_num_threads(threads())
    lines[0]["torch"] = str(torch.__version__)
    lines[0].update(_computes("cpu"))
    for number in range(torch.cuda.device_count()):
        name = f"cuda:{number}"
        properties = torch.cuda.get_device_properties(number)
        line: Line = {"device": name, "name": properties.name, "memory_mib": properties.total_memory >> 20}
        lines.append(line | _computes(name))
    return lines


def _processor() -> Line:
    return {
        "device": "cpu",
        "name": platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 1,
        "threads": threads(),
        "memory_mib": psutil.virtual_memory().total >> 20,
    }


def _computes(device: str) -> Line:
    # Late for the same reason as above.
    import torch  # noqa: PLC0415

    try:
        ones = torch.ones((_SIDE, _SIDE), device=device)
        started = time.perf_counter()
        total = float((ones @ ones).sum().item())
        elapsed_ms = (time.perf_counter() - started) * 1000
    except RuntimeError as error:
        return {"works": False, "why": str(error)[:200]}
    return {"works": total == float(_SIDE**3), "ms": round(elapsed_ms, 2)}
