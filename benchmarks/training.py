"""Training: images a second and memory, beside the published notebook as it stands.

Both train on the same images at 224x224 in batches of 32: the notebook on RGB JPEGs in float32,
ours on one channel in the precision that it finds faster. Each run is a process of its own, and
the two take turns, so that whatever else the machine does slows both down alike.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from machine import (
    PLAIN,
    Finished,
    parser,
    print_facts,
    print_table,
    ratio,
    run,
    sample,
    spread,
    write_jpegs,
)
from pneumoscope.dataset import prepare
from pneumoscope.types import Split


@dataclass(frozen=True)
class Measured:
    """Runs of one variant.

    Attributes:
        rates: images/s while training, for each epoch but the first.
        epochs: seconds from one epoch's end to the next: training, validation, keeping the state.
        first: seconds from the start of the process to the end of the first epoch.
        peak: greatest resident memory, in bytes.
    """

    rates: list[float]
    epochs: list[float]
    first: list[float]
    peak: int

    @classmethod
    def of(cls, runs: Sequence[Finished]) -> Measured:
        """Reads what the processes noted, and leaves out each first epoch, which compiles."""
        rates: list[float] = []
        epochs: list[float] = []
        first: list[float] = []
        for finished in runs:
            noted = json.loads(finished.output)
            ends = noted["ended"]
            first.append(ends[0] - finished.started)
            epochs += [end - begin for begin, end in pairwise(ends)]
            rates += [
                noted["images"] / (trained - begin)
                for begin, trained in zip(ends, noted["trained"][1:], strict=False)
            ]
        return cls(rates, epochs, first, max(finished.peak for finished in runs))


def main() -> None:
    """Measures both, in turns, and prints the comparison."""
    options = parser(__doc__.splitlines()[0], images=600)
    options.add_argument("--epochs", type=int, default=4, help="of each run; the first warms up")
    options.add_argument("--repeats", type=int, default=3, help="runs of each")
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        prepared = prepare(sample(choices.data, choices.images, folder), folder / "prepared")
        train, val = write_jpegs(prepared, folder / "jpegs")
        print_facts(
            f"{sum(prepared.count(Split.TRAIN).values())} training and "
            f"{sum(prepared.count(Split.VAL).values())} validation images "
            f"({'phantoms' if choices.data is None else choices.data.name})",
            f"{choices.repeats} runs of {choices.epochs} epochs; the first of each is left out",
        )
        plain, ours = [], []
        for number in range(choices.repeats):
            epochs = str(choices.epochs)
            plain.append(run(sys.executable, PLAIN / "training.py", train, val, epochs))
            output = folder / f"run{number}"
            ours.append(run(sys.executable, __file__, "ours", prepared.root, output, epochs))
    notes = {json.loads(finished.output)["precision"] for finished in ours}
    _report(Measured.of(plain), Measured.of(ours), " or ".join(sorted(notes)))


def _report(plain: Measured, ours: Measured, precision: str) -> None:
    def row(name: str, measured: Measured) -> list[str]:
        return [
            name,
            spread(measured.rates),
            f"{max(measured.rates):.0f}",
            f"**{ratio(measured.rates, plain.rates):.2f}**",
            spread(measured.epochs, 1),
            spread(measured.first, 1),
            f"{measured.peak / 1e9:.2f} GB",
        ]

    print_table(
        ["", "images/s", "best", "ratio", "whole epoch (s)", "start to first (s)", "peak memory"],
        [row("plain notebook, float32, RGB", plain), row(f"pneumoscope, {precision}", ours)],
    )


def train_ours(data: Path, output: Path, epochs: int) -> None:
    """Trains as `pneumoscope train` does, and prints when each epoch was through."""
    from pneumoscope.run import Observer, TrainingSettings
    from pneumoscope.training import train

    class Clock(Observer):
        """Notes the same moments as the clock of the plain notebook."""

        def __init__(self) -> None:
            self.noted = {"images": 0, "trained": [], "ended": [], "precision": ""}

        def note(self, text: str) -> None:
            if text.startswith("Training in "):
                self.noted["precision"] = text.removeprefix("Training in ")

        def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
            self.noted["images"] = total
            if images == total:
                self.noted["trained"].append(time.time())

        def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
            self.noted["ended"].append(time.time())

    clock = Clock()
    train(
        data, output, TrainingSettings("baseline", epochs=epochs, patience=epochs), observer=clock
    )
    print(json.dumps(clock.noted))


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        train_ours(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
