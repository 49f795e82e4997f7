"""Size: what preparing and auditing cost as archives grow, beside a plain loop.

Seconds of the processor and the peak of the memory are those of the whole command, so that a busy
machine changes little. The memory of a million images is that of the greatest archive, extended by
what each image has added since the smallest.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from machine import PLAIN, PNEUMOSCOPE, print_facts, print_table, run
from many import make_archive, make_up

_MILLION = 1_000_000


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of the processor, and peak of its memory in bytes."""

    images: int
    processor: float
    peak: int


def main() -> None:
    """Makes the archives that are not there yet, runs the commands, and prints a table of each."""
    options = ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scratch", type=Path, required=True, help="folder for the archives")
    options.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000, 100_000])
    options.add_argument("--source", type=Path, help="real JPEGs to copy; made-up ones if left out")
    options.add_argument("--copies", type=int, help="size of the one archive of --source")
    options.add_argument("--image-size", type=int, default=224)
    choices = options.parse_args()
    sizes = [choices.copies] if choices.copies else choices.sizes
    print_facts(f"{'made-up' if choices.source is None else choices.source.name} JPEG files")
    costs: dict[str, list[Cost]] = {}
    for count in sizes:
        archive = choices.scratch / f"{'made' if choices.source is None else 'real'}-{count}"
        if choices.source is None:
            make_up(archive, count)
        else:
            make_archive(choices.source, archive, count)
        for name, command in _commands(archive, choices.image_size).items():
            costs.setdefault(name, []).append(_measure(count, command))
    for name, measured in costs.items():
        _report(name, measured)


def _commands(archive: Path, side: int) -> dict[str, list[str | Path]]:
    beside = archive.with_name(archive.name + ".out")
    plain = [sys.executable, PLAIN / "resizing.py", archive, beside / "plain", str(side)]
    output = ["--output", beside / "prepared", "--image-size", str(side)]
    return {
        "Pillow, a plain loop": plain,
        "pneumoscope data prepare": [PNEUMOSCOPE, "data", "prepare", archive, *output],
        "pneumoscope data audit": [PNEUMOSCOPE, "data", "audit", archive, "-o", beside / "a.html"],
    }


def _measure(count: int, command: list[str | Path]) -> Cost:
    try:
        done = run(*command)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[1]} ended with {error.returncode}")
    return Cost(count, done.processor, done.peak)


def _report(name: str, measured: list[Cost]) -> None:
    first = measured[0]
    rows = [
        [f"{cost.images:,}", *_each(cost, first), f"{cost.peak / 1e6:,.0f}"] for cost in measured
    ]
    last = measured[-1]
    if last is not first:
        more = (last.peak - first.peak) / (last.images - first.images)
        peak = last.peak + more * (_MILLION - last.images)
        rows.append([f"{_MILLION:,}, extended", "", "", f"{peak / 1e6:,.0f}"])
    header = [name, "CPU s", "ms an image more", "peak memory (MB)"]
    print_table(header, rows)


def _each(cost: Cost, first: Cost) -> tuple[str, str]:
    if cost is first:
        return f"{cost.processor:.1f}", "-"
    more = (cost.processor - first.processor) / (cost.images - first.images)
    return f"{cost.processor:.1f}", f"{1000 * more:.2f}"


if __name__ == "__main__":
    main()
