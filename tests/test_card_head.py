"""The head of a model card is YAML that hubs read, and says what was measured and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pneumoscope.bundle import Site
from pneumoscope.bundle.card_head import card_head, without_head
from pneumoscope.shipped import default_name, read_model
from pneumoscope.types import Estimate, OperatingPoint
from tests.conftest import bundle_info

POINT = OperatingPoint(sensitivity=Estimate(0.9, 0.8, 0.95), specificity=Estimate(None, None, None))


def parsed(head: str) -> Any:
    nothing, content, rest = head.split("---\n")
    assert (nothing, rest) == ("", "\n")
    return yaml.safe_load(content)


def test_nothing_is_said_that_is_not_known() -> None:
    assert parsed(card_head(bundle_info())) == {
        "library_name": "pneumoscope",
        "pipeline_tag": "image-classification",
        "tags": ["chest-x-ray", "radiology", "onnx"],
    }


def test_measures_of_the_validation_patients() -> None:
    head = parsed(card_head(bundle_info(operating_points=(POINT,)), licence="mit"))
    assert head["license"] == "mit"
    assert head["metrics"] == ["sensitivity"]
    (model,) = head["model-index"]
    (result,) = model["results"]
    assert result["task"] == {"type": "image-classification"}
    assert result["dataset"]["type"] == "unknown"
    assert result["dataset"]["split"].startswith("validation")
    (metric,) = result["metrics"]
    assert (metric["type"], metric["value"], metric["verified"]) == ("sensitivity", 0.9, False)
    assert "0.900 (0.800 to 0.950)" in metric["name"]


def test_measures_of_an_evaluation() -> None:
    value = {"value": 0.75, "low": 0.5, "high": 1.0}
    kinds = ("auroc", "sensitivity", "specificity", "balanced_accuracy")
    evaluation = {
        "operating_point": "balanced",
        "overall": {"estimates": {**dict.fromkeys(kinds, value), "auroc": dict.fromkeys(value)}},
    }
    (result,) = parsed(card_head(bundle_info(), evaluation=evaluation))["model-index"][0]["results"]
    assert result["dataset"]["split"] == "test"
    assert [metric["type"] for metric in result["metrics"]] == list(kinds[1:])


def test_local_figures_are_not_those_of_the_training_data() -> None:
    data = {"attributions": [{"name": "guangzhou", "title": "Children"}]}
    info = bundle_info(
        operating_points=(POINT,), training_data=data, site=Site(80, 60, 0.4, {"NORMAL": 48})
    )
    head = parsed(card_head(info))
    assert head["datasets"] == ["guangzhou"]
    (result,) = head["model-index"][0]["results"]
    assert result["dataset"]["type"] == "local"
    assert "Children" not in result["dataset"]["name"]


def test_data_without_a_short_name_are_not_listed() -> None:
    head = parsed(card_head(bundle_info(training_data={"attributions": [{"title": "Ours"}]})))
    assert "datasets" not in head


@pytest.mark.parametrize("name", ["no", "a: b", '"', "- [x", "#", "{{ x }}", "a\n---\nb", "\udce9"])
def test_names_stay_names(name: str) -> None:
    attributions = [{"name": name, "title": name}]
    info = bundle_info(
        name=name, operating_points=(POINT,), training_data={"attributions": attributions}
    )
    head = parsed(card_head(info))
    shown = {"a\n---\nb": "a\\n---\\nb", "\udce9": "\\udce9"}.get(name, name)
    assert head["datasets"] == [shown]
    assert head["model-index"][0]["name"] == shown
    assert head["model-index"][0]["results"][0]["dataset"]["name"] == shown


@pytest.mark.parametrize("card", ["", "# A\n\n---\nB\n", "---\nno end"])
def test_only_a_head_is_left_out(card: str) -> None:
    assert without_head(card) == card
    if card:
        assert without_head(f"{card_head(bundle_info())}{card}") == card


def test_the_card_that_ships_says_what_its_bundle_and_the_documentation_say() -> None:
    bundle = read_model(default_name())
    head = yaml.safe_load(bundle.card().split("---\n")[1])
    assert head["license"] == "apache-2.0"
    results = {each["dataset"]["split"][:4]: each for each in head["model-index"][0]["results"]}
    values = [metric["value"] for metric in results["vali"]["metrics"]]
    assert values == [
        estimate.value
        for point in bundle.info.operating_points
        for estimate in (point.sensitivity, point.specificity)
        if estimate is not None
    ]
    page = (Path(__file__).parents[1] / "docs" / "models.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| all in one, which flatters")]
    shown = [metric["name"].partition("interval: ")[2] for metric in results["test"]["metrics"]]
    assert shown[:3] == row.replace(" .", " 0.").replace("(.", "(0.").split(" | ")[2:5]
