"""``overread models list|show``: the models that are here, and their cards."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import msgspec

from overread.core.errors import Exit
from overread.core.text import number, say
from overread.inference.cards import Installed, ModelCard, card, installed
from overread.viewer.cli.terminal import write_json

HELP = "List the models, or show the card of one: what it is for, what it needs, what was measured, its limits."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show")
    listing = actions.add_parser("list", help="all models")
    show = actions.add_parser("show", help="the card of one model")
    show.add_argument("name", metavar="NAME")
    for one in (listing, show):
        one.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """List or show. A name that is unknown is wrong use; what is damaged is said and the others are listed."""
    if arguments.action == "list":
        return _list(installed(), as_document=arguments.json)
    if arguments.json:
        write_json(as_json(card(arguments.name)))
    else:
        sys.stdout.write(as_text(card(arguments.name)))
    return Exit.DONE


def _list(found: Installed, *, as_document: bool) -> int:
    cards = list(found.cards.values())
    if as_document:
        damaged = [{"file": name, "reason": str(error)} for name, error in found.damaged.items()]
        write_json({"models": [_brief(one) for one in cards], "damaged": damaged})
    else:
        sys.stdout.writelines(f"{one.name} {one.version}  {say(one.purpose)}\n" for one in cards)
        sys.stderr.writelines(f"{error}\n" for error in found.damaged.values())
    if not found.damaged:
        return Exit.DONE
    return Exit.DONE_WITH_OMISSIONS if cards else Exit.NOT_READABLE


def as_json(model: ModelCard) -> dict[str, Any]:
    """The whole card; texts in both languages."""
    return _brief(model) | {
        "limits": [_both(one) for one in model.limits],
        "licence": model.licence,
        "trained_on": _both(model.trained_on),
        "needs": msgspec.to_builtins(model.needs),
        "gives": msgspec.to_builtins(model.gives),
        "score": msgspec.to_builtins(model.score),
        "measured": msgspec.to_builtins(model.measured),
        "parameters": dict(model.parameters),
    }


def as_text(model: ModelCard) -> str:
    """The card for a terminal."""
    needs = model.needs
    (pixel_low, pixel_high), (step_low, step_high) = needs.in_plane_mm, needs.slice_step_mm
    lines = [
        f"{model.name} {model.version}: {say(model.title)}",
        say(model.purpose),
        say(model.trained_on),
        say(
            "models.needs",
            modality=", ".join(needs.modality),
            pixel_low=f"{pixel_low:g}",
            pixel_high=f"{pixel_high:g}",
            step_low=f"{step_low:g}",
            step_high=f"{step_high:g}",
            n=needs.min_slices,
        ),
        say("models.score", name=say(model.score.name), start=model.score.list_from, cut=model.score.cut),
        say("models.licence", licence=model.licence),
        say("models.digest", digest=model.digest),
        *(f"! {say(one)}" for one in model.limits),
    ]
    lines += [
        say(
            "models.measured",
            targets=say(f"models.targets.{row.targets}"),
            measure=row.measure,
            value=number(row.value, 2),
            n=row.n,
            scans=row.scans,
            data=row.data,
        )
        for row in model.measured
    ]
    return "\n".join(lines) + "\n"


def _brief(model: ModelCard) -> dict[str, Any]:
    return {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "title": _both(model.title),
        "purpose": _both(model.purpose),
    }


def _both(text_id: str) -> dict[str, str]:
    return {"en": say(text_id), "zh": say(text_id, "zh")}
