"""The log and the crash report hold places in the program and nothing about a patient."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from overread.viewer import diagnostics


def _fail(name: str) -> None:
    secret = f"/data/{name}/1.dcm"
    raise FileNotFoundError(2, "no such file", secret)


def test_the_log_names_the_place_but_no_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    handler = diagnostics.start_log(tmp_path)
    try:
        _fail("DOE^JANE")
    except FileNotFoundError:
        logging.getLogger("overread.test").info("a read failed", exc_info=True)
    diagnostics.stop_log(handler)
    text = (tmp_path / "overread.log").read_text(encoding="utf-8")
    assert "builtins.FileNotFoundError" in text
    assert "_fail" in text
    assert "DOE" not in text
    assert "1.dcm" not in text


def test_an_unwritable_folder_gives_no_log_and_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    assert diagnostics.start_log(blocked / "log") is None


def test_an_unexpected_error_becomes_a_report_without_values(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    undo = diagnostics.catch_unexpected(told.append)
    try:
        try:
            _fail("DOE^JANE")
        except FileNotFoundError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        undo()
        caplog.clear()
    assert len(told) == 1
    assert told[0].startswith("Overread 0.1.0\n")
    assert "FileNotFoundError" in told[0]
    assert "DOE" not in told[0]
