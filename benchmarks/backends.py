"""Backends of Keras: images a second of the same training on each, beside TensorFlow.

Each trains the same prepared images by the same recipe in float32, in a process of its own, and in
an environment that may be its own. They take turns, so that whatever else the machine does slows
all down alike; each turn begins with another one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from epochs import Epoch, Training, measure
from machine import parser, print_facts, print_table, ratio, sample, spread
from pneumoscope.dataset import prepare
from pneumoscope.defaults import ARCHITECTURE
from pneumoscope.recipes import ARCHITECTURES, RECIPES
from pneumoscope.types import Split

BACKENDS = ("tensorflow", "jax", "torch")


def main() -> None:
    """Takes the turns, and prints a table."""
    options = parser(__doc__.splitlines()[0], images=300)
    options.add_argument("--arch", choices=ARCHITECTURES, default=ARCHITECTURE)
    options.add_argument("--epochs", type=int, default=4, help="of each run; the first warms up")
    options.add_argument("--turns", type=int, default=3)
    for backend in BACKENDS:
        options.add_argument(
            f"--{backend}", metavar="PYTHON", default=sys.executable, help="that has this backend"
        )
    choices = options.parse_args()
    trainings: dict[str, list[Training]] = {backend: [] for backend in BACKENDS}
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        prepared = prepare(
            sample(choices.data, choices.images, folder),
            folder / "prepared",
            geometry=RECIPES[choices.arch].geometry,
        )
        print_facts(
            f"{choices.arch}, {sum(prepared.count(Split.TRAIN).values())} training images "
            f"({'phantoms' if choices.data is None else choices.data.name})",
            f"{choices.turns} runs of {choices.epochs} epochs; the first of each is left out",
        )
        for turn in range(choices.turns):
            first = turn % len(BACKENDS)
            for backend in BACKENDS[first:] + BACKENDS[:first]:
                training = measure(
                    prepared.root,
                    folder / f"{backend}{turn}",
                    choices.arch,
                    choices.epochs,
                    python=getattr(choices, backend),
                    KERAS_BACKEND=backend,
                )
                trainings[backend].append(training)
    _report(trainings)


def _report(trainings: dict[str, list[Training]]) -> None:
    plain = _measured(trainings[BACKENDS[0]])

    def row(backend: str) -> list[str]:
        runs = trainings[backend]
        epochs = _measured(runs)
        versions = runs[0].versions.items()
        rates, costs = [each.rate for each in epochs], [each.cost for each in epochs]
        return [
            next(f"{name} {version}" for name, version in versions if name.startswith(backend)),
            spread(rates, 1),
            f"**{ratio(rates, [each.rate for each in plain]):.2f}**",
            spread(costs, 1),
            f"**{ratio(costs, [each.cost for each in plain]):.2f}**",
            spread([each.epochs[0].trained - each.finished.started for each in runs], 1),
            f"{max(each.finished.peak for each in runs) / 1e9:.2f} GB",
        ]

    header = ["", "images/s", "ratio", "processor ms for each image", "ratio"]
    print_table([*header, "start to first (s)", "peak memory"], [*map(row, BACKENDS)])


def _measured(runs: list[Training]) -> list[Epoch]:
    """All epochs but the first of each run, which compiles."""
    return [epoch for run in runs for epoch in run.epochs[1:]]


if __name__ == "__main__":
    main()
