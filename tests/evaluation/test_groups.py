from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn import metrics as reference

from pneumoscope.evaluation.groups import evaluate_all, evaluate_classes, evaluate_subgroups
from pneumoscope.evaluation.metrics import TITLES, all_metrics
from pneumoscope.statistics import Estimate, Resampling


def test_the_whole_set_has_all_measures_with_intervals(make_scored):
    scored = make_scored(distance=1.5)
    result = evaluate_all(scored, Resampling(100))
    assert (result.images, result.patients, result.comparison_images) == (120, 60, 0)
    plain = all_metrics(scored, np.ones((1, 120)))
    assert set(plain) == set(TITLES)
    for name, estimate in result.estimates.items():
        assert estimate.value == plain[name][0]
        if name != "ece":  # which is above 0 by chance, the more so in resamples
            assert estimate.low < estimate.value < estimate.high


def test_a_result_becomes_json(make_scored):
    result = evaluate_all(make_scored(distance=1.5), Resampling(20))
    data = json.loads(json.dumps(asdict(result)))
    assert data["estimates"]["auroc"] == asdict(result.estimates["auroc"])


@pytest.mark.parametrize("classes", [2, 3])
def test_each_class_is_measured_against_the_rest(make_scored, classes):
    scored = make_scored(classes=classes, distance=1.0)
    results = evaluate_classes(scored, Resampling(50))
    assert tuple(results) == scored.classes
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        scored.labels, scored.predicted
    )
    for index, result in enumerate(results.values()):
        area = reference.roc_auc_score(scored.labels == index, scored.probabilities[:, index])
        values = {name: estimate.value for name, estimate in result.estimates.items()}
        assert values == pytest.approx(
            {"sensitivity": recall[index], "ppv": precision[index], "f1": f1[index], "auroc": area}
        )
        assert all(estimate.low < estimate.high for estimate in result.estimates.values())
        assert result.images == support[index]
        assert result.comparison_images == 120 - support[index]
        assert result.patients == 60 / classes


def test_a_subgroup_of_one_side_is_compared_with_the_other(make_scored):
    scored = make_scored(distance=1.5)
    results = evaluate_subgroups(scored, Resampling(100))
    assert list(results) == ["bacterial", "viral"]
    for name, result in results.items():
        members = scored.subgroups == name
        part = scored.subset(members | ~scored.positive)
        assert result.images == np.count_nonzero(members)
        assert result.patients == 15
        assert result.comparison_images == 60
        values = {key: estimate.value for key, estimate in result.estimates.items()}
        assert values == pytest.approx(
            {
                "sensitivity": scored.predicted[members].mean(),
                "specificity": 1 - scored.predicted[~scored.positive].mean(),
                "auroc": reference.roc_auc_score(part.positive, part.score),
            }
        )
        assert all(estimate.low < estimate.high for estimate in result.estimates.values())


def test_patients_stay_whole_in_a_subgroup(make_scored):
    """Five copies of each image teach nothing new: the interval is the same."""
    scored = make_scored(distance=1.0)
    copies = np.tile(np.arange(120), 5)
    repeated = replace(
        scored,
        labels=scored.labels[copies],
        probabilities=scored.probabilities[copies],
        patients=scored.patients[copies],
        subgroups=scored.subgroups[copies],
        paths=tuple(scored.paths[i] for i in copies),
    )
    once, often = (evaluate_subgroups(s, Resampling(100))["viral"] for s in (scored, repeated))
    assert often.images == 5 * once.images
    for name, estimate in once.estimates.items():
        assert asdict(often.estimates[name]) == pytest.approx(asdict(estimate))


def test_a_subgroup_of_both_sides_stands_for_itself(make_scored):
    scored = make_scored(distance=1.5)
    site = np.where(np.arange(120) % 60 < 30, "east", "west")
    result = evaluate_subgroups(replace(scored, subgroups=site), Resampling(50))["east"]
    assert (result.images, result.comparison_images) == (60, 0)
    part = scored.subset(site == "east")
    expected = reference.roc_auc_score(part.positive, part.score)
    assert result.estimates["auroc"].value == pytest.approx(expected)


def test_other_positive_classes_are_no_comparison_group(make_scored):
    scored = make_scored(classes=3)
    result = evaluate_subgroups(scored, Resampling(20))["viral"]
    assert result.comparison_images == np.count_nonzero(scored.labels == 0)
    members = scored.subgroups == "viral"
    called = (scored.predicted[members] > 0).mean()
    assert result.estimates["sensitivity"].value == pytest.approx(called)


def test_a_subgroup_without_comparison_has_no_specificity(make_scored):
    scored = make_scored(distance=1.0)
    result = evaluate_subgroups(scored.subset(scored.positive), Resampling(50))["viral"]
    assert result.comparison_images == 0
    assert result.estimates["sensitivity"].low is not None
    assert result.estimates["specificity"] == Estimate(None, None, None)
    assert result.estimates["auroc"] == Estimate(None, None, None)


def test_a_subgroup_of_one_patient_has_no_interval_of_its_own(make_scored):
    scored = make_scored(distance=1.0)
    rare = np.where(scored.patients == "patient1", "rare", "")
    result = evaluate_subgroups(replace(scored, subgroups=rare), Resampling(100))["rare"]
    assert result.patients == 1
    assert result.estimates["sensitivity"].low is None
    assert result.estimates["auroc"].low is None
    assert result.estimates["specificity"].low is not None


def test_without_subgroups_there_is_nothing(make_scored):
    scored = make_scored()
    assert evaluate_subgroups(replace(scored, subgroups=np.full(120, "")), Resampling(5)) == {}


def test_what_cuts_across_classes_is_measured_on_its_own(make_scored):
    scored = make_scored(distance=1.5)
    number = np.array([int(name.removeprefix("patient")) for name in scored.patients])
    sex = np.array(["F", "M", ""])[number // 2 % 3]
    grade = np.where(scored.positive & (number > 30), "severe", "")
    scored = replace(scored, groups={"sex": sex, "grade": grade})
    results = evaluate_subgroups(scored, Resampling(100))
    assert list(results) == ["bacterial", "viral", "sex=F", "sex=M", "grade=severe"]
    women = scored.subset(sex == "F")
    assert women.groups["sex"].tolist() == ["F"] * len(women.labels)
    expected = reference.roc_auc_score(women.positive, women.score)
    assert results["sex=F"].estimates["auroc"].value == pytest.approx(expected)
    assert results["sex=F"].comparison_images == 0
    assert results["grade=severe"].comparison_images == np.count_nonzero(~scored.positive)
