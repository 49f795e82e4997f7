"""The node: how fast it receives beside storescp, how soon results are there, and what it keeps.

Radiographs are drawn (or taken from `--data`) and written as CR of 12 bits, each with UIDs of its
own. All is sent by `storescu` of DCMTK, and results are taken by `storescp`, over the loopback.
Each turn of reception measures both receivers, one after the other.
"""

from __future__ import annotations

import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from machine import PNEUMOSCOPE, parser, print_facts, print_table, ratio, sample, spread
from pneumoscope.files import list_files

_CLIENTS = 8


def main() -> None:
    """Measures reception, latency and memory, and prints a table of each."""
    options = parser(__doc__.splitlines()[0], images=64)
    options.add_argument("--turns", type=int, default=3, help="of reception")
    options.add_argument("--single", type=int, default=40, help="radiographs sent one by one")
    options.add_argument("--many", type=int, default=2000, help="radiographs to watch memory over")
    options.add_argument("--side", type=int, default=2000, help="width of the radiographs")
    choices = options.parse_args()
    for program in ("storescu", "storescp"):
        if shutil.which(program) is None:
            options.error(f"{program} of DCMTK is not installed")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        images = list(list_files(sample(choices.data, choices.images, folder)))
        files = [
            write_radiograph(image, choices.side, folder / "cr", n)
            for n, image in enumerate(images)
        ]
        size = statistics.mean(file.stat().st_size for file in files) / 1e6
        print_facts(f"{len(files)} CRs of {size:.1f} MB on average")
        _measure_reception(files, choices.turns, folder)
        _measure_latency(files, choices.single, folder)
        _measure_memory(images, choices.many, folder)


def _measure_reception(files: Sequence[Path], turns: int, folder: Path) -> None:
    rates: dict[str, list[float]] = {"storescp --fork": [], "pneumoscope node": []}
    for turn in range(turns):
        with _storescp(folder / f"plain{turn}", "--fork") as port:
            rates["storescp --fork"].append(len(files) / _send(files, port, "STORE"))
        with _archive(folder / f"taken{turn}") as (to, _), _node(folder / f"s{turn}", to) as node:
            rates["pneumoscope node"].append(len(files) / _send(files, node.port, "PNEUMOSCOPE"))
    plain, ours = rates.values()
    print_table(
        [f"{_CLIENTS} clients", "radiographs/s", "beside storescp"],
        [
            ["storescp --fork", spread(plain, 1), "1"],
            ["pneumoscope node", spread(ours, 1), f"{ratio(ours, plain):.2f}"],
        ],
    )


def _measure_latency(files: Sequence[Path], count: int, folder: Path) -> None:
    seconds = []
    with _archive(folder / "one") as (to, taken), _node(folder / "one-spool", to) as node:
        for number in range(min(count, len(files) - 1) + 1):
            began = time.monotonic()
            _send([files[number]], node.port, "PNEUMOSCOPE")
            node.wait_until_empty()
            seconds.append(time.monotonic() - began)
        results = len(list(taken.iterdir())) / len(seconds)
    first, *others = seconds
    print_table(
        [f"from the start of storescu to all {results:.2g} results", "seconds"],
        [
            ["first", f"{first:.2f}"],
            ["median of the others", f"{statistics.median(others):.2f}"],
            ["95th percentile", f"{np.percentile(others, 95):.2f}"],
        ],
    )


def _measure_memory(images: Sequence[Path], count: int, folder: Path) -> None:
    rows = []
    with _archive(folder / "many") as (to, taken), _node(folder / "many-spool", to) as node:
        step = max(1, count // 10)
        for done in range(0, count, step):
            files = [
                write_radiograph(images[n % len(images)], 500, folder / "small", n)
                for n in range(done, done + step)
            ]
            began = time.monotonic()
            _send(files, node.port, "PNEUMOSCOPE")
            node.wait_until_empty()
            rate = step / (time.monotonic() - began)
            rows.append(
                [f"{done + step}", *(f"{m / 1e6:,.0f}" for m in node.memory()), f"{rate:.1f}"]
            )
            for file in (*files, *taken.iterdir()):
                file.unlink()
    print_table(["radiographs", "node (MB)", "its maker (MB)", "radiographs/s"], rows)


class _Node:
    """A running node."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, spool: Path) -> None:
        self._process, self.port, self._spool = process, port, spool

    def wait_until_empty(self) -> None:
        while any((self._spool / "queue").iterdir()):
            time.sleep(0.005)

    def memory(self) -> list[int]:
        """Resident memory of the node and of the process that makes results, in bytes."""
        children = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        made_by = [int(pid) for found in children for pid in found.read_text().split()]
        return [_resident(pid) for pid in (self._process.pid, *made_by)]


@contextmanager
def _node(spool: Path, to: str) -> Iterator[_Node]:
    port = _free_port()
    command = [PNEUMOSCOPE, "node", "--port", str(port), "--to", to, "--spool", str(spool)]
    said = spool.with_suffix(".txt")
    with said.open("w") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            while "listens" not in said.read_text():
                assert process.poll() is None, said.read_text()
                time.sleep(0.05)
            yield _Node(process, port, spool)
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def _archive(folder: Path) -> Iterator[tuple[str, Path]]:
    with _storescp(folder) as port:
        yield f"STORE@127.0.0.1:{port}", folder


@contextmanager
def _storescp(folder: Path, *options: str) -> Iterator[int]:
    folder.mkdir()
    port = _free_port()
    command = ["storescp", *options, "-aet", "STORE", "-od", str(folder), "+xa", str(port)]
    echo = ["echoscu", "127.0.0.1", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while subprocess.run(echo, capture_output=True).returncode:
                assert process.poll() is None, f"storescp has ended: is port {port} taken?"
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _send(files: Sequence[Path], port: int, called: str) -> float:
    """Sends files by several clients at a time, and returns the time until all are taken."""
    began = time.monotonic()
    shares = [share for n in range(_CLIENTS) if (share := files[n::_CLIENTS])]
    clients = [_start(share, port, called) for share in shares]
    for client in clients:
        assert client.wait() == 0
    return time.monotonic() - began


def _start(files: Sequence[Path], port: int, called: str) -> subprocess.Popen[bytes]:
    command = ["storescu", "-aec", called, "127.0.0.1", str(port), *map(str, files)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def write_radiograph(image: Path, width: int, folder: Path, number: int) -> Path:
    """Writes a picture as a CR of 12 bits, so wide, with UIDs of its own."""
    folder.mkdir(exist_ok=True)
    with Image.open(image) as picture:
        grey = picture.convert("L")
        grey = grey.resize((width, round(width * grey.height / grey.width)))
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = ComputedRadiographyImageStorage, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.PatientName, ds.PatientID = "CR", "Phantom", f"{number}"
    ds.PatientAge, ds.ViewPosition, ds.BodyPartExamined = "003Y", "AP", "CHEST"
    ds.Rows, ds.Columns = grey.height, grey.width
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = (np.asarray(grey, np.uint16) << 4).tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = folder / f"{number}.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(found) * 1024


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    main()
