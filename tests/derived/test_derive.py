from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from pneumoscope.derived.derive import derive
from pneumoscope.derived.kinds import SERIES, Kind
from pneumoscope.errors import ImageError
from pneumoscope.imaging import Origin, Source
from pneumoscope.imaging.origin import origin_of_dicom
from pneumoscope.inference import Predictor, load
from tests.conftest import encoded, picture, write_bundle
from tests.derived.conftest import WHEN, derived, read
from tests.derived.variants import radiograph


def test_each_kind_is_a_file_of_its_series_in_the_study(predictor: Predictor) -> None:
    made = derived(predictor, radiograph())
    assert list(made) == list(Kind)
    for kind, result in made.items():
        ds = read(result)
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert (ds.StudyInstanceUID, ds.PatientID) == ("1.2.3", "P1")
        assert ds.SOPInstanceUID == result.uid
        assert (ds.SeriesNumber, ds.SeriesDescription) == (
            SERIES[kind].number,
            SERIES[kind].description,
        )
        assert (ds.ContentDate, ds.ContentTime) == ("20260102", "030405")
        assert (ds.InstanceCreationDate, ds.InstanceCreationTime) == ("20260102", "030405")


def test_the_same_radiograph_gives_the_same_bytes(predictor: Predictor) -> None:
    assert derived(predictor, radiograph()) == derived(predictor, radiograph())


def test_results_of_another_day_are_the_same_objects(predictor: Predictor) -> None:
    source = radiograph()
    later = derive(source, predictor.explain(source), predictor, WHEN + timedelta(days=1))
    first = derived(predictor, source)
    assert [result.uid for result in later] == [result.uid for result in first.values()]
    assert [result.data for result in later] != [result.data for result in first.values()]


def test_two_radiographs_of_a_study_share_series_but_no_object(predictor: Predictor) -> None:
    made = [derived(predictor, radiograph(SOPInstanceUID=uid)) for uid in ("1.2.3.1", "1.2.3.7")]
    for kind in Kind:
        first, second = (read(each[kind]) for each in made)
        assert first.SeriesInstanceUID == second.SeriesInstanceUID
        assert first.SOPInstanceUID != second.SOPInstanceUID


def test_another_model_adds_series_of_its_own_to_the_study(
    predictor: Predictor, tmp_path: Path
) -> None:
    newer = load(write_bundle(tmp_path / "bundle", usual=120.0))
    made = [derived(each, radiograph()) for each in (predictor, newer)]
    for kind in Kind:
        first, second = (read(each[kind]) for each in made)
        assert first.StudyInstanceUID == second.StudyInstanceUID
        assert first.SeriesInstanceUID != second.SeriesInstanceUID
        assert first.SOPInstanceUID != second.SOPInstanceUID


def test_only_the_kinds_that_are_asked_for_are_derived(predictor: Predictor) -> None:
    assert list(derived(predictor, radiograph(), kinds=[Kind.CAPTURE])) == [Kind.CAPTURE]


def test_a_refused_radiograph_has_no_map(predictor: Predictor) -> None:
    assert list(derived(predictor, radiograph(grey=210))) == [Kind.REPORT, Kind.CAPTURE]


@pytest.mark.parametrize("kind", Kind)
def test_results_are_known_as_our_own(predictor: Predictor, kind: Kind) -> None:
    assert origin_of_dicom(read(derived(predictor, radiograph())[kind])) is Origin.OWN


@pytest.mark.parametrize("kind", Kind)
def test_results_refer_to_their_radiograph_by_its_class(predictor: Predictor, kind: Kind) -> None:
    source = radiograph(SOPClassUID=DigitalXRayImageStorageForPresentation, Modality="DX")
    found = references(read(derived(predictor, source)[kind]))
    assert found == {("1.2.3.1", DigitalXRayImageStorageForPresentation)}


@pytest.mark.parametrize("kind", Kind)
def test_other_references_of_the_study_stay_as_they_are(predictor: Predictor, kind: Kind) -> None:
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", "1.9"
    ds = read(derived(predictor, radiograph(ReferencedStudySequence=[study]))[kind])
    assert ("1.9", "1.2.840.10008.3.1.2.3.1") in references(ds)


def references(ds: Dataset) -> set[tuple[str, str]]:
    """Lists the instances that are referred to, with the class that they are said to have."""
    found = (
        {(ds.ReferencedSOPInstanceUID, ds.ReferencedSOPClassUID)}
        if "ReferencedSOPInstanceUID" in ds
        else set()
    )
    items = (item for element in ds if element.VR == "SQ" for item in element.value)
    return found.union(*map(references, items))


def test_what_is_no_dicom_file_is_refused(predictor: Predictor) -> None:
    source = Source("cr.png", encoded(picture()))
    with pytest.raises(ImageError):
        derive(source, predictor.explain(source), predictor, WHEN)
