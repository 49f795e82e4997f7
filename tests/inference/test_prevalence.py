"""Probabilities restated for another prevalence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.errors import BundleError, SettingsError
from pneumoscope.imaging import Source
from pneumoscope.inference import load
from pneumoscope.inference.prevalence import odds_ratio, restated
from pneumoscope.notices import Notice
from pneumoscope.types import Calibration
from tests.conftest import bundle_info, encoded, write_bundle
from tests.inference.test_predictor import shade


def calibration(prevalence: float = 0.75, *, fitted: bool = True) -> Calibration:
    notices = () if fitted else (Notice("not-calibrated", "It was not calibrated: too few"),)
    return Calibration(fitted, 1.0, (0.0, 0.0), prevalence, 80, 50, {}, {}, notices)


def test_bayes_by_counting() -> None:
    # 300 of 400 are positive; a finding is in 60 of the positive and in 10 of the negative ones
    given_finding = 60 / 70
    # where 300 of 1,200 are positive, it is in 60 of them and in 90 of the 900 negative ones
    ratio = odds_ratio(bundle_info(calibration=calibration(0.75)), 0.25)
    assert restated([1 - given_finding, given_finding], ratio)[1] == pytest.approx(60 / 150)


SHARE = st.floats(0.01, 0.99)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=5), SHARE, SHARE)
def test_there_and_back_again(values: list[float], stated: float, wanted: float) -> None:
    before = [value / sum(values) for value in values]
    there = odds_ratio(bundle_info(calibration=calibration(stated)), wanted)
    back = odds_ratio(bundle_info(calibration=calibration(wanted)), stated)
    after = restated(before, there)
    assert sum(after) == pytest.approx(1)
    assert restated(after, back) == pytest.approx(before)
    assert (after[0] < before[0]) == (there > 1) or after[0] == pytest.approx(before[0])
    assert [x / after[1] for x in after[1:]] == pytest.approx([x / before[1] for x in before[1:]])


def test_certainty_stays() -> None:
    assert restated([0.0, 1.0], 0.1) == [0.0, 1.0]
    assert restated([1.0, 0.0], 0.1) == [1.0, 0.0]


def test_record_is_restated_and_its_label_is_not(tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b", calibration=calibration(0.75))
    image = Source("image", encoded(shade(134)))
    plain, rare = load(root).predict(image), load(root, prevalence=0.05).predict(image)
    assert (plain.label, plain.prevalence) == ("PNEUMONIA", None)
    assert (rare.label, rare.prevalence) == ("PNEUMONIA", 0.05)
    odds = plain.probability / (1 - plain.probability) * (0.05 / 0.95) / (0.75 / 0.25)
    assert rare.probability == pytest.approx(odds / (1 + odds))
    assert rare.probability < 0.5
    assert rare.probabilities["PNEUMONIA"] == rare.probability
    assert load(root, prevalence=0.75).predict(image).probability == pytest.approx(
        plain.probability
    )


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 74.0, np.nan])
def test_prevalence_out_of_range(prevalence: float, tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b", calibration=calibration())
    with pytest.raises(SettingsError, match="`prevalence` is out of range"):
        load(root, prevalence=prevalence)


def test_bundle_that_states_none(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="before there was calibration"):
        load(bundle, prevalence=0.1)
    root = write_bundle(tmp_path / "b", calibration=calibration(fitted=False))
    with pytest.raises(BundleError, match="It was not calibrated: too few") as caught:
        load(root, prevalence=0.1)
    assert caught.value.code == "bundle-not-calibrated"
    silent = replace(calibration(fitted=False), notices=())
    with pytest.raises(BundleError, match="cannot be restated"):
        load(write_bundle(tmp_path / "silent", calibration=silent), prevalence=0.1)
