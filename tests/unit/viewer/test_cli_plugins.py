"""``overread plugins list`` names what is here and runs nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overread.viewer.cli.main import main


def test_the_list_says_where_each_comes_from(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "change 1.0 (came with the program; Apache-2.0): Change since the prior"
    assert lines[2].startswith("finding-sentence 1.0 (came with the program; Apache-2.0)")


def test_a_folder_that_cannot_be_used_is_named(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_home / "config" / "plugins" / "half").mkdir(parents=True)
    (own_home / "config" / "plugins" / "half" / "overread-plugin.toml").write_text("schema = 1\n")
    assert main(["plugins", "list", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["trust"], one["may_run"]) for one in found["plugins"]] == [
        ("change", "bundled", True),
        ("finding-sentence", "bundled", True),
    ]
    assert "“half”" in found["problems"][0]["en"]
    assert "half" in found["problems"][0]["zh"]
