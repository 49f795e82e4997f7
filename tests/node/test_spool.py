"""The spool: whole entries or none, in the order of arrival, whatever happens to the machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import SettingsError, StorageError
from pneumoscope.node.deliver import find_delay
from pneumoscope.node.entry import Entry, Stage, StoredResult
from pneumoscope.node.events import Delayed, Finished
from pneumoscope.node.spool import Spool, list_entries, open_spool, read_entry, revive
from tests.node.conftest import archive_at, make_radiograph, results_of, running_node

HERE, THERE = "HERE@127.0.0.1:1", "THERE@127.0.0.1:2"
REPORT = StoredResult(Kind.REPORT, "1.2", "ab", 3)
MAP = StoredResult(Kind.MAP, "1.3", "cd", 3)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with open_spool(tmp_path / "spool") as found:
        yield found


def add_made(spool: Spool, data: bytes = b"object") -> Entry:
    spool.add([data], "SENDER")
    entry = spool.next_unmade()
    assert entry is not None
    spool.keep_results(entry, {REPORT: b"one", MAP: b"two"}, [HERE, THERE])
    return entry


def test_the_name_of_an_entry_is_its_time_and_a_digest(spool: Spool) -> None:
    added = spool.add([b"PLANTED", memoryview(b"^NAME")], "SENDER")
    assert re.fullmatch(r"[0-9]{19}-[0-9a-f]{32}", added.key)
    assert added.size == 12


def test_entries_come_in_the_order_of_arrival(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [spool.add([b"%d" % number], "SENDER").key for number in range(3)]
    monkeypatch.setattr("time.time_ns", lambda: 1)  # the clock was set back
    keys += [spool.add([b"%d" % number], "SENDER").key for number in range(3, 6)]
    assert keys == sorted(keys)


def test_the_same_bytes_from_many_at_once_are_one_entry(spool: Spool, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: spool.add([b"x" * 100_000], "SENDER"), range(40)))
    assert [one.repeated for one in added].count(False) == 1
    assert len({one.key for one in added}) == 1
    assert len(list_entries(tmp_path / "spool", dead=False)) == 1


def test_when_it_is_answered_it_is_on_the_disk(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are synchronised before the entry gets its name, and the name before the answer."""
    done = []
    real_sync, real_rename = os.fsync, Path.rename

    def fsync(handle: int) -> None:
        done.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name)
        real_sync(handle)

    def rename(path: Path, to: Path) -> Path:
        done.append("rename")
        return real_rename(path, to)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    spool.add([b"object"], "SENDER")
    before, after = done[: done.index("rename")], done[done.index("rename") :]
    assert {"object.dcm", "received.json"} <= set(before)
    assert after == ["rename", "queue"]


def test_what_a_killed_node_left_unfinished_is_removed(tmp_path: Path) -> None:
    unfinished = tmp_path / "spool" / "queue" / ".0123456789abcdef.part"
    unfinished.mkdir(parents=True)
    (unfinished / "object.dcm").touch()
    with open_spool(tmp_path / "spool") as spool:
        assert spool.next_unmade() is None
        assert not unfinished.exists()


def test_two_nodes_never_share_a_spool(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error, open_spool(tmp_path / "spool"):
        pass
    assert error.value.code == "output-claimed"


def test_a_spool_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "spool").touch()
    with pytest.raises(StorageError), open_spool(tmp_path / "spool"):
        pass


def test_everything_is_there_after_the_next_start(tmp_path: Path) -> None:
    with open_spool(tmp_path / "spool") as spool:
        made = add_made(spool)
        spool.advance(made.key, HERE, {Kind.REPORT: Stage.DONE, Kind.MAP: Stage.SENT})
        unmade = spool.add([b"another"], "OTHER").key
    with open_spool(tmp_path / "spool") as spool:
        entry = spool.next_unmade()
        assert entry is not None
        assert (entry.key, entry.caller) == (unmade, "OTHER")
        assert spool.destinations() == {HERE, THERE}
        assert spool.entries_at(HERE, Stage.WAITING, 9) == []
        (sent,) = spool.entries_at(HERE, Stage.SENT, 9)
        assert sent.at(HERE, Stage.SENT) == [MAP]
        (waiting,) = spool.entries_at(THERE, Stage.WAITING, 9)
        assert waiting.at(THERE, Stage.WAITING) == [REPORT, MAP]
        assert spool.entries_at(THERE, Stage.WAITING, 9, without={made.key}) == []


def test_an_entry_is_gone_once_every_destination_has_all(spool: Spool, tmp_path: Path) -> None:
    key = add_made(spool).key
    all_done = dict.fromkeys((Kind.REPORT, Kind.MAP), Stage.DONE)
    assert spool.advance(key, HERE, all_done) is None
    end = spool.advance(key, THERE, all_done)
    assert end is not None
    assert end.failure is None
    assert list_entries(tmp_path / "spool", dead=False) == []
    assert spool.destinations() == set()
    assert not spool.add([b"object"], "SENDER").repeated


def test_a_dead_letter_keeps_what_was_rejected_alone(spool: Spool, tmp_path: Path) -> None:
    key = add_made(spool).key
    stages = {Kind.REPORT: Stage.DONE, Kind.MAP: Stage.REJECTED}
    assert spool.advance(key, HERE, stages, "result-refused") is None
    end = spool.advance(key, THERE, dict.fromkeys((Kind.REPORT, Kind.MAP), Stage.DONE))
    assert end is not None
    assert end.failure == "result-refused"
    (dead,) = list_entries(tmp_path / "spool", dead=True)
    assert {path.name for path in dead.folder.iterdir()} == {
        *("map.dcm", "received.json", "state.json")
    }
    revive(dead)
    spool.look()
    (again,) = spool.entries_at(HERE, Stage.WAITING, 9)
    assert again.at(HERE, Stage.WAITING) == [MAP]
    assert again.failure is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"results": 3}', "\0" * 100])
def test_a_state_that_a_power_cut_has_damaged_is_none(text: str, tmp_path: Path) -> None:
    with open_spool(tmp_path / "spool") as spool:
        entry = add_made(spool)
    (entry.folder / "state.json").write_text(text)
    assert read_entry(entry.folder) == Entry(entry.folder, "SENDER")
    with open_spool(tmp_path / "spool") as spool:
        assert spool.next_unmade() is not None


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_results_that_a_power_cut_has_damaged_are_made_again(damage: str, tmp_path: Path) -> None:
    with running_node(tmp_path, "ARCHIVE@127.0.0.1:1") as running:
        running.send(make_radiograph())
        running.wait_for(Delayed)
    (entry,) = list_entries(running.settings.spool, dead=False)
    file = entry.folder / "map.dcm"
    file.write_bytes(b"") if damage == "cut" else file.unlink()
    with archive_at() as archive:
        state = entry.folder / "state.json"
        state.write_text(state.read_text().replace("ARCHIVE@127.0.0.1:1", archive.name))
        with running_node(tmp_path, archive.name) as running:
            running.wait_for(Finished)
            assert len(running.maker.seen) == 1
        assert {*archive.kept} == results_of(make_radiograph())


@pytest.mark.parametrize(
    ("failures", "low", "high"), [(0, 0.75, 1.25), (3, 6, 10), (9, 225, 375), (10_000, 225, 375)]
)
def test_the_delay_doubles_up_to_five_minutes(failures: int, low: float, high: float) -> None:
    delays = [find_delay(failures) for _ in range(100)]
    assert low <= min(delays) < max(delays) <= high
