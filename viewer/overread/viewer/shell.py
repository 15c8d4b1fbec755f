"""What the panels show of the state: rows, lines and words, made here and nowhere kept."""

from __future__ import annotations

import datetime

from overread.core.dicom.verdict import grid_index
from overread.core.finding import KeyImage, Measurement
from overread.core.reading import Reading
from overread.core.series import Permission, Series
from overread.core.text import Language, Sentence, say, sentence, table
from overread.viewer.commands import COMMAND_BY_ID
from overread.viewer.panels.inbox import ArrivalRow
from overread.viewer.panels.own_read import MeasurementRow
from overread.viewer.panels.patient_bar import PatientLine
from overread.viewer.panels.study_list import SeriesRow
from overread.viewer.presenters.inbox import Arrival
from overread.viewer.presenters.priors import is_prior
from overread.viewer.presenters.study import StudyPresenter
from overread.viewer.render.overlays import DrawnMeasurement
from overread.viewer.render.slice_painter import badge_sentence
from overread.viewer.state.language import Words
from overread.viewer.state.views import Plane, VolumeState
from overread.viewer.tools.measure import Measured
from overread.viewer.tools.shapes import measured_words, short_text


def patient_line(series: Series, *, hidden: bool = False) -> PatientLine:
    """The patient bar for a series; ``hidden`` keeps to itself who the patient is."""
    patient, study = series.patient, series.study
    return PatientLine(
        patient.shown_name, patient.id, patient.birth_date, age_years(patient.birth_date, study.date), patient.sex,
        study.date, study.description, hidden,
    )  # fmt: skip


def age_years(birth_date: str, study_date: str) -> int | None:
    """Whole years from birth to study, both ISO; None when one is missing or they contradict one another."""
    try:
        born, then = datetime.date.fromisoformat(birth_date), datetime.date.fromisoformat(study_date)
    except ValueError:
        return None
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return years if 0 <= years < 130 else None


def series_rows(study: StudyPresenter, *, hidden: bool = False) -> list[SeriesRow]:
    """The study list."""
    return [_series_row(series, study, hidden) for series in study.catalogue.value]


def _series_row(series: Series, study: StudyPresenter, hidden: bool) -> SeriesRow:
    frames = sum(one.pixels.frames for one in series.instances)
    title = f"{series.number} · {series.description}" if series.number is not None else series.description
    if series.split:
        title = f"{title} ({series.split})"
    badge = badge_sentence(series, len(series.missing_k))
    people = {one.patient.id for one in study.catalogue.value}
    heading = f"{series.study.date} {series.study.description}".strip()
    if len(people) > 1 and not hidden:
        heading = f"{series.patient.shown_name} · {heading}"
    return SeriesRow(
        key=series.key,
        title=title or series.modality,
        subtitle=sentence("open.images", n=frames),
        badge=badge,
        badge_reason=series.verdict.reasons[0].sentence if badge is not None and series.verdict.reasons else None,
        study=heading,
        is_prior=study.shown.value is not None and is_prior(series, study.shown.value.series),
        thumbnail=study.thumbnails.get(series.key),
    )


def permissions(series: Series) -> list[tuple[bool, Sentence]]:
    """What may be done with a series, in words."""
    return [(permission in series.verdict.may, sentence(f"may.{permission}")) for permission in Permission]


def arrival_rows(arrivals: tuple[Arrival, ...], *, hidden: bool = False) -> list[ArrivalRow]:
    """The inbox."""
    return [
        ArrivalRow(
            key=arrival_key(one),
            name=sentence("patient.hidden") if hidden else one.patient_name,
            when=f"{one.study_date} {one.description}".strip(),
            status="new" if one.status == "new" else "judged" if one.status == "judged" else "saved",
        )
        for one in arrivals
    ]


def arrival_key(arrival: Arrival) -> str:
    """What an inbox row is known by."""
    return f"{arrival.path}|{arrival.study_uid}"


def measurement_rows(reading: Reading) -> list[MeasurementRow]:
    """The measurements and key images of the right panel."""
    lengths = [
        MeasurementRow(
            key=one.uid,
            icon=one.kind,
            title=sentence(f"open.measured-{one.kind}", image=one.image_number, plane=sentence(f"view.{one.plane}")),
            value=short_text(one) + (" *" if one.across_gap else ""),
        )
        for one in reading.measurements
    ]
    images = [
        MeasurementRow(one.uid, "key-image", sentence("open.key-image", image=one.image_number), "")
        for one in reading.key_images
    ]
    return lengths + images


def key_image_here(reading: Reading | None, state: VolumeState) -> KeyImage | None:
    """The mark of the acquired image through the place, if it is a key image."""
    k = state.slice_index(Plane.IMAGES)
    marked = () if reading is None else reading.key_images
    same = (one for one in marked if (one.series_uid, one.split) == (state.series.uid, state.series.split))
    return next((one for one in same if one.slice_k == k), None)


def key_image_of(state: VolumeState, uid: str) -> KeyImage | None:
    """The acquired image through the place as a key image; None where no image was acquired."""
    k, series = state.slice_index(Plane.IMAGES), state.series
    if series.geometry is None:
        places = {n: one for n, one in enumerate(one for one in series.instances for _f in range(one.pixels.frames))}
    else:
        places = dict(zip(grid_index(series.instances, series.geometry), series.instances, strict=True))
    if k not in places:
        return None
    number = state.image_number(Plane.AXIAL if state.has_planes and state.axis(Plane.AXIAL) == 2 else Plane.IMAGES)
    return KeyImage(
        uid=uid, series_uid=series.uid, split=series.split, sop_instance_uid=places[k].sop_instance_uid,
        slice_k=k, image_number=number,
    )  # fmt: skip


def as_measurement(measured: Measured, uid: str) -> Measurement:
    """What a tool measured, as the reading keeps it."""
    state = measured.state
    return Measurement(
        uid=uid,
        kind=measured.kind,
        points_lps_mm=measured.points_lps_mm,
        value=measured.value,
        unit=measured.unit,
        series_uid=state.series.uid,
        split=state.series.split,
        plane=str(measured.plane),
        slice_index=measured.slice_index,
        image_number=state.image_number(measured.plane),
        across_gap=measured.across_gap,
        values=measured.values,
    )


def drawn(
    reading: Reading | None, state: VolumeState, plane: Plane, index: int, words: Words
) -> list[DrawnMeasurement]:
    """The measurements that lie on a slice."""
    if reading is None:
        return []
    return [
        DrawnMeasurement(one.points_lps_mm, measured_words(words, one), one.kind)
        for one in reading.measurements
        if (one.series_uid, one.split) == (state.series.uid, state.series.split)
        and one.plane == str(plane)
        and one.slice_index == index
    ]


def not_now(command_id: str, language: Language) -> Sentence:
    """Why a key does nothing at this moment; where there is more to say than that, a text of its own says it."""
    own = f"not-now.{command_id}"
    return (
        sentence(own)
        if own in table()
        else sentence("not-now.any", what=say(COMMAND_BY_ID[command_id].text_id, language))
    )
