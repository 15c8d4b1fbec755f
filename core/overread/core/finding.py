"""What a reading holds: measurements of a person, each at its place in the patient."""

from __future__ import annotations

import msgspec

from overread.core.geometry import Triple


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. Points are patient LPS mm; ``unit`` is "mm", or "px" where the series gives no mm.

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
