"""Results that an archive forwards are answered with success and dropped; others are not taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.derived.kinds import SERIES, Kind
from pneumoscope.node import dimse
from pneumoscope.node.events import Ignored, NotStored
from tests.node.conftest import Archive, make_radiograph, running_node


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("captures", [False, True])
def test_a_result_that_comes_back_is_dropped(
    archive: Archive, tmp_path: Path, kind: Kind, captures: bool
) -> None:
    result = make_radiograph(
        SOPClassUID=dimse.RESULTS[kind],
        Manufacturer="Pneumoscope",
        SeriesDescription=SERIES[kind].description,
    )
    with running_node(tmp_path, archive.name, captures=captures) as running:
        assert running.send(result) == [0x0000]
        assert running.told == [Ignored("SENDER", dimse.RESULTS[kind])]
    assert archive.kept == []


@pytest.mark.parametrize("kind", Kind)
def test_what_others_have_derived_is_not_taken(
    archive: Archive, tmp_path: Path, kind: Kind
) -> None:
    other = make_radiograph(SOPClassUID=dimse.RESULTS[kind], SeriesDescription="Report")
    with running_node(tmp_path, archive.name) as running:
        assert running.send(other) == [0xA900]
        sop_class = dimse.RESULTS[kind]
        assert running.told == [NotStored("SENDER", sop_class, 0xA900, "image-unsupported")]
    assert archive.kept == []
