"""The readers that this program runs, by the name of their card: an allow-list, no import by a foreign string."""

from __future__ import annotations

from collections.abc import Callable

from overread.inference.cards import ModelCard, card
from overread.inference.readers.base import Reader


def _lung_nodule() -> Reader:
    # Late: scipy and the rest of a reader are loaded in the worker that runs it, not in the engine.
    from overread.inference.readers.lung_nodule.reader import read  # noqa: PLC0415

    return read


_SHIPPED: dict[str, Callable[[], Reader]] = {"lung-nodule": _lung_nodule}
"""Each is imported in the worker when it is first asked for."""


def find_reader(name: str) -> tuple[Reader, ModelCard] | None:
    """The reader and the card of a shipped model, or None. Raises BadCardError."""
    make = _SHIPPED.get(name)
    return (make(), card(name)) if make is not None else None
