"""Nothing leaves the machine, and nothing is written but where it was asked for and in the cache.

The kernel is asked, by strace: libraries of C and C++ make sockets and files unseen by Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import encoded, picture

FILES = "open,openat,creat,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,linkat"
WRITING = re.compile(rf"(?!open(at)?\((?!.*O_(WR|RDWR|CREAT)))({FILES.replace(',', '|')})\(")
OUTWARD = re.compile(r"\bAF_(?!UNIX|UNSPEC)")
PATH = re.compile(r'(?:AT_FDCWD|\d+)?(?:<(?P<folder>[^>]*)>, )?"(?P<path>[^"]*)"[^"]*$')
TRAIN = ["--arch", "baseline", "--image-size", "32", "--epochs", "1", "--precision", "float32"]


@dataclass(frozen=True)
class Traces:
    """Record of what a process, its threads and its children did."""

    outward: list[str]
    written: set[Path]


Watch = Callable[..., Traces]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """Runs Python with an empty home and temporary folder, in a folder of its own."""
    strace = shutil.which("strace")
    if not strace or subprocess.run([strace, "-qq", "true"], capture_output=True).returncode:
        pytest.skip("strace is not installed, or may not trace here")
    for name in ("home", "temporary", "work"):
        (tmp_path / name).mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run(*arguments: object) -> Traces:
        log = tmp_path / "calls"
        tracing = [
            strace,
            "-f",
            "-qq",
            "-z",
            "-y",
            "--seccomp-bpf",
            "-e",
            f"trace=%network,{FILES}",
        ]
        subprocess.run(
            [*tracing, "-e", "signal=none", "-o", log, sys.executable, *map(str, arguments)],
            cwd=tmp_path / "work",
            env=environment,
            check=True,
            capture_output=True,
        )
        lines = [line.partition(" ")[2].strip() for line in log.read_text("utf-8").splitlines()]
        outward = [line for line in lines if OUTWARD.search(line)]
        assert not list((tmp_path / "temporary").iterdir())
        return Traces(outward, {path for line in lines for path in _written(line)})

    def _written(line: str) -> list[Path]:
        found = PATH.search(line)
        if not found or not WRITING.match(line):
            return []
        path = Path(os.path.normpath(tmp_path / "work" / (found["folder"] or "") / found["path"]))
        if path.is_relative_to("/dev/shm") and not path.exists():
            return []  # a semaphore
        return [] if path.is_relative_to("/proc/self") or path == Path("/dev/null") else [path]

    return run


def strays(traces: Traces, tmp_path: Path) -> set[Path]:
    """Lists files written outside of the working folder, the cache and the temporary folder."""
    cache = tmp_path / "home/.cache/pneumoscope"
    kept = [tmp_path / "work", tmp_path / "temporary", cache]
    return {
        path
        for path in traces.written
        if path != cache.parent and not any(map(path.is_relative_to, kept))
    }


def test_what_watches_sees(watch: Watch, tmp_path: Path) -> None:
    script = "import socket, os; socket.socket(); os.mkdir('../home/new'); open('../new', 'w')"
    traces = watch("-c", script)
    assert traces.outward[0].startswith("socket(AF_INET")
    assert traces.written == {tmp_path / "home/new", tmp_path / "new"}


@pytest.fixture
def radiograph(tmp_path: Path) -> Path:
    path = tmp_path / "radiograph.png"
    path.write_bytes(encoded(picture()))
    return path


def test_predict_writes_what_it_was_asked_for(
    watch: Watch, bundle: Path, radiograph: Path, tmp_path: Path
) -> None:
    asked = ("--heatmap", "maps", "--html", "maps/p.html", "--pdf", "maps/p.pdf")
    traces = watch("-m", "pneumoscope", "predict", bundle, radiograph, *asked)
    assert traces.outward == []
    assert len(list((tmp_path / "work/maps").iterdir())) == 3
    assert list((tmp_path / "work").iterdir()) == [tmp_path / "work/maps"]
    assert traces.written
    assert all(path.is_relative_to(tmp_path / "work/maps") for path in traces.written)


def test_score_writes_what_it_was_asked_for_and_the_key_of_patients(
    watch: Watch, bundle: Path, radiograph: Path, tmp_path: Path
) -> None:
    (folder := tmp_path / "archive").mkdir()
    shutil.copy(radiograph, folder)
    traces = watch("-m", "pneumoscope", "score", bundle, folder, "-o", "scored", "--workers", "2")
    assert traces.outward == []
    names = {path.name for path in (tmp_path / "work/scored").iterdir()}
    assert names == {"list.parquet", "plan.json", "part-000000.parquet"}
    key = tmp_path / "home/.local/share/pneumoscope"
    outside = {path for path in strays(traces, tmp_path) if not path.is_relative_to(key)}
    assert outside <= {*key.parents}


def test_loading_a_model_writes_nothing(watch: Watch, bundle: Path, radiograph: Path) -> None:
    script = (
        f"import pneumoscope; print(pneumoscope.load({str(bundle)!r}).explain({str(radiograph)!r}))"
    )
    assert watch("-c", script) == Traces([], set())


SERVE = """
import os, signal, socket, sys, threading
from pneumoscope.server.run import run
from pneumoscope.server.settings import Settings

