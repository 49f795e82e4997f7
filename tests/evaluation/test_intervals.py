from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import binomtest

from pneumoscope.errors import SettingsError
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.intervals import roc_band
from pneumoscope.evaluation.metrics import all_metrics
from pneumoscope.statistics import Estimate, Resampling, estimate_unanimous, resampling
from pneumoscope.types import Method

ESTIMATES = [
    (Estimate(0.9534, 0.9312, 0.97), "0.953 (0.931 to 0.970)"),
    (Estimate(1.0, None, None), "1.000 (interval not computable)"),
    (Estimate(None, None, None), "not computable"),
]


@pytest.mark.parametrize(("estimate", "words"), ESTIMATES)
def test_estimates_are_written_in_words(estimate, words):
    assert str(estimate) == words


def mean_of(values):
    """A measure: the weighted mean of `values`."""
    return lambda weights: {"mean": weights @ values / weights.sum(axis=1)}


def test_all_images_of_a_patient_are_drawn_together():
    patients = np.array(["b", "a", "b", "c", "a", "b"])
    weights = np.vstack(list(Resampling(300, 1).weights(patients)))
    assert weights.shape == (300, 6)
    for key in "abc":
        drawn = weights[:, patients == key]
        assert (drawn == drawn[:, :1]).all()
    by_patient = weights[:, [1, 0, 3]]
    assert (by_patient.sum(axis=1) == 3).all()  # as many patients as there are
    np.testing.assert_allclose(by_patient.mean(axis=0), 1, atol=0.15)
    assert by_patient.var(axis=0) == pytest.approx(np.full(3, 2 / 3), abs=0.15)  # binomial


def test_resamples_do_not_depend_on_the_chunks(monkeypatch):
    patients = np.array(["a", "b", "c", "d", "e"])
    whole = np.vstack(list(Resampling(50, 3).weights(patients)))
    monkeypatch.setattr(resampling, "_CHUNK_ELEMENTS", 35)
    chunks = list(Resampling(50, 3).weights(patients))
    assert [len(chunk) for chunk in chunks] == [7] * 7 + [1]
    np.testing.assert_array_equal(np.vstack(chunks), whole)


def test_the_interval_is_that_of_a_plain_loop(make_scored):
    scored = make_scored()
    estimates = Resampling(400, 5).estimate(partial(all_metrics, scored), scored.patients)
    rng = np.random.default_rng(99)
    keys = np.unique(scored.patients)
    members = {key: np.flatnonzero(scored.patients == key) for key in keys}
    replicates = []
    for _ in range(400):
        images = np.concatenate([members[key] for key in rng.choice(keys, len(keys))])
        replicates.append((scored.predicted == scored.labels)[images].mean())
    low, high = np.percentile(replicates, [2.5, 97.5])
    accuracy = estimates["accuracy"]
    assert accuracy.value == (scored.predicted == scored.labels).mean()
    assert accuracy.low == pytest.approx(low, abs=0.015)
    assert accuracy.high == pytest.approx(high, abs=0.015)


def test_clustered_intervals_are_wider_than_those_over_images():
    values = np.repeat(np.random.default_rng(0).integers(0, 2, 40), 5).astype(float)
    patients = np.repeat(np.arange(40), 5).astype(str)
    by_patient = Resampling(500).estimate(mean_of(values), patients)["mean"]
    by_image = Resampling(500).estimate(mean_of(values), np.arange(200).astype(str))["mean"]
    # five alike images a patient: the standard error is sqrt(5) as large
    ratio = (by_patient.high - by_patient.low) / (by_image.high - by_image.low)
    assert ratio == pytest.approx(np.sqrt(5), rel=0.15)


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(7)
    patients = np.repeat(np.arange(60), 2).astype(str)
    covered = 0
    for _ in range(200):
        values = np.repeat(rng.normal(0, 1, 60), 2) + rng.normal(0, 0.5, 120)
        estimate = Resampling(200).estimate(mean_of(values), patients)["mean"]
        covered += estimate.low <= 0 <= estimate.high
    assert 0.88 <= covered / 200 <= 0.99


def test_the_seed_decides(make_scored):
    scored = make_scored()
    measure = partial(all_metrics, scored)
    first, again, other = (
        Resampling(50, seed).estimate(measure, scored.patients) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_resamples_are_drawn_once_and_the_same_where_they_are_too_many_to_keep(monkeypatch):
    draws = []
    real = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: draws.append(seed) or real(seed))
    patients = np.array(["a", "b", "a", "c", "d"])
    kept = Resampling(30, 4)
    first, again = (np.vstack(list(kept.weights(patients))) for _ in range(2))
    assert draws == [4]
    monkeypatch.setattr(resampling, "_KEPT_ELEMENTS", 200)  # of six patients in all
    for part in (patients[:4], patients[:3]) * 2:  # four are kept: three are too many, two are not
        list(kept.weights(part))
    assert draws == [4] * 4
    monkeypatch.setattr(resampling, "_KEPT_ELEMENTS", 100)
    drawn = np.vstack(list(Resampling(30, 4).weights(patients)))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, drawn)


def test_a_perfect_result_has_no_interval(make_scored):
    scored = make_scored(distance=40)
    auroc = Resampling(50).estimate(partial(all_metrics, scored), scored.patients)["auroc"]
    assert auroc == Estimate(1.0, None, None)


