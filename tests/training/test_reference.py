"""What a bundle keeps of its training images: enough to compare, and nothing of a single one."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.dataset import PreparedSet
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.types import Split

pytestmark = pytest.mark.keras


def test_training_images_and_validation_scores(prepared: PreparedSet) -> None:
    from pneumoscope.training import architectures
    from pneumoscope.training.reference import summarise

    network = architectures.find("baseline")(prepared.geometry, 2)
    found = summarise(network, prepared, 32)
    training, validation = (prepared.images.published(split) for split in (Split.TRAIN, Split.VAL))
    brightness = [
        load_pixels(read_bytes(record.path), prepared.geometry).mean() for record in training
    ]
    bins = found["brightness"]
    assert sum(bins.counts) == len(training)
    assert bins.patients == len({record.patient for record in training})
    assert min(bins.counts) >= 4  # 5 behind each quantile, less one for rounding
    assert min(brightness) < bins.edges[0]  # the extremes, which are single images, are not kept
    assert bins.edges[-1] < max(brightness)
    if len(validation) >= 10:
        pixels = [load_pixels(read_bytes(r.path), prepared.geometry) for r in validation]
        scores = network.predict_on_batch(np.stack(pixels)[..., None])[:, 1]
        assert sum(found["score"].counts) == len(validation)
        assert scores.min() <= found["score"].edges[0] <= scores.max()
    else:
        assert "score" not in found
