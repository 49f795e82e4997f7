"""The service beside MLServer and LitServe: the same network, and the same JSON, from 32 clients.

All three answer a request of the Open Inference Protocol with the pixels of one image, in one
process that predicts, in batches of at most 16 images that wait 2 ms at most. `hey` sends. Ours is
measured again where a client asks which images are refused, too, which the others cannot say. It
needs an environment with `pip install "pneumoscope[serve,benchmark]"`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from machine import PLAIN, PNEUMOSCOPE, parser, print_facts, print_table, ratio, sample, spread
from pneumoscope import read_model
from pneumoscope.files import list_files
from pneumoscope.imaging import load_pixels, read_bytes

_CLIENTS = 32
_OURS = "pneumoscope serve"
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measures each server in turns, and prints a table."""
    options = parser(__doc__.splitlines()[0], images=2)
    options.add_argument("--turns", type=int, default=3, help="of each server")
    options.add_argument("--requests", type=int, default=2000, help="in a turn")
    choices = options.parse_args()
    if shutil.which("hey") is None:
        options.error("hey is not installed")
    bundle = read_model(None)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        image = next(list_files(sample(choices.data, choices.images, folder)))
        pixels = load_pixels(read_bytes(image), bundle.info.geometry)
        given = {
            "name": "pixels",
            "datatype": "UINT8",
            "shape": [1, *pixels.shape],
            "data": pixels.ravel().tolist(),
        }
        plain, both = folder / "plain.json", folder / "both.json"
        for body, names in ((plain, ["probabilities"]), (both, ["probabilities", "refused"])):
            wanted = [{"name": name} for name in names]
            body.write_text(json.dumps({"inputs": [given], "outputs": wanted}))
        os.environ["BUNDLE"] = str(bundle.root)
        print_facts(f"{choices.requests} requests of {plain.stat().st_size / 1e3:.0f} kB a turn")
        servers = {
            _OURS: (*_ours(bundle.info.name), plain),
            "pneumoscope serve, with refusals": (*_ours(bundle.info.name), both),
            "MLServer": (*_mlserver(folder), plain),
            "LitServe": (*_litserve(), plain),
        }
        rates: dict[str, list[float]] = {name: [] for name in servers}
        costs: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(choices.turns):
            for name, (command, path, body) in servers.items():
                with _serving(command, path, body) as (process, url):
                    before = _processor(process.pid)
                    rates[name].append(_send(url, body, choices.requests))
                    spent = _processor(process.pid) - before
                    costs[name].append(1e3 * spent / choices.requests)
        ours = costs[_OURS]
        print_table(
            [f"{_CLIENTS} clients", "requests/s", "ms of CPU a request", "beside ours"],
            [
                [name, spread(rates[name]), spread(costs[name], 2), f"{ratio(cost, ours):.2f}"]
                for name, cost in costs.items()
            ],
        )


Server = tuple[Sequence[str], str]
"""Command of a server, with {port} for its port, and the path that answers."""


def _ours(model: str) -> Server:
    command = [PNEUMOSCOPE, "serve", "--no-browser", "--port", "{port}"]
    return command, f"/v2/models/{model}/infer"


def _mlserver(folder: Path) -> Server:
    shutil.copy(PLAIN / "mlserver_runtime.py", folder)
    model = {
        "name": "chest",
        "implementation": "mlserver_runtime.Runtime",
        "max_batch_size": 16,
        "max_batch_time": 0.002,
    }
    (folder / "model-settings.json").write_text(json.dumps(model))
    start = (
        "import os, sys; port = int(sys.argv[1]); "
        "os.environ |= {'MLSERVER_HTTP_PORT': str(port), 'MLSERVER_GRPC_PORT': str(port + 1), "
        "'MLSERVER_METRICS_PORT': str(port + 2), 'MLSERVER_HOST': '127.0.0.1', "
        "'MLSERVER_PARALLEL_WORKERS': '0', 'MLSERVER_DEBUG': 'false'}; "
        f"sys.argv = ['mlserver', 'start', {str(folder)!r}]; "
        "from mlserver.cli import main; main()"
    )
    return [sys.executable, "-c", start, "{port}"], "/v2/models/chest/infer"


def _litserve() -> Server:
    return [sys.executable, str(PLAIN / "litserve_server.py"), "{port}"], "/predict"


@contextmanager
def _serving(
    command: Sequence[str], path: str, body: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Starts a server, and waits for its first answer."""
    port = _free_port()
    words = [word.format(port=port) if word == "{port}" else word for word in command]
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}{path}"
    try:
        _wait(url, body.read_bytes(), process)
        yield process, url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, body: bytes, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            request = Request(url, body, {"Content-Type": "application/json"})
            with urlopen(request, timeout=30) as answer:
                answer.read()
            return
        except (URLError, ConnectionError):
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.2)


def _send(url: str, body: Path, requests: int) -> float:
    """Sends requests, and returns how many were answered in a second."""
    many = ["-n", str(requests), "-c", str(_CLIENTS)]
    post = ["-m", "POST", "-T", "application/json", "-D", str(body)]
    command = ["hey", *many, *post, url]
    sent = subprocess.run(command, capture_output=True, text=True, check=True)
    answered = re.findall(r"\[(\d+)\]\s+(\d+) responses", sent.stdout)
    if answered != [("200", str(requests // _CLIENTS * _CLIENTS))]:
        raise SystemExit(f"{url} answered {answered}:\n{sent.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", sent.stdout)
    assert found is not None
    return float(found[1])


def _processor(pid: int) -> float:
    """Seconds of processor time of a process and all that it has started."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[3]) == pid:  # its session, which is that of the server
            total += sum(map(int, fields[11:13]))
    return total / _TICKS


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
