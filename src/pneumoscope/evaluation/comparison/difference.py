"""One model against another on the same images: differences, tests, and remarks on these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pneumoscope.evaluation.groups import SUBGROUP_METRICS, GroupResult, subgroups, summarise
from pneumoscope.evaluation.metrics import all_metrics
from pneumoscope.evaluation.scores import ScoredImages, remark_on_few
from pneumoscope.notices import Notice
from pneumoscope.statistics import (
    FEW_PATIENTS,
    DeLong,
    Estimate,
    FloatArray,
    McNemar,
    Resampling,
    delong,
    mcnemar,
)


@dataclass(frozen=True)
class Difference:
    """A model less the first one, on the same images.

    Attributes:
        overall: differences of the measures of the whole set.
        subgroups: differences of the measures of each subgroup against its comparison group.
        delong: test of the areas under the ROC curves; None if it cannot be computed.
        mcnemar: test of which model is right at the operating points; None if it cannot be
            computed.
        remarks: remarks on what could not be computed, or holds with reservations only.
    """

    overall: GroupResult
    subgroups: dict[str, GroupResult]
    delong: DeLong | None
    mcnemar: McNemar | None
    remarks: tuple[Notice, ...]


def compare_scores(first: ScoredImages, second: ScoredImages, resampling: Resampling) -> Difference:
    """Compares the predictions of two models on the same images.

    The differences are paired: each resample of patients measures both models on the same images.

    Args:
        first: scores of the first model.
        second: scores of the other model on the same images, in the same order.
        resampling: resamples of the patients.
    """
    estimates = _differences(first, second, resampling)
    everything = np.ones(len(first.labels), np.bool_)
    of_areas = delong(first.positive, first.score, second.score)
    of_calls = mcnemar(first.predicted == first.labels, second.predicted == second.labels)
    return Difference(
        overall=summarise(first, everything, ~everything, estimates, tuple(estimates)),
        subgroups=_subgroup_differences(first, second, resampling),
        delong=of_areas,
        mcnemar=of_calls,
        remarks=(
            *_remarks_on_scores(first, second),
            *_remarks_on_tests(first, of_areas, of_calls),
            *_remarks_on_patients(first),
        ),
    )


def _differences(
    first: ScoredImages, second: ScoredImages, resampling: Resampling
) -> dict[str, Estimate]:
    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        before, after = all_metrics(first, weights), all_metrics(second, weights)
        return {name: after[name] - before[name] for name in before}

    return resampling.estimate(measure, first.patients)


def _subgroup_differences(
    first: ScoredImages, second: ScoredImages, resampling: Resampling
) -> dict[str, GroupResult]:
    results = {}
    for name, members, comparison in subgroups(first):
        chosen = members | comparison
        parts = first.subset(chosen), second.subset(chosen)
        estimates = _differences(*parts, resampling)
        results[name] = summarise(first, members, comparison, estimates, SUBGROUP_METRICS)
    return results


def _remarks_on_scores(first: ScoredImages, second: ScoredImages) -> Iterator[Notice]:
    if np.array_equal(first.probabilities, second.probabilities):
        if first.threshold == second.threshold:
            text = "Both gave the same predictions for every image: they do not differ here."
            yield Notice("same-of-every-image", text)
        else:
            text = "Both gave every image the same probability: only their thresholds differ."
            yield Notice("only-thresholds-differ", text)
    for model, name, scored in (("first", "The first", first), ("second", "This", second)):
        if len(np.unique(scored.score)) == 1:
            text = f"{name} model gave all images one probability: it does not rank them."
            yield Notice("one-probability", text, {"model": model})


def _remarks_on_tests(
    scored: ScoredImages, of_areas: DeLong | None, of_calls: McNemar | None
) -> Iterator[Notice]:
    sides = np.bincount(scored.positive, minlength=2)
    if not sides.all():
        only = scored.positive_name if sides[1] else scored.classes[0]
        text = f"All images are {only}: no AUROC, and so neither its difference nor DeLong's test."
        yield Notice("one-side", text, {"class": only})
    elif sides.min() < 2:
        text = "One side has a single image: DeLong's test needs two of each."
        yield Notice("single-image", text)
    elif of_areas is None:
        text = "The difference of the AUROCs has no variance: DeLong's test cannot be computed."
        yield Notice("no-variance", text)
    if of_calls is None:
        text = "Both are right on the very same images: McNemar's test has nothing to count."
        yield Notice("right-on-same-images", text)


def _remarks_on_patients(scored: ScoredImages) -> Iterator[Notice]:
    yield from (
        replace(remark, text=f"{remark.text}.") for remark in remark_on_few(scored.n_patients)
    )
    if scored.n_patients < len(scored.paths):
        text = (
            f"Some patients have several images ({scored.counts}). DeLong's and McNemar's tests "
            "take images for independent: trust the intervals, which resample patients."
        )
        counts = {"patients": scored.n_patients, "images": len(scored.paths)}
        yield Notice("images-not-independent", text, counts)
    for name, members, _ in subgroups(scored):
        patients = len(np.unique(scored.patients[members]))
        if patients < FEW_PATIENTS:
            text = (
                f"Subgroup {name} has {patients} patient{'s' if patients != 1 else ''}: too few "
                "for a conclusion about others."
            )
            yield Notice("few-patients-in-subgroup", text, {"subgroup": name, "patients": patients})
