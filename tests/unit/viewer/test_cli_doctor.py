"""The doctor looks in processes of its own, in a way that works in a frozen build."""

from __future__ import annotations

import argparse
import json
import os
import sys

import pytest

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
