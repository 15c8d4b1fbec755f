"""Decode workers: same samples as in process; what dies, hangs or lies costs one frame and leaves nothing behind."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import imagecodecs
import numpy as np
import psutil
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import UID, JPEGLSLossless, RLELossless

import decode_faults
from build_series import Stack, value_at
from overread.core.dicom.decode_codecs import CodecError, codec_names, decode, said_size
from overread.core.dicom.decode_messages import Task
from overread.core.dicom.decode_pool import BLOCK_BYTES, DecodeCancelledError, DecodeFailedError, DecodePool
from overread.core.dicom.load import load, open_volume
from overread.core.dicom.scan import scan
from overread.core.dicom.thumbnail import thumbnail
from overread.core.series import PixelFormat, Series
from overread.core.shared import sweep

JPEG, JPEG_12, LOSSLESS, LOSSLESS_SV1 = (f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
JPEG_LS, J2K_LOSSLESS, J2K, HTJ2K, RLE = (f"1.2.840.10008.1.2.{n}" for n in ("4.80", "4.90", "4.91", "4.201", "5"))
SIDE = 64
Encode = Callable[[NDArray[Any]], bytes]


def picture(*shape: int, top: int = 4096, seed: int = 1) -> NDArray[np.uint16]:
    """A ramp with noise."""
    noise = np.random.default_rng(seed).integers(0, top // 8, shape)
    ramp = np.linspace(0, top * 3 // 4, shape[1])[None, :, *(None,) * (len(shape) - 2)]
    return (ramp + noise).astype(np.uint16)


def jpeg_ls(values: NDArray[Any]) -> bytes:
    """A JPEG-LS codestream without loss."""
    return bytes(imagecodecs.jpegls_encode(values))


def jpeg_2000(values: NDArray[Any]) -> bytes:
    """A JPEG 2000 codestream without loss."""
    return bytes(imagecodecs.jpeg2k_encode(values, codecformat="j2k", mct=values.ndim == 3))


def rle(values: NDArray[Any]) -> bytes:
    """The one RLE frame of an image, as pydicom writes it."""
    made = Stack(shape=(1, *values.shape[:2])).dataset(0)
    made.SamplesPerPixel = values.shape[2] if values.ndim == 3 else 1
    made.PhotometricInterpretation, made.PlanarConfiguration = ("RGB", 0) if values.ndim == 3 else ("MONOCHROME2", 0)
    made.BitsAllocated = made.BitsStored = values.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelData = values.tobytes()
    made.compress(RLELossless)
    return get_frame(made.PixelData, 0, number_of_frames=1)


def pixels(values: NDArray[Any], photometric: str = "MONOCHROME2") -> PixelFormat:
    bits = values.dtype.itemsize * 8
    return PixelFormat(
        rows=values.shape[0],
        columns=values.shape[1],
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=values.dtype.kind == "i",
        samples=values.shape[2] if values.ndim == 3 else 1,
        photometric=photometric,
    )


def task(data: bytes, syntax: str, form: PixelFormat) -> Task:
    return Task(1, syntax, len(data), form.rows, form.columns, form.samples, form.bits_allocated, form.signed,
                form.photometric)  # fmt: skip


GREY, SIGNED, COLOUR = (
    picture(SIDE, SIDE),
    picture(SIDE, SIDE).astype(np.int16) - 1000,
    picture(SIDE, SIDE, 3, top=250),
)
CASES: dict[str, tuple[str, NDArray[Any], str, Encode]] = {
    "JPEG-LS": (JPEG_LS, GREY, "MONOCHROME2", jpeg_ls),
    "JPEG 2000": (J2K_LOSSLESS, GREY, "MONOCHROME2", jpeg_2000),
    "JPEG 2000 signed": (J2K, SIGNED, "MONOCHROME2", jpeg_2000),
    "JPEG 2000 colour": (J2K, COLOUR.astype(np.uint8), "YBR_RCT", jpeg_2000),
    "HTJ2K": (HTJ2K, GREY, "MONOCHROME2", lambda v: bytes(imagecodecs.htj2k_encode(v))),
    "JPEG lossless": (LOSSLESS_SV1, GREY, "MONOCHROME2", lambda v: bytes(imagecodecs.ljpeg_encode(v))),
    "JPEG lossless 14": (LOSSLESS, GREY, "MONOCHROME2", lambda v: bytes(imagecodecs.ljpeg_encode(v))),
    "RLE": (RLE, GREY, "MONOCHROME2", rle),
    "RLE colour": (RLE, COLOUR.astype(np.uint8), "RGB", rle),
}


def test_every_codec_gives_the_same_samples_as_in_process() -> None:
    with DecodePool(1) as pool:
        for name, (syntax, values, photometric, encode) in CASES.items():
            data, form = encode(values), pixels(values, photometric)
            decoded = pool.decode(data, syntax, form)
            assert np.array_equal(decoded, values), name
            inside = decode(data, task(data, syntax, form))
            assert np.array_equal(decoded, inside), name
            assert decoded.dtype == inside.dtype, name


@pytest.mark.parametrize(("syntax", "photometric"), [(JPEG, "YBR_FULL_422"), (JPEG, "RGB"), (RLE, "YBR_FULL")])
def test_colours_come_as_rgb_like_those_of_pydicom(syntax: str, photometric: str, tmp_path: Path) -> None:
    colour = COLOUR.astype(np.uint8)
    space = "YCBCR" if photometric == "YBR_FULL_422" else "RGB"
    data = rle(colour) if syntax == RLE else bytes(imagecodecs.jpeg8_encode(colour, level=95, outcolorspace=space))
    made = Stack(shape=(1, SIDE, SIDE)).dataset(0)
    made.SamplesPerPixel, made.PlanarConfiguration, made.PhotometricInterpretation = 3, 0, photometric
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelData = encapsulate([data])
    made["PixelData"].VR = "OB"
    made.file_meta.TransferSyntaxUID = UID(syntax)
    made.save_as(tmp_path / "one", enforce_file_format=True)
    theirs = pydicom.dcmread(tmp_path / "one").pixel_array.astype(int)
    with DecodePool(1) as pool:
        ours = pool.decode(data, syntax, pixels(colour, photometric)).astype(int)
    assert np.abs(ours - theirs).max() <= 2


def without_names(data: bytes) -> bytes:
    """A JPEG codestream without its JFIF and Adobe markers."""
    kept, at = bytearray(data[:2]), 2
    while data[at + 1] != 0xDA:
        length = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        kept += b"" if data[at + 1] in (0xE0, 0xEE) else data[at : at + length]
        at += length
    return bytes(kept) + data[at:]


def test_a_jpeg_that_names_its_colours_is_believed_and_else_the_header() -> None:
    colour = COLOUR.astype(np.uint8)
    as_luma, as_rgb = (
        bytes(imagecodecs.jpeg8_encode(colour, level=98, outcolorspace=space)) for space in ("YCBCR", "RGB")
    )
    for data, photometric in (
        (as_luma, "RGB"), (as_rgb, "YBR_FULL_422"), (without_names(as_luma), "YBR_FULL_422"),
        (without_names(as_rgb), "RGB"),
    ):  # fmt: skip
        decoded = decode(data, task(data, JPEG, pixels(colour, photometric)))
        # The chroma of noise suffers from subsampling; the wrong colour space is off by more than 100 on average.
        assert np.abs(decoded.astype(int) - colour).mean() < 20, photometric
    wrong = decode(without_names(as_rgb), task(as_rgb, JPEG, pixels(colour, "YBR_FULL")))
    assert np.abs(wrong.astype(int) - colour).mean() > 40


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_lossless_jpeg_in_colour(photometric: str) -> None:
    colour = COLOUR.astype(np.uint8)
    data = bytes(imagecodecs.jpeg8_encode(colour, lossless=True, colorspace="RGB", outcolorspace="RGB"))
    decoded = decode(data, task(data, LOSSLESS_SV1, pixels(colour, photometric)))
    same = decode(rle(colour), task(b"", RLE, pixels(colour, photometric)))
    assert np.array_equal(decoded, same)
    assert np.array_equal(decoded, colour) == (photometric == "RGB")


def test_the_lossy_twelve_bit_jpeg_is_read() -> None:
    data = bytes(imagecodecs.jpeg8_encode(GREY, level=100, bitspersample=12))
    with DecodePool(1) as pool:
        decoded = pool.decode(data, JPEG_12, pixels(GREY))
    assert np.abs(decoded.astype(int) - GREY).max() <= 8


def test_a_large_frame_gets_larger_blocks_and_one_worker_stays_one() -> None:
    large = picture(2048, 3000)
    assert large.nbytes > BLOCK_BYTES
    with DecodePool(1) as pool:
        for values in (GREY, large, GREY):
            assert np.array_equal(pool.decode(jpeg_ls(values), JPEG_LS, pixels(values)), values)
        assert len(decode_faults.workers()) == 1


def failure(pool: DecodePool, data: bytes, syntax: str, form: PixelFormat) -> str:
    with pytest.raises(DecodeFailedError) as caught:
        pool.decode(data, syntax, form)
    return str(caught.value.why)


def test_what_is_wrong_with_a_frame_is_named_and_the_worker_lives() -> None:
    good = jpeg_ls(GREY)
    with DecodePool(1) as pool:
        assert pool.decode(good, JPEG_LS, pixels(GREY)).shape == (SIDE, SIDE)
        (worker,) = decode_faults.workers()
        assert failure(pool, good[: len(good) // 2], JPEG_LS, pixels(GREY)) == "damaged"
        assert failure(pool, b"", JPEG_LS, pixels(GREY)) == "damaged"
        assert failure(pool, good, "1.2.840.10008.1.2.4.102", pixels(GREY)) == "unsupported"
        assert failure(pool, good, JPEG_LS, pixels(GREY[:, :-1])) == "size"
        assert failure(pool, good, JPEG_LS, pixels(GREY.astype(np.uint8))) == "size"
        assert failure(pool, rle(GREY), RLE, pixels(GREY[:-1])) in ("size", "damaged")
        assert failure(pool, rle(GREY)[:64], RLE, pixels(GREY)) == "damaged"
        for offset in (0, 63, len(rle(GREY)), 0xFFFFFFF0):
            wrong = bytearray(rle(GREY))
            wrong[8:12] = offset.to_bytes(4, "little")
            assert failure(pool, bytes(wrong), RLE, pixels(GREY)) == "damaged"
        assert decode_faults.workers() == [worker]


def test_a_codec_whose_library_is_missing_is_not_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagecodecs, "DICOMRLE", SimpleNamespace(available=False))
    codec_names.cache_clear()
    try:
        assert codec_names() == ("JPEG", "JPEG Lossless", "JPEG-LS", "JPEG 2000", "HTJ2K")
        with pytest.raises(CodecError, match="unsupported"):
            decode(rle(GREY), task(b"", RLE, pixels(GREY)))
    finally:
        codec_names.cache_clear()


def said_larger(data: bytes, syntax: str) -> bytes:
    """The same codestream, saying that it holds 60000 x 60000."""
    bomb = bytearray(data)
    if syntax == JPEG_LS:
        at = data.index(b"\xff\xf7") + 5
        bomb[at : at + 4] = (60000).to_bytes(2, "big") * 2
    else:
        at = data.index(b"\xff\x4f\xff\x51") + 8
        bomb[at : at + 8] = (60000).to_bytes(4, "big") * 2
    return bytes(bomb)


@pytest.mark.parametrize("name", ["JPEG-LS", "JPEG 2000", "HTJ2K"])
def test_a_codestream_that_says_it_is_huge_is_refused_before_it_is_decoded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    syntax, values, _photometric, encode = CASES[name]
    bomb = said_larger(encode(values), syntax)
    assert said_size(bomb) == (60000, 60000, 1)
    asked: list[str] = []
    monkeypatch.setattr(imagecodecs, "jpegls_decode", lambda *_a, **_k: asked.append("ls"))
    monkeypatch.setattr(imagecodecs, "jpeg2k_decode", lambda *_a, **_k: asked.append("j2k"))
    monkeypatch.setattr(imagecodecs, "htj2k_decode", lambda *_a, **_k: asked.append("ht"))
    with pytest.raises(CodecError, match="size"):
        decode(bomb, task(bomb, syntax, pixels(values)))
    assert not asked


def test_a_header_that_says_it_is_huge_starts_no_worker() -> None:
    with DecodePool(1) as pool:
        assert failure(pool, b"\xff\xd8", JPEG_LS, PixelFormat(60000, 60000)) == "size"
        assert decode_faults.workers() == []


def test_a_worker_has_no_more_memory_than_it_is_given() -> None:
    with DecodePool(1, serve=decode_faults.greedy) as pool:
        if "rlimits" in pool.probe().sandbox:
            assert failure(pool, b"x", JPEG_LS, pixels(GREY)) == "memory"


def kernel_has_landlock() -> bool:
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1)) >= 1


def test_a_worker_reaches_no_file_no_network_and_no_other_process(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept")
    form = PixelFormat(1, decode_faults.ATTEMPTS)
    with DecodePool(1, serve=decode_faults.curious) as pool:
        sandbox = pool.probe().sandbox
        errors = pool.decode(str(tmp_path).encode(), JPEG_LS, form)[0].tolist()
    read, listed, made, removed, tcp, local, run, cut, signalled, traced = errors
    if sys.platform == "linux":
        assert "rlimits" in sandbox
        assert any(name.startswith("Landlock") for name in sandbox) == kernel_has_landlock()
        assert ("seccomp" in sandbox) == (platform.machine() in ("x86_64", "aarch64"))
    if any(name.startswith("Landlock") for name in sandbox):
        assert (read, listed, made, removed) == (13, 13, 13, 13)
    if any(name.startswith("Landlock") and int(name.split()[1]) >= 6 for name in sandbox):
        assert signalled == 1
    if "seccomp" in sandbox:
        assert (tcp, local, run, cut, traced) == (1, 1, 1, 1, 1)
    assert (tmp_path / "secret").read_text() == "kept" or not sandbox


def test_a_worker_of_the_program_has_one_thread_which_is_what_the_sandbox_holds() -> None:
    code = (
        "from overread.core.dicom.decode_pool import DecodePool\nimport psutil\n"
        "with DecodePool(1) as pool:\n"
        "    print(*pool.probe().sandbox, sep=';')\n"
        "    children = psutil.Process().children()\n"
        "    print(*(c.num_threads() for c in children if 'spawn_main' in ' '.join(c.cmdline())))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    sandbox, threads = done.stdout.splitlines()
    assert threads == "1"
    assert "without" not in sandbox


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run something; its result, or what it raised, is put into the list."""
    told: list[Any] = []

    def run() -> None:
        try:
            told.append(call())
        except (DecodeFailedError, DecodeCancelledError) as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, told


