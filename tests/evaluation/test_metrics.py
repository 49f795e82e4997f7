from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from pneumoscope.evaluation.metrics import (
    all_metrics,
    binary_metrics,
    confusion_matrix,
    net_benefit,
    precision_recall_curve,
    roc_curve,
)
from pneumoscope.statistics import calibration_measures

# Scores of few values make ties, weights of 0 leave images out as a bootstrap does.
TIED = st.integers(0, 8).map(lambda k: k / 8)
FREE = st.floats(0, 1, allow_subnormal=False)
WEIGHT = st.one_of(st.integers(0, 4).map(float), st.floats(0.25, 4))


@st.composite
def weighted_calls(draw):
    n = draw(st.integers(1, 25))
    truth, called = draw(arrays(bool, n)), draw(arrays(bool, n))
    score = draw(arrays(float, n, elements=draw(st.sampled_from([TIED, FREE]))))
    return truth, called, score, draw(arrays(float, (draw(st.integers(1, 3)), n), elements=WEIGHT))


NAMES = ["sensitivity", "specificity", "ppv", "npv", "f1", "auroc", "average_precision"]


def expected_metrics(truth, called, score, weights):
    """What scikit-learn makes of one weighting; NaN where our definition has no value."""
    if not weights.any():
        return dict.fromkeys(NAMES, np.nan)
    positives, negatives = weights[truth].sum(), weights[~truth].sum()
    rate = {"sample_weight": weights, "zero_division": np.nan}
    area = {"sample_weight": weights}
    nan = float("nan")
    return {
        "sensitivity": reference.recall_score(truth, called, **rate),
        "specificity": reference.recall_score(~truth, ~called, **rate),
        "ppv": reference.precision_score(truth, called, **rate),
        "npv": reference.precision_score(~truth, ~called, **rate),
        "f1": reference.f1_score(truth, called, **rate) if positives else nan,
        "auroc": (
            reference.roc_auc_score(truth, score, **area) if positives and negatives else nan
        ),
        "average_precision": (
            reference.average_precision_score(truth, score, **area) if positives else nan
        ),
    }


@given(weighted_calls())
def test_binary_metrics_are_those_of_scikit_learn(case):
    truth, called, score, weights = case
    values = binary_metrics(truth, called, score, weights)
    for row, one_weighting in enumerate(weights):
        expected = expected_metrics(truth, called, score, one_weighting)
        assert list(values) == NAMES
        for name, value in expected.items():
            np.testing.assert_allclose(values[name][row], value, atol=1e-9, err_msg=name)


@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_accuracies_are_those_of_scikit_learn(make_scored, seed, classes):
    scored = make_scored(30, 15, classes=classes, distance=1.0, seed=seed)
    weights = np.random.default_rng(seed).integers(0, 3, (4, 30)).astype(float)
    weights[:, :classes] += 1  # each class keeps an image
    values = all_metrics(scored, weights)
    for row, one_weighting in enumerate(weights):
        for name, function in (
            ("accuracy", reference.accuracy_score),
            ("balanced_accuracy", reference.balanced_accuracy_score),
        ):
            expected = function(scored.labels, scored.predicted, sample_weight=one_weighting)
            assert values[name][row] == pytest.approx(expected)


def test_positive_is_every_class_but_the_reference(make_scored):
    scored = make_scored(classes=3)
    weights = np.ones((1, 120))
    sides = scored.labels > 0, scored.score, weights
    expected = binary_metrics(sides[0], scored.predicted > 0, *sides[1:])
    expected |= calibration_measures(*sides)
    values = all_metrics(scored, weights)
    assert values.keys() == {"accuracy", "balanced_accuracy", *expected}
    assert {name: values[name] for name in expected} == expected


def test_a_metric_without_denominator_is_nan(make_scored):
    scored = make_scored()
    values = all_metrics(scored.subset(scored.positive), np.ones((1, 60)))
    undefined = {name for name, value in values.items() if np.isnan(value[0])}
    assert undefined == {"balanced_accuracy", "specificity", "auroc"}


@given(weighted_calls())
def test_a_weight_is_a_number_of_copies(case):
    truth, called, score, weights = case
    copies = weights[0].astype(int)
    if copies.sum() == 0:
        copies[0] = 1
    repeated = (np.repeat(values, copies) for values in (truth, called, score))
    by_copies = binary_metrics(*repeated, np.ones((1, copies.sum())))
    by_weight = binary_metrics(truth, called, score, copies[None].astype(float))
    for name, value in by_weight.items():
        np.testing.assert_allclose(value, by_copies[name], atol=1e-9, err_msg=name)


@given(weighted_calls())
def test_metrics_leave_their_input_alone(case):
    before = [values.copy() for values in case]
    binary_metrics(*case)
    for values, original in zip(case, before, strict=True):
        np.testing.assert_array_equal(values, original)


@pytest.mark.parametrize("classes", [2, 3])
def test_confusion_matrix_is_that_of_scikit_learn(make_scored, classes):
    scored = make_scored(classes=classes, distance=1.0)
    expected = reference.confusion_matrix(scored.labels, scored.predicted)
    np.testing.assert_array_equal(confusion_matrix(scored), expected)


@given(weighted_calls())
def test_curves_are_those_of_scikit_learn(case):
    truth, _, score, _ = case
    truth = np.concatenate([truth, [True, False]])  # both sides are there
    score = np.concatenate([score, [0.5, 0.5]])
    false_positive_rate, sensitivity = roc_curve(truth, score, np.ones((1, len(truth))))
    expected = reference.roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(false_positive_rate[0], expected[0])
    np.testing.assert_allclose(sensitivity[0], expected[1])
    recall, precision = precision_recall_curve(truth, score)
    # scikit-learn goes from the lowest score up and adds the point (0, 1)
    expected_precision, expected_recall, _ = reference.precision_recall_curve(truth, score)
    np.testing.assert_allclose(recall, expected_recall[-2::-1])
    np.testing.assert_allclose(precision, expected_precision[-2::-1])


def test_a_roc_curve_without_negatives_is_nan_everywhere():
    rates = roc_curve(np.ones(3, bool), np.array([0.1, 0.2, 0.3]), np.ones((1, 3)))
    assert np.isnan(rates).all()


def test_net_benefit_is_that_of_a_plain_loop(make_scored):
    scored = make_scored(distance=1.0)
    thresholds = np.array([0.05, 0.3, 0.7])
    weights = np.random.default_rng(0).integers(0, 3, (4, 120)).astype(float)
    found = net_benefit(scored.positive, scored.score, thresholds, weights)
    for (row, column), value in np.ndenumerate(found):
        t, w = thresholds[column], weights[row]
        called = scored.score >= t
        true, false = w[called & scored.positive].sum(), w[called & ~scored.positive].sum()
        assert value == pytest.approx((true - false * t / (1 - t)) / w.sum())


def test_calling_all_costs_what_the_threshold_says(make_scored):
    scored = make_scored()
    ones, weights = np.ones(120), np.ones((1, 120))
    benefit = net_benefit(scored.positive, ones, np.array([0.0, 0.5]), weights)[0]
    assert benefit == pytest.approx([0.5, 0.0])  # at the prevalence it is as good as none
