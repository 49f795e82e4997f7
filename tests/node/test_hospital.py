"""The round trip through a real archive, which forwards everything to the node, results too."""

from __future__ import annotations

from pathlib import Path

from pneumoscope.inference import load
from tests.conftest import write_bundle
from tests.node.hospital import (
    NODE,
    NODES,
    Program,
    expected,
    failed_jobs,
    send,
    stored,
    unfinished_jobs,
)
from tests.node.orthanc import running_orthanc, until
from tests.node.radiographs import radiograph


def write_radiographs(folder: Path, count: int) -> dict[str, str]:
    """Writes radiographs, each in a study of its own, and returns their UIDs by study."""
    sources = {f"1.2.826.77.1.{number}": f"1.2.826.77.4.{number}" for number in range(1, count + 1)}
    for number, (study, uid) in enumerate(sources.items(), 1):
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.2"}
        changes = {"SOPInstanceUID": uid, "PatientID": f"p{number}", "SeriesNumber": 1}
        (folder / f"{number}.dcm").write_bytes(radiograph(number, **uids, **changes))
    return sources


def test_results_come_back_once_and_go_round_no_more(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle")
    (tmp_path / "cr").mkdir()
    sources = write_radiographs(tmp_path / "cr", 3)
    wanted = expected(sources, load(bundle).bundle.sha256)
    with running_orthanc(NODES, forward=NODE) as orthanc:
        node = Program(orthanc, tmp_path)
        node.configure(model=str(bundle))
        node.start()
        try:
            send(orthanc, sorted((tmp_path / "cr").iterdir()), senders=2)
            until(lambda: stored(orthanc) == wanted and not node.waiting)
            until(lambda: not unfinished_jobs(orthanc))
            assert failed_jobs(orthanc) == []
            assert len(orthanc.ask("/jobs")) == 12  # each object was forwarded, and once
            assert stored(orthanc) == wanted
            assert not node.waiting
        finally:
            node.stop()
