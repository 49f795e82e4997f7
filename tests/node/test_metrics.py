"""The metrics: every event is counted, and served on this machine only unless asked."""

from __future__ import annotations

import socket
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pneumoscope.errors import SettingsError
from pneumoscope.node.metrics import Metrics, served
from tests.node.happenings import BESIDE, CR, DEAD, OBJECT, PACS, SYNTAX

RESULT = {"destination": PACS, "kind": "report"}
COUNTED = [
    ("refused_associations_total", {"reason": "caller"}, 1),
    ("broken_associations_total", {}, 1),
    ("received_total", {"sop_class": CR, "transfer_syntax": SYNTAX}, 1),
    ("received_bytes_total", {}, 2_000_000),
    ("repeated_total", {}, 1),
    ("ignored_total", {}, 1),
    ("not_stored_total", {"code": "storage-full"}, 1),
    ("predicted_total", {"status": "refused"}, 1),
    ("codes_total", {"code": "orientation"}, 1),
    ("delivered_total", RESULT, 1),
    ("committed_total", RESULT, 1),
    (
        "rejected_total",
        {"destination": PACS, "kind": "map", "code": "destination-refused"},
        1,
    ),
    ("delayed_total", {"destination": PACS, "code": "archive-away"}, 1),
    ("away", {"destination": PACS}, 1),
    ("finished_total", {}, 1),
    ("dead_total", {"code": "image-broken"}, 1),
    ("failed_total", {"error": "ValueError"}, 1),
    ("drift_unknown_total", {}, 1),
    ("receiving_seconds_sum", {}, 0.02),
    ("queued_seconds_sum", {}, 0.5),
    ("predicting_seconds_sum", {}, 0.1),
    ("deriving_seconds_sum", {}, 0.3),
    ("delivering_seconds_sum", {"destination": PACS}, 0.04),
    ("lasting_seconds_sum", {}, 1.25),
]


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics()
    for event in (*OBJECT, *BESIDE, DEAD):
        made(event)
    return made


@pytest.mark.parametrize(("name", "labels", "value"), COUNTED)
def test_every_event_is_counted(
    metrics: Metrics, name: str, labels: dict[str, str], value: float
) -> None:
    assert metrics.registry.get_sample_value(f"pneumoscope_node_{name}", labels) == value


def test_a_destination_that_takes_results_again_is_back(metrics: Metrics) -> None:
    metrics(OBJECT[2])
    sample = metrics.registry.get_sample_value("pneumoscope_node_away", {"destination": PACS})
    assert sample == 0


def test_no_metric_is_left_out_above(metrics: Metrics) -> None:
    bases = {name.removesuffix("_total").removesuffix("_sum") for name, *_ in COUNTED}
    drift = {f"pneumoscope_drift_{name}" for name in ("psi", "alarm", "images")}
    assert {f"pneumoscope_node_{base}" for base in bases} | drift == {
        family.name for family in metrics.registry.collect()
    }


def test_drift_is_gauged_as_by_the_service(metrics: Metrics) -> None:
    gauge = metrics.registry.get_sample_value
    assert gauge("pneumoscope_drift_alarm") == 1
    assert gauge("pneumoscope_drift_images") == 300
    assert gauge("pneumoscope_drift_psi", {"quantity": "score"}) == 0.5


def test_they_are_served_until_the_end(metrics: Metrics) -> None:
    with served(metrics, 0) as port:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            families = {
                family.name for family in text_string_to_metric_families(answer.read().decode())
            }
        assert "pneumoscope_node_received" in families
        ours = ("pneumoscope_node_", "pneumoscope_drift_")
        assert {name for name in families if not name.startswith(ours)} == set()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


def test_a_port_that_is_taken_is_said(metrics: Metrics) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}") as caught, served(metrics, port):
            pass
    assert caught.value.code == "port-taken"