model, radiograph = sys.argv[1:]
image = open(radiograph, "rb").read()
part = b'--b\\r\\nContent-Disposition: form-data; name="f"; filename="../a.png"\\r\\n\\r\\n'
form = b"".join(part + image + bytes(3_000_000) + b"\\r\\n" for _ in range(20)) + b"--b--\\r\\n"
head = b"POST /v1/predictions?heatmap=png HTTP/1.1\\r\\nHost: localhost\\r\\n"
head += b"Connection: close\\r\\n"

answers = []

def ask(port):
    for kind, body in ((b"image/png", image), (b"multipart/form-data; boundary=b", form)):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            length = str(len(body)).encode()
            connection.sendall(head + b"Content-Type: " + kind + b"\\r\\n")
            connection.sendall(b"Content-Length: " + length + b"\\r\\n\\r\\n" + body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
            answers.append(answer.splitlines()[0])
    os.kill(os.getpid(), signal.SIGTERM)

def started(address):
    port = int(address.rpartition(":")[2])
    threading.Thread(target=ask, args=(port,)).start()

run(Settings(model=model, port=0), started)
assert answers == [b"HTTP/1.1 200 OK"] * 2
"""


def test_serve_writes_nothing_and_asks_nobody(watch: Watch, bundle: Path, radiograph: Path) -> None:
    traces = watch("-c", SERVE, bundle, radiograph)
    assert traces.written == set()
    addresses = {each for line in traces.outward for each in re.findall(r'"([\d.:]+)"', line)}
    assert addresses == {"127.0.0.1"}


def test_evaluate_writes_results_and_cache(
    watch: Watch, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    options = ["--output", "results", "--resamples", "100"]
    traces = watch("-m", "pneumoscope", "evaluate", bundle, phantoms, *options)
    assert traces.outward == []
    assert strays(traces, tmp_path) == set()
    assert list((tmp_path / "work").iterdir()) == [tmp_path / "work/results"]


def test_report_writes_the_page_and_its_card(
    watch: Watch, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    options = ["--output", "page/report.html", "--resamples", "100"]
    traces = watch("-m", "pneumoscope", "report", bundle, phantoms, *options)
    assert traces.outward == []
    assert strays(traces, tmp_path) == set()
    written = {path.name for path in (tmp_path / "work/page").iterdir()}
    assert written == {"report.html", "MODEL_CARD.md"}


def test_service_listens_and_sends_nothing(watch: Watch, bundle: Path) -> None:
    """It neither looks for a collector of traces, nor for anything else."""
    script = (
        "import os, signal; from pneumoscope.server.run import run;"
        "from pneumoscope.server.settings import Settings;"
        f"run(Settings({str(bundle)!r}, port=0), lambda _: os.kill(os.getpid(), signal.SIGTERM))"
    )
    traces = watch("-c", script)
    assert traces.written == set()
    made, bound, _ = traces.outward
    assert re.match(r"socket\(AF_INET", made)
    assert re.match(r"bind\(.*127\.0\.0\.1", bound)


@pytest.mark.slow
def test_nothing_is_sent_later(watch: Watch, bundle: Path, radiograph: Path) -> None:
    """ONNX Runtime's telemetry, which is turned off, would look up its collector after 20 s."""
    script = (
        f"import pneumoscope, time; pneumoscope.load({str(bundle)!r}).predict({str(radiograph)!r});"
        "time.sleep(30)"
    )
    assert watch("-c", script) == Traces([], set())


@pytest.mark.keras
def test_train_writes_run_and_cache(watch: Watch, phantoms: Path, tmp_path: Path) -> None:
    traces = watch("-m", "pneumoscope", "train", phantoms, "--output", "run", *TRAIN)
    # urllib3, which Keras imports, tries whether the machine itself has IPv6. Nothing is sent.
    assert all(re.match(r'(socket|getsockname)\(|bind\(.*"::1"', line) for line in traces.outward)
    assert strays(traces, tmp_path) == set()
    assert list((tmp_path / "work").iterdir()) == [tmp_path / "work/run"]
