"""What can be done to a reading. An edit is a frozen value; one pure function applies it and gives the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias

import msgspec

from overread.core.finding import Finding, Judgement, KeyImage, Measurement, Measures, ModelResult, Origin
from overread.core.mask import EMPTY, MaskChange
from overread.core.reading import OwnRead, Reading, Saved
from overread.core.text import Sentence, millimetres, number, sentence


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """A person measured something."""

    measurement: Measurement


class RemoveMeasure(msgspec.Struct, frozen=True, tag="remove-measure"):
    """A person took a measurement away."""

    uid: str


class Propose(msgspec.Struct, frozen=True, tag="propose"):
    """A model read a series. Its marks stand beside everything that is there and change none of it."""

    result: ModelResult
    findings: tuple[Finding, ...]


class Judge(msgspec.Struct, frozen=True, tag="judge"):
    """A person accepted or rejected a finding, put it off, or (None) took the judgement back."""

    uid: str
    judgement: Judgement | None


class Paint(msgspec.Struct, frozen=True, tag="paint"):
    """A person changed the mask of a finding, by one stroke or one command. ``measures`` are those of the new mask.

    ``voxels`` are how many more there are than before. Painting never judges: a model's mark that was judged
    counts as not judged again, because nobody has judged what it is now.
    """

    uid: str
    how: Literal["brush", "erase", "grow", "interpolate"]
    change: MaskChange
    measures: Measures
    who: str
    voxels: int = 0


class Add(msgspec.Struct, frozen=True, tag="add"):
    """A person marked something that was missed."""

    finding: Finding


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """A person took an own mark away. A model's mark is rejected, never removed."""

    uid: str


class Note(msgspec.Struct, frozen=True, tag="note"):
    """A person wrote something beside a finding."""

    uid: str
    text: str


class MarkKeyImage(msgspec.Struct, frozen=True, tag="key-image"):
    """A person marked an image as a key image."""

    key_image: KeyImage


class UnmarkKeyImage(msgspec.Struct, frozen=True, tag="remove-key-image"):
    """A person took the mark of a key image away."""

    uid: str


class DeclareOwnRead(msgspec.Struct, frozen=True, tag="own-read"):
    """The own read is done: from now on the model's marks are shown. It cannot be undone: they have been seen."""

    own_read: OwnRead


class Save(msgspec.Struct, frozen=True, tag="save"):
    """Findings were written and read back. It cannot be undone: the files are there."""

    saved: Saved


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """The newest edit that stands is taken back; ``entry_uid`` says which, so that the past can be told."""

    entry_uid: str


class Redo(msgspec.Struct, frozen=True, tag="redo"):
    """The newest edit that was taken back stands again."""

    entry_uid: str


Change: TypeAlias = Measure | RemoveMeasure | Judge | Paint | Add | Remove | Note | MarkKeyImage | UnmarkKeyImage
"""What a person does to the reading and can take back."""
Fact: TypeAlias = Propose | DeclareOwnRead | Save
"""What happened and cannot be taken back. Undo passes over it."""
Edit: TypeAlias = Change | Fact | Undo | Redo
WayBack: TypeAlias = Callable[[Reading], Reading]

_DECODER = msgspec.json.Decoder(Edit, strict=True)


class CannotApplyError(ValueError):
    """An edit that does not fit the reading, such as taking away what is not there."""


def apply(reading: Reading, edit: Change) -> tuple[Reading, WayBack]:
    """The reading after an edit, and the way back from it. Raises CannotApplyError."""
    if isinstance(edit, Measure | RemoveMeasure):
        return _apply_measure(reading, edit)
    if isinstance(edit, MarkKeyImage | UnmarkKeyImage):
        return _apply_key_image(reading, edit)
    if isinstance(edit, Add):
        if reading.finding(edit.finding.uid) is not None:
            raise CannotApplyError("this finding is there already")
        return reading.with_finding(edit.finding), lambda now: now.without_finding(edit.finding.uid)
    before = reading.finding(edit.uid)
    if before is None:
        raise CannotApplyError("there is no such finding")
    if isinstance(edit, Remove):
        if before.origin is not Origin.PERSON:
            raise CannotApplyError("only an own mark can be removed")
        place = reading.findings.index(before)
        return reading.without_finding(edit.uid), lambda now: _put_back(now, before, place)
    return reading.with_finding(_changed(before, edit)), lambda now: now.with_finding(before)


def _apply_measure(reading: Reading, edit: Measure | RemoveMeasure) -> tuple[Reading, WayBack]:
    def back(now: Reading) -> Reading:
        return replace(now, measurements=reading.measurements)

    if isinstance(edit, Measure):
        if reading.measurement(edit.measurement.uid) is not None:
            raise CannotApplyError("this measurement is there already")
        return reading.with_measurement(edit.measurement), back
    if reading.measurement(edit.uid) is None:
        raise CannotApplyError("there is no such measurement")
    return reading.without_measurement(edit.uid), back


