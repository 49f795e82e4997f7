"""A hospital in small: an archive, the node as the program that it is, and senders."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.derived.kinds import SERIES, Kind, derived_uid
from tests.node.dcmtk import find_dcmtk
from tests.node.orthanc import DICOM_PORT, TITLE, Orthanc, until

NODE, NODE_PORT = "PNEUMOSCOPE", 11112
NODES = {NODE: NODE_PORT}


@dataclass
class Program:
    """The node as a program beside an archive, which is ended and started again.

    Attributes:
        orthanc: the archive, which it returns results to.
        folder: folder of its settings, its spool and what it prints.
    """

    orthanc: Orthanc
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def configure(self, **settings: Any) -> None:
        """Writes its settings, with those that are given added."""
        content = {
            "ae": NODE,
            "port": NODE_PORT,
            "to": [f"{TITLE}@127.0.0.1:{DICOM_PORT}"],
            "callers": [TITLE],
            "spool": "spool",
            **settings,
        }
        # What JSON has of texts, numbers and lists is TOML, too.
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in content.items()]
        (self.folder / "node.toml").write_text("".join(lines))

    def start(self) -> None:
        """Starts it, and waits until it answers a C-ECHO."""
        command = [sys.executable, "-m", "pneumoscope", "node", "--settings", "node.toml"]
        with (self.folder / "printed").open("ab") as printed:
            self.process = self.orthanc.start(
                *command, cwd=self.folder, stdout=printed, stderr=printed
            )
        until(self._answers)

    def stop(self) -> None:
        """Asks it to stop, which it has to do without an error."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(60) == 0, self.printed

    def kill(self) -> None:
        """Kills it, as a loss of power would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    @property
    def printed(self) -> str:
        """What it has printed."""
        return (self.folder / "printed").read_text()

    @property
    def waiting(self) -> int:
        """Number of radiographs of which something is still to be done."""
        return len([*(self.folder / "spool" / "queue").glob("*")])

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.printed
        command = [find_dcmtk("echoscu"), "-aet", TITLE, "-aec", NODE, "127.0.0.1", NODE_PORT]
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return self.orthanc.start(*command, **options).wait(60) == 0


def send(orthanc: Orthanc, files: Sequence[Path], senders: int) -> None:
    """Sends files to the archive, by several programs at once."""
    command = [find_dcmtk("storescu"), "--required", "-aec", TITLE, "127.0.0.1", DICOM_PORT]
    running = [orthanc.start(*command, *files[first::senders]) for first in range(senders)]
    assert [process.wait(600) for process in running] == [0] * senders


def stored(orthanc: Orthanc) -> dict[str, dict[int, list[str]]]:
    """Lists the SOP Instance UIDs that the archive has, by study and number of the series."""
    found: dict[str, dict[int, list[str]]] = {}
    all_series = orthanc.ask("/series?expand")  # first: what it names is in the lists below
    studies = {each["ID"]: each["MainDicomTags"] for each in orthanc.ask("/studies?expand")}
    uids = {each["ID"]: each["MainDicomTags"] for each in orthanc.ask("/instances?expand")}
    for series in all_series:
        study = found.setdefault(studies[series["ParentStudy"]]["StudyInstanceUID"], {})
        of_number = study.setdefault(int(series["MainDicomTags"]["SeriesNumber"]), [])
        of_number += [uids[instance]["SOPInstanceUID"] for instance in series["Instances"]]
    return found


def expected(
    sources: Mapping[str, str], model_sha256: str, kinds: Iterable[Kind] = tuple(Kind)
) -> dict[str, dict[int, list[str]]]:
    """Lists what `stored` should find.

    Args:
        sources: SOP Instance UID of each radiograph, by its study; it is in series 1.
        model_sha256: SHA-256 of the model.
        kinds: kinds of results.
    """
    return {
        study: {
            1: [uid],
            **{
                SERIES[kind].number: [derived_uid(uid, model_sha256, kind, "instance")]
                for kind in kinds
            },
        }
        for study, uid in sources.items()
    }


def forwarded(orthanc: Orthanc) -> list[str]:
    """Lists what the archive has sent to the node, each as often as it was sent."""
    jobs = [each for each in orthanc.ask("/jobs?expand") if each["Type"] == "DicomModalityStore"]
    return sorted(sent for each in jobs for sent in each["Content"]["ParentResources"])


def failed_jobs(orthanc: Orthanc) -> list[str]:
    """Lists the jobs of the archive that have failed."""
    return [each["ID"] for each in orthanc.ask("/jobs?expand") if each["State"] == "Failure"]


def resubmit(orthanc: Orthanc, jobs: Iterable[str]) -> None:
    """Has the archive repeat jobs, which this one does not do by itself."""
    for job in jobs:
        orthanc.fetch(f"/jobs/{job}/resubmit", {})


def unfinished_jobs(orthanc: Orthanc) -> list[str]:
    """Lists the jobs of the archive that have not ended."""
    ends = ("Success", "Failure")
    return [each["ID"] for each in orthanc.ask("/jobs?expand") if each["State"] not in ends]