MARKED = jpeg_ls(GREY) + decode_faults.MARK


def test_a_frame_whose_worker_is_killed_is_tried_again() -> None:
    with DecodePool(1, serve=decode_faults.stopping) as pool:
        thread, told = in_thread(lambda: pool.decode(MARKED, JPEG_LS, pixels(GREY)))
        first = decode_faults.wait_for_stopped()
        first.send_signal(signal.SIGKILL)
        decode_faults.wait_for_stopped(not_pid=first.pid).send_signal(signal.SIGCONT)
        thread.join()
    assert np.array_equal(told[0], GREY)


def test_a_frame_that_kills_two_workers_is_given_up_and_the_next_one_is_decoded() -> None:
    with DecodePool(1, serve=decode_faults.stopping) as pool:
        thread, told = in_thread(lambda: pool.decode(MARKED, JPEG_LS, pixels(GREY)))
        first = decode_faults.wait_for_stopped()
        first.send_signal(signal.SIGKILL)
        decode_faults.wait_for_stopped(not_pid=first.pid).send_signal(signal.SIGKILL)
        thread.join()
        assert told[0].why == "stopped"
        assert np.array_equal(pool.decode(jpeg_ls(GREY), JPEG_LS, pixels(GREY)), GREY)


def test_a_cancel_ends_a_frame_at_once() -> None:
    asked = threading.Event()
    with DecodePool(1, serve=decode_faults.stopping, frame_seconds=600) as pool:
        thread, told = in_thread(lambda: pool.decode(MARKED, JPEG_LS, pixels(GREY), asked.is_set))
        decode_faults.wait_for_stopped()
        asked.set()
        thread.join()
    assert isinstance(told[0], DecodeCancelledError)


