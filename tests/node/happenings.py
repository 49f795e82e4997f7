"""One event of each kind, for tests of those who watch."""

from __future__ import annotations

from pneumoscope.derived.kinds import Kind
from pneumoscope.node.events import (
    Broken,
    Committed,
    Dead,
    Delayed,
    Delivered,
    Drift,
    DriftUnknown,
    Event,
    Failed,
    Finished,
    Ignored,
    NotStored,
    Predicted,
    Received,
    Refused,
    Rejected,
)
from pneumoscope.types import Status

CR, SYNTAX = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.1.2.1"
KEY, OTHER = "20260101T000000-aa", "20260101T000001-bb"
PACS = "ORTHANC@127.0.0.1:4242"

OBJECT: list[Event] = [
    Received(KEY, "MODALITY", CR, SYNTAX, 2_000_000, 0.02, repeated=False),
    Predicted(KEY, Status.REFUSED, ("orientation",), tuple(Kind), 0.5, 0.1, 0.3),
    Delivered(KEY, PACS, Kind.REPORT, 0, 9_000, 0.04),
    Committed(KEY, PACS, Kind.REPORT),
    Rejected(KEY, PACS, Kind.MAP, None, "destination-refused", again=False),
    Finished(KEY, 1.25),
]
BESIDE: list[Event] = [
    Received(OTHER, "MODALITY", CR, SYNTAX, 2_000_000, 0.02, repeated=True),
    Refused("STRANGER", "caller"),
    Broken(""),
    Ignored("ORTHANC", CR),
    NotStored("MODALITY", CR, 0xA700, "storage-full"),
    Delayed(PACS, "archive-away", 3, 4.0),
    Drift(True, ("score",), {"score": 0.5}, 300, new=True),
    DriftUnknown("storage-full"),
    Failed("ValueError", "dul.py:7"),
]
DEAD = Dead(OTHER, "image-broken", 0.75)
