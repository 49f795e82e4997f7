"""Architectures: processor time of a training, for each image, beside that of the default one.

Each is trained by its own recipe, on the same images, from random weights, and in a process of its
own; all take turns, so that whatever else the machine does slows all down alike. What counts is the
processor time of an epoch but the first, which compiles: on an idle machine it is the waiting time
times the cores.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from machine import parser, print_facts, print_table, ratio, run, sample, spread
from pneumoscope.defaults import ARCHITECTURE
from pneumoscope.recipes import ARCHITECTURES, RECIPES


def main() -> None:
    """Takes the turns, and prints a table."""
    options = parser(__doc__.splitlines()[0], images=200)
    options.add_argument("--epochs", type=int, default=3, help="of each run; the first warms up")
    options.add_argument("--turns", type=int, default=2)
    choices = options.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in ARCHITECTURES}
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        data = sample(choices.data, choices.images, folder)
        kind = "phantoms" if choices.data is None else choices.data.name
        print_facts(
            f"{choices.images} images ({kind})",
            f"{choices.turns} runs of {choices.epochs} epochs; the first of each is left out",
        )
        for turn in range(choices.turns):
            for name in ARCHITECTURES:
                words = ("of", data, folder / f"{name}{turn}", name, str(choices.epochs))
                seconds[name] += json.loads(run(sys.executable, __file__, *words).output)[1:]
    print_table(
        ["", "pixels", "processor ms for each image", "ratio"],
        [
            [
                name,
                str(RECIPES[name].image_size),
                spread([1000 * each for each in seconds[name]], 1),
                f"**{ratio(seconds[name], seconds[ARCHITECTURE]):.1f}**",
            ]
            for name in ARCHITECTURES
        ],
    )


def train_one(data: Path, output: Path, arch: str, epochs: int) -> None:
    """Trains some epochs, and prints the processor seconds of each for an image, as JSON."""
    from pneumoscope.run import Observer, Precision, TrainingSettings
    from pneumoscope.training import train

    class Enough(Exception):
        """The last epoch has ended; what follows it is not measured."""

    class Clock(Observer):
        """Notes how long each epoch has trained, without its validation."""

        def __init__(self) -> None:
            self.seconds: list[float] = []
            self._begun = time.process_time()

        def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
            if images == total:
                self.seconds.append((time.process_time() - self._begun) / total)

        def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
            self._begun = time.process_time()
            if epoch == epochs:
                raise Enough

    clock = Clock()
    settings = TrainingSettings(
        arch, precision=Precision.FLOAT32, weights="none", epochs=epochs, patience=0
    )
    try:
        train(data, output, settings, observer=clock)
    except Enough:
        print(json.dumps(clock.seconds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["of"]:
        train_one(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
    else:
        main()
