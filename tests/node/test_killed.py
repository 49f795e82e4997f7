"""A node that is killed at any moment loses nothing, and delivers nothing that is not the same."""

from __future__ import annotations

import gc
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE

from pneumoscope.node.silence import silenced
from tests.node.conftest import Archive, make_radiograph, results_of, wait_until

SENDERS, EACH = 8, 10


@contextmanager
def node_process(spool: Path, to: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a node, waits until it listens, and kills it in the end."""
    command = [sys.executable, "-m", "tests.node.killed_node", str(spool), to, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield process
        finally:
            process.kill()


def send_until_taken(port: int, radiographs: list[Dataset]) -> None:
    """Sends as an archive does: what is not answered by success is sent again."""
    left = list(radiographs)
    while left:
        ae = AE("SENDER")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 5
        ae.add_requested_context(left[0].SOPClassUID, left[0].file_meta.TransferSyntaxUID)
        assoc = ae.associate("127.0.0.1", port, ae_title="PNEUMOSCOPE")
        while left and assoc.is_established:
            if assoc.send_c_store(left[0]).get("Status") == 0x0000:
                del left[0]
        if assoc.is_established:
            assoc.release()
        else:
            time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# pynetdicom leaves sockets of the senders here, whose node was killed, to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_nothing_is_lost_nor_changed(kills: int, archive: Archive, tmp_path: Path) -> None:
    draw = random.Random(kills)
    radiographs = [make_radiograph(number) for number in range(SENDERS * EACH)]
    spool, port = tmp_path / "spool", free_port()
    with silenced(print), ThreadPoolExecutor(SENDERS) as senders:
        shares = [radiographs[number::SENDERS] for number in range(SENDERS)]
        sent = [senders.submit(send_until_taken, port, share) for share in shares]
        for _ in range(kills):
            with node_process(spool, archive.name, port):
                time.sleep(draw.uniform(0.0, 0.7))
        with node_process(spool, archive.name, port):
            for one in sent:
                one.result()
            wait_until(lambda: not any((spool / "queue").iterdir()))
        gc.collect()
    assert {*archive.kept} == results_of(*radiographs)
    assert not any((spool / "dead").iterdir())
