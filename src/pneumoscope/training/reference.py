"""What later images are held against: the spread of the training images and validation scores."""

from __future__ import annotations

from pneumoscope.dataset import PreparedSet
from pneumoscope.imaging import tabulate_pictures
from pneumoscope.statistics import Bins, FloatArray
from pneumoscope.task import positive_score
from pneumoscope.types import Split


def summarise(prepared: PreparedSet, probabilities: FloatArray) -> dict[str, Bins]:
    """Sums up the facts of the training images and the scores of the validation images.

    Scores of training images would be those of images learnt by heart.

    Args:
        prepared: the data that the network was trained on.
        probabilities: of the validation images as the bundle gives them, shape (n, classes).

    Returns:
        Bins by name of an image fact, and of "score", the probability of the positive side;
        without what is too few or too much alike to be divided.
    """
    training = prepared.images.published(Split.TRAIN)
    columns = tabulate_pictures([record.path for record in training], prepared.geometry)
    of_patients = _patients(prepared, Split.TRAIN)
    found = {name: Bins.of(values, of_patients) for name, values in columns.items()}
    found["score"] = Bins.of(positive_score(probabilities), _patients(prepared, Split.VAL))
    return {name: bins for name, bins in found.items() if bins is not None}


def _patients(prepared: PreparedSet, split: Split) -> int:
    return len({record.patient for record in prepared.images.published(split)})