def test_closing_ends_a_frame_at_once() -> None:
    pool = DecodePool(1, serve=decode_faults.stopping, frame_seconds=600)
    thread, told = in_thread(lambda: pool.decode(MARKED, JPEG_LS, pixels(GREY)))
    decode_faults.wait_for_stopped()
    pool.close()
    thread.join()
    assert told[0].why == "closed"
    assert failure(pool, MARKED, JPEG_LS, pixels(GREY)) == "closed"
    pool.close()


@pytest.mark.parametrize("serve", [decode_faults.liar, decode_faults.babbler, decode_faults.stillborn])
def test_a_worker_that_says_nonsense_is_as_good_as_dead(serve: Any) -> None:
    with DecodePool(1, serve=serve) as pool:
        assert failure(pool, MARKED, JPEG_LS, pixels(GREY)) == "stopped"


def test_warm_workers_are_there_before_the_first_frame() -> None:
    with DecodePool(2) as pool:
        pool.warm()
        pool.probe()
        until = time.monotonic() + 30
        while len(decode_faults.workers()) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert len(decode_faults.workers()) == 2


def series_of(folder: Path, syntax: str = JPEGLSLossless, marked: int | None = None, slices: int = 6) -> Series:
    def change(made: Dataset, k: int) -> None:
        made.compress(syntax)
        if k == marked:
            data = get_frame(made.PixelData, 0, number_of_frames=1)
            made.PixelData = encapsulate([data.rstrip(b"\0") + decode_faults.MARK])

    return scan((Stack(shape=(slices, 12, 16), change=change).write(folder),)).series[0]


