"""Whatever peers send, the node lives, answers by the Standard, and keeps nothing by halves."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.pdu import A_ASSOCIATE_RQ, P_DATA_TF

from pneumoscope.errors import ImageError
from pneumoscope.node import dimse, spool
from pneumoscope.node.events import (
    Broken,
    Dead,
    Finished,
    Ignored,
    NotStored,
    Received,
    Refused,
    Rejected,
)
from pneumoscope.node.maker import MakerDied
from tests.node.conftest import (
    Archive,
    QuickMaker,
    Running,
    archive_at,
    make_radiograph,
    results_of,
    running_node,
    wait_until,
)


@pytest.fixture
def running(archive: Archive, tmp_path: Path) -> Iterator[Running]:
    with running_node(tmp_path, archive.name, captures=True) as found:
        yield found
        # It lives, and has nothing left.
        assert found.send(make_radiograph(99)) == [0x0000]
        wait_until(lambda: results_of(make_radiograph(99)) <= {*archive.kept})
        wait_until(lambda: not any((found.settings.spool / "queue").iterdir()))


def associate(port: int, caller: str = "SENDER", called: str = "PNEUMOSCOPE") -> Association:
    ae = AE(caller)
    ae.add_requested_context(dimse.VERIFICATION)
    return ae.associate("127.0.0.1", port, ae_title=called)


def reason_of(assoc: Association) -> tuple[int, int, int]:
    answer = assoc.acceptor.primitive
    return answer.result, answer.result_source, answer.diagnostic


@pytest.mark.parametrize(
    ("changes", "options", "reason", "answer"),
    [
        ({}, {"called": "OTHER"}, "called-ae", (1, 1, 7)),
        ({"callers": ("FRIEND",)}, {}, "caller", (1, 1, 3)),
        ({"callers": ("SENDER@10.0.0.1",)}, {}, "caller", (1, 1, 3)),
    ],
)
def test_strangers_are_refused_with_the_reason(
    changes: dict[str, object],
    options: dict[str, str],
    reason: str,
    answer: tuple[int, int, int],
    archive: Archive,
    tmp_path: Path,
) -> None:
    with running_node(tmp_path, archive.name, **changes) as running:
        assoc = associate(running.port, **options)
        assert assoc.is_rejected
        assert reason_of(assoc) == answer
        assert running.of(Refused) == [Refused("SENDER", reason)]


def test_friends_may_call_from_where_they_are(archive: Archive, tmp_path: Path) -> None:
    callers = ("OTHER", "SENDER@127.0.0.1")
    with running_node(tmp_path, archive.name, callers=callers) as running:
        assert running.send(make_radiograph()) == [0x0000]


def test_too_many_associations(archive: Archive, tmp_path: Path) -> None:
    with running_node(tmp_path, archive.name, associations=2) as running:
        first, second = associate(running.port), associate(running.port)
        third = associate(running.port)
        assert third.is_rejected
        assert reason_of(third) == (2, 3, 2)
        assert running.of(Refused) == [Refused("SENDER", "too-many")]
        first.release()
        second.release()
        wait_until(lambda: not any(a.is_established for a in (first, second)))
        assert running.send(make_radiograph()) == [0x0000]


def test_ct_is_not_negotiated(running: Running) -> None:
    ae = AE("SENDER")
    for sop_class in (CTImageStorage, *dimse.RESULTS.values()):
        ae.add_requested_context(sop_class)
    assoc = ae.associate("127.0.0.1", running.port, ae_title="PNEUMOSCOPE")
    taken = {context.abstract_syntax for context in assoc.accepted_contexts}
    assoc.release()
    assert taken == {*dimse.RESULTS.values()}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"Modality": "CT"}, 0xA900, "image-unsupported"),
        ({"NumberOfFrames": 3}, 0xA900, "image-unsupported"),
        ({"Rows": 8}, 0xA900, "image-too-small"),
        ({"PixelData": b""}, 0xA900, "image-unsupported"),
        ({"Rows": None}, 0xC000, "image-broken"),
        ({"SamplesPerPixel": None}, 0xC000, "image-broken"),
    ],
)
def test_what_is_no_radiograph(
    changes: dict[str, object], status: int, code: str, running: Running
) -> None:
    ds = make_radiograph(**changes)
    assert running.send(ds) == [status]
    assert running.of(NotStored) == [NotStored("SENDER", ds.SOPClassUID, status, code)]


def test_another_instance_than_announced(running: Running) -> None:
    ds = make_radiograph()
    ae = AE("SENDER")
    ae.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    assoc = ae.associate("127.0.0.1", running.port, ae_title="PNEUMOSCOPE")
    status = send_raw(assoc, ds.SOPInstanceUID + ".7", encoded(ds))
    assoc.release()
    assert status == 0xA900
    assert [event.code for event in running.of(NotStored)] == ["object-mismatched"]


@pytest.mark.parametrize("data", [b"", b"\0", b"no data set at all" * 100], ids=len)
def test_an_object_of_no_sense(data: bytes, running: Running) -> None:
    ds = make_radiograph()
    ae = AE("SENDER")
    ae.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    assoc = ae.associate("127.0.0.1", running.port, ae_title="PNEUMOSCOPE")
    status = send_raw(assoc, ds.SOPInstanceUID, data)
    assoc.release()
    assert status in (0xC000, 0xA900, None)
    assert running.of(Received) == []


def encoded(ds: Dataset) -> bytes:
    data = encode(ds, False, True)
    assert data is not None
    return data


def send_raw(assoc: Association, uid: str, data: bytes) -> int | None:
    """Sends any bytes as the data set of a radiograph."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID = assoc.accepted_contexts[0].abstract_syntax
    request.AffectedSOPInstanceUID = uid
    request.DataSet = BytesIO(data)
    assoc._reactor_checkpoint.clear()
    wait_until(lambda: assoc._is_paused)
    assoc.dimse.send_msg(request, assoc.accepted_contexts[0].context_id)
    _, answer = assoc.dimse.get_msg(block=True)
    assoc._reactor_checkpoint.set()
    return None if answer is None else answer.Status


