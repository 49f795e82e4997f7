from __future__ import annotations

from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from pneumoscope.derived.derive import Result, derive
from pneumoscope.derived.kinds import SERIES, Kind
from pneumoscope.imaging import Origin, Source
from pneumoscope.imaging.origin import origin_of_dicom
from pneumoscope.inference import Predictor, load
from tests.conftest import picture, write_bundle
from tests.imaging.dicoms import dicom

WHEN = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    return load(write_bundle(tmp_path / "bundle", usual=128.0))


def derived(predictor: Predictor, source: Source, **options: object) -> dict[Kind, Result]:
    made = derive(source, predictor.explain(source), predictor, WHEN, **options)
    return {result.kind: result for result in made}


def radiograph(**changes: object) -> Source:
    return Source("cr.dcm", dicom(picture((96, 80)), StudyInstanceUID="1.2.3", **changes))


def read(result: Result) -> Dataset:
    return dcmread(BytesIO(result.data))


def test_each_kind_is_a_file_of_its_series_in_the_study(predictor: Predictor) -> None:
    made = derived(predictor, radiograph(PatientID="p1"))
    assert list(made) == list(Kind)
    for kind, result in made.items():
        ds = read(result)
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert (ds.StudyInstanceUID, ds.PatientID) == ("1.2.3", "p1")
        assert ds.SOPInstanceUID == result.uid
        assert (ds.SeriesNumber, ds.SeriesDescription) == (
            SERIES[kind].number,
            SERIES[kind].description,
        )


def test_the_same_radiograph_gives_the_same_bytes(predictor: Predictor) -> None:
    assert derived(predictor, radiograph()) == derived(predictor, radiograph())


def test_only_the_kinds_that_are_asked_for_are_derived(predictor: Predictor) -> None:
    assert list(derived(predictor, radiograph(), kinds=[Kind.CAPTURE])) == [Kind.CAPTURE]


def test_a_refused_radiograph_has_no_map(predictor: Predictor) -> None:
    bright = Source("cr.dcm", dicom(np.clip(picture((96, 80)), 240, 255)))
    assert list(derived(predictor, bright)) == [Kind.REPORT, Kind.CAPTURE]


@pytest.mark.parametrize("kind", Kind)
def test_results_are_known_as_our_own(predictor: Predictor, kind: Kind) -> None:
    assert origin_of_dicom(read(derived(predictor, radiograph())[kind])) is Origin.OWN
