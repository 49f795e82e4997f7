"""The log: one line an object, and nothing is lost where the file cannot be written."""

from __future__ import annotations

import json
import typing
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from pneumoscope.node.events import Drift, Event, Received, Refused
from pneumoscope.node.log import Log
from tests.node.happenings import BESIDE, CR, DEAD, KEY, OBJECT, OTHER, PACS, SYNTAX

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def logged(*events: Event) -> list[dict[str, typing.Any]]:
    file = StringIO()
    log = Log(file, lambda: NOON)
    for event in events:
        log(event)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_there_is_an_example_of_each_event() -> None:
    assert {type(event) for event in (*OBJECT, *BESIDE, DEAD)} == set(typing.get_args(Event))


def test_an_object_gets_one_line_when_it_is_finished() -> None:
    assert logged(*OBJECT[:-1]) == []
    (line,) = logged(*OBJECT)
    assert line == {
        "time": "2026-01-01T12:00:00.000+00:00",
        "event": "object",
        "outcome": "finished",
        "key": KEY,
        "caller": "MODALITY",
        "sop_class": CR,
        "transfer_syntax": SYNTAX,
        "size": 2_000_000,
        "repeated": False,
        "status": "refused",
        "codes": ["orientation"],
        "kinds": ["report", "map", "capture"],
        "receiving": 0.02,
        "queued": 0.5,
        "predicting": 0.1,
        "deriving": 0.3,
        "deliveries": [
            {
                "outcome": "delivered",
                "destination": PACS,
                "kind": "report",
                "status": 0,
                "size": 9_000,
                "seconds": 0.04,
            },
            {"outcome": "committed", "destination": PACS, "kind": "report"},
            {
                "outcome": "rejected",
                "destination": PACS,
                "kind": "map",
                "status": None,
                "code": "destination-refused",
                "again": False,
            },
        ],
        "seconds": 1.25,
    }


def test_objects_whose_events_are_mixed_keep_apart() -> None:
    received = Received(OTHER, "OTHER", CR, SYNTAX, 7, 0.01, repeated=False)
    dead, finished = logged(OBJECT[0], received, *OBJECT[1:-1], DEAD, OBJECT[-1])
    assert (dead["key"], dead["outcome"], dead["code"]) == (OTHER, "dead", "image-broken")
    assert (dead["caller"], dead["size"], dead["seconds"]) == ("OTHER", 7, 0.75)
    assert "deliveries" not in dead
    assert (finished["key"], finished["outcome"], finished["caller"]) == (
        KEY,
        "finished",
        "MODALITY",
    )


def test_an_object_of_before_the_start_gets_a_line_all_the_same() -> None:
    (line,) = logged(*OBJECT[2:])
    assert line["outcome"] == "finished"
    assert len(line["deliveries"]) == 3
    assert "caller" not in line


def test_what_happens_beside_objects_gets_a_line_at_once() -> None:
    names = [line["event"] for line in logged(*BESIDE)]
    assert names == [
        *("received", "refused", "broken", "ignored", "not-stored", "delayed"),
        *("drift", "drift-unknown", "failed"),
    ]


def test_a_look_for_drift_that_finds_nothing_new_gets_no_line() -> None:
    assert logged(Drift(True, ("score",), {"score": 0.5}, 300, new=False)) == []
    assert logged(BESIDE[4])[0] == {
        "time": "2026-01-01T12:00:00.000+00:00",
        "event": "not-stored",
        "caller": "MODALITY",
        "sop_class": CR,
        "status": 0xA700,
        "code": "storage-full",
    }


def test_nothing_is_kept_of_what_is_finished() -> None:
    log = Log(StringIO())
    for event in (*OBJECT, *BESIDE):
        log(event)
    assert not log._objects


def test_a_full_disk_and_a_closed_file_stop_nothing() -> None:
    with suppress(OSError), Path("/dev/full").open("w") as file:
        log = Log(file)
        for event in (*OBJECT, *BESIDE):
            log(event)
    log(BESIDE[0])
    assert file.closed


def test_a_hostile_title_forges_no_line() -> None:
    (line,) = logged(Refused("A\nB\u2028\x1b[2J", "caller"))
    assert line["caller"] == "A\nB\u2028\x1b[2J"
