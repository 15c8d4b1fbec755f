"""The reading of one study: the sum of its edits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from overread.core.finding import Finding, KeyImage, Measurement, ModelResult, Origin


@dataclass(frozen=True, slots=True)
class OwnRead:
    """That a person declared the own read of a study done: who, when, and how many own marks stood then."""

    who: str
    at: str
    marks: int


@dataclass(frozen=True, slots=True)
class Saved:
    """That findings were written and read back: where, when, by whom, and which (tracking UIDs)."""

    who: str
    at: str
    folder: str
    files: tuple[str, ...]
    finding_uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader's work on one study. Frozen: an edit makes a new one."""

    study_uid: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    results: tuple[ModelResult, ...] = ()
    own_read: OwnRead | None = None
    saved: Saved | None = None
    """The newest save."""
    key_images: tuple[KeyImage, ...] = ()

    def measurement(self, uid: str) -> Measurement | None:
        """The measurement with a UID."""
        return next((one for one in self.measurements if one.uid == uid), None)

    def with_measurement(self, measurement: Measurement) -> Reading:
        """The reading with one more measurement, at the end."""
        return replace(self, measurements=(*self.measurements, measurement))

    def without_measurement(self, uid: str) -> Reading:
        """The reading without a measurement."""
        return replace(self, measurements=tuple(one for one in self.measurements if one.uid != uid))

    def key_image(self, uid: str) -> KeyImage | None:
        """The key image with a UID."""
        return next((one for one in self.key_images if one.uid == uid), None)

    def finding(self, uid: str) -> Finding | None:
        """The finding with a tracking UID."""
        return next((one for one in self.findings if one.uid == uid), None)

    def with_finding(self, finding: Finding) -> Reading:
        """The reading with a finding in the place of the one of the same UID, or at the end."""
        if self.finding(finding.uid) is None:
            return replace(self, findings=(*self.findings, finding))
        return replace(self, findings=tuple(finding if one.uid == finding.uid else one for one in self.findings))

    def without_finding(self, uid: str) -> Reading:
        """The reading without a finding."""
        return replace(self, findings=tuple(one for one in self.findings if one.uid != uid))

    def next_number(self, origin: Origin) -> int:
        """The number of the next finding of an origin, so that none is given twice."""
        return max((one.number for one in self.findings if one.origin is origin), default=0) + 1

    def hides_marks(self, second_reader: bool) -> bool:
        """True while the model's marks must not be seen: in second-reader mode, before the own read is done."""
        return second_reader and self.own_read is None

    def visible(self, second_reader: bool) -> tuple[Finding, ...]:
        """The findings that may be shown now, and that alone may be counted, drawn, listed or walked through."""
        if not self.hides_marks(second_reader):
            return self.findings
        return tuple(one for one in self.findings if one.origin is not Origin.MODEL)
