"""``overread export``: volumes as loaded, for other programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from overread.core.dicom.decode_pool import DecodePool
from overread.core.dicom.export import SUFFIX, export_volume
from overread.core.dicom.listing import listing, series_entry
from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import Exit, NotReadableError
from overread.core.series import Permission, Series
from overread.core.text import sentence
from overread.viewer.cli.terminal import progress, write_json

HELP = "Write the volumes of a folder as NIfTI, NRRD, MetaImage or npz, as the program loads them."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder that the files go to")
    parser.add_argument("--format", choices=tuple(SUFFIX), default="nifti")
    parser.add_argument("--series", metavar="UID[:SPLIT]", help="only this series")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Export every series that makes a volume; what makes none is said. Exit code 1 when something was left out."""
    result = scan((arguments.path,), progress=progress("headers"))
    chosen = chosen_series(result.series, arguments.series, arguments.path)
    entries: list[dict[str, Any]] = []
    left_out = bool(result.rejected)
    for rejected in result.rejected:
        sys.stderr.write(rejected.reason.say() + "\n")
    with DecodePool() as decoder:
        for number, series in enumerate(chosen):
            entry, whole = _export(number, series, arguments, decoder)
            entries.append(entry)
            left_out = left_out or not whole
    if arguments.json:
        write_json({"series": entries, "rejected": listing(result)["rejected"]})
    else:
        for entry in entries:
            if "nifti" in entry:
                sys.stdout.write(f"{entry['nifti']}\n")
    return Exit.DONE_WITH_OMISSIONS if left_out else Exit.DONE


def _export(
    number: int, series: Series, arguments: argparse.Namespace, decoder: DecodePool
) -> tuple[dict[str, Any], bool]:
    """Export one series; its entry of the list, and whether nothing of it was left out."""
    entry = series_entry(series)
    if Permission.PLANES not in series.verdict.may:
        why = " ".join(reason.sentence.say() for reason in series.verdict.reasons)
        sys.stderr.write(sentence("dicom.no-volume", series=series.key, why=why).say() + "\n")
        return entry, False
    with load(series, decoder) as loading:
        name = f"series-{number + 1}-{series.uid[-16:]}{'-' + series.split if series.split else ''}"
        entry["nifti"] = str(export_volume(loading.volume, arguments.to, name, arguments.format))
        entry["affine"] = [[float(value) for value in row] for row in loading.volume.geometry.affine]
        entry["shape"] = list(loading.volume.geometry.shape_kji)
        entry["holes_k"] = sorted(loading.volume.holes)
        for _k, reason in loading.report.failed:
            sys.stderr.write(reason.say() + "\n")
        return entry, not loading.report.failed


def chosen_series(found: tuple[Series, ...], key: str | None, path: Path) -> tuple[Series, ...]:
    """The series with a key, or all. Raises NotReadableError when there is none."""
    if not found:
        raise NotReadableError(sentence("dicom.nothing-found", folder=str(path)))
    chosen = tuple(series for series in found if key is None or key in (series.key, series.uid))
    if not chosen:
        raise NotReadableError(sentence("dicom.no-such-series", series=str(key)))
    return chosen