def test_a_frame_that_hangs_is_a_hole_that_says_so_and_the_rest_loads(tmp_path: Path) -> None:
    series = series_of(tmp_path / "s", marked=2)
    with (
        DecodePool(1, serve=decode_faults.stopping, frame_seconds=2) as pool,
        open_volume(series) as loading,
    ):
        report = loading.load(decoder=pool)
        assert [k for k, _why in report.failed] == [2]
        assert "did not finish within" in report.failed[0][1].say()
        assert loading.volume.holes == {2}
        assert loading.volume.value_at((4, 2, 1)) == -102


def test_a_frame_that_kills_its_worker_is_a_hole_and_the_rest_loads(tmp_path: Path) -> None:
    series = series_of(tmp_path / "s", marked=3)

    def kill_two() -> None:
        first = decode_faults.wait_for_stopped()
        first.send_signal(signal.SIGKILL)
        decode_faults.wait_for_stopped(not_pid=first.pid).send_signal(signal.SIGKILL)

    with DecodePool(2, serve=decode_faults.stopping) as pool, open_volume(series) as loading:
        killer = threading.Thread(target=kill_two)
        killer.start()
        report = loading.load(decoder=pool)
        killer.join()
        assert [k for k, _why in report.failed] == [3]
        assert "stopped on it, twice" in report.failed[0][1].say()
        assert loading.volume.value_at((4, 2, 1)) == -102


