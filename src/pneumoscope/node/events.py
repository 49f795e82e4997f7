"""Events of the node, told to whoever watches: the log, the metrics, a test.

No event holds anything that identifies a patient: no name, number or UID from a header, no path,
and no text of an error, which may quote a header. `key` is that of the entry in the spool: the time
of arrival and a digest of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pneumoscope.derived.kinds import Kind
from pneumoscope.types import Status


@dataclass(frozen=True)
class Refused:
    """An association was refused.

    Attributes:
        caller: calling AE title, as the caller states it.
        reason: `called-ae`, `caller` or `too-many`.
    """

    caller: str
    reason: str


@dataclass(frozen=True)
class Broken:
    """An association ended before an object was complete: nothing of the object is kept.

    Attributes:
        caller: calling AE title; empty if it was not told yet.
    """

    caller: str


@dataclass(frozen=True)
class Received:
    """An object is on the disk, and its sender was told so.

    Attributes:
        key: key of its entry.
        caller: calling AE title, or the source that it was fetched from.
        sop_class: its SOP Class UID.
        transfer_syntax: its Transfer Syntax UID.
        size: its size as a file, in bytes.
        seconds: time that it took to be written, in seconds.
        repeated: True if the very same bytes were in the spool already, so that nothing was added.
    """

    key: str
    caller: str
    sop_class: str
    transfer_syntax: str
    size: int
    seconds: float
    repeated: bool


@dataclass(frozen=True)
class Ignored:
    """An object was taken and dropped: a result of this program that came back.

    Attributes:
        caller: calling AE title, or the source that it was fetched from.
        sop_class: its SOP Class UID.
    """

    caller: str
    sop_class: str


@dataclass(frozen=True)
class NotStored:
    """An object was answered with a failure, and nothing of it is kept.

    Attributes:
        caller: calling AE title, or the source that it was fetched from.
        sop_class: its SOP Class UID.
        status: status that was answered (PS3.4 B.2.3), such as 0xA700.
        code: code of the error.
    """

    caller: str
    sop_class: str
    status: int
    code: str


@dataclass(frozen=True)
class Predicted:
    """An object was predicted, and its results are on the disk.

    Attributes:
        key: key of its entry.
        status: status of the prediction, accepted or refused.
        codes: codes of the reasons for refusal, and of the warnings.
        kinds: kinds of the results.
        queued: time from its arrival to the beginning of the work, in seconds.
        predicting: time to read and predict it, in seconds.
        deriving: time to derive its results, in seconds.
    """

    key: str
    status: Status
    codes: tuple[str, ...]
    kinds: tuple[Kind, ...]
    queued: float
    predicting: float
    deriving: float


@dataclass(frozen=True)
class Delivered:
    """A destination has taken a result.

    Attributes:
        key: key of the entry.
        destination: name of the destination.
        kind: kind of the result.
        status: its answer: a DIMSE status, 0 or a warning, or a status of HTTP.
        size: size of the result, in bytes.
        seconds: time that the transfer took, in seconds.
    """

    key: str
    destination: str
    kind: Kind
    status: int
    size: int
    seconds: float


@dataclass(frozen=True)
class Committed:
    """A destination has committed itself to keep a result (PS3.4 J).

    Attributes:
        key: key of the entry.
        destination: name of the destination.
        kind: kind of the result.
    """

    key: str
    destination: str
    kind: Kind


@dataclass(frozen=True)
class Rejected:
    """A destination has refused a result for good: the others go, and this one is a dead letter.

    Attributes:
        key: key of the entry.
        destination: name of the destination.
        kind: kind of the result.
        status: its answer: a DIMSE status, or a status of HTTP; None if it negotiates no such
            object.
        code: code of the reason.
        again: True if a result of this kind was refused there for this reason before, since the
            node was started.
    """

    key: str
    destination: str
    kind: Kind
    status: int | None
    code: str
    again: bool


@dataclass(frozen=True)
class Delayed:
    """A destination cannot be reached, or has no room: it is tried again, in order.

    Attributes:
        destination: name of the destination, or of the source that is polled.
        code: code of the error.
        attempts: number of attempts in a row that failed.
        seconds: time to the next attempt, in seconds.
    """

    destination: str
    code: str
    attempts: int
    seconds: float


@dataclass(frozen=True)
class Finished:
    """An entry is gone: every destination has every result.

    Attributes:
        key: key of the entry.
        seconds: time from its arrival, in seconds.
    """

    key: str
    seconds: float


@dataclass(frozen=True)
class Dead:
    """An entry is now a dead letter, until it is retried.

    Attributes:
        key: key of the entry.
        code: code of the reason.
        seconds: time from its arrival, in seconds.
    """

    key: str
    code: str
    seconds: float


@dataclass(frozen=True)
class Drift:
    """The node has looked whether radiographs differ from those of the training.

    Attributes:
        alarm: True if they do, by more than chance and enough to matter.
        quantities: names of the quantities that differ; empty without alarm.
        psi: population stability index of each quantity.
        images: number of radiographs that this is about.
        new: True if the alarm has begun or ended.
    """

    alarm: bool
    quantities: tuple[str, ...]
    psi: Mapping[str, float]
    images: int
    new: bool


@dataclass(frozen=True)
class DriftUnknown:
    """The counts of radiographs cannot be kept or read; they are kept in memory until they can.

    Attributes:
        code: code of the error.
    """

    code: str


@dataclass(frozen=True)
class Failed:
    """Something of the node or of a library has failed unexpectedly: a fault of the program.

    Attributes:
        error: name of the class of the exception.
        place: file and line of the code that raised it.
    """

    error: str
    place: str


Event = (
    Refused
    | Broken
    | Received
    | Ignored
    | NotStored
    | Predicted
    | Delivered
    | Committed
    | Rejected
    | Delayed
    | Finished
    | Dead
    | Drift
    | DriftUnknown
    | Failed
)

Observer = Callable[[Event], None]
"""Function that is told each event, from any thread, and returns soon."""
