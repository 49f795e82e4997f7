"""What later images are held against: the spread of the training images and validation scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from pneumoscope.dataset import PreparedSet
from pneumoscope.imaging import tabulate_pictures
from pneumoscope.statistics import Bins, FloatArray
from pneumoscope.training.stream import validation_stream
from pneumoscope.types import Split


def summarise(network: Any, prepared: PreparedSet, batch_size: int) -> dict[str, Bins]:
    """Sums up the facts of the training images and the scores of the validation images.

    Scores of training images would be those of images learnt by heart.

    Args:
        network: gives probabilities (n, classes).
        prepared: the data that it was trained on.
        batch_size: images in a batch.

    Returns:
        Bins by name of an image fact, and of "score", the probability of the positive side;
        without what is too few or too much alike to be divided.
    """
    training = prepared.images.published(Split.TRAIN)
    columns = tabulate_pictures([record.path for record in training], prepared.geometry)
    of_patients = _patients(prepared, Split.TRAIN)
    found = {name: Bins.of(values, of_patients) for name, values in columns.items()}
    scores = _validation_scores(network, prepared, batch_size)
    found["score"] = Bins.of(scores, _patients(prepared, Split.VAL))
    return {name: bins for name, bins in found.items() if bins is not None}


def _patients(prepared: PreparedSet, split: Split) -> int:
    return len({record.patient for record in prepared.images.published(split)})


def _validation_scores(network: Any, prepared: PreparedSet, batch_size: int) -> FloatArray:
    stream = validation_stream(
        prepared.root / Split.VAL, prepared.images.classes, prepared.geometry, batch_size
    )
    probabilities: FloatArray = network.predict(stream.batches, verbose=0).astype("float64")
    score: FloatArray = np.minimum(probabilities[:, 1:].sum(axis=1), 1.0)
    return score
