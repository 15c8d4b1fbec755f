"""The shape of the tree: namespace portions, sizes, forbidden words, licences, both languages."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from overread.core.text import table

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "inference", "viewer", "plugins", "resources")
LONGEST_FUNCTION = 60
LONGEST_FILE = 700
TOO_LONG: dict[str, int] = {}
"""Functions and files that are allowed to be longer. The list only shrinks."""

LGPL = {
    "PySide6_Essentials", "shiboken6", "connected-components-3d", "edt", "fastmorph", "fastremap", "fill_voids",
}  # fmt: skip
"""Used unmodified, as packages of their own that can be replaced (docs/dependencies.md)."""


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from (ROOT / room).rglob("*.py")
    yield from (ROOT / "tests").rglob("*.py")
    yield from (ROOT / "packaging").rglob("*.py")


def test_no_portion_of_the_namespace_is_closed() -> None:
    closed = [ROOT / room / "overread" / "__init__.py" for room in ROOMS]
    closed += [ROOT / "packaging" / "__init__.py", ROOT / "tests" / "__init__.py"]
    assert not [path for path in closed if path.exists()]


def test_functions_and_files_stay_short() -> None:
    long = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT))
        if text.count("\n") > TOO_LONG.get(name, LONGEST_FILE):
            long.append(f"{name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > TOO_LONG.get(f"{name}:{node.name}", LONGEST_FUNCTION):
                    long.append(f"{name}:{node.lineno} {node.name}: {lines} lines")
    assert not long, "\n".join(long)


def test_ignores_name_what_they_ignore() -> None:
    vague = re.compile(r"# type: ignore(?!\[)|# noqa(?!: [A-Z])|\bpytest\.skip\b|mark\.(skip|xfail)")
    here = Path(__file__).resolve()
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        if path != here
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if vague.search(line)
    ]
    assert not found


@pytest.mark.parametrize("text_id", sorted(table()))
def test_every_sentence_stands_in_both_languages_with_the_same_values(text_id: str) -> None:
    entry = table()[text_id]
    assert set(entry) <= {"en", "zh", "en_one"}
    assert entry["en"].strip()
    assert entry["zh"].strip()
    assert names(entry["en"]) - {"n"} == names(entry["zh"]) - {"n"}
    assert names(entry.get("en_one", "")) <= names(entry["en"])


PLUGIN_TEXTS = sorted((ROOT / "plugins").rglob("texts.toml"))


@pytest.mark.parametrize("file", PLUGIN_TEXTS, ids=lambda file: file.parent.name)
def test_every_text_of_a_shipped_plugin_stands_in_both_languages(file: Path) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in file.parent.glob("*.py"))
    for text_id, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
        assert set(entry) <= {"en", "zh", "en_one"}
        assert names(entry["en"]) - {"n"} == names(entry["zh"]) - {"n"}
        assert f'"{text_id}"' in code


def names(text: str) -> set[str]:
    return {field for _literal, field, _spec, _conversion in string.Formatter().parse(text) if field}


def test_every_text_id_in_the_code_is_in_the_table() -> None:
    called = re.compile(r"""\b(?:sentence|say)\(\s*["']([a-z0-9_-]+\.[a-z0-9_.-]+)["']""")
    unknown = {
        match
        for room in ("core", "inference", "viewer", "plugins")
        for path in (ROOT / room).rglob("*.py")
        for match in called.findall(path.read_text(encoding="utf-8"))
        if match not in table()
    }
    # The docstring of core.text shows the form with an id that is none.
    assert unknown <= {"scan.empty"}


def shipped() -> set[str]:
    """Distributions that an installed program brings with it (torch, an option, included)."""
    seen: set[str] = set()
    todo = ["overread"]
    while todo:
        name = todo.pop()
        for line in requires(name) or ():
            requirement = Requirement(line)
            extra = "torch" if name == "overread" else ""
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            if requirement.name.lower() not in seen:
                seen.add(requirement.name.lower())
                todo.append(requirement.name)
    return seen


def test_nothing_that_ships_is_gpl() -> None:
    allowed = {name.lower().replace("_", "-") for name in LGPL}
    bad = []
    for name in shipped():
        data = distribution(name).metadata
        named = [*(data.get_all("License-Expression") or []), *(one[:200] for one in data.get_all("License") or [])]
        text = " ".join(named + [line for line in data.get_all("Classifier") or [] if "License" in line])
        if re.search(r"\bA?GPL|General Public License", text) and name.replace("_", "-") not in allowed:
            bad.append(f"{name}: {text}")
    assert not bad
    assert "pylibjpeg-libjpeg" not in shipped()


def test_every_feature_names_a_test_that_exists() -> None:
    rows = (ROOT / "docs/features.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\btest_[a-z0-9_]+(?:\.py)?", rows))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(named) > 20
    assert not [name for name in named if f"def {name}(" not in code and name not in files]
