"""The script for the Python plugin of Orthanc, as the documentation has it."""

from __future__ import annotations

from urllib.request import Request, urlopen

from pneumoscope.derived.kinds import SERIES, Kind
from tests.node.orthanc import HTTP_PORT, PATIENCE, Orthanc, running_orthanc, until
from tests.node.radiographs import radiograph
from tests.test_docs import ROOT, blocks

(SCRIPT,) = blocks(ROOT / "docs" / "how-to" / "orthanc-plugin.md", "python")


def store(orthanc: Orthanc, data: bytes) -> None:
    request = Request(f"http://127.0.0.1:{HTTP_PORT}/instances", data)
    orthanc.inside.submit(urlopen, request, timeout=PATIENCE).result(PATIENCE).close()


def numbers(orthanc: Orthanc) -> list[int]:
    """Lists the numbers of the series that Orthanc has."""
    tags = [series["MainDicomTags"] for series in orthanc.ask("/series?expand")]
    return sorted(int(tag["SeriesNumber"]) for tag in tags)


def test_it_is_short() -> None:
    assert SCRIPT.count("\n") <= 30


def test_a_radiograph_that_is_stored_gets_its_results() -> None:
    with running_orthanc({}, script=SCRIPT) as orthanc:
        store(orthanc, radiograph(PatientID="1", SeriesNumber=1))
        # Noise is refused, and what is refused gets no map.
        wanted = [1, SERIES[Kind.REPORT].number, SERIES[Kind.CAPTURE].number]
        until(lambda: numbers(orthanc) == wanted)
        assert len(orthanc.ask("/studies")) == 1
        assert orthanc.ask("/statistics")["CountInstances"] == 3
