"""Settings: one table of keys, a TOML file of the user, and an administrator's file that can fix values."""

from __future__ import annotations

import getpass
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from overread.core.errors import NotWrittenError
from overread.core.text import Sentence, sentence
from overread.core.whole import write_whole

Value = str | int | bool
Kind = Literal["text", "number", "switch", "choice", "folder"]


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: its default, its kind, and what it may be."""

    name: str
    kind: Kind
    default: Value
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    site_only: bool = False
    """True for what only the administrator's file may say."""

    @property
    def text_id(self) -> str:
        """The words of the setting in the translation table."""
        return f"settings.{self.name}"

    def allows(self, value: object) -> bool:
        """True when a value is of the right kind and within bounds."""
        if self.kind == "switch":
            return isinstance(value, bool)
        if self.kind == "number":
            return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high
        return isinstance(value, str) and (self.kind != "choice" or value in self.choices)


SCHEMA: tuple[Key, ...] = (
    Key("language", "choice", "en", ("en", "zh")),
    Key("reader", "text", ""),
    Key("mouse", "choice", "default", ("default", "pacs_b")),
    Key("text-size", "number", 100, low=80, high=200),
    Key("inbox", "folder", ""),
    Key("reading-mode", "choice", "second", ("second", "concurrent")),
    Key("results", "folder", ""),
    Key("layout", "choice", "chest", ("chest", "1", "1x2", "2x1", "2x2", "1+2", "1+3")),
    Key("plugins", "text", "", site_only=True),
)
BY_NAME: Mapping[str, Key] = {key.name: key for key in SCHEMA}


@dataclass(slots=True)
class Settings:
    """The values in force. ``fixed`` were set by an administrator, or only one may set them; ``complaints`` name what
    was not understood."""

    path: Path
    values: dict[str, Value] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    complaints: tuple[Sentence, ...] = ()

    def get(self, name: str) -> Value:
        """The value of a setting. Raises KeyError for a name that is none."""
        return self.values.get(name, BY_NAME[name].default)

    def text(self, name: str) -> str:
        """The value of a setting that is a text."""
        return str(self.get(name))

    def number(self, name: str) -> int:
        """The value of a setting that is a number."""
        return int(self.get(name))

    @property
    def approved_plugins(self) -> frozenset[str]:
        """Ids of the plugins that the administrator lets run beside those that come with the program."""
        return frozenset(self.text("plugins").replace(",", " ").split())

    def set(self, name: str, value: Value) -> None:
        """Change a setting and write the file. Raises ValueError for a wrong or fixed one, NotWrittenError."""
        if name in self.fixed or not BY_NAME[name].allows(value):
            raise ValueError(f"{name} cannot be {value!r}")
        self.values[name] = value
        self.write()

    def write(self) -> None:
        """Write what differs from the defaults, whole or not at all. Raises NotWrittenError."""
        lines = [
            f"{name} = {_toml(value)}"
            for name, value in sorted(self.values.items())
            if name not in self.fixed and value != BY_NAME[name].default
        ]
        try:
            write_whole(self.path, ("\n".join(lines) + "\n").encode())
        except OSError as error:
            raise NotWrittenError(
                sentence("settings.not-written", file=self.path.name, why=error.strerror or "")
            ) from error


def _toml(value: Value) -> str:
    """A TOML value; JSON's strings, whole numbers and booleans are TOML's too."""
    return json.dumps(value, ensure_ascii=False)


def load_settings(path: Path, site: Path | None = None) -> Settings:
    """Read the user's file and the administrator's. What is unknown or wrong is named and left out."""
    complaints: list[Sentence] = []
    values = _read(path, complaints, is_site=False)
    fixed = {} if site is None else _read(site, complaints, is_site=True)
    names = frozenset(fixed) | {key.name for key in SCHEMA if key.site_only}
    return Settings(path, {**values, **fixed}, names, tuple(complaints))


def _read(path: Path, complaints: list[Sentence], *, is_site: bool) -> dict[str, Value]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        complaints.append(sentence("settings.not-readable", file=path.name))
        return {}
    good: dict[str, Value] = {}
    for name, value in found.items():
        key = BY_NAME.get(name)
        if key is None:
            complaints.append(sentence("settings.unknown", file=path.name, key=name))
        elif key.site_only and not is_site:
            complaints.append(sentence("settings.site-only", file=path.name, key=name))
        elif not key.allows(value):
            complaints.append(sentence("settings.wrong", file=path.name, key=name))
        else:
            good[name] = value
    return good


def account_name() -> str:
    """The name of the account that runs the program: who reads, until somebody says otherwise."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reader"