def _apply_key_image(reading: Reading, edit: MarkKeyImage | UnmarkKeyImage) -> tuple[Reading, WayBack]:
    def back(now: Reading) -> Reading:
        return replace(now, key_images=reading.key_images)

    if isinstance(edit, MarkKeyImage):
        if reading.key_image(edit.key_image.uid) is not None:
            raise CannotApplyError("this key image is there already")
        return replace(reading, key_images=(*reading.key_images, edit.key_image)), back
    if reading.key_image(edit.uid) is None:
        raise CannotApplyError("there is no such key image")
    return replace(reading, key_images=tuple(one for one in reading.key_images if one.uid != edit.uid)), back


def _changed(before: Finding, edit: Judge | Paint | Note) -> Finding:
    if isinstance(edit, Judge):
        return msgspec.structs.replace(before, judgement=edit.judgement)
    if isinstance(edit, Note):
        return msgspec.structs.replace(before, note=edit.text)
    try:
        mask = edit.change.apply(before.mask)
    except ValueError as error:
        raise CannotApplyError("this change does not fit the mask") from error
    if mask == EMPTY:
        raise CannotApplyError("nothing would be left of the mask")
    return msgspec.structs.replace(before, mask=mask, measures=edit.measures, edited_by=edit.who, judgement=None)


def _put_back(reading: Reading, finding: Finding, place: int) -> Reading:
    findings = list(reading.findings)
    findings.insert(place, finding)
    return replace(reading, findings=tuple(findings))


def take_fact(reading: Reading, fact: Fact) -> Reading:
    """The reading after something that cannot be taken back. Raises CannotApplyError."""
    if isinstance(fact, DeclareOwnRead):
        return replace(reading, own_read=fact.own_read)
    if isinstance(fact, Save):
        return replace(reading, saved=fact.saved)
    known = {one.uid for one in reading.findings}
    if any(one.uid in known for one in fact.findings):
        raise CannotApplyError("a finding of this result is there already")
    return replace(reading, results=(*reading.results, fact.result), findings=(*reading.findings, *fact.findings))


def encode(edit: Edit) -> tuple[str, bytes | None]:
    """An edit as JSON, ``type`` naming its kind, and the bits of a mask change, which stand beside it."""
    if isinstance(edit, Paint):
        bare = msgspec.structs.replace(edit, change=replace(edit.change, bits=b""))
        return msgspec.json.encode(bare).decode(), edit.change.bits
    return msgspec.json.encode(edit).decode(), None


def decode(text: str, bits: bytes | None = None) -> Edit:
    """The edit of a JSON text and the bits beside it. Raises msgspec.ValidationError for anything that is none."""
    edit: Edit = _DECODER.decode(text)
    if isinstance(edit, Paint):
        if bits is None:
            raise msgspec.ValidationError("the bits of a mask change are missing")
        return msgspec.structs.replace(edit, change=replace(edit.change, bits=bits))
    return edit


def kind(edit: Edit) -> str:
    """The name of the kind of an edit, as it stands in the journal."""
    return str(edit.__struct_config__.tag)


def describe(edit: Change, reading: Reading) -> Sentence:
    """What an edit does, in words, for the undo menu. ``reading`` is the one before or after it."""
    if isinstance(edit, Measure | RemoveMeasure):
        measurement = edit.measurement if isinstance(edit, Measure) else reading.measurement(edit.uid)
        value = ""
        if measurement is not None:
            shown = millimetres(measurement.value) if measurement.unit == "mm" else number(measurement.value)
            value = f"{shown} {measurement.unit}"
        return sentence(f"edit.{kind(edit)}", value=value)
    if isinstance(edit, MarkKeyImage | UnmarkKeyImage):
        image = edit.key_image if isinstance(edit, MarkKeyImage) else reading.key_image(edit.uid)
        return sentence(f"edit.{kind(edit)}", image=0 if image is None else image.image_number)
    finding = edit.finding if isinstance(edit, Add) else reading.finding(edit.uid)
    tag = "" if finding is None else finding.tag
    if isinstance(edit, Judge):
        return sentence(f"edit.judge-{edit.judgement.verdict if edit.judgement else 'back'}", tag=tag)
    if isinstance(edit, Paint):
        return sentence(
            f"edit.paint-{edit.how}", tag=tag, voxels=f"+{edit.voxels}" if edit.voxels > 0 else number(edit.voxels)
        )
    return sentence(f"edit.{kind(edit)}", tag=tag)
