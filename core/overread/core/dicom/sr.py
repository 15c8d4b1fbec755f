"""Findings as DICOM structured reports (Comprehensive 3D, TID 1500), and what a reader made of a model's marks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TypeAlias

import highdicom
from highdicom import sr
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from overread.core.dicom.codes import OWN_SCHEME, kind_code, label_codes, reason_code
from overread.core.dicom.seg import PROGRAM, Author, Drawn, pydicom_code, tracking_id
from overread.core.finding import Finding, Judgement, Origin, State
from overread.core.text import say, sentence

PROCEDURES = {
    "CT": Code("25045-6", "LN", "CT unspecified body region"),
    "MR": Code("25056-3", "LN", "MRI unspecified body region"),
}
ANY_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
DECISION = Code("DECISION", OWN_SCHEME, "Decision")
DECISIONS = {
    State.PROPOSED: Code("PROPOSED", OWN_SCHEME, "Proposed, not verified by a person"),
    State.ACCEPTED: Code("ACCEPTED", OWN_SCHEME, "Accepted"),
    State.CORRECTED: Code("MODIFIED", OWN_SCHEME, "Modified and accepted"),
    State.ADDED: Code("ADDED", OWN_SCHEME, "Added by the reader"),
    State.REJECTED: Code("REJECTED", OWN_SCHEME, "Rejected"),
}
REASON = Code("REASON", OWN_SCHEME, "Reason for rejecting")
KIND = Code("KIND", OWN_SCHEME, "Kind")
SCORE = Code("SCORE", OWN_SCHEME, "Detection score")
SPHERE = Code("SPHERE", OWN_SCHEME, "Diameter of the sphere of equal volume")
ASSESSMENT = Code("ASSESSMENT", OWN_SCHEME, "Assessment of model results")
REPORTED = Code("REPORTED", OWN_SCHEME, "Findings reported")
QUALITATIVE = Code("C0034375", "UMLS", "Qualitative Evaluations")


Group: TypeAlias = sr.VolumetricROIMeasurementsAndQualitativeEvaluations | sr.MeasurementsAndQualitativeEvaluations


@dataclass(frozen=True, slots=True)
class Segmented:
    """A finding on its images, and the segment that holds its mask."""

    drawn: Drawn
    segmentation: Dataset
    number: int


@dataclass(frozen=True, slots=True)
class Context:
    """What every document of one save shares: the author, evidence (images first), earlier versions.

    ``complete`` is False when marks are left that nobody has judged.
    """

    author: Author
    evidence: tuple[Dataset, ...]
    complete: bool = True
    previous: tuple[Dataset, ...] = ()


def device_uid() -> str:
    """The UID by which the program names itself as an observer: one for each version."""
    made = uuid.uuid5(uuid.NAMESPACE_OID, f"overread {version('overread')}")
    return f"2.25.{made.int}"


def report(segmented: Sequence[Segmented], context: Context) -> Dataset:
    """The report of findings. Without any it says so in a coded sentence. Never signed: UNVERIFIED, PRELIMINARY."""
    groups = [_group(one) for one in segmented]
    return _document(groups, context, codes.DCM.ImagingMeasurementReport, 9100)


def assessment(findings: Sequence[Finding], drawn: Sequence[Drawn], context: Context) -> Dataset:
    """What a person made of a model's marks: accepted, modified or rejected, with reason, per tracking UID.

    ``drawn`` are the same findings on their images, in the same order.
    """
    groups = [_assessed(one, on) for one, on in zip(findings, drawn, strict=True)]
    return _document(groups, context, ASSESSMENT, 9200)


def _document(groups: Sequence[Group], context: Context, title: Code, series: int) -> Dataset:
    first = context.evidence[0]
    # The template demands a group; a report that names no finding gets its statement in place of the groups.
    placeholder = sr.MeasurementsAndQualitativeEvaluations(sr.TrackingIdentifier(device_uid(), PROGRAM))
    content = sr.MeasurementReport(
        observation_context=_observers(context.author),
        procedure_reported=PROCEDURES.get(str(first.get("Modality", "")), ANY_PROCEDURE),
        imaging_measurements=list(groups) or [placeholder],
        title=title,
    )
    if not groups:
        _state_none(content[0].ContentSequence)
    return highdicom.sr.Comprehensive3DSR(
        evidence=list(context.evidence),
        content=content[0],
        series_instance_uid=highdicom.UID(),
        series_number=series + context.author.number,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=PROGRAM,
        manufacturer_model_name=PROGRAM,
        software_versions=version("overread"),
        is_complete=context.complete,
        is_final=False,
        is_verified=False,
        previous_versions=list(context.previous) or None,
        series_description=context.author.description,
    )


def _state_none(content: sr.ContentSequence) -> None:
    content.pop()
    statement = sr.ContainerContentItem(QUALITATIVE, relationship_type="CONTAINS")
    none = sr.CodeContentItem(REPORTED, Code("260413007", "SCT", "None"), relationship_type="CONTAINS")
    statement.ContentSequence = sr.ContentSequence([none])
    content.append(statement)


def _observers(author: Author) -> sr.ObservationContext:
    device = sr.ObserverContext(
        codes.DCM.Device,
        sr.DeviceObserverIdentifyingAttributes(
            uid=device_uid(), name=PROGRAM, manufacturer_name=PROGRAM, model_name=f"{PROGRAM} {version('overread')}"
        ),
    )
    if not author.person_name:
        return sr.ObservationContext(observer_device_context=device)
    person = sr.ObserverContext(codes.DCM.Person, sr.PersonObserverIdentifyingAttributes(name=author.person_name))
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _group(one: Segmented) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    """TID 1411: a finding with its segment, codes, measurements and evaluations."""
    finding = one.drawn.finding
    label = label_codes(finding.label)
    series_uid = finding.series_uid
    group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=finding.uid, identifier=tracking_id(finding)),
        referenced_segment=sr.ReferencedSegment(
            sop_class_uid=one.segmentation.SOPClassUID,
            sop_instance_uid=one.segmentation.SOPInstanceUID,
            segment_number=one.number,
            source_series=sr.SourceSeriesForSegmentation(series_uid),
        ),
        finding_type=pydicom_code(label.type),
        finding_category=pydicom_code(label.category),
        finding_sites=None if label.site is None else [sr.FindingSite(pydicom_code(label.site))],
        algorithm_id=_algorithm(finding),
        measurements=_measurements(finding),
        qualitative_evaluations=_evaluations(finding),
    )
    for text in _remarks(one.drawn):
        group[0].ContentSequence.append(sr.TextContentItem(codes.DCM.Comment, text, "CONTAINS"))
    return group


def _remarks(drawn: Drawn) -> list[str]:
    """What must be read with a finding: its note, and what its numbers leave out."""
    finding = drawn.finding
    remarks = [finding.note.strip()] if finding.note.strip() else []
    if finding.measures.across_gap:
        remarks.append(say("saving.across-gap"))
    if drawn.lost:
        remarks.append(sentence("saving.voxels-lost", tag=finding.tag, n=drawn.lost).say())
    return remarks


def _measurements(finding: Finding) -> list[sr.Measurement]:
    measures = finding.measures
    made = [
        sr.Measurement(codes.SCT.Volume, measures.volume_mm3, codes.UCUM.CubicMillimeter),
        sr.Measurement(codes.SCT.Diameter, measures.equivalent_diameter_mm, codes.UCUM.Millimeter, method=SPHERE),
    ]
    if measures.long_mm is not None and measures.short_mm is not None:
        made.append(sr.Measurement(codes.SCT.LongAxis, measures.long_mm, codes.UCUM.Millimeter))
        made.append(sr.Measurement(codes.SCT.ShortAxis, measures.short_mm, codes.UCUM.Millimeter))
    if measures.mean_value is not None and measures.unit == "HU":
        unit = Code("[hnsf'U]", "UCUM", "Hounsfield unit")
        made.append(sr.Measurement(codes.DCM.MeanAttenuationCoefficient, measures.mean_value, unit))
    if finding.score is not None:
        made.append(sr.Measurement(SCORE, finding.score, codes.UCUM.NoUnits))
    return made


def _evaluations(finding: Finding) -> list[sr.QualitativeEvaluation]:
    made = [sr.QualitativeEvaluation(DECISION, DECISIONS[finding.state])]
    if finding.kind:
        made.append(sr.QualitativeEvaluation(KIND, pydicom_code(kind_code(finding.kind))))
    return made


def _algorithm(finding: Finding) -> sr.AlgorithmIdentification | None:
    """TID 4019, where a model made the finding."""
    if finding.model is None or finding.origin is Origin.PERSON:
        return None
    parameters = [f"digest={finding.model.digest}"]
    return sr.AlgorithmIdentification(finding.model.name, finding.model.version, parameters)


def _assessed(finding: Finding, drawn: Drawn) -> sr.MeasurementsAndQualitativeEvaluations:
    """TID 1501: the decision on one mark, without finding type and region, so that nobody takes it for a finding."""
    evaluations = [sr.QualitativeEvaluation(DECISION, DECISIONS[finding.state])]
    judgement = finding.judgement
    if judgement is not None and judgement.reason:
        evaluations.append(sr.QualitativeEvaluation(REASON, pydicom_code(reason_code(judgement.reason))))
    images = [plane.instance for plane in drawn.planes]
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=finding.uid, identifier=tracking_id(finding)),
        algorithm_id=_algorithm(finding),
        qualitative_evaluations=evaluations,
        source_images=[
            sr.SourceImageForMeasurementGroup(one.sop_class_uid, one.sop_instance_uid)
            for one in images[len(images) // 2 :][:1]
        ]
        or None,
    )
    if judgement is not None:
        _add_judgement(group[0].ContentSequence, judgement)
    return group


def _add_judgement(content: sr.ContentSequence, judgement: Judgement) -> None:
    """Who decided, when, and what they wrote."""
    at = datetime.fromisoformat(judgement.at)
    for item in content:
        if item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeValue == DECISION.value:
            item["ObservationDateTime"] = DataElement(0x0040A032, "DT", at.strftime("%Y%m%d%H%M%S%z"))
    who = Author(judgement.who, 1).person_name
    if who:
        content.append(sr.PnameContentItem(codes.DCM.PersonObserverName, who, "HAS OBS CONTEXT"))
    if judgement.note.strip():
        content.append(sr.TextContentItem(codes.DCM.Comment, judgement.note.strip(), "CONTAINS"))
