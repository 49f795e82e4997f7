"""How the processes of a team find each other: rank 0 calls each of the others at its address."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address

from pneumoscope.errors import PeerError, SettingsError
from pneumoscope.team.line import Line
from pneumoscope.team.placement import Placement, split_address
from pneumoscope.team.team import Lost, Team

SECONDS_TO_MEET = 300.0
"""Time that the processes have to be started in."""

_SECONDS_TO_ANSWER = 5.0
_SECONDS_BETWEEN_CALLS = 0.3
_LONGEST = 2**16  # bytes of a greeting


def meet(
    placement: Placement,
    note: Callable[[str], None],
    lost: Lost | None = None,
    seconds: float = SECONDS_TO_MEET,
) -> Team:
    """Waits until all processes of a placement have met.

    Args:
        placement: the placement of this process.
        note: receives a sentence about who is waited for.
        lost: function that is called, from another thread, if a process is lost later on.
        seconds: time that the processes have to be started in.

    Raises:
        SettingsError: if the port of this process is taken, as by one of the same rank, or rank 0
            was given other hosts.
        PeerError: if a process was not there in time.
    """
    team = Team(placement.rank, lost)
    if placement.is_alone:
        return team
    deadline = time.monotonic() + seconds
    with _listen(placement) as listener:
        if placement.rank:
            note("Waiting for rank 0")
            connection = _wait_for_call(listener, placement, deadline, seconds)
            team.add(0, partial(Line, connection))
            return team
    missing = []
    for rank in range(1, len(placement.hosts)):
        note(f"Waiting for rank {rank} at {placement.hosts[rank]}")
        connected = _call(rank, placement, deadline)
        if isinstance(connected, str):
            missing.append(f"rank {rank} at {placement.hosts[rank]} ({connected})")
        else:
            team.add(rank, partial(Line, connected))
    if missing:
        error = PeerError(
            f"Not all processes were there within {seconds:.0f} s: {'; '.join(missing)} missing",
            remedy="Start one process for each rank, and check that its port can be reached",
            code="rank-missing",
            values={"missing": ", ".join(missing)},
        )
        team.close(str(error))
        raise error
    return team


def _listen(placement: Placement) -> socket.socket:
    """Listens on the port of this process; on loopback alone if its address is there.

    Rank 0 leaves it to JAX afterwards, and only makes sure that no other process has it.
    """
    host, port = split_address(placement.hosts[placement.rank])
    try:
        return socket.create_server(
            (host if _is_loopback(host) else "", port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        )
    except OSError as error:
        raise SettingsError(
            f"Rank {placement.rank} cannot listen on port {port}: {error.strerror or error}",
            remedy="Give each process a rank of its own, or choose another port",
            code="rank-taken",
            values={"rank": placement.rank, "port": port},
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wait_for_call(
    listener: socket.socket, placement: Placement, deadline: float, seconds: float
) -> socket.socket:
    """Waits for rank 0; whoever else calls is turned away."""
    while (left := deadline - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            break
        connection.settimeout(_SECONDS_TO_ANSWER)
        greeting = _read(connection)
        if greeting is None:
            connection.close()
            continue
        agreed = greeting == _greeting(placement, placement.rank)
        connection.sendall(_greeting(placement, placement.rank))
        if not agreed:
            connection.close()
            raise _different_hosts(placement)
        return connection
    raise PeerError(
        f"Rank 0 at {placement.hosts[0]} has not called within {seconds:.0f} s",
        remedy="Start it, with the same hosts, and check that it reaches the port of this rank",
        code="rank-missing",
        values={"missing": f"rank 0 at {placement.hosts[0]}"},
    )


def _call(rank: int, placement: Placement, deadline: float) -> socket.socket | str:
    """Calls a rank until it answers; returns the reason if it does not in time."""
    address = split_address(placement.hosts[rank])
    while True:
        reason = "no answer"
        try:
            connection = socket.create_connection(address, _SECONDS_TO_ANSWER)
            connection.sendall(_greeting(placement, rank))
            answer = _read(connection)
            if answer == _greeting(placement, rank):
                return connection
            connection.close()
            if answer is not None:
                raise _different_hosts(placement)
        except OSError as error:
            reason = error.strerror or str(error)
        if time.monotonic() > deadline:
            return reason
        time.sleep(_SECONDS_BETWEEN_CALLS)


def _greeting(placement: Placement, rank: int) -> bytes:
    """Makes what rank 0 and another rank say to each other: the same, if they agree."""
    return json.dumps({"pneumoscope": [*placement.hosts], "rank": rank}).encode() + b"\n"


def _read(connection: socket.socket) -> bytes | None:
    """Reads a greeting byte by byte, so that nothing after it is taken; None if it is none."""
    text = b""
    with suppress(OSError):
        while len(text) < _LONGEST and (byte := connection.recv(1)):
            text += byte
            if byte == b"\n":
                return text if text.startswith(b'{"pneumoscope"') else None
    return None


def _different_hosts(placement: Placement) -> SettingsError:
    return SettingsError(
        "The processes were given different hosts, or in another order",
        received=",".join(placement.hosts),
        remedy="Give all of them the same",
        code="ranks-differ",
        values={"setting": "hosts"},
    )
