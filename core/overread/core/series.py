"""What was found on disk: instances, the series they form, and what the geometry of a series allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from overread.core.geometry import Geometry, Triple
from overread.core.text import Sentence
from overread.core.window import Window


class VerdictKind(StrEnum):
    """What comes out of a series (docs/geometry.md)."""

    VOLUME = "volume"
    WARN = "warn"
    NONUNIFORM = "nonuniform"
    ASK = "ask"
    IMAGE = "image"
    IMAGES = "images"


class Permission(StrEnum):
    """What may be done with a series."""

    PLANES = "planes"
    MEASURE_MM = "measure_mm"
    MODELS = "models"
    WRITE_BACK = "write_back"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that must be said of a series: a stable code, its sentence, and its numbers."""

    code: str
    sentence: Sentence
    numbers: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The geometry of a series and what may therefore be done with it."""

    kind: VerdictKind
    reasons: tuple[Reason, ...] = ()
    may: frozenset[Permission] = frozenset()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes in the order of ``reasons``."""
        return tuple(reason.code for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Patient:
    """Who a study is of, as the header says; ``name`` is decoded and keeps its DICOM form (``Doe^Jane=``)."""

    id: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""

    @property
    def shown_name(self) -> str:
        """The name as it is shown: the ideographic group first where there is one, then "Family, Given"."""
        groups = [group for group in self.name.split("=")[:2] if group.strip("^ ")]
        shown = []
        for group in groups:
            family, *rest = [part.strip() for part in group.split("^")]
            given = " ".join(part for part in rest if part)
            shown.append(f"{family}, {given}" if family and given else family or given)
        return " ".join(reversed(shown))


@dataclass(frozen=True, slots=True)
class Study:
    """The study that a series belongs to; dates are ISO (YYYY-MM-DD) or empty."""

    uid: str
    date: str = ""
    time: str = ""
    description: str = ""
    accession_number: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How stored pixels are to be read (PS3.3 C.7.6.3, PS3.5 8.1.1)."""

    rows: int
    columns: int
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    samples: int = 1
    photometric: str = "MONOCHROME2"
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance: its file and what its header says; never its pixels."""

    path: Path
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    pixels: PixelFormat
    pixel_offset: int | None = None
    pixel_length: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    position_lps_mm: Triple | None = None
    row_direction: Triple | None = None
    column_direction: Triple | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    """(between rows, between columns), PS3.3 10.7.1.3."""
    instance_number: int | None = None
    padding: tuple[int, int] | None = None
    """Stored values from the first to the second are padding (PS3.3 C.7.5.1.1.2)."""
    image_type: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Instances that belong in one stack, in patient order (along the slice normal), with their verdict.

    ``split`` names the part when one series had to be divided, else it is empty; ``geometry`` is None when
    there is no volume. ``missing_k`` are the slices of the grid that no instance fills.
    """

    uid: str
    split: str
    patient: Patient
    study: Study
    modality: str
    number: int | None
    description: str
    instances: tuple[Instance, ...]
    verdict: Verdict
    geometry: Geometry | None = None
    missing_k: tuple[int, ...] = ()
    spacing_kind: str = "patient"
    body_part: str = ""
    attributes: tuple[tuple[str, str], ...] = field(default=())
    """Further header values that a model's card or the window needs, by DICOM keyword."""

    @property
    def key(self) -> str:
        """``UID`` or ``UID:SPLIT``, as the command line takes it."""
        return f"{self.uid}:{self.split}" if self.split else self.uid

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window list of the middle instance."""
        return self.instances[len(self.instances) // 2].windows if self.instances else ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was left out, and why."""

    path: Path
    codes: tuple[str, ...]
    reason: Sentence


@dataclass(frozen=True, slots=True)
class ScanResult:
    """All that a scan found: the series, and every file that was left out with its reason."""

    series: tuple[Series, ...]
    rejected: tuple[Rejected, ...]
