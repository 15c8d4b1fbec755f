"""``overread analyze``: let a model read one series, without a screen."""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from overread.core.dicom.export import export_volume
from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import DoesNotFitError, EngineError, Exit, NotReadableError, NotWrittenError, OverreadError
from overread.core.finding import Finding
from overread.core.saving import save_proposals
from overread.core.series import Series
from overread.core.settings import account_name
from overread.core.text import millimetres, number, say, sentence, volume_text
from overread.core.volume import Volume
from overread.inference.cards import Fit, ModelCard, Suitability, card, suits
from overread.inference.client import Answer, EngineClient, Event, Request
from overread.inference.protocol import Failure, Progress
from overread.viewer.cli.terminal import progress, write_json
from overread.viewer.findings_json import document
from overread.viewer.proposing import engine_facts, proposed

HELP = (
    "Let a model read one series. Its proposals are not verified by a person. With --out DIR: findings.json, seg.dcm "
    "(none without a finding), sr.dcm and heatmap.nii.gz, the DICOM files marked as proposals and read back."
)

MakeClient = Callable[[Callable[[Event], None]], EngineClient]


class ChooseSeriesError(OverreadError):
    """More than one series fits and none was named."""

    exit_code = Exit.WRONG_USE


@dataclass(frozen=True, slots=True)
class _Done:
    """What a run gave: findings and their JSON document, the answer, and what was left out on the way."""

    findings: tuple[Finding, ...]
    document: dict[str, Any]
    answer: Answer
    series: Series
    left_out: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("path", type=Path, metavar="PATH", help="folder or file")
    parser.add_argument("--model", required=True, metavar="NAME", help="see `overread models list`")
    parser.add_argument("--series", metavar="UID[:SPLIT]", help="needed when the model suits several")
    parser.add_argument("--device", default="auto", type=_device, help="auto, cpu or cuda:N")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Scan, hold the card against the series, load, run, write."""
    done = analyze(arguments, card(arguments.model), EngineClient)
    omissions = list(done.left_out)
    if arguments.out is not None:
        omissions += _write(done, arguments.out)
    if arguments.json:
        write_json(done.document)
    else:
        _tell(done.document)
    for line in omissions:
        sys.stderr.write(f"{line}\n")
    return Exit.DONE_WITH_OMISSIONS if omissions else Exit.DONE


def analyze(arguments: argparse.Namespace, model: ModelCard, make_client: MakeClient) -> _Done:
    """The proposals of ``model`` on the series that ``arguments`` name.

    Raises NotReadableError, ChooseSeriesError, DoesNotFitError, EngineError.
    """
    result = scan([arguments.path], progress=progress("headers"))
    if not result.series:
        raise NotReadableError(sentence("analyze.nothing", path=str(arguments.path)))
    series, suitability = _choose(result.series, model, arguments)
    left_out = []
    if result.rejected:
        first = result.rejected[0].reason.say()
        left_out.append(say("analyze.files-left-out", n=len(result.rejected), why=first))
    with load(series) as loading:
        failed = loading.report.failed
        if failed:
            why = say("analyze.slices-failed", n=len(failed), why=failed[0][1].say())
            raise DoesNotFitError(sentence("analyze.does-not-fit", model=model.name, key=series.key, why=why))
        request = Request(model.name, loading.volume, loading.block, arguments.device, engine_facts(series))
        answer = _ask(request, make_client)
        propose = proposed(answer, model, suitability, series, loading.volume, account_name())
        found = document(propose.findings, propose.result, loading.volume.geometry, _record(answer))
        return _Done(propose.findings, found, answer, series, tuple(left_out))


def _record(answer: Answer) -> dict[str, Any]:
    """What only a run of the command line tells of itself."""
    seconds = {stage: round(value, 3) for stage, value in answer.proposals.stage_seconds.items()}
    return {"stage_seconds": seconds, "verified_by_a_person": False}


def _choose(
    all_series: tuple[Series, ...], model: ModelCard, arguments: argparse.Namespace
) -> tuple[Series, Suitability]:
    """The series that was named, or the only one that the model suits."""
    wanted = arguments.series
    named = [one for one in all_series if wanted is None or wanted in (one.key, one.uid)]
    if not named:
        raise NotReadableError(sentence("analyze.no-series", key=wanted, path=str(arguments.path)))
    judged = [(one, suits(model, one)) for one in named]
    fitting = [(one, how) for one, how in judged if how.kind is not Fit.NO]
    if len(fitting) > 1:
        keys = ", ".join(one.key for one, _how in fitting)
        raise ChooseSeriesError(sentence("analyze.choose-series", n=len(fitting), keys=keys))
    if not fitting:
        largest, how = max(judged, key=lambda pair: len(pair[0].instances))
        why = " ".join(reason.say() for reason in how.reasons)
        raise DoesNotFitError(sentence("analyze.does-not-fit", model=model.name, key=largest.key, why=why))
    return fitting[0]


def _ask(request: Request, make_client: MakeClient) -> Answer:
    """Run one job to its end. Raises EngineError with the sentence of the failure."""
    events: queue.Queue[Event] = queue.Queue()
    client = make_client(events.put)
    try:
        client.submit(request)
        while True:
            event = events.get()
            if isinstance(event, Answer):
                return event
            if isinstance(event, Failure):
                raise EngineError(event.told.sentence())
            if isinstance(event, Progress) and sys.stderr.isatty():
                seconds = number(event.elapsed_s)
                sys.stderr.write("\r" + say("analyze.progress", done=event.done, total=event.total, seconds=seconds))
    finally:
        client.close()


def _write(done: _Done, folder: Path) -> list[str]:
    """The heatmap, SEG and SR, then findings.json: where that stands, all stands. Gives what could not be written.

    Raises NotWrittenError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(folder, error) from error
    answer = done.answer
    if answer.heatmap is not None and answer.heatmap_geometry is not None:
        heatmap = Volume(answer.heatmap.astype(np.int16), answer.heatmap_geometry, done.series.uid, unit="1")
        done.document["record"]["heatmap"] = export_volume(heatmap, folder, "heatmap", "nifti").name
    report = save_proposals(done.findings, done.series, folder)
    done.document["record"]["dicom"] = list(report.files)
    target, part = folder / "findings.json", folder / ".part-findings.json"
    try:
        with open(part, "w", encoding="utf-8") as file:
            json.dump(done.document, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _not_written(target, error) from error
    return [one.say() for one in (*(left.why for left in report.left_out), *report.notes)]


def _not_written(path: Path, error: OSError) -> NotWrittenError:
    return NotWrittenError(sentence("analyze.not-written", file=str(path), why=error.strerror or ""))


def _tell(found: dict[str, Any]) -> None:
    sys.stdout.write(say("analyze.found", n=len(found["findings"])) + "\n")
    for warning in found["warnings"]:
        sys.stdout.write(f"! {warning}\n")
    for one in found["findings"]:
        axes = {name: "?" if one[name] is None else millimetres(one[name]) for name in ("long_mm", "short_mm")}
        line = say(
            "analyze.line",
            number=one["number"],
            place=one["place"],
            long=axes["long_mm"],
            short=axes["short_mm"],
            volume=volume_text(one["volume_mm3"]),
            score_name=one["score_name"],
            score=number(one["score"], 2),
        )
        sys.stdout.write(f"{line}\n")


def _device(text: str) -> str:
    head, _colon, tail = text.partition(":")
    if text in ("auto", "cpu") or (head == "cuda" and tail.isdecimal() and len(tail) <= 2):
        return text
    raise argparse.ArgumentTypeError("auto, cpu or cuda:N")
