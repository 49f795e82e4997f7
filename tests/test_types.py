"""Records are validated on construction."""

from __future__ import annotations

import json

import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.types import (
    Estimate,
    Geometry,
    Label,
    OperatingPoint,
    Prediction,
    Status,
    Undecided,
)


def test_published_classes_have_the_published_numbers() -> None:
    assert (Label.NORMAL, Label.PNEUMONIA) == (0, 1)


@pytest.mark.parametrize(("height", "width"), [(31, 224), (224, 1025)])
def test_geometry_out_of_range(height: int, width: int) -> None:
    with pytest.raises(SettingsError, match=f"{height}x{width}"):
        Geometry(height, width)


@pytest.mark.parametrize("side", [32, 1024])
def test_geometry_at_its_limits(side: int) -> None:
    assert Geometry(side, side).height == side


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_threshold_out_of_range(threshold: float) -> None:
    with pytest.raises(SettingsError, match="threshold"):
        OperatingPoint("odd", threshold)


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.5), (0.5, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_probabilities_without_a_label_out_of_range(low: float, high: float) -> None:
    with pytest.raises(SettingsError, match="without a label"):
        Undecided(low, high, Estimate(0.1, 0, 0.2), Estimate(0.1, 0, 0.2))


def test_prediction_record_is_json() -> None:
    model = {"name": "m", "version": "1"}
    record = Prediction("a.png", Status.ERROR, model, error="broken", error_code="image-broken")
    assert json.loads(json.dumps(record.to_dict())) == {
        "schema_version": 2,
        "path": "a.png",
        "label": None,
        "probability": None,
        "probabilities": {},
        "status": "error",
        "reasons": [],
        "warnings": [],
        "distance": None,
        "nearest_source": None,
        "gate": False,
        "operating_point": None,
        "prevalence": None,
        "heatmap": None,
        "model": model,
        "error": "broken",
        "error_code": "image-broken",
    }
