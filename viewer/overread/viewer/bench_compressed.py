"""What loading compressed frames in processes of their own costs, against SimpleITK and decoding in process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import UID, JPEG2000Lossless, JPEGLSLossless, RLELossless

from overread.core.dicom.codecs import read_frame
from overread.core.dicom.decode_codecs import decode
from overread.core.dicom.decode_messages import Task
from overread.core.dicom.decode_pool import DecodePool
from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.series import Instance

SLICES = 60
DISTINCT = 10
"""Encoding RLE in Python takes longest here: the pictures repeat."""
NOISE_HU = 15
ROUNDS = 3
SYNTAXES = {"JPEG-LS": JPEGLSLossless, "JPEG 2000": JPEG2000Lossless, "RLE": RLELossless}


class Compressed(NamedTuple):
    """Seconds of ours and of the other; ``unit`` says of which clock."""

    work: str
    ours: float
    other: float
    other_name: str
    ratio: float
    goal: str
    unit: str


def compressed_rows(native: Path) -> list[Compressed]:
    """Load a compressed copy of a part of the native series in a folder, for each of three codecs."""
    rows = []
    for name, syntax in SYNTAXES.items():
        folder = native.with_name(f"compressed-{name.replace(' ', '-')}")
        _write(native, folder, syntax)
        rows += _rows(name, folder)
    return rows


def _rows(name: str, folder: Path) -> list[Compressed]:
    series = scan((folder,)).series[0]

    def started() -> None:
        with load(scan((folder,)).series[0]):
            pass

    def simpleitk() -> None:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        sitk.GetArrayFromImage(reader.Execute())

    work = f"{SLICES} {name} images"
    with DecodePool() as pool:
        pool.probe()

        def warm() -> None:
            with load(scan((folder,)).series[0], pool):
                pass

        def one_by_one() -> None:
            for one in series.instances:
                read_frame(one, 0, pool)

        def in_process() -> None:
            for one in series.instances:
                _decoded_here(one)

        return [
            *_compared(f"{work} to a volume, workers' start included", started, {"SimpleITK": simpleitk}, "s CPU"),
            *_compared(f"{work} to a volume, workers warm", warm, {"SimpleITK": simpleitk}, "s"),
            *_compared(f"{work} one by one, worker warm", one_by_one, {"decoded in process": in_process}, "s"),
        ]


def _decoded_here(one: Instance) -> NDArray[Any]:
    """What a worker does, in this process: the price of the border is the difference."""
    dataset = pydicom.dcmread(one.path)
    data = get_frame(dataset.PixelData, 0, number_of_frames=1)
    form = one.pixels
    return decode(
        data,
        Task(1, one.transfer_syntax_uid, len(data), form.rows, form.columns, 1, form.bits_allocated, form.signed, ""),
    )


def _compared(
    work: str, ours: Callable[[], object], others: dict[str, Callable[[], object]], unit: str
) -> list[Compressed]:
    """Least seconds of alternating rounds."""
    clock = _cpu if unit == "s CPU" else time.perf_counter
    best: dict[str, float] = {}
    for _round in range(ROUNDS):
        for name, call in {"ours": ours, **others}.items():
            start = clock()
            call()
            best[name] = min(best.get(name, float("inf")), clock() - start)
    return [
        Compressed(work, best["ours"], best[name], name, best["ours"] / max(best[name], 1e-9), "<= 1", unit)
        for name in others
    ]


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _write(native: Path, folder: Path, syntax: UID) -> None:
    """A series of smooth pictures with the noise of a CT; the headers are those of the native one."""
    folder.mkdir()
    frames: list[bytes] = []
    for number, file in enumerate(sorted(native.iterdir())[:SLICES]):
        made = pydicom.dcmread(file)
        if number < DISTINCT:
            frames.append(_encoded(made, syntax, number))
        made.PixelData = encapsulate([frames[number % DISTINCT]])
        made["PixelData"].VR = "OB"
        made.file_meta.TransferSyntaxUID = syntax
        made.save_as(folder / file.name, enforce_file_format=True)


def _encoded(made: pydicom.Dataset, syntax: UID, seed: int) -> bytes:
    side = np.linspace(-1, 1, made.Rows)
    smooth = 400 * np.cos(3 * side)[:, None] * np.cos(5 * side + seed)[None, :]
    noise = np.random.default_rng(seed).normal(0, NOISE_HU, (made.Rows, made.Columns))
    values = np.round(smooth + noise + 1024).astype(np.uint16)
    if syntax == JPEGLSLossless:
        return bytes(imagecodecs.jpegls_encode(values))
    if syntax == JPEG2000Lossless:
        return bytes(imagecodecs.jpeg2k_encode(values, codecformat="j2k", reversible=True))
    made.PixelData = values.tobytes()
    made.compress(syntax, generate_instance_uid=False)
    return get_frame(made.PixelData, 0, number_of_frames=1)
