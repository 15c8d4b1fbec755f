"""The record of the long checks: what is kept, what is replaced, and that a failure cannot be read as a success."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import proofs
from proofs import Entry, Proof, put, read, run_all

UNITS = Proof("units", "make unit", proofs.PASSED)
OTHER = Proof("other", "make other", r"^size (\d+)")
OUTPUT = "..... [100%]\n787 passed in 28.74s\nsize 5\n3 failed, 5 passed, 1 warning in 2.00s\n"


def test_the_figure_is_what_counts_and_the_time() -> None:
    assert proofs.figure(UNITS, 0, OUTPUT, 61.4) == "787 passed; 3 failed, 5 passed, 1 warning; 61 s"
    assert proofs.figure(OTHER, 0, OUTPUT, 1.0) == "5; 1 s"


def test_a_failure_says_so() -> None:
    assert proofs.figure(UNITS, 2, OUTPUT, 3.0).startswith("FAILED with exit code 2: ")
    assert proofs.figure(UNITS, 0, "nothing", 3.0) == "no figure; 3 s"


def test_what_was_not_run_keeps_its_line(tmp_path: Path) -> None:
    target = tmp_path / "proofs.json"
    put(target, Entry("other", "abc", "2026-01-01T00:00:00Z", "make other", "5; 1 s"))
    put(target, Entry("units", "abc", "2026-01-01T00:00:00Z", "make unit", "1 passed; 1 s"))
    failed = run_all([UNITS], target, lambda _proof: (0, OUTPUT))
    assert failed == []
    other, units = read(target)
    assert other["commit"] == "abc"
    assert units["figure"].startswith("787 passed")
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", units["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", units["date"])
    assert list(units) == ["proof", "commit", "date", "command", "figure"]


def test_a_failed_check_is_written_and_told(tmp_path: Path) -> None:
    target = tmp_path / "proofs.json"
    assert run_all([UNITS, OTHER], target, lambda proof: (int(proof is UNITS), OUTPUT)) == ["units"]
    assert [one["figure"].startswith("FAILED") for one in read(target)] == [True, False]


def test_a_line_is_really_run(capfd: pytest.CaptureFixture[str]) -> None:
    code, output = proofs.run(Proof("x", "echo 4 passed in 1s; echo $MAKELEVEL. >&2; exit 3", ""))
    assert (code, output) == (3, "4 passed in 1s\n.\n")
    assert "4 passed" in capfd.readouterr().out


def test_an_unknown_name_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        proofs.main(["no such check"])
    (tmp_path / "proofs.json").write_text('[{"proof": "x"}]')
    with pytest.raises(ValueError, match="does not hold a list of proofs"):
        put(tmp_path / "proofs.json", Entry("x", "", "", "", ""))


def test_the_record_in_the_tree_can_be_read() -> None:
    names = {one.name for one in proofs.PROOFS}
    assert {entry["proof"] for entry in read(proofs.TARGET)} <= names
    json.loads(proofs.TARGET.read_text(encoding="utf-8"))
