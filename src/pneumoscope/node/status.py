"""What a spool holds, told from outside, and its dead letters put back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.claims import is_claimed
from pneumoscope.errors import unknown_choice
from pneumoscope.node.entry import Entry, Stage
from pneumoscope.node.spool import list_entries, revive


@dataclass(frozen=True)
class Waiting:
    """Radiographs that wait for the same thing.

    Attributes:
        count: their number.
        since: time of arrival of the first, in seconds since 1970.
    """

    count: int
    since: float


@dataclass(frozen=True)
class SpoolStatus:
    """What a spool holds.

    Attributes:
        running: True if a node has it open.
        unmade: those that wait for their results; None if there are none.
        waiting: by destination, those that wait for their delivery, or for a commitment.
        dead: the dead letters.
    """

    running: bool
    unmade: Waiting | None
    waiting: dict[str, Waiting]
    dead: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        """Converts the status to plain JSON types."""
        return {
            "running": self.running,
            "unmade": self.unmade and vars(self.unmade),
            "waiting": {name: vars(waiting) for name, waiting in self.waiting.items()},
            "dead": [
                {
                    "key": entry.key,
                    "arrived": entry.arrival,
                    "code": entry.failure,
                    "rejected": rejected(entry),
                }
                for entry in self.dead
            ],
        }


def rejected(entry: Entry) -> dict[str, list[str]]:
    """Lists the kinds of the results that each destination has rejected."""
    found = {
        name: [result.kind.value for result in entry.at(name, Stage.REJECTED)]
        for name in entry.deliveries
    }
    return {name: kinds for name, kinds in found.items() if kinds}


def read_status(spool: Path) -> SpoolStatus:
    """Reads what a spool holds, while a node may be using it.

    Raises:
        StorageError: if it may not be read.
    """
    queue = list_entries(spool, dead=False)
    names = dict.fromkeys(name for entry in queue for name in entry.deliveries)
    waiting = {
        name: _waiting(entry for entry in queue if entry.at(name, Stage.WAITING, Stage.SENT))
        for name in names
    }
    return SpoolStatus(
        is_claimed(spool),
        _waiting(entry for entry in queue if entry.results is None),
        {name: found for name, found in waiting.items() if found is not None},
        tuple(list_entries(spool, dead=True)),
    )


def retry(spool: Path, keys: Iterable[str] = ()) -> list[str]:
    """Puts dead letters back into the queue, for the node that has the spool open or will have it.

    Args:
        spool: folder of the spool.
        keys: keys of the dead letters; empty for all.

    Returns:
        The keys of those that were put back.

    Raises:
        SettingsError: if there is no dead letter of a key.
        StorageError: if the spool cannot be written.
    """
    dead = {entry.key: entry for entry in list_entries(spool, dead=True)}
    wanted = list(keys) or list(dead)
    for key in wanted:
        if key not in dead:
            raise unknown_choice(f"There is no dead letter {key}", key, list(dead), setting="keys")
    return [revive(dead[key]).key for key in wanted]


def _waiting(entries: Iterable[Entry]) -> Waiting | None:
    arrivals = [entry.arrival for entry in entries]
    return Waiting(len(arrivals), min(arrivals)) if arrivals else None
