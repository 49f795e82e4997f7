"""Predictions and the labels that came later, joined by the paths of the images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.errors import DataError
from pneumoscope.evaluation.overtime.labels import LaterLabel
from pneumoscope.files import name_few
from pneumoscope.monitor.predictions import SavedPrediction


@dataclass(frozen=True)
class Joined:
    """Predictions with their labels, and what has none.

    Attributes:
        pairs: the predictions that have a label, each with it.
        without_label: paths of the predictions to which no label fits, or more than one.
        without_image: paths of the labels to which no prediction fits, or more than one.
    """

    pairs: tuple[tuple[SavedPrediction, LaterLabel], ...]
    without_label: tuple[Path, ...]
    without_image: tuple[Path, ...]


def join(
    predictions: Iterable[SavedPrediction], labels: Iterable[LaterLabel], folder: Path
) -> Joined:
    """Joins predictions and labels of the same path, or else of a file name that is unique.

    Nothing is guessed: where several predictions fit one label, none of them gets it. The same
    line of several files counts once.

    Args:
        predictions: the predictions.
        labels: the labels, each path once.
        folder: folder from which relative paths of the labels may start; they may also be written
            as those of the predictions.
    """
    once, labels = list(dict.fromkeys(predictions)), list(labels)
    by_place = {place: label for label in labels for place in _places(label.path, folder)}
    names = Counter(os.path.basename(each.path) for each in once)
    names_of_labels = Counter(os.path.basename(label.path) for label in labels)
    by_name = {
        name: label
        for label in labels
        if names_of_labels[name := os.path.basename(label.path)] == names[name] == 1
    }

    def find(path: str) -> LaterLabel | None:
        found = (by_place[place] for place in _places(path, Path()) if place in by_place)
        return next(found, by_name.get(os.path.basename(path)))

    fitting = [(each, find(each.path)) for each in once]
    used = Counter(label for _, label in fitting if label)
    pairs = tuple((each, label) for each, label in fitting if label and used[label] == 1)
    return Joined(
        pairs,
        tuple(Path(each.path) for each, label in fitting if not label or used[label] > 1),
        tuple(Path(label.path) for label in labels if used[label] != 1),
    )


def nothing_joined(labels: Path, joined: Joined, given: Sequence[LaterLabel]) -> DataError:
    """Makes the error for labels of which none can be used.

    Args:
        labels: path of the labels.
        joined: what they were joined to.
        given: the labels.
    """
    if joined.pairs:
        return DataError(
            f"No labelled image of {labels} can be measured on",
            expected="images with a prediction, that the model was not made with",
            received=f"{len(joined.pairs)} that got none, or that it was made with",
            remedy="Give other images",
            code="labels-unmatched",
            values={"path": str(labels)},
        )
    images = name_few(joined.without_label) or "no image"
    return DataError(
        f"No label of {labels} fits an image",
        expected="the paths under which images were predicted, or file names that are unique",
        received=f"{name_few([Path(label.path) for label in given])}, where the images are "
        f"{images}",
        remedy="Write the paths in the column path as in the predictions",
        code="labels-unmatched",
        values={"path": str(labels)},
    )


def _places(path: str, folder: Path) -> Iterator[str]:
    yield os.path.normpath(path)
    yield os.path.abspath(folder / path)
