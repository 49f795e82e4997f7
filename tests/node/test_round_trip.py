"""From a sender through the node to an archive: each result once, and the spool is empty."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pneumoscope.derived.kinds import Kind
from pneumoscope.node.events import Delayed, Delivered, Finished, Predicted, Received
from pneumoscope.node.events import Event as Told
from pneumoscope.node.run import running as run
from tests.conftest import write_bundle
from tests.node.conftest import (
    Archive,
    archive_at,
    make_radiograph,
    results_of,
    running_node,
    send,
    settings_for,
    to_bytes,
    wait_until,
)
from tests.node.dcmtk import find_dcmtk


def is_empty(spool: Path) -> bool:
    return not any(spool.glob("*/*"))


def test_results_of_each_radiograph_arrive_once(archive: Archive, tmp_path: Path) -> None:
    radiographs = [make_radiograph(number) for number in range(4)]
    with running_node(tmp_path, archive.name) as running:
        assert running.send(*radiographs) == [0x0000] * 4
        running.wait_for(Finished, 4)
        assert sorted(archive.kept) == sorted(results_of(*radiographs))
        assert is_empty(running.settings.spool)
        assert [event.repeated for event in running.of(Received)] == [False] * 4
        assert len(running.of(Delivered)) == 12
    assert archive.associations <= 4


def test_several_destinations_and_the_sender(archive: Archive, tmp_path: Path) -> None:
    with archive_at() as second:
        peers = {"SENDER": f"127.0.0.1:{second.port}"}
        with running_node(tmp_path, archive.name, "sender", peers=peers) as running:
            running.send(make_radiograph())
            running.wait_for(Finished)
        expected = sorted(results_of(make_radiograph()))
        assert sorted(archive.kept) == sorted(second.kept) == expected


def test_an_archive_that_was_away_gets_all_in_order(tmp_path: Path) -> None:
    with archive_at() as once:
        port = once.port
    radiographs = [make_radiograph(number) for number in range(3)]
    with running_node(tmp_path, f"ARCHIVE@127.0.0.1:{port}") as running:
        running.send(*radiographs)
        (delayed, *_) = running.wait_for(Delayed)
        assert (delayed.code, delayed.attempts) == ("peer-unreachable", 1)
        with archive_at(port) as archive:
            running.wait_for(Finished, 3)
            assert set(archive.kept[:3]) == results_of(radiographs[0])
            assert set(archive.kept[6:]) == results_of(radiographs[2])


def test_what_was_not_delivered_is_after_the_next_start(tmp_path: Path) -> None:
    with archive_at() as once:
        name = once.name
    with running_node(tmp_path, name) as running:
        running.send(make_radiograph())
        running.wait_for(Delayed)
    with archive_at(once.port) as archive, running_node(tmp_path, "X@127.0.0.1:1") as running:
        running.wait_for(Finished)
        assert running.maker.seen == []
    assert sorted(archive.kept) == sorted(results_of(make_radiograph()))


def test_the_real_maker_in_a_process_of_its_own(archive: Archive, tmp_path: Path) -> None:
    model = str(write_bundle(tmp_path / "bundle"))
    told: list[Told] = []
    with run(settings_for(tmp_path, archive.name, model=model), told.append) as node:
        assert send(node.port, make_radiograph()) == [0x0000]
        wait_until(lambda: any(isinstance(event, Finished) for event in told))
    (predicted,) = [event for event in told if isinstance(event, Predicted)]
    assert predicted.kinds == tuple(Kind)
    assert len(set(archive.kept)) == 3


@pytest.mark.parametrize("program", ["echoscu", "storescu"])
def test_programs_of_dcmtk(program: str, archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "radiograph.dcm"
    file.write_bytes(to_bytes(make_radiograph()))
    with running_node(tmp_path, archive.name) as running:
        command = [find_dcmtk(program), "-aec", "PNEUMOSCOPE", "127.0.0.1", str(running.port)]
        done = subprocess.run([*command, *[file] * (program == "storescu")], capture_output=True)
        assert done.returncode == 0, done.stderr
        if program == "storescu":
            running.wait_for(Finished)
            assert set(archive.kept) == results_of(make_radiograph())
