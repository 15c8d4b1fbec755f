"""What can be done to a reading. An edit is a frozen value; one pure function applies it and names its inverse."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from overread.core.finding import Measurement
from overread.core.reading import Reading
from overread.core.text import Sentence, millimetres, number, sentence


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """A person measured something."""

    measurement: Measurement


class RemoveMeasure(msgspec.Struct, frozen=True, tag="remove-measure"):
    """A person took a measurement away."""

    uid: str


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """The newest edit that stands is taken back; ``entry_uid`` says which, so that the past can be told."""

    entry_uid: str


class Redo(msgspec.Struct, frozen=True, tag="redo"):
    """The newest edit that was taken back stands again."""

    entry_uid: str


Change: TypeAlias = Measure | RemoveMeasure
"""Edits that change the reading themselves."""
Edit: TypeAlias = Measure | RemoveMeasure | Undo | Redo

_DECODER = msgspec.json.Decoder(Edit, strict=True)


class CannotApplyError(ValueError):
    """An edit that does not fit the reading, such as taking away what is not there."""


def apply(reading: Reading, edit: Change) -> tuple[Reading, Change]:
    """The reading after an edit, and the edit that takes it back. Raises CannotApplyError."""
    if isinstance(edit, Measure):
        if reading.measurement(edit.measurement.uid) is not None:
            raise CannotApplyError("this measurement is there already")
        return reading.with_measurement(edit.measurement), RemoveMeasure(edit.measurement.uid)
    gone = reading.measurement(edit.uid)
    if gone is None:
        raise CannotApplyError("there is no such measurement")
    return reading.without_measurement(edit.uid), Measure(gone)


def encode(edit: Edit) -> str:
    """An edit as JSON; ``type`` names its kind."""
    return msgspec.json.encode(edit).decode()


def decode(text: str) -> Edit:
    """The edit of a JSON text. Raises msgspec.ValidationError for anything that is none."""
    edit: Edit = _DECODER.decode(text)
    return edit


def kind(edit: Edit) -> str:
    """The name of the kind of an edit, as it stands in the journal."""
    return str(edit.__struct_config__.tag)


def describe(edit: Change, reading: Reading) -> Sentence:
    """What an edit does, in words, for the undo menu. ``reading`` is the one before or after it."""
    measurement = edit.measurement if isinstance(edit, Measure) else reading.measurement(edit.uid)
    value = ""
    if measurement is not None:
        shown = millimetres(measurement.value) if measurement.unit == "mm" else number(measurement.value)
        value = f"{shown} {measurement.unit}"
    return sentence(f"edit.{kind(edit)}", value=value)
