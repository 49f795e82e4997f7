"""The service under load: its cost beside `predict_many`, and whether each answer is right.

The first part sends the same images from 32 clients, each with a connection of its own, and
compares processor time and rate with those of `predict_many`, and of a service whose batches hold
one image. The second lets 64 clients send for a minute, some of it bad, some abandoned, compares
each answer with what `predict --json` says of that image, and then stops the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from machine import PNEUMOSCOPE, parser, print_facts, print_table, ratio, run, sample, spread

_TICKS = os.sysconf("SC_CLK_TCK")
_CLIENTS = 64  # of the second part
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TOLERANCE = 1e-5  # of numbers, which depend in their last digits on the size of the batch

_BARE = """
import sys, time
from pathlib import Path
from pneumoscope.cli.surroundings import settle
settle()  # as the command line does: else the threads of OpenBLAS spin
from pneumoscope import load
paths = [Path(line) for line in open(sys.argv[1]).read().splitlines()]
model = load()
list(model.predict_many(paths[:32]))
clock, processor = time.perf_counter(), time.process_time()
list(model.predict_many(paths))
print(time.perf_counter() - clock, time.process_time() - processor)
"""
_ONE_BY_ONE = """
import sys
from pneumoscope.server import batcher
batcher.BATCH = 1
sys.argv = ["pneumoscope", *sys.argv[1:]]
from pneumoscope.__main__ import main
main()
"""


def main() -> None:
    """Measures, and prints tables."""
    options = parser(__doc__.splitlines()[0], images=200)
    options.add_argument("--turns", type=int, default=3, help="of each way to predict")
    options.add_argument("--requests", type=int, default=800, help="in a turn")
    options.add_argument("--clients", type=int, default=32, help="of the first part")
    options.add_argument("--seconds", type=float, default=60, help="of the second part")
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = sample(choices.data, choices.images, Path(work))
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        size = sum(path.stat().st_size for path in paths) / len(paths)
        print_facts(f"{len(paths)} images of {size / 1e3:.0f} kB in the mean")
        if choices.turns:
            _compare(paths, Path(work), choices)
        if choices.seconds:
            asyncio.run(_soak(paths, choices.seconds))


# The first part: what a request costs.


def _compare(paths: Sequence[Path], work: Path, choices: argparse.Namespace) -> None:
    many = [paths[number % len(paths)] for number in range(choices.requests)]
    (work / "paths").write_text("\n".join(map(str, many)))
    served = [PNEUMOSCOPE, "serve"]
    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "predict_many": lambda: _bare(work / "paths"),
        "serve": lambda: _served(served, many, choices.clients),
        "serve, batches of one": lambda: _served(
            [sys.executable, "-c", _ONE_BY_ONE, "serve"], many, choices.clients
        ),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(choices.turns):
        for name, way in ways.items():
            seconds, processor = way()
            rates[name].append(len(many) / seconds)
            costs[name].append(1e3 * processor / len(many))
    print_table(
        [f"{choices.clients} clients", "images/s", "ratio", "ms of CPU an image", "ratio"],
        [
            [
                name,
                spread(rates[name]),
                f"{ratio(rates[name], rates['predict_many']):.2f}",
                spread(costs[name], 1),
                f"{ratio(costs[name], costs['predict_many']):.2f}",
            ]
            for name in ways
        ],
    )


def _bare(paths: Path) -> tuple[float, float]:
    """Predicts without a service; returns seconds, and seconds of the processor."""
    seconds, processor = run(sys.executable, "-c", _BARE, paths).output.split()
    return float(seconds), float(processor)


def _served(command: Sequence[str], paths: Sequence[Path], clients: int) -> tuple[float, float]:
    bodies = {path: path.read_bytes() for path in paths}
    requests = [_post("/v1/predictions", bodies[path]) for path in paths]
    with _serving(command) as (process, port):
        asyncio.run(_send_all(port, requests[:clients], clients))
        clock, before = time.perf_counter(), _processor(process.pid)
        asyncio.run(_send_all(port, requests, clients))
        seconds, processor = time.perf_counter() - clock, _processor(process.pid) - before
        process.terminate()
    return seconds, processor


async def _send_all(port: int, requests: Sequence[bytes], clients: int) -> None:
    left = iter(requests)

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            writer.write(request)
            status, _ = await _answer(reader)
            if status != 200:
                raise SystemExit(f"answered with {status}")
        writer.close()

    await asyncio.gather(*(send() for _ in range(clients)))


# The second part: whether every answer is right.


@dataclass(frozen=True)
class _Kind:
    """A request, and what answers it."""

    request: bytes
    status: int
    record: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    heatmap: bool = False


@dataclass
class _Tally:
    """What has happened; `trouble` holds what should not have."""

    counts: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    stopping: bool = False


async def _soak(paths: Sequence[Path], seconds: float) -> None:
    good, bad = list(_good(paths)), list(_bad(paths[0].read_bytes()))
    with _serving([PNEUMOSCOPE, "serve"]) as (process, port):
        tally, memory = _Tally(), list[int]()
        sending = [
            asyncio.create_task(_client(port, random.Random(n), good, bad, tally))
            for n in range(_CLIENTS)
        ]
        for _ in range(int(seconds)):
            await asyncio.sleep(1)
            memory.append(_resident(process.pid))
        tally.stopping = True
        process.terminate()
        await asyncio.gather(*sending)
    counts = tally.counts
    answered = sum(counts[name] for name in ("right", "bad", "full"))
    print_table(
        [f"{_CLIENTS} clients, {seconds:.0f} s", "requests"],
        [
            ["answered", f"{answered:,}"],
            ["of them with the record of `predict --json`", f"{counts['right']:,}"],
            ["of them bad, each told so", f"{counts['bad']:,}"],
            ["of them told to come again (503)", f"{counts['full']:,}"],
            ["abandoned by the client", f"{counts['abandoned']:,}"],
            ["answered after SIGTERM", f"{counts['last']:,}"],
            ["not connected after SIGTERM", f"{counts['refused']:,}"],
            ["lost, or with another answer", f"{len(tally.trouble):,}"],
        ],
    )
    # What is in flight at a moment is 64 files or none: hence medians.
    early, late = (statistics.median(each) / 1e6 for each in (memory[5:15], memory[-10:]))
    print(f"Memory: {early:.0f} MB around 10 s, {late:.0f} MB in the last 10 s: ", end="")
    print(f"{late / early:.3f}; at most {max(memory) / 1e6:.0f} MB")
    print("\n".join(tally.trouble[:20]))


async def _client(
    port: int, chance: random.Random, good: Sequence[_Kind], bad: Sequence[_Kind], tally: _Tally
) -> None:
    """Sends until the service is stopped, each request over a connection of its own or not."""
    while not tally.stopping:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            tally.counts["refused"] += 1
            return
        with suppress(ConnectionError):
            for _ in range(chance.choice((1, 1, 5))):
                kind = chance.choice(bad if chance.random() < 0.2 else good)
                if chance.random() < 0.05:
                    writer.write(kind.request[: chance.choice((100, len(kind.request)))])
                    await asyncio.sleep(chance.random() / 20)
                    tally.counts["abandoned"] += 1
                    break
                before = tally.stopping
                if not await _ask(reader, writer, kind, tally) or before or tally.stopping:
                    break
        writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: _Kind, tally: _Tally
) -> bool:
    """Sends a request, and compares the answer; returns whether the connection goes on."""
    writer.write(kind.request)
    try:
        status, answer = await _answer(reader)
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        tally.trouble.append(f"{kind.code or 'an image'} was not answered: {error!r}")
        return False
    if status == 503:
        tally.counts["full"] += 1
    elif status != kind.status or not _same(answer, kind):
        tally.trouble.append(f"{kind.code or 'an image'} got {status}: {answer}"[:300])
    else:
        tally.counts["right" if kind.record else "bad"] += 1
    tally.counts["last"] += tally.stopping
    return status in (200, 422)


def _same(answer: dict[str, Any], kind: _Kind) -> bool:
    if kind.code:
        return kind.code in (answer.get("code"), answer.get("error_code"))
    wanted = kind.heatmap and kind.record["label"] is not None
    found, expected = ({**each, "heatmap": None} for each in (answer, kind.record))
    return (answer.get("heatmap") is not None) == wanted and _near(found, expected)


def _near(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return abs(found - expected) <= _TOLERANCE * max(1.0, abs(expected))
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            _near(found[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(_near, found, expected))
    return bool(found == expected)


def _good(paths: Sequence[Path]) -> Iterator[_Kind]:
    """Yields images, without and with a heatmap, and the record that the command line gives."""
    lines = run(PNEUMOSCOPE, "predict", "--json", *paths).output.splitlines()
    for path, line in zip(paths, lines, strict=True):
        address, image = f"/v1/predictions?name={quote(str(path))}", path.read_bytes()
        record = json.loads(line)
        yield _Kind(_post(address, image), 200, record)
        yield _Kind(_post(f"{address}&heatmap=array", image), 200, record, heatmap=True)


def _bad(image: bytes) -> Iterator[_Kind]:
    """Yields requests that are wrong in different ways."""
    path = "/v1/predictions"
    size = struct.pack(">4sIIBBBBB", b"IHDR", 100_000, 100_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + _chunk(size) + _chunk(b"IDAT" + zlib.compress(bytes(10)))
    yield _Kind(_post(path, b""), 422, code="image-empty")
    yield _Kind(_post(path, b"no image at all"), 422, code="image-unknown-format")
    yield _Kind(_post(path, image[: len(image) // 2]), 422, code="image-broken")
    yield _Kind(_post(path, bomb + _chunk(b"IEND")), 422, code="image-too-large")
    yield _Kind(_post(path, image, "Content-Encoding: gzip"), 415, code="request-encoded")
    yield _Kind(_post(path + "?heatmap=jpg", image), 400, code="unknown-choice")
    yield _Kind(_post("/v1/nowhere", image), 404, code="request-unknown")
    form = "Content-Type: multipart/form-data; boundary=b"
    yield _Kind(_post(path, b"no boundary", form), 400, code="request-malformed")
    yield _Kind(_post(path, image, "Origin: http://a.example"), 403, code="request-foreign")


def _chunk(content: bytes) -> bytes:
    """Makes a chunk of a PNG file of its name and data."""
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))


# What both need.


def _post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    body = await reader.readexactly(length)
    return int(head.split()[1]), json.loads(body)


@contextmanager
def _serving(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Runs a service, which the block stops at its end; yields its process and port."""
    words = [*command, "--port", "0", "--no-browser"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            yield process, int(line.partition("127.0.0.1:")[2].partition(";")[0])
            if code := process.wait(60):
                raise SystemExit(f"the service has ended with {code}")
        finally:
            process.kill()


def _processor(pid: int) -> float:
    """Returns the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS


def _resident(pid: int) -> int:
    """Returns the resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


if __name__ == "__main__":
    main()
