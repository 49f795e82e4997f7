"""What trials are judged by: figures by patient, and sources that none can be judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pneumoscope.dataset import ImageSet, PreparedSet, SplitSettings
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.types import Geometry, ImageRecord, Split

pytest.importorskip("optuna")

from pneumoscope.tuning.objective import Objective

pytestmark = pytest.mark.keras

TRAIN, VAL, TEST = Split
# patient, label, split, source, probability of the positive class
IMAGES = (
    ("a", 0, TRAIN, "west", 0.1),
    ("a", 0, TRAIN, "west", 0.7),
    ("j", 0, VAL, "west", 0.5),
    ("b", 1, VAL, "west", 0.3),
    ("c", 1, TRAIN, "west", 0.8),
    ("c", 1, TRAIN, "west", 0.2),
    ("c", 1, TRAIN, "west", 0.9),
    ("d", 1, TEST, "west", 0.0),
    ("e", 0, TRAIN, "east", 0.3),
    ("f", 0, VAL, "east", 0.3),
    ("g", 1, VAL, "east", 0.4),
    ("h", 1, TRAIN, "east", 0.4),
    ("i", 1, VAL, "north", 0.4),
)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> PreparedSet:
    """Makes a data set whose pixels are the places of the images in the list above."""
    records = tuple(
        ImageRecord(Path(f"{n}"), label, patient, split=split, groups={"source": source})
        for n, (patient, label, split, source, _) in enumerate(IMAGES)
    )

    def read(wanted: Sequence[ImageRecord], _: Geometry) -> list[np.ndarray]:
        assert all(record.split is not Split.TEST for record in wanted)
        return [np.full((1, 1), int(record.path.name), np.uint8) for record in wanted]

    def probabilities(pixels: np.ndarray) -> np.ndarray:
        positive = np.array([IMAGES[n][-1] for n in pixels.ravel()], np.float32)
        return np.stack([1 - positive, positive], axis=1)

    predictor = SimpleNamespace(probabilities=probabilities)
    monkeypatch.setattr("pneumoscope.tuning.objective.read_images", read)
    monkeypatch.setattr("pneumoscope.tuning.objective.load", lambda _: predictor)
    images = ImageSet(Path("prepared"), ("NORMAL", "PNEUMONIA"), records)
    return PreparedSet(images, Geometry(32, 32), SplitSettings(), "", "", ())


def test_each_patient_counts_once_on_a_source(prepared: PreparedSet) -> None:
    truth, score = [0, 0, 0, 1, 1, 1, 1], [0.1, 0.7, 0.5, 0.3, 0.8, 0.2, 0.9]
    weight = [3, 3, 6, 6, 2, 2, 2]
    expected = roc_auc_score(truth, score, sample_weight=weight)
    found = Objective("west").measure(Path("bundle"), prepared)
    assert found == pytest.approx(expected)
    assert found != pytest.approx(roc_auc_score(truth, score))


def test_each_patient_counts_once_in_validation(prepared: PreparedSet) -> None:
    losses = -np.log([0.5, 0.3, 0.7, 0.4, 0.4])
    assert Objective().measure(Path("bundle"), prepared) == pytest.approx(losses.mean(), rel=1e-6)


@pytest.mark.parametrize("source", ["", "west", "east"])
def test_source_of_both_classes_can_be_left_out(source: str, prepared: PreparedSet) -> None:
    Objective(source).require(prepared)


def test_source_of_one_class_is_refused(prepared: PreparedSet) -> None:
    with pytest.raises(DataError, match="north: it has one class alone") as caught:
        Objective("north").require(prepared)
    assert caught.value.code == "source-unsuited"


def test_source_whose_other_class_is_in_the_test_split_alone_is_refused(
    prepared: PreparedSet,
) -> None:
    tested = tuple(
        replace(each, split=Split.TEST) if each.patient in "aj" else each
        for each in prepared.images.records
    )
    with pytest.raises(DataError, match="west: it has one class alone"):
        Objective("west").require(
            replace(prepared, images=replace(prepared.images, records=tested))
        )


def test_unknown_source_is_answered_by_the_nearest(prepared: PreparedSet) -> None:
    with pytest.raises(SettingsError, match="west") as caught:
        Objective("wst").require(prepared)
    assert caught.value.code == "unknown-choice"


def test_trials_without_a_value_are_ranked_last() -> None:
    values = [None, 0.2, 0.9]
    assert sorted(values, key=Objective().rank) == [0.2, 0.9, None]
    assert sorted(values, key=Objective("west").rank) == [0.9, 0.2, None]