def test_own_results_are_dropped_and_never_looped(running: Running) -> None:
    own = make_radiograph(
        SOPClassUID=SecondaryCaptureImageStorage,
        Modality="OT",
        SeriesDescription="Pneumoscope picture, for research only",
    )
    assert running.send(own, own) == [0x0000] * 2
    assert running.of(Ignored) == [Ignored("SENDER", SecondaryCaptureImageStorage)] * 2
    assert running.of(Received) == []


def test_the_same_instance_twice(tmp_path: Path) -> None:
    with running_node(tmp_path, "AWAY@127.0.0.1:1") as running:
        ds = make_radiograph()
        assert running.send(ds, ds) == [0x0000] * 2
        assert running.send(ds) == [0x0000]
        assert [event.repeated for event in running.of(Received)] == [False, True, True]
        other = make_radiograph(PatientName="OTHER")
        assert running.send(other) == [0x0000]
        assert not running.of(Received)[-1].repeated


def test_again_after_it_is_done(running: Running, archive: Archive) -> None:
    ds = make_radiograph()
    for count in (1, 2):
        running.send(ds)
        running.wait_for(Finished, count)
    assert sorted(archive.kept) == sorted(2 * [*results_of(ds)])


def test_two_studies_interleaved(running: Running, archive: Archive) -> None:
    first, second = make_radiograph(1), make_radiograph(2)
    one, two = (AE("SENDER"), AE("SENDER"))
    associations = []
    for ae in (one, two):
        ae.add_requested_context(first.SOPClassUID, first.file_meta.TransferSyntaxUID)
        associations.append(ae.associate("127.0.0.1", running.port, ae_title="PNEUMOSCOPE"))
    for assoc, ds in zip(2 * associations, (first, second, second, first), strict=True):
        assert assoc.send_c_store(ds).Status == 0x0000
    for assoc in associations:
        assoc.release()
    running.wait_for(Finished, 2)
    assert {*archive.kept} == results_of(first, second)


