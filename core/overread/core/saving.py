"""Saving: findings become DICOM SEG and SR in the user's own folder, and "saved" is said after they were read back.

Nothing is ever written beside the images, and no save replaces an earlier one: files are numbered by save, and each
report names the one before it. All files of a save come to be together or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from overread.core.dicom.seg import Author, Drawn, draw, read_sources, segmentation
from overread.core.dicom.sr import Context, Segmented, assessment, report
from overread.core.dicom.verify import Document, Expected, verify_report, verify_segmentation
from overread.core.errors import NotWrittenError
from overread.core.finding import Finding, Origin, State
from overread.core.reading import Reading, Saved
from overread.core.series import Permission, Series
from overread.core.store import now
from overread.core.text import Sentence, sentence
from overread.core.whole import sync_folder

REPORT, ASSESSMENT = "126000", "ASSESSMENT"
_IDENTITY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "ConceptNameCodeSequence")
_NUMBERED = re.compile(r"^[a-z]+-(\d+)(?:-\d+)?\.")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A finding that was not written, and why: nobody has judged it, or it lies where nothing can be written."""

    uid: str
    tag: str
    state: State
    why: Sentence


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What a save did. Everything named here was read back from disk and is as it was to be.

    ``written`` and ``rejected`` are tracking UIDs; ``notes`` is what must be said besides.
    """

    who: str
    at: str
    folder: Path
    files: tuple[str, ...]
    written: tuple[str, ...]
    rejected: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[Sentence, ...] = ()

    @property
    def saved(self) -> Saved:
        """The fact for the journal (``edits.Save``)."""
        return Saved(self.who, self.at, str(self.folder), self.files, self.written)

    @property
    def told(self) -> tuple[Sentence, ...]:
        """What is said: that it was saved and verified and where, what was left out, and the notes."""
        said = [sentence("saving.saved", n=len(self.written), folder=str(self.folder))]
        unjudged = sum(1 for one in self.left_out if one.why.id == "saving.not-judged")
        if unjudged:
            said.append(sentence("saving.unjudged", n=unjudged))
        said += [one.why for one in self.left_out if one.why.id != "saving.not-judged"]
        return (*said, *self.notes)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one series contributes: its reported and its assessed findings on their images, and the headers."""

    series: Series
    reported: tuple[Drawn, ...]
    assessed: tuple[Drawn, ...]
    headers: Mapping[str, Dataset]


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a save: how it is written to a path, and how it is held against what it must be."""

    name: str
    write: Callable[[Path], None]
    verify: Callable[[Path], object]


def result_folder(root: Path, study_uid: str) -> Path:
    """Where the results of a study lie. The name tells nothing of the patient."""
    return root / hashlib.sha256(study_uid.encode()).hexdigest()[:8]


def save_reading(
    reading: Reading,
    series: Sequence[Series],
    root: Path,
    reader: str,
    *,
    second_reader: bool = False,
    extra: Mapping[str, bytes] | None = None,
) -> SaveReport:
    """Write the accepted, corrected and added findings of a reading, and the assessment of the model's marks.

    ``series`` are those of the study as scanned; ``root`` is the user's folder for results (``default_paths``);
    ``second_reader`` as in ``Reading.visible``: what must not be seen is not counted either. ``extra`` are further
    files (name to content) that are written and verified with the rest; the number of the save is put into their
    names. Raises NotWrittenError with a sentence; then nothing was written, and nothing half-written stays.
    """
    if not reader.strip():
        raise NotWrittenError(sentence("saving.no-reader"))
    visible = reading.visible(second_reader)
    if not any(one.is_judged for one in visible):
        raise NotWrittenError(sentence("saving.nothing"))
    left_out = [
        LeftOut(one.uid, one.tag, one.state, sentence("saving.not-judged", tag=one.tag))
        for one in visible
        if not one.is_judged
    ]
    drawn, unwritable = _drawn(visible, series)
    if unwritable and not any(one.finding.is_reported for _series, one in drawn):
        # A report without them would say that nothing was found.
        raise NotWrittenError(unwritable[0].why)
    if not series:
        raise NotWrittenError(sentence("saving.no-images"))
    folder = result_folder(root, reading.study_uid)
    author = Author(reader.strip(), _next_number(folder))
    with _as_told():
        parts = _parts(series, drawn)
        previous = _previous(folder, reading.study_uid)
        files = _files(parts, author, previous, complete=not left_out and not unwritable)
    further = [_bytes_file(_with_number(name, author.number), data) for name, data in (extra or {}).items()]
    write_verified(folder, [*further, *files])
    return SaveReport(
        who=author.reader,
        at=now(),
        folder=folder,
        files=tuple(one.name for one in (*further, *files)),
        written=tuple(one.finding.uid for part in parts for one in part.reported),
        rejected=tuple(one.uid for one in visible if one.state is State.REJECTED),
        left_out=(*left_out, *unwritable),
        notes=_notes(parts),
    )


def save_proposals(findings: Sequence[Finding], series: Series, folder: Path) -> SaveReport:
    """Write a model's findings of one series as ``seg.dcm`` and ``sr.dcm``: by a device, checked by nobody.

    Files of these names are replaced. Without a finding there is no segmentation, and the report says so. Raises
    NotWrittenError; then nothing is left of this run.
    """
    if Permission.WRITE_BACK not in series.verdict.may:
        raise NotWrittenError(_refusal(series))
    drawn = [draw(one, series) for one in findings]
    on_images = [(series, one) for one in drawn if one.planes]
    nowhere = [one.finding for one in drawn if not one.planes]
    with _as_told():
        parts = _parts([series], on_images)
        files = _files(parts, Author("", 1), {}, complete=not nowhere, numbered=False)
    write_verified(folder, files)
    if not on_images:
        # An older run's segmentation beside a report of nothing would belong to no report.
        (folder / "seg.dcm").unlink(missing_ok=True)
    return SaveReport(
        who="",
        at=now(),
        folder=folder,
        files=tuple(one.name for one in files),
        written=tuple(one.finding.uid for _series, one in on_images),
        rejected=(),
        left_out=tuple(
            LeftOut(one.uid, one.tag, one.state, sentence("saving.no-image", tag=one.tag)) for one in nowhere
        ),
        notes=_notes(parts),
    )


def _notes(parts: Sequence[_Part]) -> tuple[Sentence, ...]:
    return tuple(
        sentence("saving.voxels-lost", tag=one.finding.tag, n=one.lost)
        for part in parts
        for one in part.reported
        if one.lost
    )


def _drawn(findings: Sequence[Finding], series: Sequence[Series]) -> tuple[list[tuple[Series, Drawn]], list[LeftOut]]:
    """Findings that belong into the files, on their images; and the reported ones that no image can carry."""
    by_key = {(one.uid, one.split): one for one in series}
    drawn: list[tuple[Series, Drawn]] = []
    unwritable = []
    for one in findings:
        home = by_key.get((one.series_uid, one.split))
        if home is not None and (one.is_reported or _is_assessed(one)):
            on_images = draw(one, home) if Permission.WRITE_BACK in home.verdict.may else Drawn(one, (), 0)
            drawn.append((home, on_images))
            if on_images.planes or not one.is_reported:
                continue
            drawn.pop()
        if one.is_reported:
            unwritable.append(LeftOut(one.uid, one.tag, one.state, _why_unwritable(one, home)))
    return drawn, unwritable


def _is_assessed(finding: Finding) -> bool:
    """True for a model's mark that a person has accepted, modified or rejected."""
    return finding.origin is not Origin.PERSON and finding.is_judged


