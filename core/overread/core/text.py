"""Every sentence for people, from one table in two languages.

The table is ``overread.resources/translations/*.toml``. A text id is the dotted path of its TOML table; each
entry holds ``en`` and ``zh`` and, where English needs it, ``en_one`` for the case that the value ``n`` is 1.
Code never holds a sentence: it holds a text id and the values that go into it (a ``Sentence``), so that the
same fact can be told in either language, later, and from another process.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text id with its values, not yet in any language. ``values`` are (name, text, number or sentence) pairs."""

    id: str
    values: tuple[tuple[str, str | int | float | Sentence], ...] = ()

    def say(self, language: Language = "en") -> str:
        """The sentence in ``language``. Raises KeyError for an unknown id or a missing value."""
        entry = table()[self.id]
        values = {name: one.say(language) if isinstance(one, Sentence) else one for name, one in self.values}
        form = "en_one" if language == "en" and values.get("n") == 1 and "en_one" in entry else language
        return entry[form].format(**values)

    def __str__(self) -> str:
        return self.say("en")


def sentence(text_id: str, **values: str | int | float | Sentence) -> Sentence:
    """Shorthand: ``sentence("scan.empty", folder="x")``."""
    return Sentence(text_id, tuple(values.items()))


def say(text_id: str, language: Language = "en", **values: str | int | float | Sentence) -> str:
    """Shorthand for ``sentence(text_id, **values).say(language)``."""
    return sentence(text_id, **values).say(language)


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """The whole translation table: text id to its forms. Raises ValueError when two files define one id."""
    entries: dict[str, Mapping[str, str]] = {}
    folder = resources.files("overread.resources") / "translations"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for text_id, forms in _flatten(tomllib.loads(file.read_text(encoding="utf-8")), ""):
            if text_id in entries:
                raise ValueError(f"text id {text_id} stands twice; the second time in {file.name}")
            entries[text_id] = MappingProxyType(forms)
    return MappingProxyType(entries)


def _flatten(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    if "en" in node and isinstance(node["en"], str):
        yield prefix, dict(node)
        return
    for key, child in node.items():
        yield from _flatten(child, f"{prefix}.{key}" if prefix else key)


def number(value: float, decimals: int = 0) -> str:
    """A number for people: fixed decimals with a point, and a true minus sign."""
    rounded = f"{value:.{decimals}f}"
    if float(rounded) == 0:
        rounded = rounded.lstrip("-")
    return rounded.replace("-", MINUS)


def millimetres(value_mm: float) -> str:
    """A length or a coordinate in mm with one decimal, no unit."""
    return number(value_mm, 1)


def volume_text(volume_mm3: float) -> str:
    """A volume with its unit: mm³ whole, cm³ with one decimal from 1000 mm³ on."""
    if volume_mm3 >= 1000:
        return f"{number(volume_mm3 / 1000, 1)} cm³"
    return f"{number(volume_mm3)} mm³"
