"""``overread doctor``: what it says of the decode workers."""

from __future__ import annotations

import pytest

import decode_faults
from overread.core.dicom.decode_pool import DecodePool
from overread.viewer.cli import doctor


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