def test_a_series_that_only_kills_workers_is_given_up(tmp_path: Path) -> None:
    series = series_of(tmp_path / "s", slices=12)
    with DecodePool(1, serve=decode_faults.deadly) as pool, open_volume(series) as loading:
        reasons = [why for _k, why in loading.load(decoder=pool).failed]
    assert [why.id for why in reasons] == ["dicom.decode-stopped"] * 5 + ["dicom.decode-given-up"] * 7
    assert "too many images of this series" in reasons[-1].say()


def test_several_workers_keep_the_order_from_the_middle_outwards(tmp_path: Path) -> None:
    series = series_of(tmp_path / "s", RLELossless, slices=11)
    came: list[int] = []
    with DecodePool(3) as pool, open_volume(series) as loading:
        loading.load(arrived=came.extend, decoder=pool)
        assert len(decode_faults.workers()) == 3
        assert loading.volume.holes == frozenset()
        # (i, j, k) = (4, 2, 1) lies at LPS (-7, -17, -27.5).
        assert loading.volume.value_at((4, 2, 1)) == value_at(np.array([-7, -17, -27.5]))
    assert [abs(k - 5) for k in came] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_cancelled_load_leaves_a_frame_that_hangs(tmp_path: Path) -> None:
    series = series_of(tmp_path / "s", marked=3)
    asked = threading.Event()
    with (
        DecodePool(1, serve=decode_faults.stopping, frame_seconds=600) as pool,
        open_volume(series) as loading,
    ):
        thread, told = in_thread(lambda: loading.load(decoder=pool, cancelled=asked.is_set))
        decode_faults.wait_for_stopped()
        asked.set()
        thread.join()
    assert told[0].cancelled


