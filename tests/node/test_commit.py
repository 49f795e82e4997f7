"""Results are kept until their destination has committed itself to keep them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.events import Event

from pneumoscope.node import dimse
from pneumoscope.node.events import Committed, Dead, Delayed, Delivered, Finished, Rejected
from pneumoscope.node.status import read_status
from tests.node.conftest import Archive, make_radiograph, results_of, running_node, wait_until


class Committing(Archive):
    """An archive that commits itself: at once, or by a call of its own to the node."""

    calls_back = False
    node_port = 0
    fails = False

    def act(self, event: Event) -> tuple[int, None]:
        wanted = event.action_information
        report = Dataset()
        report.TransactionUID = wanted.TransactionUID
        if self.fails:
            for item in wanted.ReferencedSOPSequence:
                item.FailureReason = 0x0112
            report.FailedSOPSequence = wanted.ReferencedSOPSequence
        else:
            report.ReferencedSOPSequence = wanted.ReferencedSOPSequence
        work = self.call_back if self.calls_back else event.assoc.send_n_event_report
        instance = (dimse.COMMITMENT, dimse.COMMITMENT_INSTANCE)
        Thread(target=work, args=(report, 2 if self.fails else 1, *instance)).start()
        return 0x0000, None

    def call_back(self, report: Dataset, kind: int, *instance: str) -> None:
        ae = AE("ARCHIVE")
        ae.add_requested_context(dimse.COMMITMENT)
        role = build_role(dimse.COMMITMENT, scp_role=True)
        options = {"ae_title": "PNEUMOSCOPE", "ext_neg": [role]}
        assoc = ae.associate("127.0.0.1", self.node_port, **options)
        assert assoc.is_established
        status, _ = assoc.send_n_event_report(report, kind, *instance)
        assert status.Status == 0x0000
        assoc.release()


@contextmanager
def committing(commits: bool = True) -> Iterator[Committing]:
    ae = AE("ARCHIVE")
    for sop_class in (*dimse.RESULTS.values(), *[dimse.COMMITMENT] * commits):
        ae.add_supported_context(sop_class)
    found = Committing(0)
    handlers = [(evt.EVT_C_STORE, found.store), (evt.EVT_N_ACTION, found.act)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    found.port = server.server_address[1]
    try:
        yield found
    finally:
        ae.shutdown()


@pytest.mark.parametrize("calls_back", [False, True])
def test_an_entry_is_gone_once_all_is_committed(calls_back: bool, tmp_path: Path) -> None:
    with (
        committing() as archive,
        running_node(tmp_path, archive.name, commit=("ARCHIVE",)) as running,
    ):
        archive.calls_back, archive.node_port = calls_back, running.port
        running.send(make_radiograph(1), make_radiograph(2))
        running.wait_for(Finished, 2)
        assert len(running.of(Committed)) == 6
        assert {*archive.kept} == results_of(make_radiograph(1), make_radiograph(2))


def test_what_is_not_committed_is_a_dead_letter(tmp_path: Path) -> None:
    with (
        committing() as archive,
        running_node(tmp_path, archive.name, commit=("ARCHIVE",)) as running,
    ):
        archive.fails = True
        running.send(make_radiograph())
        (dead,) = running.wait_for(Dead)
        assert dead.code == "commitment-refused"
        assert [event.status for event in running.of(Rejected)] == [0x0112] * 3


def test_an_archive_that_does_not_commit_is_asked_again(tmp_path: Path) -> None:
    with (
        committing(commits=False) as archive,
        running_node(tmp_path, archive.name, commit=("ARCHIVE",)) as running,
    ):
        running.send(make_radiograph())
        running.wait_for(Delivered, 3)
        running.wait_for(Delayed)
        assert running.of(Finished) == []
    assert {*read_status(running.settings.spool).waiting} == {archive.name}


def test_a_report_that_nobody_asked_for_changes_nothing(tmp_path: Path) -> None:
    with running_node(tmp_path, "AWAY@127.0.0.1:1", commit=("AWAY",)) as running:
        running.send(make_radiograph())
        running.wait_for(Delayed)
        ae = AE("ARCHIVE")
        ae.add_requested_context(dimse.COMMITMENT)
        role = build_role(dimse.COMMITMENT, scp_role=True)
        options = {"ae_title": "PNEUMOSCOPE", "ext_neg": [role]}
        assoc = ae.associate("127.0.0.1", running.port, **options)
        report = Dataset()
        report.TransactionUID = "1.2.3"
        status, _ = assoc.send_n_event_report(
            report, 1, dimse.COMMITMENT, dimse.COMMITMENT_INSTANCE
        )
        assoc.release()
        assert status.Status == 0x0115
        wait_until(lambda: running.of(Finished) == [])
