"""Paired differences, and the remarks where they cannot be computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pneumoscope.evaluation.comparison.difference import compare_scores
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.statistics import Resampling


def other(scored, noise=0.3, seed=9):
    """A second model of the same images, worse by noise."""
    logit = np.log(scored.score / (1 - scored.score))
    score = 1 / (1 + np.exp(-logit - np.random.default_rng(seed).normal(0, noise, len(logit))))
    return replace(scored, probabilities=np.column_stack([1 - score, score]))


def test_differences_are_second_less_first(make_scored):
    first = make_scored(distance=1.5)
    second = other(first, 2.0)
    found = compare_scores(first, second, Resampling(100))
    for name, estimate in found.overall.estimates.items():
        values = [evaluate_all(s, Resampling(100)).estimates[name].value for s in (first, second)]
        assert estimate.value == pytest.approx(values[1] - values[0])
    assert found.overall.estimates["auroc"].value == pytest.approx(found.delong.difference)
    assert found.overall.estimates["auroc"].high < 0


def test_paired_interval_is_narrower_than_that_of_two_samples(make_scored):
    first = make_scored(600, 300, distance=1.0)
    second = other(first, 0.2)
    paired = compare_scores(first, second, Resampling(400)).overall.estimates["auroc"]
    alone = evaluate_all(first, Resampling(400)).estimates["auroc"]
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_without_clusters_interval_and_delong_agree(make_scored):
    first = make_scored(600, 600, distance=1.0)
    found = compare_scores(first, other(first, 1.0), Resampling(2000))
    estimate = found.overall.estimates["auroc"]
    assert (estimate.high - estimate.low) / 3.92 == pytest.approx(
        found.delong.standard_error, rel=0.1
    )


def test_delong_is_too_sure_where_images_of_patients_are_copies(make_scored):
    patients = make_scored(100, 100, distance=1.0)
    nine = np.repeat(np.arange(100), 9)
    first, second = (
        replace(
            s,
            labels=s.labels[nine],
            probabilities=s.probabilities[nine],
            patients=s.patients[nine],
            subgroups=s.subgroups[nine],
            paths=tuple(s.paths[i] for i in nine),
        )
        for s in (patients, other(patients, 1.0))
    )
    found = compare_scores(first, second, Resampling(500))
    estimate = found.overall.estimates["auroc"]
    assert (estimate.high - estimate.low) / 3.92 > 2 * found.delong.standard_error
    assert any("trust the intervals" in remark.text for remark in found.remarks)


def constant(scored):
    return replace(scored, probabilities=np.full((len(scored.labels), 2), 0.5))


CANNOT = {
    "identical": (lambda s: (s, s), "they do not differ here"),
    "other threshold": (lambda s: (s, replace(s, threshold=0.9)), "only their thresholds differ"),
    "constant first": (lambda s: (constant(s), s), "The first model gave all images one"),
    "constant second": (lambda s: (s, constant(s)), "This model gave all images one"),
    "both constant": (lambda s: (constant(s), constant(s)), "they do not differ here"),
    "positives only": (
        lambda s: (s.subset(s.positive), other(s).subset(s.positive)),
        "All images are Pneumonia: no AUROC",
    ),
    "normals only": (
        lambda s: (s.subset(~s.positive), other(s).subset(~s.positive)),
        "All images are Normal: no AUROC",
    ),
    "one negative": (
        lambda s: tuple(
            m.subset(s.positive | (np.arange(len(s.labels)) == np.argmin(s.labels)))
            for m in (s, other(s))
        ),
        "One side has a single image",
    ),
    "same order": (
        lambda s: (s, replace(s, probabilities=np.column_stack([1 - s.score**2, s.score**2]))),
        "has no variance",
    ),
    "one image": (
        lambda s: tuple(m.subset(np.arange(len(s.labels)) == 3) for m in (s, other(s))),
        "Few patients (1)",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
@pytest.mark.filterwarnings("error")
def test_remarks_name_what_is_not_computable(case, make_scored):
    models, remark = CANNOT[case]
    first, second = models(make_scored())
    found = compare_scores(first, second, Resampling(100))
    assert any(remark in each.text for each in found.remarks), found.remarks
    if case not in ("other threshold", "constant first", "constant second"):
        assert found.delong is None
    if "only" in case or case == "one image":
        assert found.overall.estimates["auroc"].value is None
    if case == "identical":
        assert found.mcnemar is None
        assert {e.value for e in found.overall.estimates.values()} == {0.0}
        assert {e.low for e in found.overall.estimates.values()} == {None}


def test_subgroup_of_one_patient(make_scored):
    scored = make_scored()
    lonely = np.where(scored.patients == "patient3", "rare", "")
    first = replace(scored, subgroups=lonely)
    found = compare_scores(first, replace(other(scored), subgroups=lonely), Resampling(200))
    group = found.subgroups["rare"]
    assert (group.images, group.patients) == (2, 1)
    assert group.estimates["sensitivity"].low is None
    assert group.estimates["auroc"].low is None
    assert any("Subgroup rare has 1 patient:" in remark.text for remark in found.remarks)