def test_a_compressed_series_opens_without_decoders_in_this_process(tmp_path: Path) -> None:
    series_of(tmp_path / "s")
    code = (
        "import sys\nfrom pathlib import Path\nfrom overread.core.dicom.load import load\n"
        "from overread.core.dicom.scan import scan\nfrom overread.core.dicom.thumbnail import thumbnail\n"
        "series = scan((Path(sys.argv[1]),)).series[0]\n"
        "with load(series) as loading:\n    print(loading.volume.value_at((4, 2, 1)), thumbnail(series).shape)\n"
        "print('imagecodecs' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s")], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n")[:2] == ["-102.0 (56, 56)", "False"]


def test_frames_of_one_file_are_found_by_either_table(tmp_path: Path) -> None:
    frames = [picture(12, 16, seed=n) for n in range(3)]
    data = [jpeg_ls(values) for values in frames]
    for name, offsets in (("basic", True), ("none", False)):
        made = Stack(shape=(1, 12, 16)).dataset(0)
        made.NumberOfFrames = 3
        made.PixelData = encapsulate(data, has_bot=offsets)
        made["PixelData"].VR = "OB"
        made.file_meta.TransferSyntaxUID = JPEGLSLossless
        (tmp_path / name).mkdir()
        made.save_as(tmp_path / name / "one", enforce_file_format=True)
        with load(scan((tmp_path / name,)).series[0]) as loading:
            assert loading.report.failed == ()
            for k, values in enumerate(frames):
                assert np.array_equal(np.asarray(loading.volume.voxels[k]), values.astype(int) - 1024), (name, k)


def test_the_thumbnail_of_a_compressed_series(tmp_path: Path) -> None:
    plain = scan((Stack().write(tmp_path / "plain"),)).series[0]
    with DecodePool(1) as pool:
        assert np.array_equal(thumbnail(series_of(tmp_path / "s"), decoder=pool), thumbnail(plain))


def test_strangers_bytes_end_no_process_but_a_worker() -> None:
    random = np.random.default_rng(20261126)
    sources = [(syntax, encode(values), pixels(values, tint)) for syntax, values, tint, encode in CASES.values()]
    whys: set[str] = set()
    with DecodePool(1) as pool:
        for number in range(300):
            syntax, data, form = sources[number % len(sources)]
            mutated = np.frombuffer(data, np.uint8).copy()
            if number % 5 == 0:
                mutated = random.integers(0, 256, int(random.integers(1, 4000)), dtype=np.uint8)
            else:
                places = random.integers(0, len(mutated), int(random.integers(1, 12)))
                mutated[places] = random.integers(0, 256, len(places), dtype=np.uint8)
            try:
                decoded = pool.decode(mutated.tobytes(), syntax, form)
            except DecodeFailedError as error:
                whys.add(error.why)
            else:
                assert decoded.shape[:2] == (SIDE, SIDE)
        assert np.array_equal(pool.decode(jpeg_ls(GREY), JPEG_LS, pixels(GREY)), GREY)
    assert {"damaged", "size"} <= whys <= {"damaged", "size", "memory", "stopped", "slow"}


def test_a_worker_in_the_middle_of_a_frame_dies_with_a_killed_parent_and_its_memory_is_swept() -> None:
    code = (
        "import os, sys, threading, time\nsys.path.append(sys.argv[1])\nimport decode_faults, psutil\n"
        "from overread.core.dicom.decode_pool import DecodePool\nfrom overread.core.series import PixelFormat\n"
        "from overread.core.shared import folders\n"
        "pool = DecodePool(1, serve=decode_faults.stopping, frame_seconds=600)\n"
        "frame = (decode_faults.MARK, '1.2.840.10008.1.2.4.80', PixelFormat(4, 4))\n"
        "threading.Thread(target=pool.decode, args=frame, daemon=True).start()\n"
        "decode_faults.wait_for_stopped()\n"
        "print(*(c.pid for c in psutil.Process().children(recursive=True)))\n"
        "print(*(p for f in folders() for p in f.glob(f'overread-{os.getpid()}-*')), flush=True)\ntime.sleep(600)\n"
    )
    helpers = str(Path(decode_faults.__file__).parent)
    with subprocess.Popen([sys.executable, "-c", code, helpers], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        blocks = [Path(name) for name in parent.stdout.readline().split()]
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    _gone, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert len(blocks) == 2
    # Any program of this user that starts meanwhile sweeps too, so that only the end is certain.
    sweep()
    assert not any(block.exists() for block in blocks)
