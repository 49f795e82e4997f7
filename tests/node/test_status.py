"""What waits and what is dead can be seen from outside, and dead letters come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import ImageError, SettingsError
from pneumoscope.node.check import check
from pneumoscope.node.events import Dead, Delayed, Finished
from pneumoscope.node.status import read_status, retry
from tests.conftest import write_bundle
from tests.node.conftest import (
    Archive,
    QuickMaker,
    archive_at,
    make_radiograph,
    results_of,
    running_node,
    settings_for,
)


def test_an_empty_spool(tmp_path: Path) -> None:
    status = read_status(tmp_path / "spool")
    assert status.to_dict() == {"running": False, "unmade": None, "waiting": {}, "dead": []}
    assert retry(tmp_path / "spool") == []


def test_what_waits(tmp_path: Path) -> None:
    away = "AWAY@127.0.0.1:1"
    with running_node(tmp_path, away) as running:
        running.send(make_radiograph(1), make_radiograph(2))
        running.wait_for(Delayed)
        assert read_status(running.settings.spool).running
    status = read_status(running.settings.spool)
    assert not status.running
    assert status.unmade is None
    assert {name: waiting.count for name, waiting in status.waiting.items()} == {away: 2}


def test_a_dead_letter_is_retried_while_the_node_is_at_work(
    archive: Archive, tmp_path: Path
) -> None:
    maker, ds = QuickMaker(), make_radiograph()
    maker.errors[ds.SOPInstanceUID] = [ImageError("broken", code="image-broken")]
    with running_node(tmp_path, archive.name, maker=maker) as running:
        running.send(ds)
        (dead,) = running.wait_for(Dead)
        (entry,) = read_status(running.settings.spool).dead
        assert (entry.key, entry.failure) == (dead.key, "image-broken")
        with pytest.raises(SettingsError) as error:
            retry(running.settings.spool, ["0-0"])
        assert error.value.code == "unknown-choice"
        assert retry(running.settings.spool, [dead.key]) == [dead.key]
        running.wait_for(Finished)
        assert {*archive.kept} == results_of(ds)
        assert read_status(running.settings.spool).dead == ()


def test_only_what_was_rejected_is_sent_again(tmp_path: Path) -> None:
    ds = make_radiograph()
    with archive_at() as archive, running_node(tmp_path, archive.name) as running:
        archive.statuses["1.2.840.10008.5.1.4.1.1.30"] = 0xC000
        running.send(ds)
        running.wait_for(Dead)
        assert sorted(archive.kept) == sorted(results_of(ds))
        (dead,) = read_status(running.settings.spool).to_dict()["dead"]
        assert (dead["code"], dead["rejected"]) == ("result-refused", {archive.name: ["map"]})
        archive.statuses.clear()
        retry(running.settings.spool)
        running.wait_for(Finished)
        assert len(archive.kept) == 4


def test_a_check_of_what_is_well(archive: Archive, tmp_path: Path) -> None:
    model = str(write_bundle(tmp_path / "bundle"))
    found = list(check(settings_for(tmp_path, archive.name, model=model)))
    assert [(one.what, one.code) for one in found] == [
        ("spool", None),
        ("model", None),
        ("port", None),
        (archive.name, None),
    ]


def test_a_check_of_what_is_not(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "spool").touch()
    with archive_at(kinds=(Kind.REPORT,)) as less:
        settings = settings_for(
            tmp_path,
            less.name,
            "AWAY@127.0.0.1:1",
            model=str(tmp_path / "nothing"),
            port=archive.port,
        )
        found = {one.what: one for one in check(settings)}
    assert {what: one.code for what, one in found.items()} == {
        "spool": "storage-occupied",
        "model": "bundle-missing",
        "port": "port-taken",
        less.name: "peer-takes-less",
        "AWAY@127.0.0.1:1": "peer-unreachable",
    }
    assert [one.exit_code for one in found.values()] == [4, 3, 2, 8, 8]
