"""``overread evaluate``: measure a model on labelled cases, on inserted nodules, and on synthetic ones."""

from __future__ import annotations

import argparse
import queue
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from overread.core.errors import EngineError, Exit
from overread.core.text import number, say
from overread.core.volume import Volume
from overread.inference.cards import Measured, ModelCard, card
from overread.inference.client import Answer, EngineClient, Event, Request
from overread.inference.evaluate.card_file import write_measured
from overread.inference.evaluate.cases import read_cases, synthetic_cases
from overread.inference.evaluate.froc import RATES
from overread.inference.evaluate.measure import Figures, Group, Plan, measure
from overread.inference.evaluate.shapes import ReaderShapes, balls
from overread.inference.protocol import Failure, Proposal
from overread.viewer.cli.terminal import write_json

HELP = (
    "Measure a model: sensitivity against false marks by the rules of LUNA16, on labelled cases (--cases), on "
    "nodules inserted into them (--inserted), or on synthetic chests. Real, inserted and synthetic stand apart."
)
SYNTHETIC_SEEDS = (1, 2, 3)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--model", required=True, metavar="NAME", help="see `overread models list`")
    parser.add_argument(
        "--cases", type=Path, metavar="DIR", help="a case or a folder of cases; else synthetic chests"
    )
    parser.add_argument("--name", metavar="TEXT", help="what the table calls the data; else the folder's name")
    parser.add_argument("--inserted", type=_count, default=0, metavar="N", help="insert N nodules, 14 to a scan")
    parser.add_argument(
        "--shapes", type=Path, metavar="FILE", help="masks of readers (npz) to insert; else lumpy balls"
    )
    parser.add_argument("--seed", type=_count, default=1, help="of all that is drawn")
    parser.add_argument("--device", default="cpu", help="auto, cpu or cuda:N")
    parser.add_argument("--write-card", type=Path, metavar="FILE", help="write the rows into this card file")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Read the cases, ask the model, tell."""
    model = card(arguments.model)
    draw = ReaderShapes(arguments.shapes).draw if arguments.shapes is not None else balls
    plan = Plan(arguments.inserted, draw, arguments.seed) if arguments.inserted else None
    cases = read_cases(arguments.cases, model) if arguments.cases is not None else synthetic_cases(SYNTHETIC_SEEDS)
    data = arguments.name or (arguments.cases.resolve().name if arguments.cases is not None else "sample studies")
    with _Asker(model.name, arguments.device, EngineClient) as asker:
        figures = measure(cases, asker.ask, model, data, plan, _progress)
    if arguments.write_card is not None:
        write_measured(arguments.write_card, figures.rows)
    if arguments.json:
        write_json(_document(model, figures))
    else:
        _tell(figures)
    return Exit.DONE


class _Asker:
    """Asks one engine about one volume after the other."""

    def __init__(
        self, model: str, device: str, make_client: Callable[[Callable[[Event], None]], EngineClient]
    ) -> None:
        self._model, self._device = model, device
        self._events: queue.Queue[Event] = queue.Queue()
        self._client = make_client(self._events.put)

    def __enter__(self) -> _Asker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, volume: Volume) -> Sequence[Proposal]:
        """The proposals of the model. Raises EngineError with the sentence of the failure."""
        self._client.submit(Request(self._model, volume, device=self._device, heatmap=False))
        while True:
            event = self._events.get()
            if isinstance(event, Answer):
                return event.proposals.findings
            if isinstance(event, Failure):
                raise EngineError(event.told.sentence())


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r" + say("evaluate.progress", done=done, total=total))


def _document(model: ModelCard, figures: Figures) -> dict[str, Any]:
    return {
        "model": {"name": model.name, "version": model.version, "digest": model.digest},
        "rows": msgspec.to_builtins(figures.rows),
        "froc": [_froc(group) for group in figures.groups],
    }


def _froc(group: Group) -> dict[str, Any]:
    made = group.curve()
    return {
        "targets": group.targets,
        "scans": len(group.scans),
        "n": len(group.hits),
        "false_per_scan": list(RATES),
        "sensitivity": [round(float(value), 4) for value in made.at()],
        "found": [
            {
                "diameter_mm": round(hit.known.diameter_mm, 2),
                "kind": hit.known.kind,
                "rank": hit.rank,
                "score": None if hit.proposal is None else round(hit.proposal.score, 4),
            }
            for hit in group.hits
        ],
    }


def _tell(figures: Figures) -> None:
    for group in figures.groups:
        values = "  ".join(f"{number(float(value), 2)}" for value in group.curve().at())
        targets = say(f"models.targets.{group.targets}")
        line = say("evaluate.froc", targets=targets, n=len(group.hits), scans=len(group.scans), values=values)
        sys.stdout.write(f"{line}\n")
    sys.stdout.writelines(f"{_line(row)}\n" for row in figures.rows)


def _line(row: Measured) -> str:
    targets = say(f"models.targets.{row.targets}")
    value = number(row.value, 2)
    if row.low is not None and row.high is not None:
        value += f" ({number(row.low, 2)}–{number(row.high, 2)})"
    return say(
        "models.measured",
        targets=targets,
        measure=row.measure,
        value=value,
        n=row.n,
        scans=row.scans,
        data=row.data,
    )


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("0 or more")
    return value
