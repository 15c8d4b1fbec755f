"""What the window's process and its decode workers say: JSON bytes over a pipe; the pixels lie in shared memory."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MOST_BYTES = 8192
"""The longest message: all of them are a few hundred bytes."""
MOST_FRAME_BYTES = 1 << 30
"""A frame larger than this, compressed or not, is refused before anything is allocated."""

Natural = Annotated[int, Meta(ge=0, le=1 << 40)]
Kind = Literal["damaged", "unsupported", "size", "memory"]
"""Why a worker could not decode: the codestream, the syntax, another size than the header's, no more memory."""


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="task", tag_field="type"):
    """One frame, to the worker: ``length`` compressed bytes lie at the start of the input block."""

    number: Natural
    syntax: Annotated[str, Meta(max_length=64)]
    length: Natural
    rows: Natural
    columns: Natural
    samples: Natural
    bits_allocated: Natural
    signed: bool
    photometric: Annotated[str, Meta(max_length=64)]

    @property
    def shape(self) -> tuple[int, ...]:
        """[row, column] or [row, column, sample]."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def result_bytes(self) -> int:
        """Bytes of the decoded frame at most."""
        return self.rows * self.columns * self.samples * ((self.bits_allocated + 7) // 8)


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ready", tag_field="type"):
    """The first word of a worker: what holds it back (names of measures, best first), and what it can decode."""

    sandbox: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=16)]
    codecs: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=32)]


class Decoded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="decoded", tag_field="type"):
    """The samples of a task lie at the start of the output block, C order."""

    number: Natural
    dtype: Literal["|u1", "|i1", "<u2", "<i2", "<u4", "<i4"]


class Failed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="failed", tag_field="type"):
    """A task without an answer."""

    number: Natural
    kind: Kind


FromWorker = Ready | Decoded | Failed
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
_to_worker: msgspec.json.Decoder[Task] = msgspec.json.Decoder(Task)
encode = msgspec.json.Encoder().encode


def from_worker(data: bytes) -> FromWorker:
    """What a worker said. Raises msgspec.DecodeError for anything else."""
    return _from_worker.decode(data)


def to_worker(data: bytes) -> Task:
    """What the window's process asked. Raises msgspec.DecodeError for anything else."""
    return _to_worker.decode(data)
