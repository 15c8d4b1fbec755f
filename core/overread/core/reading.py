"""The reading of one study: the sum of its edits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from overread.core.finding import Measurement


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader's work on one study. Frozen: an edit makes a new one."""

    study_uid: str
    measurements: tuple[Measurement, ...] = ()

    def measurement(self, uid: str) -> Measurement | None:
        """The measurement with a UID."""
        return next((one for one in self.measurements if one.uid == uid), None)

    def with_measurement(self, measurement: Measurement) -> Reading:
        """The reading with one more measurement, at the end."""
        return replace(self, measurements=(*self.measurements, measurement))

    def without_measurement(self, uid: str) -> Reading:
        """The reading without a measurement."""
        return replace(self, measurements=tuple(one for one in self.measurements if one.uid != uid))
