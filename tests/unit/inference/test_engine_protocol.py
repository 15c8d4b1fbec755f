"""Messages: what is refused, what a sentence becomes, and what importing the viewer's side brings along."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.resource_tracker import ensure_running
from typing import Any

import pytest

import engine_readers
from overread.core.text import Sentence
from overread.inference.protocol import (
    MOST_BYTES,
    BadMessageError,
    Failure,
    Hello,
    Refused,
    Shutdown,
    Submit,
    Told,
    decode_from_engine,
    decode_to_engine,
    encode,
    ending,
)


def submit(**changes: Any) -> bytes:
    volume = {
        "block": {"name": "overread-12-0123456789abcdef", "size": 24},
        "shape_kji": [2, 2, 3],
        "dtype": "int16",
        "affine": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
        **changes.pop("volume", {}),
    }
    message = {"type": "Submit", "job_uid": "0" * 32, "model": "ball", "volume": volume, "device": "cpu", **changes}
    return json.dumps(message).encode()


def test_submit_keeps_every_value() -> None:
    message = decode_to_engine(submit(volume={"holes": [1], "padding_value": -2000.0}, facts={"Modality": "CT"}))
    assert isinstance(message, Submit)
    assert message.volume.shape_kji == (2, 2, 3)
    assert message.volume.holes == [1]
    assert message.volume.padding_value == -2000.0
    assert message.facts == {"Modality": "CT"}
    assert decode_to_engine(encode(message)) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04\x95",
        b"null",
        b'{"type":"Exec","code":"1"}',
        submit(extra=1),
        submit(job_uid="../../etc/passwd"),
        submit(job_uid="0" * 32 + "\n"),
        submit(model="os/system"),
        submit(device="cuda:-1"),
        submit(volume={"dtype": "object"}),
        submit(volume={"shape_kji": [2, 2, -3]}),
        submit(volume={"shape_kji": [2, 2, 4]}),
        submit(volume={"affine": [1.0] * 15}),
        submit(volume={"holes": [2]}),
        submit(volume={"block": {"name": "../overread-12-0123456789abcdef", "size": 24}}),
        submit(volume={"slope": "1"}),
    ],
)
def test_malformed_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessageError):
        decode_to_engine(data)


def test_oversized_message_is_refused_on_both_sides() -> None:
    with pytest.raises(BadMessageError, match="bytes"):
        decode_from_engine(b" " * (MOST_BYTES + 1))
    with pytest.raises(BadMessageError, match="bytes"):
        encode(Failure("0" * 32, Told("x", {"v": "y" * MOST_BYTES}), retryable=False))


def test_sentence_travels_and_an_unknown_one_is_named() -> None:
    told = Told.of(Sentence("engine.suit.slices", (("wanted", 12), ("n", 3))))
    assert told.sentence().say("zh") == "该模型至少需要 12 层；此序列为 3 层。"
    assert (
        Told("no.such.text").sentence().say()
        == "The engine sent a text that this program does not know (no.such.text)."
    )
    assert Told("engine.suit.slices").sentence().id == "engine.unknown-text"


def test_end_of_a_process_is_named() -> None:
    assert (ending(-9), ending(7)) == ("SIGKILL", "exit code 7")


class _Engine:
    """An engine process spoken to byte by byte."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=engine_readers.serve, args=(theirs, os.getpid()))
        self.process.start()
        theirs.close()

    def hear(self, kind: type[Any]) -> Any:
        while True:
            message = decode_from_engine(self.pipe.recv_bytes())
            if isinstance(message, kind):
                return message


@pytest.fixture(scope="module", autouse=True)
def resource_tracker() -> None:
    """The helper process of multiprocessing stays until this process ends: it is no leftover of a test."""
    ensure_running()


@pytest.fixture
def engine() -> Iterator[_Engine]:
    one = _Engine()
    yield one
    one.process.kill()
    one.process.join()
    one.process.close()
    one.pipe.close()


def test_engine_refuses_a_malformed_message_and_lives(engine: _Engine) -> None:
    engine.hear(Hello)
    engine.pipe.send_bytes(b'{"type":"Exec"}')
    assert "Exec" in engine.hear(Refused).why
    engine.pipe.send_bytes(encode(Shutdown()))
    engine.process.join()
    assert engine.process.exitcode == 0


def test_engine_ends_at_an_oversized_message(engine: _Engine) -> None:
    def send() -> None:
        try:
            engine.pipe.send_bytes(b" " * (MOST_BYTES + 1))
        except OSError:
            return

    engine.hear(Hello)
    sender = threading.Thread(target=send)
    sender.start()
    engine.process.join()
    sender.join()
    assert engine.process.exitcode == 0


def test_engine_ends_when_the_viewer_is_gone(engine: _Engine) -> None:
    engine.hear(Hello)
    engine.pipe.close()
    engine.process.join()
    assert engine.process.exitcode == 0


def test_viewer_side_imports_no_torch_no_qt_and_nothing_of_the_engine() -> None:
    code = (
        "import sys, overread.inference.client, overread.inference.protocol, overread.inference.cards;"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('torch', 'PySide6', 'vtkmodules', 'scipy')"
        " or m.startswith('overread.inference.engine')];"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
