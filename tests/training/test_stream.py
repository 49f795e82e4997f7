"""Batches: every image once an epoch, each epoch in its own order, the same on resuming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumoscope.dataset import PreparedSet
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.training.array_stream import ArrayImages
from pneumoscope.training.stream import Images, Stream
from pneumoscope.training.tensorflow_stream import TensorFlowImages
from pneumoscope.types import Split
from tests.training.conftest import SMALL

pytestmark = pytest.mark.keras


@pytest.fixture(params=[TensorFlowImages, ArrayImages], ids=["tensorflow", "arrays"])
def made_by(request: pytest.FixtureRequest) -> Any:
    return request.param


def arrays(stream: Stream) -> Iterator[Any]:
    batches: Any = stream.batches
    if hasattr(batches, "as_numpy_iterator"):
        yield from batches.as_numpy_iterator()
    else:
        wanted = range(batches.num_batches) if batches.num_batches else count()
        yield from (batches[number] for number in wanted)


def load(
    made_by: Any, prepared: PreparedSet, split: Split, weights: Mapping[Path, float] | None = None
) -> Images:
    """Loads all images of a split, or those that have weights, with these."""
    alike = {record.path: 1.0 for record in prepared.images.published(split)}
    folder, classes = prepared.root / split, prepared.images.classes
    return made_by(folder, classes, SMALL, weights or alike, weighted=weights is not None)


def epochs(
    made_by: Any, prepared: PreparedSet, first: int, wanted: int, seed: int = 1
) -> list[list[Any]]:
    """The images of each epoch as bytes, in the order in which they come."""
    stream = load(made_by, prepared, Split.TRAIN).epochs(8, seed=seed, first_epoch=first)
    batches = list(islice(arrays(stream), wanted * stream.steps))
    found = []
    for number in range(wanted):
        part = batches[number * stream.steps : (number + 1) * stream.steps]
        found.append([image.tobytes() for images, _ in part for image in images])
        assert len(found[-1]) == stream.images
    return found


def test_every_epoch_holds_every_image_in_another_order(
    made_by: Any, prepared: PreparedSet
) -> None:
    first, second = epochs(made_by, prepared, 0, 2)
    assert sorted(first) == sorted(second)
    assert first != second
    assert len(set(first)) == len(prepared.images.published(Split.TRAIN))


def test_order_depends_on_seed_and_epoch_alone(made_by: Any, prepared: PreparedSet) -> None:
    assert epochs(made_by, prepared, 0, 3)[2] == epochs(made_by, prepared, 2, 1)[0]
    assert epochs(made_by, prepared, 0, 1) != epochs(made_by, prepared, 0, 1, seed=2)


def test_validation_holds_the_prepared_pixels_with_their_labels(
    made_by: Any, prepared: PreparedSet
) -> None:
    stream = load(made_by, prepared, Split.VAL).once(8)
    images, labels = (np.concatenate(parts) for parts in zip(*arrays(stream), strict=True))
    records = prepared.images.published(Split.VAL)
    assert images.dtype == np.uint8
    assert images.shape == (len(records), 32, 32, 1)
    found = sorted(zip((i.tobytes() for i in images), labels.tolist(), strict=True))
    expected = sorted(
        (load_pixels(read_bytes(record.path), SMALL).tobytes(), record.label) for record in records
    )
    assert found == expected


def test_each_image_keeps_its_weight_and_others_are_left_out(
    made_by: Any, prepared: PreparedSet
) -> None:
    records = prepared.images.published(Split.TRAIN)[::2]
    weights = {record.path: 0.5 + number for number, record in enumerate(records)}
    stream = load(made_by, prepared, Split.TRAIN, weights).epochs(8, seed=1, first_epoch=0)
    assert stream.images == len(records)
    batches = islice(arrays(stream), stream.steps)
    images, labels, given = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    found = sorted(
        (i.tobytes(), label, weight)
        for i, label, weight in zip(images, labels.tolist(), given.tolist(), strict=True)
    )
    expected = sorted(
        (load_pixels(read_bytes(r.path), SMALL).tobytes(), r.label, weights[r.path])
        for r in records
    )
    assert found == expected
