"""The doctor looks in processes of its own, in a way that works in a frozen build."""

from __future__ import annotations

import argparse
import json
import os
import sys

import pytest

import decode_faults
from overread.core.dicom.decode_pool import DecodePool
from overread.viewer import program
from overread.viewer.cli import doctor


def noisy() -> str:
    sys.stdout.write("a library says hello\n")
    return "found"


def broken() -> str:
    os.abort()


def test_a_probe_answers_and_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    assert doctor._probe(noisy) == "found"
    assert capfd.readouterr().out == ""


def test_a_probe_that_dies_finds_nothing() -> None:
    assert doctor._probe(broken) == ""


def test_everything_that_is_needed_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(argparse.Namespace(json=True, gpu_selftest=False)) == 0
    lines = {line["what"]: line for line in json.loads(capsys.readouterr().out)["lines"]}
    assert lines["overread"]["found"] == "0.1.0"
    assert lines["OpenGL"]["state"] == "ok"
    assert lines["Chinese font"]["state"] == "ok"


def test_a_frozen_build_starts_itself_without_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/overread/overread")
    assert program.own_command() == ("/opt/overread/overread", "-m", "overread.viewer.cli.main")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert program.own_command() == ("/opt/overread/overread",)


def test_a_frozen_build_names_the_package_with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    assert "overread-torch" in doctor._versions()[-1].do


def test_the_decode_workers_are_named_with_what_holds_them_back() -> None:
    line = doctor._decoders()
    assert line.what == "decode workers"
    assert line.found.endswith("; JPEG, JPEG Lossless, JPEG-LS, JPEG 2000, HTJ2K, RLE")
    assert line.state == ("ok" if "Landlock" in line.found else "note")


def test_decode_workers_that_do_not_start_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DecodePool", lambda count: DecodePool(count, serve=decode_faults.stillborn))
    line = doctor._decoders()
    assert (line.state, line.found) == ("missing", "none starts")
    assert "shared memory" in line.do
