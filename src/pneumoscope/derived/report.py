"""The prediction as a Comprehensive SR by TID 1500 of DICOM PS3.16."""

from __future__ import annotations

from collections.abc import Iterator

from highdicom.sr import (
    AlgorithmIdentification,
    ComprehensiveSR,
    ContentItem,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.sr.codedict import codes

from pneumoscope.derived.codes import (
    NOT_EVALUATED,
    PREDICTION,
    REASON,
    THRESHOLD,
    WARNING,
    class_code,
    notice_code,
    own_scheme,
    probability_of,
)
from pneumoscope.derived.kinds import Kind, made_uid
from pneumoscope.derived.material import MANUFACTURER, Material
from pneumoscope.types import RESEARCH_NOTICE
from pneumoscope.version import __version__


def make_report(material: Material) -> ComprehensiveSR:
    """Makes the report of a prediction: preliminary, unverified, by a device.

    A refused image gets the finding "Not Evaluated" with a coded reason for each notice, and no
    probability, which nobody shall rely on.
    """
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(material)),
        procedure_reported=codes.SCT.ChestImaging,
        imaging_measurements=[_group(material)],
        title=PREDICTION,  # CID 7021 is extensible: "Imaging Measurement Report" is a blank in OHIF
    )
    return ComprehensiveSR(
        evidence=[material.radiograph.nameless],
        content=content,
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[own_scheme()],
        **material.common(Kind.REPORT),
    )


def _observer(material: Material) -> ObserverContext:
    info = material.predictor.info
    device = DeviceObserverIdentifyingAttributes(
        uid=made_uid("model", material.model_sha256),
        name=material.captions.model,
        manufacturer_name=MANUFACTURER,
        model_name=info.name,
        serial_number=material.model_sha256,
    )
    return ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)


def _group(material: Material) -> MeasurementsAndQualitativeEvaluations:
    header, prediction = material.radiograph.header, material.prediction
    image = SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)
    label = prediction.label
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=material.uid(Kind.REPORT, "tracking"), identifier="Prediction"
        ),
        finding_type=NOT_EVALUATED if label is None else class_code(label),
        measurements=list(_measurements(material)) or None,
        qualitative_evaluations=list(_evaluations(material)) or None,
        source_images=[image],
    )
    group[0].ContentSequence.extend(_comments(material))
    return group


def _measurements(material: Material) -> Iterator[Measurement]:
    prediction, captions = material.prediction, material.captions
    if prediction.label is None or prediction.probability is None:
        return
    algorithm = AlgorithmIdentification(
        name=material.predictor.info.name,
        version=material.predictor.info.version,
        parameters=[captions.point, f"{MANUFACTURER} {__version__}"],
        manufacturer=MANUFACTURER,
    )
    for name, value in (
        (probability_of(captions.positive), prediction.probability),
        (THRESHOLD, captions.threshold(prediction)),
    ):
        yield Measurement(name=name, value=value, unit=codes.UCUM.NoUnits, algorithm_id=algorithm)


def _evaluations(material: Material) -> Iterator[QualitativeEvaluation]:
    for reason in material.prediction.reasons:
        yield QualitativeEvaluation(REASON, notice_code(reason))
    for warning in material.prediction.warnings:
        yield QualitativeEvaluation(WARNING, notice_code(warning))


def _comments(material: Material) -> Iterator[ContentItem]:
    captions = material.captions
    caption = captions.caption(material.prediction)
    expected = captions.expected if caption.probability else ""
    said = (caption.probability, *caption.remarks, captions.about, expected)
    for text in (*said, RESEARCH_NOTICE):
        if text:
            yield TextContentItem(
                name=codes.DCM.Comment,
                value=text,
                relationship_type=RelationshipTypeValues.CONTAINS,
            )
