"""Writing what was measured into a card file: the rest of the file stays as it is, byte by byte."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from overread.core.errors import NotWrittenError
from overread.core.text import sentence
from overread.core.whole import write_whole
from overread.inference.cards import BadCardError, Measured

HEAD = "[[measured]]"


def write_measured(file: Path, rows: Sequence[Measured]) -> None:
    """Put rows into a card file; earlier rows of the same targets and data go, all others stay.

    The tables of measurements stand at the end of the file. Raises BadCardError for a file that is no card,
    NotWrittenError.
    """
    try:
        text = file.read_text(encoding="utf-8")
        before = [msgspec.convert(one, Measured) for one in tomllib.loads(text).get("measured", [])]
    except (OSError, ValueError) as error:
        raise BadCardError(sentence("engine.bad-card", file=file.name, why=str(error))) from error
    new = {(row.targets, row.data) for row in rows}
    kept = [row for row in before if (row.targets, row.data) not in new]
    head = text.split(f"\n{HEAD}\n", 1)[0].rstrip("\n")
    whole = head + "\n" + "".join(_table(row) for row in [*kept, *rows])
    try:
        write_whole(file, whole.encode())
    except OSError as error:
        raise NotWrittenError(sentence("analyze.not-written", file=str(file), why=error.strerror or "")) from error


def _table(row: Measured) -> str:
    values: dict[str, Any] = msgspec.to_builtins(row)
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if value is not None and value != ""]
    return "\n" + "\n".join([HEAD, *lines]) + "\n"


def _value(value: str | int | float) -> str:
    """A TOML value. JSON's strings are TOML's basic strings, but for DEL, which no row holds."""
    return json.dumps(value, ensure_ascii=False)
