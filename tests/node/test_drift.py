"""The node counts radiographs for drift: in the process that makes results, and in this one."""

from __future__ import annotations

from pathlib import Path

import pneumoscope
from pneumoscope.errors import ImageError
from pneumoscope.monitor import Observation
from pneumoscope.node.events import Dead, Drift, Event, Finished
from pneumoscope.node.run import Node
from pneumoscope.node.run import running as run
from pneumoscope.node.silence import silenced
from pneumoscope.node.spool import open_spool
from pneumoscope.types import Status
from tests.monitor.conftest import monitored as monitored
from tests.node.conftest import (
    Archive,
    QuickMaker,
    make_radiograph,
    send,
    settings_for,
    wait_until,
)


def test_counts_of_radiographs_outlast_the_node(
    archive: Archive, monitored: Path, tmp_path: Path
) -> None:
    told: list[Event] = []
    counters = tmp_path / "counters"
    settings = settings_for(tmp_path, archive.name, model=str(monitored), drift=counters)
    with run(settings, told.append) as node:
        send(node.port, *(make_radiograph(number) for number in range(2)))
        wait_until(lambda: sum(isinstance(event, Finished) for event in told) == 2)
    report = pneumoscope.drift(monitored, counters)
    assert report.counts.images == 2
    assert report.counts.binned("brightness").sum() == 2
    last = [event for event in told if isinstance(event, Drift)][-1]
    assert (last.images, last.alarm, last.new) == (2, False, False)
    assert set(last.psi) == set(report.basis.reference)
    assert "PLANTED" not in "".join(path.read_text() for path in counters.iterdir())


def test_what_has_no_answer_is_counted_by_its_code(archive: Archive, tmp_path: Path) -> None:
    counted: list[Observation] = []
    told: list[Event] = []
    maker = QuickMaker()
    broken = make_radiograph(1)
    maker.errors[broken.SOPInstanceUID] = [ImageError("broken", code="image-broken")]
    settings = settings_for(tmp_path, archive.name)
    with silenced(told.append), open_spool(settings.spool) as spool:
        node = Node(settings, spool, maker, told.append, counted.append)
        try:
            send(node.port, broken, make_radiograph(2))
            wait_until(lambda: any(isinstance(event, Finished) for event in told))
        finally:
            node.stop()
    assert any(isinstance(event, Dead) for event in told)
    assert counted == [
        Observation(Status.ERROR, error="image-broken"),
        Observation(Status.ACCEPTED),
    ]