def _why_unwritable(finding: Finding, series: Series | None) -> Sentence:
    if series is None:
        return sentence("saving.no-series", tag=finding.tag)
    if Permission.WRITE_BACK not in series.verdict.may:
        return _refusal(series)
    return sentence("saving.no-image", tag=finding.tag)


def _refusal(series: Series) -> Sentence:
    why = " ".join(reason.sentence.say() for reason in series.verdict.reasons)
    return sentence("saving.refused", key=series.key, why=why)


def _parts(series: Sequence[Series], drawn: Sequence[tuple[Series, Drawn]]) -> list[_Part]:
    """Findings by series, with the headers of the images that they lie on; the middle image where there is none."""
    parts = []
    homes = [one for one in series if any(home is one for home, _on in drawn)] or list(series[:1])
    for one in homes:
        own = [on_images for home, on_images in drawn if home is one]
        reported = tuple(on for on in own if on.finding.is_reported or on.finding.state is State.PROPOSED)
        used = {plane.instance.sop_instance_uid for on in own for plane in on.planes}
        middle = one.instances[len(one.instances) // 2]
        images = [image for image in one.instances if image.sop_instance_uid in used] or [middle]
        assessed = tuple(on for on in own if _is_assessed(on.finding))
        parts.append(_Part(one, reported, assessed, read_sources(images, one)))
    return parts


def _files(
    parts: Sequence[_Part], author: Author, previous: Mapping[str, Dataset], *, complete: bool, numbered: bool = True
) -> list[_File]:
    """The files of a save, the report last: where that stands, all stands."""
    files, segmented = _segmentations(parts, author, numbered=numbered)
    headers = tuple(header for part in parts for header in part.headers.values())
    images = headers + tuple({id(one.segmentation): one.segmentation for one in segmented}.values())
    before = tuple(previous[title] for title in (REPORT,) if title in previous)
    context = Context(author, images, complete, before)
    expected = [Expected(one.drawn.finding, one.segmentation.SOPInstanceUID, one.number) for one in segmented]
    made = report(segmented, context)
    assessed = [on for part in parts for on in part.assessed]
    if assessed:
        older = tuple(previous[title] for title in (ASSESSMENT,) if title in previous)
        findings = [on.finding for on in assessed]
        judged = assessment(findings, assessed, Context(author, (*images, made), complete, older))
        wanted = _document(parts[0].series, ASSESSMENT, author, complete, older)
        name = f"assessment-{author.number}.dcm"
        files.append(_report_file(name, judged, [Expected(one) for one in findings], wanted))
    name = f"sr-{author.number}.dcm" if numbered else "sr.dcm"
    files.append(_report_file(name, made, expected, _document(parts[0].series, REPORT, author, complete, before)))
    return files


def _segmentations(parts: Sequence[_Part], author: Author, *, numbered: bool) -> tuple[list[_File], list[Segmented]]:
    """One segmentation for each series that has findings."""
    files: list[_File] = []
    segmented: list[Segmented] = []
    with_findings = [part for part in parts if part.reported]
    for place, part in enumerate(with_findings, start=1):
        made = segmentation(part.reported, part.headers, author)
        ending = f"-{author.number}" if numbered else ""
        name = f"seg{ending}-{place}.dcm" if len(with_findings) > 1 else f"seg{ending}.dcm"
        segmented += [Segmented(one, made, number) for number, one in enumerate(part.reported, start=1)]
        files.append(_segmentation_file(name, made, part))
    return files, segmented


def _segmentation_file(name: str, made: Dataset, part: _Part) -> _File:
    findings = [one.finding for one in part.reported]
    return _File(
        name,
        lambda path: _write_dataset(made, path),
        lambda path: verify_segmentation(path, name, findings, part.series),
    )


def _report_file(name: str, made: Dataset, expected: Sequence[Expected], document: Document) -> _File:
    return _File(
        name,
        lambda path: _write_dataset(made, path),
        lambda path: verify_report(path, name, expected, document),
    )


def _bytes_file(name: str, data: bytes) -> _File:
    def verify(path: Path) -> None:
        if path.read_bytes() != data:
            raise NotWrittenError(sentence("saving.differs-bytes", file=name))

    return _File(name, lambda path: _write_bytes(path, data), verify)


def _document(series: Series, title: str, author: Author, complete: bool, previous: Sequence[Dataset]) -> Document:
    before = tuple(str(one.SOPInstanceUID) for one in previous)
    return Document(series.study.uid, series.patient.id, title, author.person_name, complete, before)


def write_verified(folder: Path, files: Sequence[_File]) -> None:
    """Write files under other names, verify each from disk, then let all of them appear.

    Raises NotWrittenError; then none of them is there and nothing half-written stays.
    """
    parts = [folder / f".part-{os.getpid()}-{one.name}" for one in files]
    placed: list[Path] = []
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one, part in zip(files, parts, strict=True):
            one.write(part)
            _flush(part)
        for one, part in zip(files, parts, strict=True):
            one.verify(part)
        for one, part in zip(files, parts, strict=True):
            os.replace(part, folder / one.name)
            placed.append(folder / one.name)
        sync_folder(folder)
    except BaseException as error:
        for path in (*parts, *placed):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            why = error.strerror or type(error).__name__
            raise NotWrittenError(sentence("saving.not-written", folder=str(folder), why=why)) from error
        raise


def _flush(path: Path) -> None:
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def _write_dataset(made: Dataset, path: Path) -> None:
    try:
        made.save_as(path, enforce_file_format=True)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise NotWrittenError(sentence("saving.header-refused")) from error


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _with_number(name: str, number: int) -> str:
    stem, dot, ending = name.partition(".")
    return f"{stem}-{number}{dot}{ending}"


def _next_number(folder: Path) -> int:
    """One more than the highest number of a file in the folder."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    numbers = [int(match[1]) for name in names if (match := _NUMBERED.match(name))]
    return max(numbers, default=0) + 1


def _previous(folder: Path, study_uid: str) -> dict[str, Dataset]:
    """The newest report and the newest assessment of this study in the folder, by title."""
    newest: dict[str, Dataset] = {}
    reports = [path for pattern in ("sr-*.dcm", "assessment-*.dcm") for path in folder.glob(pattern)]
    for path in sorted(reports, key=lambda path: int(re.sub(r"\D", "", path.stem) or 0)):
        try:
            header = pydicom.dcmread(path, specific_tags=list(_IDENTITY))
        except (OSError, InvalidDicomError):
            continue  # what somebody else put there is no version of this report
        if header.get("StudyInstanceUID") == study_uid and header.get("ConceptNameCodeSequence"):
            newest[str(header.ConceptNameCodeSequence[0].CodeValue)] = header
    return newest


@contextlib.contextmanager
def _as_told() -> Iterator[None]:
    """A header that does not allow a valid object is told as one sentence."""
    try:
        with warnings.catch_warnings():
            # highdicom and pydicom warn of odd values that they copy from the images; what matters is verified.
            warnings.simplefilter("ignore")
            yield
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise NotWrittenError(sentence("saving.header-refused")) from error
