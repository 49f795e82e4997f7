"""Results of radiographs with all kinds of headers, as programs of others read them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from pneumoscope.derived.kinds import Kind
from pneumoscope.inference import Predictor
from pneumoscope.types import Status
from tests.derived.conftest import complaints, derived, read
from tests.derived.variants import (
    COMPLETE,
    KEPT,
    NAMES,
    SIMPLIFIED,
    VALID,
    of_type,
    radiograph,
)

# Of patient and study, of text.
CARRIED = {
    keyword: value
    for keyword, value in COMPLETE.items()
    if keyword.startswith(("Patient", "Study", "Clinical", "OtherP", "Issuer", "Acc", "Ref"))
    and keyword != "PatientOrientation"
}
GREYS = {"accepted": 128, "warned of": 168, "refused": 210}


def test_the_greys_give_each_kind_of_prediction(predictor: Predictor) -> None:
    said = {state: predictor.predict(radiograph(grey=grey)) for state, grey in GREYS.items()}
    assert said["accepted"].status is Status.ACCEPTED
    assert not said["accepted"].warnings
    assert [warning.code for warning in said["warned of"].warnings] == ["unlike-training"]
    assert said["refused"].status is Status.REFUSED


def cases(variants: Collection[str]) -> Iterator[object]:
    """Each variant accepted, and the first one, or slowly all of them, in the other states."""
    for number, variant in enumerate(variants):
        for state in GREYS:
            fast = state == "accepted" or number == 0
            yield pytest.param(variant, state, marks=[] if fast else pytest.mark.slow)


@pytest.mark.parametrize(("variant", "state"), [*cases(VALID)])
def test_no_header_loses_a_result_or_makes_an_invalid_one(
    predictor: Predictor, variant: str, state: str, tmp_path: Path
) -> None:
    made = derived(predictor, radiograph(VALID[variant], GREYS[state]))
    assert list(made) == [kind for kind in Kind if (kind, state) != (Kind.MAP, "refused")]
    for result in made.values():
        assert not complaints("dciodvfy", result, tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, of values that are not valid
@pytest.mark.parametrize("variant", KEPT)
def test_identifiers_stay_as_they_are(predictor: Predictor, variant: str) -> None:
    source = radiograph(KEPT[variant])
    made = derived(predictor, source)
    assert list(made) == list(Kind)
    sent = dcmread(BytesIO(source.data))
    for kind, result in made.items():
        ds = read(result)
        for keyword in KEPT[variant]:
            if keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
                reference = ds if kind is not Kind.REPORT else evidence(ds)
                assert sent.SOPInstanceUID in str(reference)
            else:
                assert ds[keyword].value == sent[keyword].value


def evidence(ds: Dataset) -> Dataset:
    return ds.CurrentRequestedProcedureEvidenceSequence[0]


@pytest.mark.parametrize("script", NAMES)
def test_names_read_the_same(predictor: Predictor, script: str) -> None:
    character_set, name = NAMES[script]
    made = derived(predictor, radiograph(SpecificCharacterSet=character_set, PatientName=name))
    for result in made.values():
        ds = read(result)
        assert ds.SpecificCharacterSet == "ISO_IR 192"
        assert ds.PatientName == name
        assert name.encode() in result.data


def test_a_name_with_escapes_reads_the_same(predictor: Predictor) -> None:
    def write(ds: Dataset) -> None:
        ds.SpecificCharacterSet = ["", "ISO 2022 IR 58"]
        ds.add(of_type(0x00100010, "PN", SIMPLIFIED))

    for result in derived(predictor, radiograph(write)).values():
        assert read(result).PatientName == "Zhang^XiaoDong=张^小东"


def test_dsrdump_reads_reports(predictor: Predictor, tmp_path: Path) -> None:
    for grey in GREYS.values():
        report = derived(predictor, radiograph(grey=grey))[Kind.REPORT]
        assert not complaints("dsrdump", report, tmp_path)


def test_all_of_patient_and_study_is_carried_over(predictor: Predictor) -> None:
    for result in derived(predictor, radiograph()).values():
        ds = read(result)
        assert {keyword: str(ds.get(keyword, "absent")) for keyword in CARRIED} == CARRIED
        assert ds.Manufacturer == "Pneumoscope"


@pytest.mark.parametrize(
    ("change", "keyword", "expected"),
    [
        ({"PatientSex": "m"}, "PatientSex", "M"),
        ({"PatientSex": "FEMALE"}, "PatientSex", "F"),
        ({"PatientSex": "X"}, "PatientSex", ""),
        ({"StudyDate": "2019.01.31"}, "StudyDate", "20190131"),
        ({"StudyDate": "20190131000000"}, "StudyDate", "20190131"),
        ({"StudyDate": "20190231"}, "StudyDate", ""),
        ({"StudyTime": "10:15:30"}, "StudyTime", "101530"),
        ({"StudyTime": "101530.123456789"}, "StudyTime", "101530.123456"),
        ({"StudyTime": "256000"}, "StudyTime", ""),
        ({"PatientAge": "013W"}, "PatientAge", "013W"),
        ({"PatientAge": "13"}, "PatientAge", "013Y"),
        ({"PatientAge": "26 weeks"}, "PatientAge", "005M"),
        ({"StudyDescription": ["Chest", "PA"]}, "StudyDescription", "Chest"),
        ({"StudyDescription": "C" * 80}, "StudyDescription", "C" * 64),
        ({"StudyInstanceUID": "1.2.3 "}, "StudyInstanceUID", "1.2.3"),
    ],
)
def test_what_means_the_same_is_put_right(
    predictor: Predictor, change: dict[str, object], keyword: str, expected: str
) -> None:
    made = derived(predictor, radiograph(change), kinds=[Kind.REPORT])
    assert read(made[Kind.REPORT])[keyword].value == expected


def test_an_element_of_no_type_is_read_as_text(predictor: Predictor) -> None:
    source = radiograph()
    size = b"\x10\x00\x20\x10"
    assert size + b"DS" in source.data
    broken = replace(source, data=source.data.replace(size + b"DS", size + b"XX"))
    ds = read(derived(predictor, broken, kinds=[Kind.REPORT])[Kind.REPORT])
    assert (ds.PatientName, ds.PatientSize) == ("Roe^Richard", 1.8)


def test_no_private_element_is_carried_over(predictor: Predictor) -> None:
    source = radiograph(VALID["private elements"], PatientName="Doe^John")
    assert b"Roe^Richard" in source.data
    for result in derived(predictor, source).values():
        assert b"Roe^Richard" not in result.data


def test_nothing_is_logged_of_a_patient(
    predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    derived(predictor, radiograph(PatientName="Planted", PatientID="planted"))
    assert "planted" not in caplog.text.casefold()
