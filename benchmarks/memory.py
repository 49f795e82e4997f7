"""Memory: the peak of a training run, and what 10,000 predictions leave behind.

Both are the real commands, watched from outside. Training is measured beside the published
notebook on the same images.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from machine import (
    PLAIN,
    PNEUMOSCOPE,
    parser,
    print_facts,
    print_table,
    run,
    sample,
    write_jpegs,
)
from pneumoscope.dataset import PreparedSet, prepare
from pneumoscope.types import Split


def main() -> None:
    """Measures training, then predicting, and prints both tables."""
    options = parser(__doc__.splitlines()[0], images=600)
    options.add_argument("--predictions", type=int, default=10_000)
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        prepared = prepare(sample(choices.data, choices.images, folder), folder / "prepared")
        print_facts(
            f"{len(prepared.images.records)} images, "
            f"{sum(prepared.count(Split.TRAIN).values())} of them to train on "
            f"({'phantoms' if choices.data is None else choices.data.name})"
        )
        _report_training(prepared, folder)
        _report_predicting(prepared, folder, choices.predictions)


def _report_training(prepared: PreparedSet, folder: Path) -> None:
    train, val = write_jpegs(prepared, folder / "jpegs")
    plain = run(sys.executable, PLAIN / "training.py", train, val, "1")
    output = folder / "run"
    ours = run(
        PNEUMOSCOPE, "train", prepared.root, "--arch", "baseline", "-o", output, "--epochs", "1"
    )
    rows = [
        [name, f"{finished.peak / 1e9:.2f} GB", f"**{finished.peak / plain.peak:.2f}**"]
        for name, finished in {"plain notebook": plain, "pneumoscope train": ours}.items()
    ]
    print_table(["training, one epoch", "peak memory", "ratio"], rows)


def _report_predicting(prepared: PreparedSet, folder: Path, predictions: int) -> None:
    many = folder / "many"
    many.mkdir()
    records = prepared.images.records
    for number in range(predictions):
        (many / f"{number:06}.png").symlink_to(records[number % len(records)].path)
    measured = _watch(many, folder / "run", every=max(1, predictions // 10))
    first = measured[0][1]
    rows = [
        [f"{done:,}", f"{resident / 1e6:.1f} MB", f"**{resident / first:.3f}**"]
        for done, resident in measured
    ]
    print_table(["files predicted", "resident memory", "ratio"], rows)


def _watch(files: Path, bundle: Path, every: int) -> list[tuple[int, int]]:
    """Resident bytes of `pneumoscope predict` after each so many files."""
    measured = []
    with subprocess.Popen(
        (PNEUMOSCOPE, "predict", bundle, files, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        for done, _ in enumerate(process.stdout, start=1):
            if done % every == 0:
                measured.append((done, _resident(process.pid)))
    return measured


def _resident(pid: int) -> int:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * 4096


if __name__ == "__main__":
    main()
