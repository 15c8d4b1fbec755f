"""What a command does not take: one sentence, exit code 2, nothing on standard output, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from overread.core.errors import Exit
from overread.viewer.cli.main import main


@pytest.mark.parametrize(
    ("option", "text", "count"),
    [("--at", "1,2", 3), ("--window", "lung,1500", 2), ("--size", "900", 2), ("--size", "nanx900", 2)],
)
def test_a_picture_of_numbers_that_are_none_is_wrong_use(
    option: str, text: str, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "picture.png"
    assert main(["snapshot", str(tmp_path), "--to", str(picture), option, text]) == Exit.WRONG_USE
    told = capsys.readouterr()
    assert told.err == f"{option} takes {count} numbers parted by commas, not “{text.replace('x', ',')}”.\n"
    assert told.out == ""
    assert not picture.exists()


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--window", "40,0", "--window: the width must be 1 or more.\n"),
        ("--size", "0x900", "--size: each side must have 80 to 8192 pixels.\n"),
    ],
)
def test_a_picture_that_cannot_be_is_wrong_use(
    option: str, text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snapshot", str(tmp_path), "--to", str(tmp_path / "x.png"), option, text]) == Exit.WRONG_USE
    assert capsys.readouterr().err == told
    assert list(tmp_path.iterdir()) == []
