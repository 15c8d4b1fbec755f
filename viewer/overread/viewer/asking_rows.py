"""What the pages and the strip show of models and jobs: rows, lines and words, made here and nowhere kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from overread.core.series import Series
from overread.core.text import Language, Sentence, number, say, sentence
from overread.inference.cards import Fit, ModelCard, Suitability
from overread.viewer.pages.jobs import JobRow
from overread.viewer.pages.model_card import CardText
from overread.viewer.pages.models import FitSign, ModelRow
from overread.viewer.panels.job_strip import JobLine, clock
from overread.viewer.panels.words import Text
from overread.viewer.presenters.jobs import Job, Jobs, JobState

_SIGNS = {
    JobState.WAITING: ("later", "dim"),
    JobState.RUNNING: ("run", "accent"),
    JobState.STORING: ("run", "accent"),
    JobState.STORED: ("done", "text"),
    JobState.FAILED: ("error", "error"),
    JobState.CANCELLED: ("close", "dim"),
}

_FITS: dict[Fit, FitSign] = {Fit.FITS: "fits", Fit.WARNINGS: "warnings", Fit.NO: "no"}


def model_name(card: ModelCard) -> str:
    """Name and version, as they stand in the record."""
    return f"{card.name} {card.version}"


def series_name(series: Series) -> Text:
    """A series as people call it: its number and description. Never who the patient is."""
    name = series.description or series.modality
    if series.split:
        name = f"{name} ({series.split})"
    return name if series.number is None else sentence("asking.series", number=series.number, name=name)


def clock_time(at: str) -> str:
    """The time of day here of a moment in UTC (ISO 8601): ``14:02:11``."""
    return datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S")


def model_rows(
    fits: Sequence[tuple[ModelCard, Suitability]], state_of: Callable[[ModelCard], Text | None], *, hides: bool
) -> list[ModelRow]:
    """The models, those that fit first. ``state_of`` says what a model does or did with this series; ``hides``:
    its marks will not be seen at once."""
    rows = []
    for card, suitability in sorted(fits, key=lambda pair: (pair[1].kind is Fit.NO, pair[0].name)):
        lines: list[Text] = []
        state = state_of(card)
        if suitability.kind is not Fit.NO:
            lines.append(sentence(card.purpose))
            if state is not None:
                lines.append(state)
            elif hides:
                lines.append(sentence("asking.hidden-until"))
        title = sentence(card.title)
        rows.append(
            ModelRow(card.digest, title, model_name(card), _FITS[suitability.kind], tuple(lines), suitability.reasons)
        )
    return rows


def card_text(card: ModelCard, suitability: Suitability, *, was_read: bool, language: Language) -> CardText:
    """A card in words, with how it suits the series in hand."""
    reasons: tuple[Text, ...] = suitability.reasons or (sentence("card-page.fits"),)
    rows: tuple[tuple[Text, tuple[Text, ...]], ...] = (
        (sentence("card-page.here"), reasons),
        (sentence("card-page.limits"), tuple(sentence(one) for one in card.limits)),
        (sentence("card-page.needs"), (_needs(card),)),
        (sentence("card-page.gives"), (_gives(card, language),)),
        (sentence("card-page.trained-on"), (sentence(card.trained_on),)),
        (sentence("card-page.measured"), _measured(card, language)),
        (sentence("card-page.licence"), (card.licence,)),
        (sentence("card-page.digest"), (card.digest,)),
    )
    run = sentence("asking.run-again" if was_read else "asking.run")
    return CardText(
        card.digest, sentence(card.title), model_name(card), sentence(card.purpose),
        tuple(row for row in rows if row[1]), suitability.kind is not Fit.NO, run,
    )  # fmt: skip


def _needs(card: ModelCard) -> Sentence:
    needs = card.needs
    (pixel_low, pixel_high), (step_low, step_high) = needs.in_plane_mm, needs.slice_step_mm
    return sentence(
        "card-page.needs-text",
        modality=", ".join(needs.modality),
        pixel_low=f"{pixel_low:g}",
        pixel_high=f"{pixel_high:g}",
        step_low=f"{step_low:g}",
        step_high=f"{step_high:g}",
        n=needs.min_slices,
    )


def _gives(card: ModelCard, language: Language) -> Sentence:
    values = {"label": say(card.gives.label, language), "score": say(card.score.name, language)}
    if card.gives.heatmap:
        return sentence("card-page.gives-heatmap", heatmap=say(card.gives.heatmap, language), **values)
    return sentence("card-page.gives-text", **values)


def _measured(card: ModelCard, language: Language) -> tuple[Text, ...]:
    rows: list[Text] = []
    for one in card.measured:
        values: dict[str, str | int] = {
            "measure": one.measure,
            "value": number(one.value, 2),
            "targets": say(f"models.targets.{one.targets}", language),
            "n": one.n,
            "scans": one.scans,
            "data": one.data,
        }
        if one.low is None or one.high is None:
            rows.append(sentence("card-page.measured-row", **values))
        else:
            rows.append(
                sentence("card-page.measured-range", low=number(one.low, 2), high=number(one.high, 2), **values)
            )
        if one.note:
            rows.append(one.note)
    return tuple(rows) or (sentence("card-page.not-measured"),)


def job_line(jobs: Jobs, open_study: str) -> JobLine | None:
    """The strip's line of the job in hand. Of a study that is not open it names no series."""
    job = jobs.running
    if job is None:
        return None
    series = job.series
    name: Text = series.description or series.modality
    if series.study.uid != open_study:
        name = sentence("asking.strip-elsewhere")
    elif series.number is not None:
        name = sentence("asking.strip-series", number=series.number)
    return JobLine(
        model_name(job.card), name, job.stage, job.done, job.total, jobs.elapsed_s(), jobs.left_s(),
        may_cancel=job.state is JobState.RUNNING,
    )  # fmt: skip


def last_word(job: Job, language: Language) -> Sentence:
    """What the strip says after a job: the same whatever the model found."""
    name = series_name(job.series)
    said = name.say(language) if isinstance(name, Sentence) else name
    return sentence(f"asking.last-{job.state}", model=model_name(job.card), series=said)


def job_rows(jobs: Sequence[Job]) -> list[JobRow]:
    """The list of jobs, newest first."""
    return [_job_row(job) for job in reversed(jobs)]


def _job_row(job: Job) -> JobRow:
    icon, token = _SIGNS[job.state]
    time = clock_time(job.asked_at)
    asked = (
        sentence("jobs-page.unasked", time=time)
        if job.unasked
        else sentence("jobs-page.asked", who=job.asked_by, time=time)
    )
    state = f"jobs-page.{job.state}"
    ended = job.state in (JobState.STORED, JobState.FAILED)
    return JobRow(
        job.number, icon, token, model_name(job.card), series_name(job.series), asked,
        sentence(state, elapsed=clock(job.elapsed_s)) if ended else sentence(state), job.why,
        may_cancel=job.state in (JobState.WAITING, JobState.RUNNING),
    )  # fmt: skip


def facts(jobs: Sequence[Job]) -> list[Mapping[str, str]]:
    """The jobs in JSON's terms, for a program that drives the window."""
    return [{"state": str(job.state), "model": job.card.name} for job in jobs]
