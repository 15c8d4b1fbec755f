"""What the viewer and the engine say to one another: JSON bytes over one pipe, voxels in shared memory.

Each message is one JSON object with a ``type``; unknown types, unknown fields, wrong types and numbers out of
range are refused (msgspec, strict). Nothing is ever unpickled. A message of more than ``MOST_BYTES`` is refused
on both sides. Arrays are [k, j, i]; affines map voxel (i, j, k) to patient LPS mm, row by row.
"""

from __future__ import annotations

import math
import signal
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import ArrayLike

from overread.core.geometry import Float
from overread.core.mask import Mask
from overread.core.text import Sentence, table

PROTOCOL = 1
"""Raised when a message changes its meaning; an engine of another number is not used."""
MOST_BYTES = 32 << 20
"""The largest message. Six hundred packed masks of one scan stay below 2 MiB."""
HEARTBEAT_S = 1.0
SILENCE_S = 30.0
"""An engine that says nothing for this long is taken for dead: it only waits for pipes and never computes."""

Uid = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}\Z")]
Device = Annotated[str, Meta(pattern=r"^(auto|cpu|cuda:[0-9]{1,2})\Z")]
Index = Annotated[int, Meta(ge=0, le=1 << 20)]
Extent = Annotated[int, Meta(ge=1, le=1 << 16)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Short = Annotated[str, Meta(max_length=4096)]
Affine = Annotated[list[float], Meta(min_length=16, max_length=16)]
Span = tuple[Index, Index]


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Base of all messages."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what stands inside messages."""


class BlockHandle(_Part, frozen=True):
    """A block of shared memory of the viewer (core.shared), by name."""

    name: Annotated[str, Meta(pattern=r"^overread-[0-9]+-[0-9a-f]{16}\Z")]
    size: Annotated[int, Meta(ge=1, le=1 << 40)]


class Told(_Part, frozen=True):
    """A text id and its values: the viewer says it in the reader's language."""

    id: Short
    values: dict[Short, str | int | float] = {}

    @classmethod
    def of(cls, sentence: Sentence) -> Told:
        """A sentence as it travels. Raises TypeError for one that holds another: what comes back stays flat."""
        values: dict[str, str | int | float] = {}
        for name, value in sentence.values:
            if isinstance(value, Sentence):
                raise TypeError(f"{sentence.id}: a sentence within a sentence does not travel")
            values[name] = value
        return cls(sentence.id, values)

    def sentence(self) -> Sentence:
        """The sentence; one of an unknown id or with a value missing becomes ``engine.unknown-text``."""
        told = Sentence(self.id, tuple(self.values.items()))
        try:
            for language in ("en", "zh"):
                table()[self.id][language].format(**self.values)
        except (KeyError, IndexError, ValueError, AttributeError):
            return Sentence("engine.unknown-text", (("id", self.id[:80]),))
        return told


class VolumeInfo(_Part, frozen=True):
    """What of a Volume does not lie in shared memory. ``affine`` is 4x4, row by row, (i, j, k) to LPS mm."""

    block: BlockHandle
    shape_kji: tuple[Extent, Extent, Extent]
    dtype: Literal["int16", "float32"]
    affine: Affine
    frame_of_reference_uid: Short = ""
    series_uid: Short = ""
    split: Short = ""
    unit: Short = "HU"
    slope: float = 1.0
    intercept: float = 0.0
    holes: list[Index] = []
    padding_value: float | None = None


class Submit(_Message, frozen=True):
    """Do this. ``heatmap`` is memory of the viewer into which the engine writes; ``facts`` are header values."""

    job_uid: Uid
    model: Name
    volume: VolumeInfo
    heatmap: BlockHandle | None = None
    device: Device = "cpu"
    facts: dict[Short, Short] = {}
    """Modality and other header values by DICOM keyword, never who the patient is."""


class Cancel(_Message, frozen=True):
    """Stop this job."""

    job_uid: Uid


class SelfTest(_Message, frozen=True):
    """Say what each device is and what it computes."""

    job_uid: Uid


class Shutdown(_Message, frozen=True):
    """End all workers, then yourself."""


class Hello(_Message, frozen=True):
    """The engine runs."""

    protocol: int
    pid: int


class Heartbeat(_Message, frozen=True):
    """The engine still runs."""


class Started(_Message, frozen=True):
    """A worker took the job up."""

    job_uid: Uid
    device: Short
    worker_pid: int


class Progress(_Message, frozen=True):
    """``done`` of ``total`` parts of the whole job; ``stage`` is a text id."""

    job_uid: Uid
    stage: Short
    done: Count
    total: Count
    elapsed_s: Annotated[float, Meta(ge=0)]


class Proposal(_Part, frozen=True):
    """One place that the model proposes. ``mask`` is a core.mask.Mask: box [k, j, i] half open and its bits."""

    box_kji: tuple[Span, Span, Span]
    mask: bytes
    centre_lps_mm: tuple[float, float, float]
    score: float
    score_name: Short
    kind: Short
    why: dict[Short, float] = {}
    measures: dict[Short, float] = {}
    warnings: list[Told] = []
    place: Told | None = None

    def region(self) -> Mask:
        """The mask. Raises ValueError when its bits do not fill its box."""
        mask = Mask(self.box_kji, self.mask)
        mask.to_array()
        return mask


class Heatmap(_Part, frozen=True):
    """uint8 [k, j, i] at the start of the block that came with Submit, with an affine of its own."""

    shape_kji: tuple[Extent, Extent, Extent]
    affine: Affine


class Proposals(_Message, frozen=True):
    """The answer to a job."""

    job_uid: Uid
    findings: list[Proposal]
    device: Short
    elapsed_s: Annotated[float, Meta(ge=0)]
    stage_seconds: dict[Short, float] = {}
    heatmap: Heatmap | None = None
    warnings: list[Told] = []


class Failure(_Message, frozen=True):
    """No answer, and why. ``where`` names a place in the program, never data."""

    job_uid: Uid
    told: Told
    retryable: bool
    cancelled: bool = False
    where: Short = ""


class DeviceReport(_Message, frozen=True):
    """The answer to SelfTest: one line for each device, as (name, value) pairs."""

    job_uid: Uid
    devices: list[dict[Short, str | int | float | bool]]


class Refused(_Message, frozen=True):
    """The engine could read nothing in a message: a fault in one of the two programs."""

    why: Short


ToEngine = Submit | Cancel | SelfTest | Shutdown
FromEngine = Hello | Heartbeat | Started | Progress | Proposals | Failure | DeviceReport | Refused

_ENCODER = msgspec.json.Encoder()
_TO_ENGINE: msgspec.json.Decoder[ToEngine] = msgspec.json.Decoder(ToEngine)
_FROM_ENGINE: msgspec.json.Decoder[FromEngine] = msgspec.json.Decoder(FromEngine)


class BadMessageError(ValueError):
    """Bytes that are none of the messages above."""


def encode(message: ToEngine | FromEngine) -> bytes:
    """A message as bytes. Raises BadMessageError when it is too long."""
    data = _ENCODER.encode(message)
    if len(data) > MOST_BYTES:
        raise BadMessageError(f"a message of {len(data)} bytes")
    return data


def decode_to_engine(data: bytes) -> ToEngine:
    """What the viewer said. Raises BadMessageError."""
    try:
        message = _TO_ENGINE.decode(_bounded(data))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadMessageError(str(error)) from error
    if isinstance(message, Submit):
        _check_volume(message.volume)
    return message


def decode_from_engine(data: bytes) -> FromEngine:
    """What the engine said. Raises BadMessageError."""
    try:
        return _FROM_ENGINE.decode(_bounded(data))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadMessageError(str(error)) from error


def affine_list(affine: ArrayLike) -> list[float]:
    """A 4x4 affine as 16 numbers, row by row."""
    return [float(value) for value in np.asarray(affine, dtype=np.float64).reshape(16)]


def affine_array(values: list[float]) -> Float:
    """16 numbers, row by row, as a 4x4 affine."""
    return np.array(values, dtype=np.float64).reshape(4, 4)


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise BadMessageError(f"a message of {len(data)} bytes")
    return data


def _check_volume(info: VolumeInfo) -> None:
    """The block holds the voxels, and every hole is a slice. Raises BadMessageError."""
    if info.block.size < math.prod(info.shape_kji) * np.dtype(info.dtype).itemsize:
        raise BadMessageError("the block is smaller than the volume")
    if any(k >= info.shape_kji[0] for k in info.holes):
        raise BadMessageError("a hole lies outside the volume")


def ending(exit_code: int | None) -> str:
    """How a process ended, for a sentence: ``SIGKILL``, ``exit code 1``."""
    if exit_code is not None and exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"
