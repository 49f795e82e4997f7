"""Epochs of a training in a process of its own, each measured without its validation.

All in float32, and from random weights. Each first epoch compiles: leave it out of comparisons.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from machine import Finished, run

_SOURCE = Path(__file__).parents[1] / "src"


@dataclass(frozen=True)
class Epoch:
    """One epoch, from its begin until all its images have been trained on.

    Attributes:
        images: number of training images.
        begun: when it began, as `time.time()`; the first as the process was ready to import Keras.
        trained: when it was through.
        processor: seconds of all cores.
    """

    images: int
    begun: float
    trained: float
    processor: float

    @property
    def rate(self) -> float:
        """Images/s."""
        return self.images / (self.trained - self.begun)

    @property
    def cost(self) -> float:
        """Processor ms for each image."""
        return 1000 * self.processor / self.images


@dataclass(frozen=True)
class Training:
    """The epochs of one process.

    Attributes:
        finished: the process.
        versions: versions of its libraries, by name.
        epochs: its epochs.
    """

    finished: Finished
    versions: Mapping[str, str]
    epochs: list[Epoch]


def measure(
    data: Path,
    output: Path,
    arch: str,
    epochs: int,
    *,
    python: str = sys.executable,
    **environment: str,
) -> Training:
    """Trains some epochs with this source, and measures each.

    Args:
        data: class folders, or a prepared folder.
        output: a new run folder.
        arch: the architecture, which is trained by its own recipe.
        epochs: number of epochs.
        python: an interpreter with a backend of Keras.
        **environment: variables of the environment besides those of this process.
    """
    words = (data, output, arch, str(epochs))
    finished = run(python, __file__, *words, PYTHONPATH=str(_SOURCE), **environment)
    noted = json.loads(finished.output)
    return Training(finished, noted["versions"], [Epoch(**each) for each in noted["epochs"]])


def _train(data: Path, output: Path, arch: str, epochs: int) -> None:
    clock, processor = time.time(), time.process_time()
    from pneumoscope.run import Observer, Precision, TrainingSettings, library_versions
    from pneumoscope.training import train

    class Enough(Exception):
        """The last epoch has ended; what follows it is not measured."""

    class Clock(Observer):
        def __init__(self) -> None:
            self.epochs: list[Epoch] = []
            self._begun = clock, processor

        def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
            if images == total:
                begun, spent = self._begun
                ended = time.time(), time.process_time()
                self.epochs.append(Epoch(total, begun, ended[0], ended[1] - spent))

        def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
            self._begun = time.time(), time.process_time()
            if epoch == epochs:
                raise Enough

    observer = Clock()
    settings = TrainingSettings(
        arch, precision=Precision.FLOAT32, weights="none", epochs=epochs, patience=0
    )
    try:
        train(data, output, settings, observer=observer)
    except Enough:
        versions = library_versions(os.environ.get("KERAS_BACKEND", "tensorflow"))
        print(json.dumps({"versions": versions, "epochs": [*map(asdict, observer.epochs)]}))


if __name__ == "__main__":
    _train(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
