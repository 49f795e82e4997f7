"""The head of a model card: what hubs of models read of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import PackageLoader

from pneumoscope.bundle.info import BundleInfo
from pneumoscope.files import printable
from pneumoscope.templates import make_environment
from pneumoscope.types import Estimate

_VALIDATION = "validation, with each image also changed; thresholds were chosen on it"
_LOCAL = "local patients, who chose the thresholds"
_MEASURED = ("auroc", "sensitivity", "specificity", "balanced_accuracy")
"""Measures of an evaluation that go into the head."""


class _Result(NamedTuple):
    """A measure in the head: its name, split, value with interval, and operating point if any."""

    kind: str
    split: str
    estimate: Estimate
    point: str


def card_head(
    info: BundleInfo, *, licence: str = "", evaluation: Mapping[str, Any] | None = None
) -> str:
    """Makes the head of a model card: YAML between two lines `---`, as Hugging Face reads it.

    It holds what was measured, and no more: sensitivity and specificity on the validation
    patients, and those of an evaluation.

    Args:
        info: description of the model.
        licence: licence of the model, by its SPDX identifier in lower case; without it the head
            names none.
        evaluation: an evaluation on the test split of the same data, as `metrics.json` holds it.
    """
    environment = make_environment(PackageLoader("pneumoscope.bundle", "."))
    environment.filters["yaml"] = _in_yaml
    results = [*_validation(info), *(_test(evaluation) if evaluation else ())]
    head = environment.get_template("card_head.yaml.j2").render(
        name=info.name,
        known=[each for each in info.training_data.get("attributions", ()) if each.get("name")],
        licence=licence,
        results=results,
        local=_LOCAL,
    )
    return f"{head}\n"  # an empty line between the head and the card


def without_head(card: str) -> str:
    """Returns a model card without its head, for people to read."""
    return re.sub(r"\A---\n.*?^---\n\s*", "", card, flags=re.DOTALL | re.MULTILINE)


def _validation(info: BundleInfo) -> Iterator[_Result]:
    split = _LOCAL if info.chosen_locally else _VALIDATION
    for point in info.operating_points:
        for kind in ("sensitivity", "specificity"):
            estimate = getattr(point, kind)
            if estimate is not None and estimate.value is not None:
                yield _Result(kind, split, estimate, point.name)


def _test(evaluation: Mapping[str, Any]) -> Iterator[_Result]:
    for kind in _MEASURED:
        estimate = Estimate.parse(evaluation["overall"]["estimates"][kind])
        if estimate.value is not None:
            point = "" if kind == "auroc" else evaluation["operating_point"]
            yield _Result(kind, "test", estimate, point)


def _in_yaml(text: str) -> str:
    """Quotes a text for YAML, of which the strings of JSON are a part."""
    return json.dumps(printable(text), ensure_ascii=False)
