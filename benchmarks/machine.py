"""What the benchmarks share: images to measure on, processes to measure, tables to print."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile

from PIL import Image

from pneumoscope.dataset import PhantomSettings, PreparedSet, make_phantoms, scan
from pneumoscope.types import Split

PLAIN = Path(__file__).with_name("plain")
PNEUMOSCOPE = str(Path(sys.executable).with_name("pneumoscope"))
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
_LIBRARIES = ("tensorflow-cpu", "tensorflow", "keras", "onnxruntime", "openvino")
_LIBRARIES += ("numpy", "scikit-learn", "pillow")


@dataclass(frozen=True)
class Finished:
    """A process that has ended well.

    Attributes:
        started: when, as `time.time()`.
        seconds: from its start to its end.
        processor: seconds of all cores, those of the system among them.
        peak: greatest resident memory, in bytes.
        output: what it printed.
    """

    started: float
    seconds: float
    processor: float
    peak: int
    output: str


def run(*command: str | Path, **environment: str) -> Finished:
    """Runs a command to its end, and measures it alone.

    Args:
        *command: the command.
        **environment: variables of its environment besides those of this process.

    Raises:
        CalledProcessError: if it fails.
    """
    started = time.time()
    clock = time.perf_counter()
    variables = {**os.environ, **environment}
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=variables
        ) as process,
    ):
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - clock
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.stderr.write(errors.read())
            raise subprocess.CalledProcessError(process.returncode, command)
    # Linux counts in KiB, macOS in bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Finished(started, seconds, usage.ru_utime + usage.ru_stime, peak, output)


def parser(description: str, images: int) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--data", type=Path, help="class folders; phantoms if left out")
    options.add_argument("--images", type=int, default=images, help="use so many of them")
    return options


def sample(data: Path | None, images: int, folder: Path) -> Path:
    """Class folders of so many images, evenly taken out of a data set or drawn as phantoms.

    Args:
        data: a data set; None for phantoms.
        images: at most this many.
        folder: an empty folder to work in.

    Returns:
        The class folders, with links to the images.
    """
    if data is None:
        data = folder / "phantoms"
        make_phantoms(data, PhantomSettings(patients=images, images_per_patient=(1, 1)))
    found = scan(data)
    count = min(images, len(found.records))
    for number in range(count):
        record = found.records[number * len(found.records) // count]
        link = folder / "sample" / found.classes[record.label] / record.path.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(record.path.resolve())
    return folder / "sample"


def write_jpegs(prepared: PreparedSet, folder: Path) -> tuple[Path, Path]:
    """The prepared images as a notebook has them: class folders of RGB JPEGs."""
    for record in prepared.images.records:
        path = folder / record.path.relative_to(prepared.root).with_suffix(".jpeg")
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(record.path) as image:
            image.convert("RGB").save(path, quality=95)
    return folder / Split.TRAIN, folder / Split.VAL


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, least and greatest."""
    low, middle, high = (f"{f(values):,.{digits}f}" for f in (min, statistics.median, max))
    return f"{middle} ({low} to {high})"


def ratio(values: Sequence[float], plain: Sequence[float]) -> float:
    """How much greater than the plain ones: the median over the turns that both have taken."""
    return statistics.median(value / other for value, other in zip(values, plain, strict=True))


def print_facts(*more: str) -> None:
    """Prints what was measured on, as a Markdown list."""
    versions = [f"Python {platform.python_version()}"]
    for name in _LIBRARIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    print(f"- {date.today()}, {platform.system()} {platform.machine()}")
    print(f"- {_cpu()}, {os.cpu_count()} cores; load before {os.getloadavg()[0]:.1f}")
    print("- " + ", ".join(versions))
    for fact in more:
        print(f"- {fact}")
    print(flush=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a Markdown table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], *rows]
    for line in lines:
        first, *others = zip(line, widths, strict=True)
        cells = [f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    if not facts.is_file():
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in facts.read_text().splitlines())
    values = {name.strip(): value.strip() for name, _, value in lines}
    flags = [flag for flag in _FLAGS if flag in values.get("flags", "").split()]
    return f"{values.get('model name', 'unknown CPU')} ({', '.join(flags)})"
