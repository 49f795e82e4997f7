"""One entry of the spool: a radiograph, its results, and how far each is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from pneumoscope.derived.kinds import Kind

OBJECT = "object.dcm"
"""Name of the file of the radiograph in the folder of its entry."""


class Stage(StrEnum):
    """Stage of the delivery of one result to one destination."""

    WAITING = "waiting"
    """The destination does not have it."""
    SENT = "sent"
    """The destination has it, and is asked to commit itself to keep it."""
    DONE = "done"
    """The destination has it, and has committed itself where it was asked to."""
    REJECTED = "rejected"
    """The destination has refused it for good."""


@dataclass(frozen=True)
class StoredResult:
    """One result, on the disk.

    Attributes:
        kind: its kind.
        uid: its SOP Instance UID.
        sha256: SHA-256 of its file, in hex.
        size: size of its file, in bytes.
    """

    kind: Kind
    uid: str
    sha256: str
    size: int

    @property
    def file(self) -> str:
        """Name of its file in the folder of the entry."""
        return f"{self.kind}.dcm"


@dataclass(frozen=True)
class Entry:
    """One radiograph in the spool, and what became of it so far.

    Attributes:
        folder: its folder, whose name is its key.
        caller: AE title that has sent it, or the source that it was fetched from.
        results: its results; None as long as there are none.
        deliveries: by destination, the stage of each result.
        failure: code of the reason why it is a dead letter, or will be one once the other
            destinations have what they take; None otherwise.
    """

    folder: Path
    caller: str
    results: tuple[StoredResult, ...] | None = None
    deliveries: Mapping[str, Mapping[Kind, Stage]] = field(default_factory=dict)
    failure: str | None = None

    @property
    def key(self) -> str:
        """Time of arrival in nanoseconds since 1970, and a digest of the object."""
        return self.folder.name

    @property
    def arrival(self) -> float:
        """Time of arrival, in seconds since 1970."""
        return int(self.key.partition("-")[0]) / 1e9

    @property
    def object(self) -> Path:
        """File of the radiograph."""
        return self.folder / OBJECT

    def at(self, destination: str, *stages: Stage) -> list[StoredResult]:
        """Lists the results that are in one of some stages at a destination."""
        delivery = self.deliveries.get(destination, {})
        return [each for each in self.results or () if delivery.get(each.kind) in stages]

    def moved(
        self, destination: str, stages: Mapping[Kind, Stage], failure: str | None = None
    ) -> Entry:
        """Returns the entry with some of its results in other stages at a destination."""
        delivery = {**self.deliveries[destination], **stages}
        deliveries = {**self.deliveries, destination: delivery}
        return replace(self, deliveries=deliveries, failure=self.failure or failure)

    def stages(self) -> set[Stage]:
        """Collects the stages of all deliveries."""
        return {stage for delivery in self.deliveries.values() for stage in delivery.values()}

    def state(self) -> dict[str, Any]:
        """Converts what became of it so far to plain JSON types."""
        content = asdict(self)
        del content["folder"], content["caller"]
        return content

    def with_state(self, content: Mapping[str, Any]) -> Entry:
        """Reads what became of it so far from JSON.

        Raises:
            KeyError, TypeError, ValueError: if it is malformed.
        """
        results, failure = content["results"], content["failure"]
        deliveries = {
            str(name): {Kind(kind): Stage(stage) for kind, stage in delivery.items()}
            for name, delivery in content["deliveries"].items()
        }
        return replace(
            self,
            results=None if results is None else tuple(map(_parse_result, results)),
            deliveries=deliveries,
            failure=None if failure is None else str(failure),
        )


def _parse_result(content: Mapping[str, Any]) -> StoredResult:
    return StoredResult(**{**content, "kind": Kind(content["kind"])})
