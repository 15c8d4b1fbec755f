"""The readers that this program runs, by the name of their card: an allow-list, no import by a foreign string."""

from __future__ import annotations

from collections.abc import Callable

from overread.inference.cards import ModelCard, card
from overread.inference.readers.base import Reader

_SHIPPED: dict[str, Callable[[], Reader]] = {}
"""No reader ships with this version; each will be imported in the worker when it is first asked for."""


def find_reader(name: str) -> tuple[Reader, ModelCard] | None:
    """The reader and the card of a shipped model, or None. Raises BadCardError."""
    make = _SHIPPED.get(name)
    return (make(), card(name)) if make is not None else None
