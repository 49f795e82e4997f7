"""The archive of the tests is real, and out of reach of everything but the tests."""

from __future__ import annotations

import os
import socket

import pytest

from tests.node.dcmtk import find_dcmtk
from tests.node.orthanc import DICOM_PORT, HTTP_PORT, NOBODY, TITLE, running_orthanc


def test_it_answers_inside_of_its_namespace_and_nowhere_else() -> None:
    with running_orthanc({}) as orthanc:
        assert orthanc.ask("/system")["DicomAet"] == TITLE
        orthanc.run(find_dcmtk("echoscu"), "-aec", TITLE, "127.0.0.1", DICOM_PORT)
        assert os.stat(f"/proc/{orthanc.process.pid}").st_uid == NOBODY
        for port in (DICOM_PORT, HTTP_PORT):
            with socket.socket() as caller, pytest.raises(ConnectionRefusedError):
                caller.connect(("127.0.0.1", port))
    assert orthanc.process.returncode == 0
