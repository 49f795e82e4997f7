"""An archive files results with their radiograph, whatever its header holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request

import pytest

from pneumoscope.inference import Predictor
from tests.derived.conftest import derived
from tests.derived.variants import KEPT, NAMES, VALID, Change, radiograph
from tests.node.orthanc import SITE, Orthanc, running_orthanc

# Without identifiers there is nothing to file them by.
_UNFILED = {"nothing of patient and study", "no study", "empty study", "no series", "no instance"}
FILED = {variant: change for variant, change in VALID.items() if variant not in _UNFILED}


@pytest.fixture(scope="module")
def archive() -> Iterator[Orthanc]:
    with running_orthanc({}) as orthanc:
        yield orthanc


def store(archive: Orthanc, data: bytes) -> dict[str, Any]:
    """Stores a file; the answer says where it was filed."""
    answer: dict[str, Any] = json.loads(archive.send(Request(f"{SITE}/instances", data)))
    return answer


@pytest.mark.parametrize(
    "change",
    [
        *(pytest.param(change, id=variant) for variant, change in KEPT.items()),
        *(
            pytest.param(change, id=variant, marks=pytest.mark.slow)
            for variant, change in FILED.items()
        ),
    ],
)
def test_results_are_filed_in_the_study(
    archive: Orthanc, predictor: Predictor, change: Change
) -> None:
    source = radiograph(change)
    filed = store(archive, source.data)
    for result in derived(predictor, source).values():
        answer = store(archive, result.data)
        assert answer["ParentPatient"] == filed["ParentPatient"]
        assert answer["ParentStudy"] == filed["ParentStudy"]


@pytest.mark.parametrize("script", NAMES)
def test_the_archive_reads_the_names_of_results(
    archive: Orthanc, predictor: Predictor, script: str
) -> None:
    character_set, name = NAMES[script]
    # Each its own, since the archive keeps the first of an instance.
    own = {"SOPInstanceUID": f"1.2.3.{[*NAMES].index(script) + 100}"}
    source = radiograph(SpecificCharacterSet=character_set, PatientName=name, **own)
    for result in derived(predictor, source).values():
        stored = store(archive, result.data)["ID"]
        tags = archive.ask(f"/instances/{stored}/simplified-tags")
        assert tags["PatientName"] == name


def test_a_result_that_is_sent_again_is_stored_once(archive: Orthanc, predictor: Predictor) -> None:
    source = radiograph(SOPInstanceUID="1.2.3.200")
    for status in ("Success", "AlreadyStored"):
        for result in derived(predictor, source).values():
            assert store(archive, result.data)["Status"] == status
