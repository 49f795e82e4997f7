"""Processes of a team, here threads on loopback: they meet, agree, and notice who is gone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import SimpleQueue

import pytest

from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.team import Placement, Team, meet
from pneumoscope.team.line import Line, LineEndedError

WAIT = 30.0


@pytest.fixture
def hosts() -> tuple[str, ...]:
    """Three free ports of loopback."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


Losses = SimpleQueue[tuple[int, PeerError]]


@pytest.fixture
def losses() -> Losses:
    """The losses that were told, with the rank that was told."""
    return SimpleQueue()


@pytest.fixture
def teams(hosts: tuple[str, ...], pool: ThreadPoolExecutor, losses: Losses) -> Iterator[list[Team]]:
    """A team of three, seen from each."""

    def told(rank: int) -> Callable[[PeerError], None]:
        return lambda error: losses.put((rank, error))

    met: list[Future[Team]] = [
        pool.submit(meet, Placement(1, hosts, rank), lambda text: None, told(rank), WAIT)
        for rank in range(3)
    ]
    found = [future.result() for future in met]
    yield found
    for team in found:
        team.close()


def test_alone_there_is_nobody_to_wait_for() -> None:
    team = meet(Placement(), pytest.fail)
    team.compare({"seed": 1})
    assert team.share("float32") == "float32"
    team.wait_for_loss(WAIT)
    team.close()


def test_rank_0_shares_its_value(teams: list[Team], pool: ThreadPoolExecutor) -> None:
    shared = [pool.submit(team.share, team.rank + 7) for team in teams]
    assert [future.result(WAIT) for future in shared] == [7, 7, 7]


def test_same_facts_pass(teams: list[Team], pool: ThreadPoolExecutor, losses: Losses) -> None:
    compared = [pool.submit(team.compare, {"seed": 1, "classes": ("a", "b")}) for team in teams]
    assert [future.result(WAIT) for future in compared] == [None] * 3
    for team in reversed(teams):
        team.close()
    assert losses.empty()


def test_other_facts_are_named_with_their_rank(teams: list[Team], pool: ThreadPoolExecutor) -> None:
    facts = [{"seed": 1, "epochs": 3}, {"seed": 1, "epochs": 3}, {"seed": 2, "epochs": 3}]
    compared = [pool.submit(team.compare, fact) for team, fact in zip(teams, facts, strict=True)]
    with pytest.raises(SettingsError, match="seed is 1 in rank 0 and 2 in rank 2") as caught:
        compared[0].result(WAIT)
    assert caught.value.code == "ranks-differ"
    assert caught.value.values == {"rank": 2, "setting": "seed"}


def test_all_are_told_of_a_rank_that_is_gone(
    teams: list[Team], losses: Losses, hosts: tuple[str, ...]
) -> None:
    teams[1]._lines[0]._connection.shutdown(socket.SHUT_RDWR)  # as the kernel does after a kill
    told = dict(losses.get(timeout=WAIT) for _ in range(3))
    assert "Rank 1 is lost" in str(told[0])
    assert "Rank 1 is lost" in str(told[2])
    assert told[2].code == "rank-lost"


def test_all_are_told_why_rank_0_has_stopped(teams: list[Team], losses: Losses) -> None:
    teams[0].close("the disk is full")
    told = dict(losses.get(timeout=WAIT) for _ in range(2))
    assert set(told) == {1, 2}
    assert "Rank 0 is lost, so that the training cannot go on: the disk is full" in str(told[1])


def test_who_waits_for_a_lost_rank_gets_an_error(
    teams: list[Team], pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(teams[2].share, None)
    teams[0].close("the disk is full")
    with pytest.raises(PeerError, match="Rank 0 is lost"):
        waiting.result(WAIT)


def test_rank_that_is_done_first_is_not_lost(
    teams: list[Team], pool: ThreadPoolExecutor, losses: Losses
) -> None:
    line = teams[0]._lines[1]
    teams[1].close()
    with pytest.raises(LineEndedError):
        pool.submit(line.receive).result(WAIT)
    assert line._closed.wait(WAIT)
    teams[2].close("the disk is full")
    assert losses.get(timeout=WAIT)[0] == 0
    assert losses.empty()


def test_silent_process_is_lost() -> None:
    here, there = socket.socketpair()
    reasons: SimpleQueue[str] = SimpleQueue()
    line = Line(here, reasons.put, silence=0.2)
    assert reasons.get(timeout=WAIT) == "it gave no sign of life"
    line.close()
    there.close()


def test_missing_rank_is_named(hosts: tuple[str, ...], pool: ThreadPoolExecutor) -> None:
    present = pool.submit(meet, Placement(1, hosts, 1), lambda text: None, None, WAIT)
    with pytest.raises(PeerError, match=rf"rank 2 at {hosts[2]} \(Connection refused\) missing"):
        meet(Placement(1, hosts, 0), lambda text: None, seconds=1)
    present.result(WAIT).close()


def test_missing_rank_0_is_named(hosts: tuple[str, ...]) -> None:
    with pytest.raises(PeerError, match=f"Rank 0 at {hosts[0]} has not called") as caught:
        meet(Placement(1, hosts, 1), lambda text: None, seconds=0.2)
    assert caught.value.code == "rank-missing"


@pytest.mark.parametrize("rank", [0, 1])
def test_second_process_of_a_rank_is_refused(hosts: tuple[str, ...], rank: int) -> None:
    port = int(hosts[rank].rpartition(":")[2])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(SettingsError, match=f"Rank {rank} cannot listen on port {port}") as caught,
    ):
        meet(Placement(1, hosts, rank), lambda text: None, seconds=1)
    assert caught.value.code == "rank-taken"


def test_other_hosts_are_refused_by_both(hosts: tuple[str, ...], pool: ThreadPoolExecutor) -> None:
    other = (hosts[0], hosts[1], "127.0.0.1:9")
    called = pool.submit(meet, Placement(1, other, 1), lambda text: None, None, WAIT)
    with pytest.raises(SettingsError, match="different hosts"):
        meet(Placement(1, hosts, 0), lambda text: None, seconds=WAIT)
    with pytest.raises(SettingsError, match="different hosts"):
        called.result(WAIT)


def test_stranger_who_calls_is_turned_away(
    hosts: tuple[str, ...], pool: ThreadPoolExecutor
) -> None:
    two = hosts[:2]
    waiting = pool.submit(meet, Placement(1, two, 1), lambda text: None, None, WAIT)
    address = ("127.0.0.1", int(two[1].rpartition(":")[2]))
    while True:
        try:
            stranger = socket.create_connection(address)
            break
        except ConnectionRefusedError:
            continue
    with stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
    met = meet(Placement(1, two, 0), lambda text: None, seconds=WAIT)
    waiting.result(WAIT).close()
    met.close()