def test_perfect_proportions_have_the_exact_interval_of_their_patients(make_scored):
    scored = make_scored(distance=40)
    estimates = evaluate_all(scored, Resampling(50)).estimates
    patients = len(np.unique(scored.patients[scored.positive]))
    assert patients < np.count_nonzero(scored.positive)
    exact = binomtest(patients, patients).proportion_ci(0.95, "exact")
    sensitivity = estimates["sensitivity"]
    assert (sensitivity.low, sensitivity.high) == pytest.approx((exact.low, exact.high))
    perfect = {name for name, estimate in estimates.items() if estimate.method is Method.EXACT}
    assert perfect == {"accuracy", "sensitivity", "specificity", "ppv", "npv"}
    assert estimates["accuracy"].low > sensitivity.low  # more patients bear it


@pytest.mark.parametrize("patients", [1, 2, 19, 400])
@pytest.mark.parametrize("value", [0, 1])
def test_the_exact_interval_is_that_of_scipy(value, patients):
    exact = binomtest(value * patients, patients).proportion_ci(0.95, "exact")
    found = estimate_unanimous(value, patients)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert found.low <= found.value <= found.high


def test_exact_intervals_cover_whole_patients_at_least_as_often_as_they_say():
    rng = np.random.default_rng(5)
    size, missed = 30, 0
    patients = np.repeat(np.arange(size), 3).astype(str)
    for _ in range(400):
        truth = 1 - 0.11 * rng.random()  # fraction of patients who are classified correctly
        values = np.repeat(rng.random(size) < truth, 3).astype(float)
        found = Resampling(100).estimate_means({"right": values}, patients, ["right"])["right"]
        missed += found.method is Method.EXACT and not found.low <= truth <= found.high
    assert missed / 400 <= 0.05


def test_only_proportions_have_an_exact_interval():
    ones = {"mean": np.ones(9), "known": np.array([1.0] * 5 + [np.nan] * 4)}
    found = Resampling(50).estimate_means(ones, np.arange(9).astype(str), ["known"])
    assert found["mean"] == Estimate(1.0, None, None)
    assert found["known"] == estimate_unanimous(1.0, 5)  # the others are not in its denominator


def test_a_measure_outside_of_its_resamples_has_no_interval():
    signs = np.random.default_rng(0).permuted(np.tile([[1.0], [-1.0]], (50, 10)), axis=0)

    def distance(weights):  # of ten means from 0, where all of them are to begin with
        return {"distance": np.abs(weights @ signs).mean(axis=1) / weights.sum(axis=1)}

    patients = np.arange(100).astype(str)
    replicates = np.concatenate(
        [distance(w)["distance"] for w in Resampling(20, 3).weights(patients)]
    )
    assert replicates.min() > 0
    estimate = Resampling(20, 3).estimate(distance, patients)["distance"]
    assert estimate == Estimate(0.0, None, None)


def test_rounding_makes_no_interval():
    values = np.full(7, 0.1)
    estimate = Resampling(200).estimate(mean_of(values), np.arange(7).astype(str))["mean"]
    assert estimate == Estimate(pytest.approx(0.1), None, None)


def test_a_single_patient_has_no_interval(make_scored):
    scored = make_scored(6, 2, distance=0.5)
    part = scored.subset(scored.patients == "patient1")
    estimates = Resampling(50).estimate(partial(all_metrics, part), part.patients)
    assert {(e.low, e.high) for e in estimates.values()} == {(None, None)}
    assert estimates["auroc"].value is None


@pytest.mark.parametrize(("positives", "computable"), [(1, False), (2, False), (6, True)])
def test_a_class_of_very_few_patients_has_no_interval(make_scored, positives, computable):
    scored = make_scored(80, 80, distance=1.0)
    chosen = ~scored.positive | (np.cumsum(scored.positive) <= positives)
    part = scored.subset(chosen)
    estimates = Resampling(500).estimate(partial(all_metrics, part), part.patients)
    for name in ("auroc", "average_precision", "balanced_accuracy", "f1"):
        assert estimates[name].value is not None
        assert (estimates[name].low is not None) == computable, name
    assert estimates["specificity"].low is not None  # the other class has enough


@pytest.mark.parametrize("resamples", [0, -5])
def test_resamples_are_one_or_more(make_scored, resamples):
    with pytest.raises(SettingsError, match="1 or more"):
        roc_band(make_scored(), Resampling(resamples))


def test_the_seed_is_not_negative():
    with pytest.raises(SettingsError, match=r"`seed`.*0 or more"):
        Resampling(seed=-1)


def test_the_roc_band_lies_around_the_curve(make_scored):
    scored = make_scored(distance=1.5)
    rate, low, high = roc_band(scored, Resampling(300))
    assert rate[[0, 50, 100]].tolist() == [0, 0.5, 1]
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) >= 0).all()
    assert low[-1] == high[-1] == 1
    negatives = scored.score[~scored.positive]
    for fraction in (0.1, 0.3, 0.5):
        cut = np.quantile(negatives, 1 - fraction, method="higher")
        sensitivity = (scored.score[scored.positive] >= cut).mean()
        at = int(100 * fraction)
        assert low[at] <= sensitivity <= high[at]


def test_there_is_no_roc_band_without_negatives(make_scored):
    scored = make_scored()
    _, low, high = roc_band(scored.subset(scored.positive), Resampling(20))
    assert np.isnan([low, high]).all()
