"""Scoring an archive: beside one process, by workers and files, under kills, and by Ray.

Files are copies of the JPEG files of a data set, no two of the same bytes. What is read often is in
the memory of the system: disks are not measured. Ratios are those of runs that alternate.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from machine import PNEUMOSCOPE, Finished, run, spread
from many import make_archive
from pneumoscope.scored.shards import read_tables

# Prints the greatest resident memory of the driver alone, in kB, without that of its workers.
_DRIVER = """
import resource, sys
import pneumoscope
part = tuple(map(int, sys.argv[4:6])) or None
pneumoscope.score(None, *sys.argv[2:4], workers=int(sys.argv[1]), shard=part)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def main() -> None:
    """Prints the tables that were asked for."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", type=Path, help="class folders of JPEG radiographs")
    options.add_argument("--scratch", type=Path, required=True, help="folder for copies of them")
    options.add_argument("--images", type=int, default=1000, help="files of speed")
    options.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    options.add_argument("--planned", type=int, default=1_000_000, help="lines of a long list")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--killed", type=int, default=20_000, help="files of the kills")
    options.add_argument("--clustered", type=int, default=5_000, help="files of Ray")
    options.add_argument("--between", type=float, default=5, help="most seconds between kills")
    options.add_argument("--seed", type=int, default=0)
    parts = {
        "speed": _speed,
        "sizes": _sizes,
        "memory": _memory,
        "kills": _kills,
        "ray": _ray,
    }
    options.add_argument("--only", choices=parts, nargs="+", default=[*parts])
    choices = options.parse_args()
    for name in choices.only:
        parts[name](choices)


def _archive(choices: argparse.Namespace, images: int) -> Path:
    folder = choices.scratch / f"archive-{images}"
    make_archive(choices.data, folder, images)
    return folder


def _score(archive: Path, scored: Path, workers: int, *options: str) -> Finished:
    rmtree(scored, ignore_errors=True)
    return run(PNEUMOSCOPE, "score", archive, "-o", scored, "--workers", str(workers), *options)


def _speed(choices: argparse.Namespace) -> None:
    archive, scored = _archive(choices, choices.images), choices.scratch / "speed"
    cases: dict[str, Callable[[], Finished]] = {
        "predict --csv": lambda: run(PNEUMOSCOPE, "predict", archive, "--csv"),
        "score --workers 1": lambda: _score(archive, scored, 1),
        "score --workers 2": lambda: _score(archive, scored, 2),
    }
    found: dict[str, list[Finished]] = {name: [] for name in cases}
    for _ in range(choices.turns):
        for name, case in cases.items():
            found[name].append(case())
    first, one, _ = ([each.seconds for each in runs] for runs in found.values())
    print("| | images/s | of predict | of one worker | processor ms an image |")
    print("|---|---:|---:|---:|---:|")
    for name, runs in found.items():
        rates = [choices.images / each.seconds for each in runs]
        cost = [1000 * each.processor / choices.images for each in runs]
        ratios = [
            spread([a / each.seconds for a, each in zip(base, runs, strict=True)], 2)
            for base in (first, one)
        ]
        print(f"| {name} | {spread(rates)} | {' | '.join(ratios)} | {spread(cost, 1)} |")
    print()


def _ray(choices: argparse.Namespace) -> None:
    """Compares a Ray cluster that has been started with processes of ours, on the same cores."""
    archive = _archive(choices, choices.clustered)
    own, clustered = choices.scratch / "own", choices.scratch / "clustered"
    with _cluster(workers := 2) as address:
        ratios = []
        for _ in range(choices.turns):
            ours = _score(archive, own, workers)
            rays = _score(archive, clustered, workers, "--ray", address)
            ratios.append(ours.seconds / rays.seconds)
    rows = [sorted(_rows(root)) for root in (own, clustered)]
    differing = sum(a != b for a, b in zip(*rows, strict=True))
    print("| images | images/s by Ray, of those by processes of ours | rows that differ |")
    print("|---:|---:|---:|")
    print(f"| {choices.clustered:,} | {spread(ratios, 2)} | {differing} |\n")


@contextmanager
def _cluster(cores: int) -> Iterator[str]:
    """Starts a Ray cluster of one machine on loopback; returns its address, and ends it."""
    program = str(Path(sys.executable).with_name("ray"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    where = ["--node-ip-address", "127.0.0.1", "--port", address.rpartition(":")[2]]
    most = ["--num-cpus", str(cores), "--object-store-memory", str(80 * 2**20)]
    silent = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    command = [program, "start", "--head", "--block", "--include-dashboard", "false", *where, *most]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=silent) as process:
        try:
            time.sleep(20)  # all of its parts have then been started
            yield address
        finally:
            process.terminate()


def _rows(root: Path) -> Sequence[tuple[object, ...]]:
    """Reads the columns of results that no moment or place changes."""
    names = ("path", "sha256", "error_code", "label", "probability")
    columns = [
        [value for each in read_tables(root, [name]) for value in each[name].to_pylist()]
        for name in names
    ]
    return [*zip(*columns, strict=True)]


def _sizes(choices: argparse.Namespace) -> None:
    print("| images | seconds | processor ms an image | of the first |")
    print("|---:|---:|---:|---:|")
    costs: list[float] = []
    for images in choices.sizes:
        done = _score(_archive(choices, images), choices.scratch / "sizes", 2)
        costs.append(1000 * done.processor / images)
        print(
            f"| {images:,} | {done.seconds:,.0f} | {costs[-1]:.2f} | {costs[-1] / costs[0]:.3f} |"
        )
    print()


def _memory(choices: argparse.Namespace) -> None:
    """Measures the driver at a short list, and at a long one of files that are not there."""
    print("| images in the list | memory of the driver, MB | bytes an image above the first |")
    print("|---:|---:|---:|")
    peaks = []
    for images in (100, choices.planned):
        table, scored = choices.scratch / "list.csv", choices.scratch / "memory"
        with table.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["path", "label"])
            for number in range(images):
                name = f"hospital/{number // 1000:05}/{number:08}/radiograph-{number:010}.dcm"
                lines.writerow([name, "NORMAL"])
        rmtree(scored, ignore_errors=True)
        part = ("1", str(max(images // 1000, 1)))
        done = run(sys.executable, "-c", _DRIVER, "1", table, scored, *part)
        peaks.append(int(done.output) * 1024)
        above = (peaks[-1] - peaks[0]) / images
        print(f"| {images:,} | {peaks[-1] / 1e6:,.0f} | {above:,.0f} |")
    print()


def _kills(choices: argparse.Namespace) -> None:
    archive, scored = _archive(choices, choices.killed), choices.scratch / "kills"
    rmtree(scored, ignore_errors=True)
    command = [PNEUMOSCOPE, "score", str(archive), "-o", str(scored), "--workers", "2"]
    draw = random.Random(choices.seed)
    victims = Counter[str]()
    process = _begin(command)
    while victims.total() < choices.kills:
        time.sleep(draw.uniform(0, choices.between))
        if process.poll() is not None:
            raise SystemExit("all is scored before the last kill: take more images")
        workers = _children(process.pid)
        if workers and draw.random() < 0.5:
            os.kill(draw.choice(workers), signal.SIGKILL)
            victims["worker"] += 1
        else:
            process.kill()
            process.wait()
            victims["driver"] += 1
            process = _begin(command)
    process.wait()
    paths, codes = (
        [value for each in read_tables(scored, [name]) for value in each[name].to_pylist()]
        for name in ("path", "error_code")
    )
    different = len({*paths})
    killed = ", ".join(f"{who} {count}" for who, count in sorted(victims.items()))
    print("| killed | images | lost | doubled | set aside |")
    print("|---|---:|---:|---:|---:|")
    print(
        f"| {killed} | {choices.killed:,} | {choices.killed - different} | "
        f"{len(paths) - different} | {codes.count('image-ends-program')} |"
    )


def _begin(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _children(process: int) -> Sequence[int]:
    try:
        found = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in found.split()]


if __name__ == "__main__":
    main()
