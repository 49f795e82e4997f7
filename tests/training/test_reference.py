"""What a bundle keeps of its training images: enough to compare, and nothing of a single one."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.dataset import PreparedSet
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.types import Split

pytestmark = pytest.mark.keras


def test_training_images_and_validation_scores(prepared: PreparedSet) -> None:
    from pneumoscope.training.reference import summarise

    training, validation = (prepared.images.published(split) for split in (Split.TRAIN, Split.VAL))
    assert len(validation) >= 10
    score = np.linspace(0.2, 0.9, len(validation))
    found = summarise(prepared, np.stack([1 - score, score], axis=1))
    brightness = [
        load_pixels(read_bytes(record.path), prepared.geometry).mean() for record in training
    ]
    bins = found["brightness"]
    assert sum(bins.counts) == len(training)
    assert bins.patients == len({record.patient for record in training})
    assert min(bins.counts) >= 4  # 5 behind each quantile, less one for rounding
    assert min(brightness) < bins.edges[0]  # the extremes, which are single images, are not kept
    assert bins.edges[-1] < max(brightness)
    assert sum(found["score"].counts) == len(validation)
    assert 0.2 < found["score"].edges[0] <= found["score"].edges[-1] < 0.9
