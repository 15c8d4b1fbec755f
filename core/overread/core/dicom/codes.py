"""Codes of findings and reasons, from ``overread.resources/codes``: coded words that other programs understand."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from overread.core.text import say

OWN_SCHEME = "99OVERREAD"
"""Coding scheme designator for what no standard code says (PS3.3 8.2: private designators begin with 99)."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A code value (at most 16 characters), its scheme, and its meaning (at most 64 characters)."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class LabelCodes:
    """What a finding is: category and type, and the site where the label implies one."""

    category: Coded
    type: Coded
    site: Coded | None = None


UNKNOWN_CATEGORY = Coded("309825002", "SCT", "Spatial and Relational Concept")
"""The category of a region of which no more is known than that it is one."""


def label_codes(label: str) -> LabelCodes:
    """The codes of a label's text id; codes of our own with its English words where the table has none."""
    entry = _table("labels.toml")["label"].get(label)
    if entry is None:
        return LabelCodes(UNKNOWN_CATEGORY, own_code(label, say(label)))
    site = entry.get("site")
    return LabelCodes(Coded(*entry["category"]), Coded(*entry["type"]), None if site is None else Coded(*site))


def kind_code(kind: str) -> Coded:
    """The code of a kind's text id (solid, sub-solid)."""
    entry = _table("labels.toml")["kind"].get(kind)
    return own_code(kind, say(kind)) if entry is None else Coded(*entry["value"])


def reason_keys() -> tuple[str, ...]:
    """The reasons for rejecting, in their order."""
    return tuple(_table("reasons.toml"))


def reason_code(reason: str) -> Coded:
    """The code of a reason for rejecting; one of our own for a key that this version does not know."""
    entry = _table("reasons.toml").get(reason)
    return own_code(reason, reason) if entry is None else Coded(*entry["code"])


def own_code(key: str, meaning: str) -> Coded:
    """A private code that is always the same for one key."""
    return Coded(f"T-{hashlib.sha256(key.encode()).hexdigest()[:8].upper()}", OWN_SCHEME, meaning[:64])


@cache
def _table(name: str) -> dict[str, Any]:
    text = (resources.files("overread.resources") / "codes" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)
