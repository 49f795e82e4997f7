"""Architectures: processor time of a training, for each image, beside that of the default one.

Each is trained by its own recipe, on the same images, from random weights, and in a process of its
own; all take turns, so that whatever else the machine does slows all down alike. What counts is the
processor time of an epoch but the first, which compiles: on an idle machine it is the waiting time
times the cores.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from epochs import measure
from machine import parser, print_facts, print_table, ratio, sample, spread
from pneumoscope.defaults import ARCHITECTURE
from pneumoscope.recipes import ARCHITECTURES, RECIPES


def main() -> None:
    """Takes the turns, and prints a table."""
    options = parser(__doc__.splitlines()[0], images=200)
    options.add_argument("--epochs", type=int, default=3, help="of each run; the first warms up")
    options.add_argument("--turns", type=int, default=2)
    choices = options.parse_args()
    costs: dict[str, list[float]] = {name: [] for name in ARCHITECTURES}
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
                training = measure(data, folder / f"{name}{turn}", name, choices.epochs)
                costs[name] += [epoch.cost for epoch in training.epochs[1:]]
    print_table(
        ["", "pixels", "processor ms for each image", "ratio"],
        [
            [
                name,
                str(RECIPES[name].image_size),
                spread(costs[name], 1),
                f"**{ratio(costs[name], costs[ARCHITECTURE]):.1f}**",
            ]
            for name in ARCHITECTURES
        ],
    )


if __name__ == "__main__":
    main()
