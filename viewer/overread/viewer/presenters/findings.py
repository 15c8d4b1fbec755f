"""What the list of findings and the detail of one show: which, in what order, in which words. Knows no toolkit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from overread.core.dicom.codes import reason_keys
from overread.core.finding import Finding, ModelResult, Origin, State
from overread.core.pairs import also_by_model
from overread.core.reading import Reading
from overread.core.sentence import image_in_stack, place_of
from overread.core.series import Series
from overread.core.text import Language, Sentence, millimetres, number, say, sentence, table, volume_text

REASONS = reason_keys()
"""Reasons of a rejection, in the order of the keys 1 to 6. The last of them asks for own words."""
FindSeries = Callable[[str, str], Series | None]
"""The open series with a UID and a split."""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that stand together in the list: those of one result, or a person's own."""

    key: str
    findings: tuple[Finding, ...]
    folded: tuple[Finding, ...] = ()
    result: ModelResult | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """The findings that may be seen now, in list order. ``also`` gives an own mark's finding by the model."""

    groups: tuple[Group, ...] = ()
    also: tuple[tuple[str, Finding], ...] = ()
    results: tuple[ModelResult, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All in the order of the list; what is folded is not among them."""
        return tuple(one for group in self.groups for one in group.findings)

    @property
    def open_count(self) -> int:
        """How many of them nobody has judged."""
        return sum(not one.is_judged for one in self.findings)

    def also_of(self, uid: str) -> Finding | None:
        """The model's finding on the place of an own mark."""
        return dict(self.also).get(uid)

    def step(self, uid: str, step: int, *, only_open: bool = False) -> Finding | None:
        """The finding some steps on from ``uid`` (from the ends when it is none), turning over at the end."""
        known = self.findings
        wanted = [one for one in known if not only_open or not one.is_judged]
        if not wanted:
            return None
        here = next((n for n, one in enumerate(known) if one.uid == uid), -1 if step > 0 else len(known))
        places = [known.index(one) for one in wanted]
        ahead = [n for n in places if n > here] if step > 0 else [n for n in reversed(places) if n < here]
        return known[ahead[0] if ahead else places[0 if step > 0 else -1]]


def listed(reading: Reading | None, second_reader: bool, opened: frozenset[str] = frozenset()) -> Listed:
    """What the list holds. ``opened`` names the groups whose folded findings are shown.

    While the model's marks are hidden nothing of them is here. A mark that an own one covers stands in the row of the
    own one as long as nobody judged or changed it.
    """
    if reading is None:
        return Listed()
    hidden = reading.hides_marks(second_reader)
    seen = reading.visible(second_reader)
    also = also_by_model([one for one in seen if one.origin is not Origin.PERSON or one.state is State.ADDED])
    covered = {one.uid for one in also.values() if one.state is State.PROPOSED}
    results = () if hidden else reading.results
    groups = [_of_result(result, seen, covered, opened) for result in results]
    groups += _own_groups(reading, seen)
    return Listed(
        tuple(group for group in groups if group.findings or group.folded), tuple(also.items()), tuple(results)
    )


def _of_result(result: ModelResult, seen: Sequence[Finding], covered: set[str], opened: frozenset[str]) -> Group:
    marks = [one for one in seen if one.origin is Origin.MODEL and one.job_uid == result.job_uid]
    marks.sort(key=lambda one: (-(one.score or 0.0), one.number))
    marks = [one for one in marks if one.uid not in covered]
    below = [one for one in marks if (one.score or 0.0) < result.cut and one.state is State.PROPOSED]
    is_open = result.job_uid in opened
    shown = marks if is_open else [one for one in marks if one not in below]
    return Group(result.job_uid, tuple(shown), tuple(below), result, is_open)


def _own_groups(reading: Reading, seen: Sequence[Finding]) -> list[Group]:
    own = [one for one in seen if one.origin is not Origin.MODEL]
    if reading.own_read is None:
        return [Group("own", tuple(own))]
    at = reading.own_read.at
    before = tuple(one for one in own if one.at <= at)
    return [Group("own-before", before), Group("own-after", tuple(one for one in own if one.at > at))]


# the words


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One line of the list. ``also`` is a second line, empty for most; ``kind`` begins with what parts it."""

    uid: str
    state: State
    tag: str
    place: str
    kind: str
    size: str
    score: str
    hint: str
    also: str = ""

    @property
    def what(self) -> str:
        """Place and kind."""
        return f"{self.place}{self.kind}"


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """A heading with its rows. ``fold`` says how many are folded away, and folds them on a click."""

    key: str
    title: str
    aside: str
    rows: tuple[FindingRow, ...]
    fold: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class FindingDetail:
    """All that is said of one finding."""

    uid: str
    state: State
    tag: str
    title: str
    count: str
    state_words: str
    facts: tuple[tuple[str, str], ...]
    why: tuple[str, ...]
    warnings: tuple[str, ...]
    record: tuple[str, ...]
    sentence: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts findings into words of one language.

    ``titles`` names a model, ``limits`` what it cannot see; ``sentence_of`` puts a finding, the number of its series
    and of its image into a sentence, which is empty when nothing makes one.
    """

    language: Language
    series: FindSeries
    titles: Callable[[str], str]
    limits: Callable[[str], Sequence[Sentence]]
    sentence_of: Callable[[Finding, int | None, int], str]

    def groups(self, found: Listed) -> tuple[FindingGroup, ...]:
        """The list in words."""
        return tuple(self._group(group, found) for group in found.groups)

    def head(self, found: Listed) -> str:
        """How many of how many are not judged."""
        total = len(found.findings)
        return self._say("findings.open", open=found.open_count, total=total) if total else ""

    def notes(self, found: Listed) -> tuple[str, ...]:
        """What an empty list does not mean, and what the models that read cannot see."""
        if not found.results:
            return () if found.findings else (self._say("findings.nothing-read"),)
        lines = [] if found.findings else [self._say("findings.none-does-not-mean-normal")]
        for name in dict.fromkeys(result.model.name for result in found.results):
            limits = self.limits(name)
            told = " ".join(one.say(self.language) for one in limits) or self._say("findings.limits-unknown")
            lines.append(self._say("findings.limits", model=self.titles(name), limits=told))
        return tuple(lines)

    def save_words(self, found: Listed) -> str:
        """How many would be written by a save, and how many would not."""
        total, left = len(found.findings), found.open_count
        return self._say("findings.would-save", judged=total - left, total=total, n=left) if total else ""

    def _say(self, text_id: str, **values: str | int | float) -> str:
        return say(text_id, self.language, **values)

    def _group(self, group: Group, found: Listed) -> FindingGroup:
        rows = tuple(self.row(one, found) for one in group.findings)
        if group.result is None:
            return FindingGroup(group.key, self._say(f"findings.group-{group.key}"), "", rows)
        model, cut = group.result.model, number(group.result.cut, 2)
        fold = "fold" if group.is_open else "below-cut"
        return FindingGroup(
            group.key,
            self._say("findings.group-model"),
            f"{self.titles(model.name)} {model.version}",
            rows,
            self._say(f"findings.{fold}", n=len(group.folded), cut=cut) if group.folded else "",
            group.is_open,
        )

    def row(self, finding: Finding, found: Listed) -> FindingRow:
        """One line of the list."""
        also = found.also_of(finding.uid)
        long_mm = finding.measures.long_mm
        kind = self._kind(finding)
        return FindingRow(
            uid=finding.uid,
            state=finding.state,
            tag=finding.tag,
            place=self._short_place(finding),
            kind=f" · {kind}" if kind else "",
            size="" if long_mm is None else f"{millimetres(long_mm)} mm",
            score=self._say(finding.score_word) if finding.score_word else "",
            hint=" · ".join(part for part in (place_of(finding).say(self.language), self._score(finding)) if part),
            also=self._say("findings.also", score=number(also.score or 0.0, 2)) if also is not None else "",
        )

    def _short_place(self, finding: Finding) -> str:
        """The place in few words; where only mm are known, the image says more in less room."""
        place = finding.place
        if place is not None and place.id != "finding.place-mm":
            short = Sentence(place.id.replace("place.", "place-short.", 1), place.values)
            return (short if short.id in table() else place).say(self.language)
        series = self.series(finding.series_uid, finding.split)
        return self._say("findings.row-image", image=self._image(finding, series)[0])

    def _kind(self, finding: Finding) -> str:
        judged = finding.judgement
        if finding.state is State.REJECTED and judged is not None and judged.reason:
            return self._reason(judged.reason, judged.note).lower()
        return self._say(finding.kind) if finding.kind else ""

    def _reason(self, reason: str, note: str) -> str:
        return note if reason == "other" and note else self._say(f"reason.{reason}")

    def _score(self, finding: Finding) -> str:
        if finding.score is None:
            return ""
        name = self._say(finding.score_name) if finding.score_name else self._say("findings.score")
        return f"{name} {number(finding.score, 2)}"

    def detail(self, finding: Finding, found: Listed) -> FindingDetail:
        """All that is said of one finding."""
        uids = [one.uid for one in found.findings]
        place = uids.index(finding.uid) + 1 if finding.uid in uids else 0
        series = self.series(finding.series_uid, finding.split)
        image = self._image(finding, series)
        return FindingDetail(
            uid=finding.uid,
            state=finding.state,
            tag=finding.tag,
            title=place_of(finding).say(self.language),
            count=self._say("findings.count", place=place, total=len(uids)) if place else "",
            state_words=self._say(f"state.{finding.state}"),
            facts=self._facts(finding, series, image),
            why=self._why(finding, found),
            warnings=self._warnings(finding),
            record=self._record(finding),
            sentence=self.sentence_of(finding, series.number if series else None, image[0]),
            reason=finding.judgement.reason if finding.judgement else "",
        )

    def _image(self, finding: Finding, series: Series | None) -> tuple[int, int]:
        slice_k = finding.measures.slice_k
        if series is None or series.geometry is None:
            return slice_k + 1, 0
        return image_in_stack(series.geometry, slice_k)

    def _facts(self, finding: Finding, series: Series | None, image: tuple[int, int]) -> tuple[tuple[str, str], ...]:
        measures = finding.measures
        found: list[tuple[str, str]] = []
        if measures.long_mm is not None and measures.short_mm is not None:
            axes = f"{millimetres(measures.long_mm)} × {millimetres(measures.short_mm)} mm"
            found.append(("findings.axes", axes))
            found.append(("findings.volume", volume_text(measures.volume_mm3)))
        if measures.mean_value is not None:
            unit = f" {measures.unit}" if measures.unit not in ("", "1") else ""
            found.append(("findings.mean", f"{number(measures.mean_value)}{unit}"))
        if finding.kind:
            found.append(("findings.kind", self._say(finding.kind)))
        found.append(("findings.where", self._say("findings.image", image=image[0], total=image[1])))
        if series is not None and series.number is not None:
            found.append(("findings.series", str(series.number)))
        return tuple((self._say(name), value) for name, value in found)

    def _why(self, finding: Finding, found: Listed) -> tuple[str, ...]:
        also = found.also_of(finding.uid)
        shown = also if also is not None and finding.score is None else finding
        if shown.score is None:
            return ()
        first = self._score(shown) + (f", {self._say(shown.score_word)}" if shown.score_word else "")
        if shown is also:
            first = self._say("findings.also", score=number(shown.score, 2))
        values = [self._value(name, value) for name, value in shown.why.items()]
        return (first, " · ".join(values)) if values else (first,)

    def _value(self, name: str, value: float) -> str:
        """A value from which a score was made: mm with one decimal, HU whole; unknown ones by their name."""
        text_id = f"why-value.{name}"
        if text_id not in table():
            return f"{name} {_short(value)}"
        words = table()[text_id][self.language]
        shown = millimetres(value) if " mm" in words else number(value) if " HU" in words else _short(value)
        return self._say(text_id, value=shown)

    def _warnings(self, finding: Finding) -> tuple[str, ...]:
        told = [one.say(self.language) for one in finding.warnings]
        if finding.measures.across_gap:
            told.append(self._say("findings.across-gap"))
        return tuple(dict.fromkeys(told))

    def _record(self, finding: Finding) -> tuple[str, ...]:
        lines = []
        if finding.model is not None:
            model = finding.model
            name = f"{self.titles(model.name)} {model.version}"
            lines.append(
                self._say("findings.by-model", model=name, digest=model.digest[:8], at=local_time(finding.at))
            )
        else:
            lines.append(self._say("findings.by-person", who=finding.who, at=local_time(finding.at)))
        if finding.edited_by:
            lines.append(self._say("findings.edited-by", who=finding.edited_by))
        judged = finding.judgement
        if judged is not None:
            line = self._say(f"findings.judged-{judged.verdict}", who=judged.who, at=local_time(judged.at))
            lines.append(f"{line}: {self._reason(judged.reason, judged.note)}" if judged.reason else line)
        return tuple(lines)


def local_time(at: str) -> str:
    """A moment of the journal (UTC, ISO 8601) on the clock of this computer, to the minute."""
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")


def _short(value: float) -> str:
    return number(value) if abs(value) >= 100 or value == round(value) else number(value, 2)


def told_of_judgement(finding: Finding) -> Sentence:
    """What the message line says of a judgement."""
    judged = finding.judgement
    return sentence(f"findings.told-{judged.verdict if judged else 'back'}", tag=finding.tag)
