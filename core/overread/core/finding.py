"""What a reading holds: findings and measurements, their places in the patient, and who proposed and judged them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from overread.core.geometry import Triple
from overread.core.mask import Mask
from overread.core.text import Sentence


class MeasuredValue(msgspec.Struct, frozen=True):
    """One more value of a measurement: ``short``, ``sd``, ``min``, ``max`` or ``area``."""

    name: str
    value: float
    unit: str


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. Points are patient LPS mm; ``unit`` is "mm", or "px" where the series gives no mm.

    ``kind`` and its points: ``length`` two ends; ``bidirectional`` the ends of the long axis, then of the short one;
    ``angle`` (``unit`` "°") end, vertex, end; ``roi`` the ends of the two axes of an ellipse, the longer first, and
    ``value`` the mean of its pixels in the unit of the images.

    ``uid`` is a DICOM UID that stays with the measurement in everything that is written of it.
    """

    uid: str
    kind: str
    points_lps_mm: tuple[Triple, ...]
    value: float
    unit: str
    series_uid: str
    split: str = ""
    plane: str = ""
    slice_index: int = 0
    image_number: int = 0
    across_gap: bool = False
    """True when the line passes over slices that hold no pixels."""
    values: tuple[MeasuredValue, ...] = ()
    """What was measured beside ``value``: the short axis, or what an ROI holds beside its mean."""


class KeyImage(msgspec.Struct, frozen=True, kw_only=True):
    """An acquired image that a person marked to be found again. ``slice_k`` is its slice in the series' grid."""

    uid: str
    series_uid: str
    sop_instance_uid: str
    slice_k: int
    image_number: int
    split: str = ""


class Origin(StrEnum):
    """Who made a finding."""

    MODEL = "model"
    PERSON = "person"
    IMPORTED = "imported"


class State(StrEnum):
    """What a finding is now. It follows from origin, masks and judgement and is kept nowhere."""

    PROPOSED = "proposed"
    EDITED = "edited"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    ADDED = "added"
    REJECTED = "rejected"
    LATER = "later"


JudgedAs = Literal["accepted", "rejected", "later"]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided of a finding. ``reason`` is a key of resources/codes/reasons.toml.

    ``at`` is UTC, ISO 8601.
    """

    verdict: JudgedAs
    who: str
    at: str
    reason: str = ""
    note: str = ""


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """Which model: the name and version of its card, and the digest of card and parameters (inference.cards)."""

    name: str
    version: str
    digest: str


class ModelResult(msgspec.Struct, frozen=True, kw_only=True):
    """That a model read a series: asked by whom, finished when, on what device.

    Its marks are the findings with this ``job_uid``.
    """

    job_uid: str
    model: ModelRef
    series_uid: str
    split: str
    asked_by: str
    at: str
    device: str
    elapsed_s: float
    suits: str
    warnings: tuple[Sentence, ...] = ()
    cut: float = 0.0
    """Marks below this score stand folded in the list."""


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured on the mask of a finding (core.measure).

    Axes are of the stored slice ``slice_k`` on which the mask is largest, as patient points and mm; None where the
    series gives no mm. ``mean_value`` is the mean of the voxels in ``unit``, None where no voxel has a value.
    """

    centre_lps_mm: Triple
    slice_k: int
    volume_mm3: float
    equivalent_diameter_mm: float
    long_mm: float | None = None
    short_mm: float | None = None
    long_points_lps_mm: tuple[Triple, Triple] | None = None
    short_points_lps_mm: tuple[Triple, Triple] | None = None
    mean_value: float | None = None
    unit: str = "HU"
    across_gap: bool = False
    """True when the mask's box spans slices that hold no pixels: then its volume is too small."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the patient that somebody or a model pointed out.

    ``uid`` is the tracking UID (a DICOM UID): the same from the first proposal to the last save. ``number`` counts
    per origin: models' marks by score, own marks by age (shown as letters). ``label`` and ``kind`` are text ids.
    ``mask`` is in voxels [k, j, i] of the series; ``proposed_mask`` is what the model drew, and never changes.
    """

    uid: str
    number: int
    origin: Origin
    label: str
    series_uid: str
    frame_of_reference_uid: str
    mask: Mask
    measures: Measures
    who: str
    at: str
    split: str = ""
    kind: str = ""
    place: Sentence | None = None
    proposed_mask: Mask | None = None
    proposed_measures: Measures | None = None
    score: float | None = None
    score_name: str = ""
    score_word: str = ""
    why: dict[str, float] = {}
    warnings: tuple[Sentence, ...] = ()
    model: ModelRef | None = None
    job_uid: str = ""
    judgement: Judgement | None = None
    edited_by: str = ""
    note: str = ""

    @property
    def is_edited(self) -> bool:
        """True when the mask is no longer what the model drew."""
        return self.proposed_mask is not None and self.mask != self.proposed_mask

    @property
    def state(self) -> State:
        """What the finding is now."""
        if self.judgement is not None and self.judgement.verdict != "accepted":
            return State.REJECTED if self.judgement.verdict == "rejected" else State.LATER
        if self.origin is Origin.PERSON:
            return State.ADDED
        if self.judgement is None:
            return State.EDITED if self.is_edited else State.PROPOSED
        return State.CORRECTED if self.is_edited else State.ACCEPTED

    @property
    def is_judged(self) -> bool:
        """True when a person stands behind it or has rejected it; ``later`` is not judged."""
        return self.state in (State.ACCEPTED, State.CORRECTED, State.ADDED, State.REJECTED)

    @property
    def is_reported(self) -> bool:
        """True when it belongs into SEG and SR."""
        return self.state in (State.ACCEPTED, State.CORRECTED, State.ADDED)

    @property
    def tag(self) -> str:
        """What stands beside its outline: a number for a model's mark, a letter for a person's (Z, AA, AB, …)."""
        if self.origin is not Origin.PERSON:
            return str(self.number)
        letters, rest = "", self.number
        while rest > 0:
            rest, place = divmod(rest - 1, 26)
            letters = chr(ord("A") + place) + letters
        return letters
