"""The round trip through a real archive, which forwards everything to the node, results too."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pneumoscope.inference import load
from tests.conftest import write_bundle
from tests.node.hospital import (
    NODE,
    NODES,
    Program,
    expected,
    failed_jobs,
    forwarded,
    resubmit,
    send,
    stored,
    unfinished_jobs,
)
from tests.node.orthanc import TITLE, Orthanc, running_orthanc, until
from tests.node.radiographs import radiograph


def write_radiographs(folder: Path, count: int) -> tuple[dict[str, str], list[Path]]:
    """Writes radiographs, each in a study of its own.

    Returns:
        Their UIDs by study, and their files.
    """
    folder.mkdir()
    files = [folder / f"{number}.dcm" for number in range(1, count + 1)]
    sources = {f"1.2.826.77.1.{number}": f"1.2.826.77.4.{number}" for number in range(1, count + 1)}
    for number, (study, uid) in enumerate(sources.items(), 1):
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.2"}
        changes = {"SOPInstanceUID": uid, "PatientID": f"p{number}", "SeriesNumber": 1}
        files[number - 1].write_bytes(radiograph(number, **uids, **changes))
    return sources, files


def settle(node: Program, wanted: dict[str, dict[int, list[str]]]) -> None:
    """Waits until the archive has what it should have, and nothing moves any more."""
    orthanc = node.orthanc

    def is_settled() -> bool:
        resubmit(orthanc, failed_jobs(orthanc))
        return not node.waiting and not unfinished_jobs(orthanc) and stored(orthanc) == wanted

    until(is_settled, 600)
    jobs = len(orthanc.ask("/jobs"))
    time.sleep(3)  # in which whatever went round would go on
    assert (stored(orthanc), len(orthanc.ask("/jobs")), node.waiting) == (wanted, jobs, 0)


def assert_forwarded_once(orthanc: Orthanc) -> None:
    """Asserts that everything was forwarded to the node, and once."""
    assert forwarded(orthanc) == sorted(orthanc.ask("/instances"))


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Program]:
    """An archive that forwards everything to the node, which is not started yet.

    What waits in the node is gone only when the archive has committed itself to keep it.
    """
    with running_orthanc(NODES, forward=NODE) as orthanc:
        bundle = write_bundle(tmp_path / "bundle")
        node = Program(orthanc, tmp_path)
        node.configure(model=str(bundle), commit=[TITLE])
        yield node
        if node.process is not None and node.process.poll() is None:
            node.kill()


def test_results_come_back_once_and_go_round_no_more(hospital: Program, tmp_path: Path) -> None:
    sources, files = write_radiographs(tmp_path / "cr", 3)
    wanted = expected(sources, load(tmp_path / "bundle").bundle.sha256)
    hospital.start()
    send(hospital.orthanc, files, senders=2)
    settle(hospital, wanted)
    assert failed_jobs(hospital.orthanc) == []
    assert_forwarded_once(hospital.orthanc)
    kinds = {each["Type"] for each in hospital.orthanc.ask("/jobs?expand")}
    assert kinds == {"DicomModalityStore", "StorageCommitmentScp"}
    hospital.stop()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_radiographs_from_eight_senders(hospital: Program, tmp_path: Path) -> None:
    sources, files = write_radiographs(tmp_path / "cr", 200)
    wanted = expected(sources, load(tmp_path / "bundle").bundle.sha256)
    hospital.start()
    send(hospital.orthanc, files, senders=8)
    settle(hospital, wanted)
    assert failed_jobs(hospital.orthanc) == []
    assert_forwarded_once(hospital.orthanc)
    hospital.stop()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_is_lost_or_doubled_by_fifty_kills(hospital: Program, tmp_path: Path) -> None:
    sources, files = write_radiographs(tmp_path / "cr", 200)
    wanted = expected(sources, load(tmp_path / "bundle").bundle.sha256)
    moments = random.Random(1)
    at_work = 0
    hospital.start()
    for kill in range(50):
        if kill % 2 == 0:
            send(hospital.orthanc, files[4 * kill : 4 * kill + 8], senders=8)
        time.sleep(moments.uniform(0, 2))
        at_work += hospital.waiting > 0
        hospital.kill()
        hospital.start()
        resubmit(hospital.orthanc, failed_jobs(hospital.orthanc))
    settle(hospital, wanted)
    assert at_work > 25, "most kills have to hit the node at work"
    print(f"killed 50 times, {at_work} of them at work")
    hospital.stop()