def test_a_radiograph_that_cannot_be_worked_on(archive: Archive, tmp_path: Path) -> None:
    maker = QuickMaker()
    broken, whole = make_radiograph(1), make_radiograph(2)
    maker.errors[broken.SOPInstanceUID] = [ImageError("broken", code="image-broken")]
    with running_node(tmp_path, archive.name, maker=maker) as running:
        running.send(broken, whole)
        (dead,) = running.wait_for(Dead)
        assert dead.code == "image-broken"
        running.wait_for(Finished)
        # Sent again, it is tried again.
        assert running.send(broken) == [0x0000]
        running.wait_for(Finished, 2)
        assert {*archive.kept} == results_of(broken, whole)
        assert not any((running.settings.spool / "dead").iterdir())


def test_a_radiograph_that_kills_its_maker_twice(archive: Archive, tmp_path: Path) -> None:
    maker = QuickMaker()
    once, twice = make_radiograph(1), make_radiograph(2)
    maker.errors[once.SOPInstanceUID] = [MakerDied()]
    maker.errors[twice.SOPInstanceUID] = [MakerDied(), MakerDied()]
    with running_node(tmp_path, archive.name, maker=maker) as running:
        running.send(once, twice)
        (dead,) = running.wait_for(Dead)
        assert dead.code == "maker-died"
        running.wait_for(Finished)
        assert {*archive.kept} == results_of(once)


@pytest.mark.parametrize("caller", ["SENDER", "EVIL@127.0.0.1:1"])
def test_results_of_a_sender_without_an_address(caller: str, tmp_path: Path) -> None:
    """A title that is an address leads nowhere: the caller chooses it."""
    with running_node(tmp_path, "sender") as running:
        running.send(make_radiograph(), caller=caller)
        (dead,) = running.wait_for(Dead)
        assert dead.code == "sender-unknown"
        assert running.maker.seen == []


