"""The loading of prepared images, for the backend of Keras that trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import weigh_alike
from pneumoscope.recipes import Balance
from pneumoscope.training.backend import keras
from pneumoscope.training.stream import Images
from pneumoscope.types import ImageRecord, Split


def load_images(
    prepared: PreparedSet, split: Split, weights: Mapping[Path, float] | None = None
) -> Images:
    """Loads the images of a split.

    Args:
        prepared: a prepared data set; what has been left out of it is not loaded.
        split: the split.
        weights: weight of each image by its path; None where all count alike.
    """
    paths = [record.path for record in prepared.images.published(split)]
    wanted = dict.fromkeys(paths, 1.0) if weights is None else {p: weights[p] for p in paths}
    given = prepared.root / split, prepared.images.classes, prepared.geometry, wanted
    if keras.backend.backend() == "tensorflow":
        from pneumoscope.training.tensorflow_stream import TensorFlowImages

        return TensorFlowImages(*given, weighted=weights is not None)
    from pneumoscope.training.array_stream import ArrayImages

    return ArrayImages(*given, weighted=weights is not None)


def weigh(prepared: PreparedSet, balance: Balance) -> Mapping[Path, float] | None:
    """Weighs the training images by what is to count alike; None if each image counts as one.

    Args:
        prepared: the data set, without what has been left out.
        balance: what counts alike.
    """
    if balance is Balance.NONE:
        return None
    records = prepared.images.published(Split.TRAIN)

    def kind(record: ImageRecord) -> tuple[str, int]:
        return record.source if balance is Balance.SOURCES else "", record.label

    weight_of = weigh_alike(map(kind, records))
    return {record.path: weight_of[kind(record)] for record in records}
