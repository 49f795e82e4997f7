from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from highdicom.sr import CodedConcept, srread
from pydicom import Dataset

from pneumoscope.derived.codes import (
    NOT_EVALUATED,
    PREDICTION,
    REASON,
    SCHEME,
    THRESHOLD,
    WARNING,
    class_code,
    notice_code,
)
from pneumoscope.derived.derive import derive
from pneumoscope.derived.kinds import Kind
from pneumoscope.gate import TITLES
from pneumoscope.inference import Predictor, load
from pneumoscope.notices import Notice
from pneumoscope.types import RESEARCH_NOTICE, Estimate, OperatingPoint
from tests.conftest import write_bundle
from tests.derived.conftest import WHEN, complaints, derived, read
from tests.derived.variants import radiograph
from tests.inference.test_prevalence import calibration


def report_of(predictor: Predictor, **changes: object) -> Dataset:
    return read(derived(predictor, radiograph(**changes), kinds=[Kind.REPORT])[Kind.REPORT])


def content(ds: Dataset) -> list[tuple[str, object]]:
    """Lists names and values of the content items, in order."""
    found: list[tuple[str, object]] = []
    for item in ds.get("ContentSequence", ()):
        name = item.ConceptNameCodeSequence[0].CodeMeaning
        found += [(name, value(item)), *content(item)]
    return found


def value(item: Dataset) -> object:
    if item.ValueType == "CODE":
        (concept,) = item.ConceptCodeSequence
        code = concept.get("CodeValue") or concept.LongCodeValue
        return concept.CodingSchemeDesignator, code
    if item.ValueType == "NUM":
        return float(item.MeasuredValueSequence[0].NumericValue)
    return item.get("TextValue") or item.get("UID")


def texts(ds: Dataset) -> list[object]:
    return [value for name, value in content(ds) if name == "Comment"]


def test_an_accepted_radiograph_gets_finding_probability_and_threshold(
    predictor: Predictor,
) -> None:
    source = radiograph(grey=150)
    prediction = predictor.predict(source)
    said = content(read(derived(predictor, source)[Kind.REPORT]))
    assert ("Finding", ("SCT", "233604007")) in said
    assert ("Probability of PNEUMONIA", pytest.approx(prediction.probability)) in said
    assert ("Threshold of the operating point", 0.5) in said
    assert ("Algorithm Parameters", "operating point default") in said


def test_a_normal_radiograph_gets_another_finding(predictor: Predictor) -> None:
    assert ("Finding", ("SCT", "17621005")) in content(report_of(predictor, grey=110))


def test_a_refused_radiograph_is_not_evaluated_for_a_coded_reason(predictor: Predictor) -> None:
    ds = report_of(predictor, grey=210)
    said = content(ds)
    assert ("Finding", ("SCT", "373121007")) in said
    assert ("Reason for not evaluating", (SCHEME, "unlike-training")) in said
    assert not [name for name, _ in said if "Probability" in name or "Threshold" in name]
    assert any(str(text).startswith("Reason: ") for text in texts(ds))


def test_a_warning_is_coded_beside_the_finding(predictor: Predictor) -> None:
    source = radiograph(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", ConversionType="DF")
    ds = read(derived(predictor, source)[Kind.REPORT])
    assert ("Warning", (SCHEME, "secondary-capture")) in content(ds)
    assert any(str(text).startswith("Warning: ") for text in texts(ds))


def test_figures_of_the_model_stand_beside_predictions_alone(tmp_path: Path) -> None:
    point = OperatingPoint(sensitivity=Estimate(0.9, 0.8, 1.0), specificity=Estimate(0.8, 0.7, 0.9))
    model = write_bundle(
        tmp_path / "bundle", usual=128.0, calibration=calibration(), operating_points=(point,)
    )
    said = {
        grey: " ".join(map(str, texts(report_of(load(model), grey=grey)))) for grey in (150, 210)
    }
    assert "sensitivity is 0.900" in said[150]
    assert "sensitivity" not in said[210]


def test_it_is_preliminary_and_for_research(predictor: Predictor) -> None:
    ds = report_of(predictor)
    flags = (ds.PreliminaryFlag, ds.VerificationFlag, ds.CompletionFlag)
    assert flags == ("PRELIMINARY", "UNVERIFIED", "COMPLETE")
    assert texts(ds)[-1] == RESEARCH_NOTICE
    (scheme,) = ds.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == SCHEME


def test_the_observer_is_the_model(predictor: Predictor) -> None:
    said = dict(content(report_of(predictor)))
    assert said["Observer Type"] == ("DCM", "121007")
    assert said["Device Observer Manufacturer"] == "Pneumoscope"
    assert said["Device Observer Model Name"] == "brightness"
    assert said["Device Observer Serial Number"] == predictor.bundle.sha256


def test_a_restated_probability_stands_beside_a_restated_threshold(tmp_path: Path) -> None:
    calibrated = write_bundle(tmp_path / "bundle", calibration=calibration(0.75))
    predictor = load(calibrated, prevalence=0.01)
    source = radiograph(grey=150)
    said = dict(content(read(derived(predictor, source)[Kind.REPORT])))
    assert said["Finding"] == ("SCT", "233604007")
    probability, threshold = said["Probability of PNEUMONIA"], said[THRESHOLD.meaning]
    assert threshold < probability < 0.5


def test_highdicom_reads_it(predictor: Predictor) -> None:
    source = radiograph(grey=150)
    (made,) = derive(source, predictor.explain(source), predictor, WHEN, [Kind.REPORT])
    (group,) = srread(BytesIO(made.data)).content.get_image_measurement_groups()
    assert group.finding_type.value == "233604007"
    (image,) = group.source_images
    assert image.referenced_sop_instance_uid == "1.2.3.1"


@pytest.mark.parametrize("code", TITLES)
def test_each_notice_has_a_code_that_is_valid(code: str) -> None:
    concept = notice_code(Notice(code, "text"))
    assert concept.value == code
    assert (len(code) > 16) == ("LongCodeValue" in concept)
    assert concept.meaning == TITLES[code]


def test_classes_of_other_models_get_codes_of_our_own() -> None:
    assert class_code("Normal").value == "17621005"
    assert class_code("TB").value == "class-TB"
    long = class_code("tuberculosis " * 9)
    assert long.LongCodeValue == f"class-{'tuberculosis ' * 9}"[:64]
    assert long.meaning == ("tuberculosis " * 9)[:64]
    assert class_code("a\\b\n").meaning == "a/b"


def test_a_model_of_any_name_makes_valid_results(tmp_path: Path) -> None:
    classes = ("Normal", "a\\b " * 20)
    model = write_bundle(tmp_path / "bundle", name="line\n" * 30 + "\\", classes=classes)
    made = derived(load(model), radiograph(grey=150))
    assert list(made) == list(Kind)
    for result in made.values():
        assert not complaints("dciodvfy", result, tmp_path)


@pytest.mark.parametrize(
    "concept", [PREDICTION, NOT_EVALUATED, REASON, WARNING, THRESHOLD, class_code("Normal")]
)
def test_the_codes_of_reports_are_documented(concept: CodedConcept) -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "dicom-results.md").read_text()
    assert f"{concept.value}, {concept.scheme_designator}" in page.replace("`", "")
    assert concept.meaning in page
