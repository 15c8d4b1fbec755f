"""From paths to series: read every header, group what belongs together, judge the geometry, name what is left out."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from overread.core.dicom.headers import BadFileError, Header, frame_bytes, read_header
from overread.core.dicom.verdict import SAME_PLACE_MM, judge
from overread.core.series import Instance, Reason, Rejected, ScanResult, Series
from overread.core.text import sentence

MOST_FILES = 500_000
"""More files than any study: a scan of a whole disk by mistake ends here, and says so."""
MOST_DEPTH = 32
SAME_COSINE = 1e-4
SAME_SPACING = 1e-4

Progress = Callable[[int, int], None]


def scan(
    paths: Sequence[Path],
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    found: Callable[[Series], None] | None = None,
) -> ScanResult:
    """Scan folders (recursively, any file names) and files.

    ``progress(done, total)`` is called after each file; ``found`` with each series at the end. A file that
    cannot be used is named in ``rejected``. A cancelled scan answers with what it has. Raises nothing for bad
    input: an empty folder gives an empty result.
    """
    files, rejected = _files(paths)
    headers: list[Header] = []
    for number, path in enumerate(files):
        if cancelled is not None and cancelled():
            break
        try:
            header = read_header(path)
        except BadFileError as error:
            rejected.append(Rejected(path, (error.code,), error.reason))
        else:
            if header is None:
                rejected.append(Rejected(path, ("no-image",), sentence("dicom.no-image", file=path.name)))
            else:
                headers.append(header)
        if progress is not None:
            progress(number + 1, len(files))
    series = tuple(_series(headers))
    if found is not None:
        for one in series:
            found(one)
    return ScanResult(series, tuple(rejected))


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[Rejected]]:
    files: dict[Path, None] = {}
    rejected: list[Rejected] = []
    for path in paths:
        if not path.exists():
            rejected.append(Rejected(path, ("unreadable",), sentence("dicom.not-there", file=path.name)))
        elif path.is_dir():
            for file in _walk(path, rejected):
                files[file] = None
                if len(files) >= MOST_FILES:
                    rejected.append(
                        Rejected(path, ("too-many-files",), sentence("dicom.too-many-files", n=MOST_FILES))
                    )
                    return list(files), rejected
        else:
            files[path] = None
    return list(files), rejected


def _walk(folder: Path, rejected: list[Rejected]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        place = Path(str(error.filename or folder))
        rejected.append(Rejected(place, ("unreadable",), sentence("dicom.unreadable", file=place.name)))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        if len(Path(root).relative_to(folder).parts) >= MOST_DEPTH:
            folders.clear()
        for name in sorted(names):
            yield Path(root) / name


def _series(headers: Sequence[Header]) -> Iterator[Series]:
    by_uid: dict[str, list[Header]] = {}
    for header in headers:
        by_uid.setdefault(header.series_uid, []).append(header)
    for uid in sorted(by_uid):
        yield from _one_uid(by_uid[uid])


def _one_uid(headers: list[Header]) -> Iterator[Series]:
    """All that lies under one Series Instance UID, divided as far as it must be."""
    groups: dict[tuple[object, ...], list[Header]] = {}
    directions: list[tuple[float, ...]] = []
    spacings: list[tuple[float, float]] = []
    for header in headers:
        groups.setdefault(_group_key(header, directions, spacings), []).append(header)
    keys = list(groups)
    codes = _split_codes(keys)
    stacks: list[tuple[list[Header], list[str]]] = []
    for key in keys:
        for stack, code in _phases(groups[key]):
            stacks.append((stack, codes + ([code] if code else [])))
    for number, (stack, why) in enumerate(stacks):
        yield _make(stack, str(number + 1) if len(stacks) > 1 else "", why)


_KEY_CODES = ("patient-split", "patient-split", "frame-split", "matrix-split", "matrix-split", "orientation-split",
              "spacing-split", "localizer-split")  # fmt: skip


def _group_key(
    header: Header, directions: list[tuple[float, ...]], spacings: list[tuple[float, float]]
) -> tuple[object, ...]:
    one = header.instance
    return (
        (header.patient.id, header.patient.name if not header.patient.id else ""),
        header.study.uid,
        header.frame_of_reference_uid,
        (one.pixels.rows, one.pixels.columns),
        (one.pixels.samples, one.pixels.photometric),
        _direction_group(one, directions),
        _spacing_group(one, spacings),
        len(one.image_type) > 2 and one.image_type[2].upper() == "LOCALIZER",
    )


def _direction_group(one: Instance, known: list[tuple[float, ...]]) -> int:
    if one.row_direction is None or one.column_direction is None:
        return -1
    value = (*one.row_direction, *one.column_direction)
    for number, other in enumerate(known):
        if max(abs(a - b) for a, b in zip(value, other, strict=True)) <= SAME_COSINE:
            return number
    known.append(value)
    return len(known) - 1


def _spacing_group(one: Instance, known: list[tuple[float, float]]) -> int:
    value = one.pixel_spacing_mm
    if value is None:
        return -1
    for number, other in enumerate(known):
        if max(abs(a - b) / b for a, b in zip(value, other, strict=True)) <= SAME_SPACING:
            return number
    known.append(value)
    return len(known) - 1


def _split_codes(keys: Sequence[tuple[object, ...]]) -> list[str]:
    codes: list[str] = []
    for place, code in enumerate(_KEY_CODES):
        if len({key[place] for key in keys}) > 1 and code not in codes:
            codes.append(code)
    # A scout differs in everything; then the scout is the reason.
    return ["localizer-split"] if "localizer-split" in codes else codes


_PHASE_CODES = ("phase-split", "phase-split", "echo-split", "bvalue-split", "phase-split")


def _phases(stack: list[Header]) -> Iterator[tuple[list[Header], str]]:
    """Divide a stack with several images at one place by the first tag whose values leave no repeat."""
    if not _repeats(stack):
        yield stack, ""
        return
    for place, code in enumerate(_PHASE_CODES):
        values = sorted({header.content_key[place] for header in stack}, key=_numeric)
        parts = [[header for header in stack if header.content_key[place] == value] for value in values]
        if len(values) > 1 and not any(_repeats(part) for part in parts):
            for part in parts:
                yield part, code
            return
    yield stack, ""


def _numeric(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _place(one: Instance) -> float | None:
    if one.position_lps_mm is None or one.row_direction is None or one.column_direction is None:
        return None
    normal = np.cross(np.array(one.row_direction), np.array(one.column_direction))
    return float(normal @ np.array(one.position_lps_mm))


def _repeats(stack: Sequence[Header]) -> bool:
    places = [_place(header.instance) for header in stack]
    known = sorted(place for place in places if place is not None)
    return any(after - before < SAME_PLACE_MM for before, after in pairwise(known))


def _make(stack: list[Header], split: str, codes: Sequence[str]) -> Series:
    reasons = [Reason(code, sentence(f"verdict.{code}")) for code in codes]
    kept, dropped = _without_doubles(stack)
    if dropped:
        reasons.append(
            Reason("duplicate-identical", sentence("verdict.duplicate-identical", n=dropped), (("n", dropped),))
        )
    reasons += _value_reasons(kept)
    head = kept[0]
    judged = judge([header.instance for header in kept], head.frame_of_reference_uid, reasons)
    return Series(
        uid=head.series_uid,
        split=split,
        patient=head.patient,
        study=head.study,
        modality=head.modality,
        number=head.series_number,
        description=head.series_description,
        instances=judged.instances,
        verdict=judged.verdict,
        geometry=judged.geometry,
        missing_k=judged.missing_k,
        spacing_kind="patient" if head.instance.pixel_spacing_mm and head.instance.row_direction else "none",
        body_part=head.body_part,
        attributes=head.attributes,
    )


def _value_reasons(stack: Sequence[Header]) -> list[Reason]:
    codes = []
    if len({(header.instance.slope, header.instance.intercept) for header in stack}) > 1:
        codes.append("rescale-per-slice")
    if any(header.instance.pixels.photometric == "MONOCHROME1" for header in stack):
        codes.append("monochrome1")
    if any(header.instance.padding is not None for header in stack):
        codes.append("padding")
    if not all(header.had_preamble for header in stack):
        codes.append("no-preamble")
    if any(name == "ModalityLUT" for header in stack for name, _value in header.attributes):
        codes.append("modality-lut")
    return [Reason(code, sentence(f"verdict.{code}")) for code in codes]


def _without_doubles(stack: list[Header]) -> tuple[list[Header], int]:
    """Drop images that lie at one place with the same pixels; how many were dropped."""
    if not _repeats(stack):
        return stack, 0
    counted = Counter(_rounded(header.instance) for header in stack)
    kept: list[Header] = []
    dropped = 0
    seen: set[tuple[object, ...]] = set()
    for header in sorted(stack, key=lambda one: str(one.instance.path)):
        place = _rounded(header.instance)
        if place is not None and counted[place] > 1:
            mark = (place, header.instance.slope, header.instance.intercept, _pixel_hash(header.instance))
            if mark in seen:
                dropped += 1
                continue
            seen.add(mark)
        kept.append(header)
    return kept, dropped


def _rounded(one: Instance) -> int | None:
    place = _place(one)
    return None if place is None else round(place / SAME_PLACE_MM / 2)


def _pixel_hash(one: Instance) -> str:
    if one.pixel_offset is None:
        return str(one.path)
    try:
        with open(one.path, "rb") as file:
            file.seek(one.pixel_offset)
            return hashlib.sha256(file.read(frame_bytes(one.pixels))).hexdigest()
    except OSError:
        return str(one.path)
