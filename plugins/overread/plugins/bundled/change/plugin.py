"""What has changed since the prior: axes, volume, doubling time; and when two measurements are not comparable."""

from __future__ import annotations

from datetime import date

from overread.core.finding import Finding, Measures
from overread.core.text import millimetres, number, volume_text
from overread.plugins.api import Comparison, Dated, Pair, Phrase, Plugin, Row, Texts
from overread.plugins.bundled.change.growth import (
    SHORT_DAYS,
    Doubling,
    doubling_of_diameters,
    doubling_of_volumes,
    tenths,
    within_repeatability,
)

SLICE_CLASSES_MM = (1.5, 2.5)
"""Upper ends of the classes of slice distance: thin ones as Fleischner 2017 asks for, up to those that Lung-RADS
still takes, and all beyond."""


def register(plugin: Plugin) -> None:
    """Offer the comparison."""
    plugin.add_comparison(lambda pair: compare(pair, plugin.texts))


def compare(pair: Pair, texts: Texts) -> Comparison:
    """Rows of a finding and its prior."""
    now, before = pair.now.finding.measures, pair.before.finding.measures
    days = days_between(pair)
    rows = [Row(texts("interval"), _interval(pair, days, texts))]
    for name, then, later in (("long", before.long_mm, now.long_mm), ("short", before.short_mm, now.short_mm)):
        if then is not None and later is not None:
            rows.append(Row(texts(name), _lengths(then, later, texts)))
    shown = texts("mm3", before=volume_text(before.volume_mm3), now=volume_text(now.volume_mm3))
    rows.append(Row(texts("volume"), shown))
    why = not_comparable(pair, days, texts)
    if why is not None or days is None:
        return Comparison(tuple(rows), () if why is None else (texts("not-comparable", why=why),))
    grown, notes = _growth(before, now, days, texts)
    return Comparison((*rows, *grown), notes)


def days_between(pair: Pair) -> int | None:
    """Days from the older study to the newer one; None when that is not known or not a day."""
    try:
        days = (date.fromisoformat(pair.now.study_date) - date.fromisoformat(pair.before.study_date)).days
    except ValueError:
        return None
    return days if days > 0 else None


def not_comparable(pair: Pair, days: int | None, texts: Texts) -> Phrase | None:
    """Why no growth may be worked out; None when it may."""
    now, before = pair.now, pair.before
    if days is None:
        return texts("why-dates")
    if now.finding.measures.across_gap or before.finding.measures.across_gap:
        return texts("why-gap")
    if now.plane != before.plane:
        return texts("why-plane")
    if _slice_class(now) != _slice_class(before):
        steps = {"now": millimetres(now.slice_step_mm), "before": millimetres(before.slice_step_mm)}
        return texts("why-slices", **steps)
    return texts("why-method") if _method(now.finding) != _method(before.finding) else None


def _slice_class(dated: Dated) -> int:
    return sum(tenths(dated.slice_step_mm) > tenths(end) for end in SLICE_CLASSES_MM)


def _method(finding: Finding) -> tuple[str, str]:
    """How the outline came to be: which model of which version, or by hand."""
    if finding.model is None or finding.is_edited:
        return "", ""
    return finding.model.name, finding.model.version


def _interval(pair: Pair, days: int | None, texts: Texts) -> Phrase:
    if days is None:
        return texts("no-dates")
    return texts("days", n=days, before=pair.before.study_date, now=pair.now.study_date)


def _lengths(before_mm: float, now_mm: float, texts: Texts) -> Phrase:
    then, later = tenths(before_mm), tenths(now_mm)
    return texts(
        "mm", before=number(then / 10, 1), now=number(later / 10, 1), difference=_signed((later - then) / 10)
    )


def _growth(before: Measures, now: Measures, days: int, texts: Texts) -> tuple[list[Row], tuple[Phrase, ...]]:
    percent = _signed((now.volume_mm3 - before.volume_mm3) / before.volume_mm3 * 100)
    hasty = (texts("short-note"),) if days < SHORT_DAYS else ()
    if within_repeatability(before.volume_mm3, now.volume_mm3):
        return [Row(texts("change"), texts("stable", percent=percent))], (texts("stable-note"), *hasty)
    rows = [Row(texts("change"), texts("percent", percent=percent))]
    of_volumes = doubling_of_volumes(days, before.volume_mm3, now.volume_mm3)
    rows.append(Row(texts("doubling-volume"), _doubling(of_volumes, texts)))
    then, later = _mean_mm(before), _mean_mm(now)
    if then is not None and later is not None:
        of_diameters = doubling_of_diameters(days, then, later)
        rows.append(Row(texts("doubling-diameter"), _doubling(of_diameters, texts)))
    bands = () if of_volumes is None else (texts("band-note"),)
    return rows, (*bands, *hasty)


def _mean_mm(measures: Measures) -> float | None:
    """Mean of the two axes as they are shown, in mm."""
    if measures.long_mm is None or measures.short_mm is None:
        return None
    return (tenths(measures.long_mm) + tenths(measures.short_mm)) / 20


def _doubling(doubling: Doubling | None, texts: Texts) -> Phrase:
    if doubling is None:
        return texts("no-growth")
    values = {"days": number(doubling.days), "shortest": number(doubling.shortest)}
    if doubling.longest is None:
        return texts("band-open", **values)
    return texts("band", **values, longest=number(doubling.longest))


def _signed(value: float) -> str:
    """A difference with its sign, one decimal."""
    return f"+{number(value, 1)}" if value > 0 else number(value, 1)