def test_a_full_disk(running: Running, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(spool.os, "fsync", full)
        assert running.send(make_radiograph()) == [0xA700]
        assert [event.code for event in running.of(NotStored)] == ["storage-full"]
        assert [*(running.settings.spool / "queue").iterdir()] == []
    assert running.send(make_radiograph()) == [0x0000]
    running.wait_for(Finished)


def test_a_destination_refuses_one_kind(tmp_path: Path) -> None:
    kinds = tuple(kind for kind in dimse.RESULTS if kind.value != "map")
    with archive_at(kinds=kinds) as archive, running_node(tmp_path, archive.name) as running:
        running.send(make_radiograph(1), make_radiograph(2))
        running.wait_for(Dead, 2)
        assert len(archive.kept) == 4
        told = [(event.kind, event.code, event.again) for event in running.of(Rejected)]
        codes = ["result-not-negotiated"] * 2
        assert told == list(zip(["map"] * 2, codes, [False, True], strict=True))
        for entry in (running.settings.spool / "dead").iterdir():
            assert {file.name for file in entry.iterdir()} == {
                "map.dcm",
                "received.json",
                "state.json",
            }


@pytest.mark.parametrize(("status", "taken"), [(0xB000, True), (0x0111, True), (0xC001, False)])
def test_warnings_count_as_taken(status: int, taken: bool, tmp_path: Path) -> None:
    with archive_at() as archive, running_node(tmp_path, archive.name) as running:
        archive.statuses = dict.fromkeys(map(str, dimse.RESULTS.values()), status)
        running.send(make_radiograph())
        running.wait_for(Finished if taken else Dead)


@pytest.fixture
def line(running: Running) -> Iterator[socket.socket]:
    """A connection over which any bytes can be sent."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as found:
        yield found


def is_closed(line: socket.socket) -> bool:
    try:
        while line.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x09" + bytes(100),
        struct.pack(">BBL", 1, 0, 2**31) + bytes(1000),
        struct.pack(">BBL", 4, 0, 2**31) + bytes(1000),
        struct.pack(">BBL", 1, 0, 68) + bytes(68),
        struct.pack(">BBL", 4, 0, 10) + bytes(10),
    ],
    ids=["http", "unknown", "associate-2gb", "data-2gb", "empty-request", "data-first"],
)
def test_bytes_that_are_no_association(sent: bytes, line: socket.socket) -> None:
    line.sendall(sent)
    assert is_closed(line)


def request_association() -> bytes:
    """Encodes a request of an association for radiographs."""
    ae = AE("SENDER")
    ae.add_requested_context(dimse.RADIOGRAPHS[0], ExplicitVRLittleEndian)
    recorded: list[object] = []
    listener = socket.create_server(("127.0.0.1", 0))
    ae.acse_timeout = ae.connection_timeout = 1
    port = listener.getsockname()[1]
    handlers = [(evt.EVT_PDU_SENT, lambda event: recorded.append(event.pdu))]
    assoc = ae.associate("127.0.0.1", port, ae_title="PNEUMOSCOPE", evt_handlers=handlers)
    assoc.abort()
    listener.close()
    (pdu, *_) = [pdu for pdu in recorded if isinstance(pdu, A_ASSOCIATE_RQ)]
    return pdu.encode()


@pytest.fixture(scope="module")
def request_pdu() -> bytes:
    return request_association()


def command(uid: str) -> bytes:
    """Encodes a P-DATA-TF with the command of a C-STORE."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = dimse.RADIOGRAPHS[0], uid
    request.DataSet = BytesIO(b"00")
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    pdata = next(iter(message.encode_msg(1, 0)))
    pdu = P_DATA_TF(pdata)
    return pdu.encode()


def fragment(data: bytes, announced: int | None = None) -> bytes:
    """Encodes a P-DATA-TF with part of a data set, not the last one."""
    length = len(data) if announced is None else announced
    return struct.pack(">BBLLBB", 4, 0, length + 6, length + 2, 1, 0) + data


def is_accepted(line: socket.socket) -> bool:
    head = line.recv(6, socket.MSG_WAITALL)
    kind, _, length = struct.unpack(">BBL", head)
    line.recv(length, socket.MSG_WAITALL)
    return bool(kind == 2)


@pytest.mark.parametrize("end", ["close", "abort", "2gb", "wrong-length", "unknown-context"])
def test_an_object_that_never_ends(
    end: str, request_pdu: bytes, line: socket.socket, running: Running
) -> None:
    line.sendall(request_pdu)
    assert is_accepted(line)
    line.sendall(command("1.2.3") + fragment(bytes(1000)))
    if end == "abort":
        line.sendall(struct.pack(">BBLBBBB", 7, 0, 4, 0, 0, 0, 0))
    elif end == "2gb":
        line.sendall(fragment(bytes(1000), announced=2**31))
    elif end == "wrong-length":
        line.sendall(struct.pack(">BBLL", 4, 0, 20, 2**20) + bytes(16))
    elif end == "unknown-context":
        line.sendall(struct.pack(">BBLLBB", 4, 0, 8, 4, 77, 3) + bytes(2))
    with suppress(OSError):  # the node may have hung up by now
        line.shutdown(socket.SHUT_WR)
    assert is_closed(line)
    running.wait_for(Broken)
    assert running.of(Received) == []


def test_a_sender_that_falls_silent(request_pdu: bytes, archive: Archive, tmp_path: Path) -> None:
    with (
        running_node(tmp_path, archive.name, timeout=1.0) as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=15) as line,
    ):
        line.sendall(request_pdu)
        assert is_accepted(line)
        line.sendall(command("1.2.3") + fragment(bytes(1000), announced=5000))
        assert is_closed(line)
        running.wait_for(Broken)
