"""Refusals are counted by code, and a curve shows the accuracy as more images are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.errors import DataError
from pneumoscope.evaluation.figures import refusal_figure
from pneumoscope.evaluation.refusals import KEPT, accuracy_at, measure_refusals
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.gate import Judgement
from pneumoscope.notices import Notice
from pneumoscope.statistics import Resampling
from tests.conftest import GATE_LEVELS

SCORED = Callable[..., ScoredImages]


def test_curve_ends_with_all_and_rises_where_mistakes_go_first() -> None:
    right = np.array([True] * 8 + [False] * 2)
    ones = np.ones((1, 10))
    best = accuracy_at(right, right.astype(float), ones)[0]
    worst = accuracy_at(right, -right.astype(float), ones)[0]
    assert best[-1] == worst[-1] == pytest.approx(0.8)
    assert best[np.searchsorted(KEPT, 0.8)] == pytest.approx(1.0)
    assert worst[np.searchsorted(KEPT, 0.2)] == pytest.approx(0.0)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 9))
def test_without_an_order_the_curve_is_flat(right: list[bool], seed: int) -> None:
    weights = np.random.default_rng(seed).integers(0, 3, (3, len(right))).astype(float)
    weights[:, 0] += 1
    found = accuracy_at(np.array(right), np.zeros(len(right)), weights)
    assert found == pytest.approx(np.repeat(found[:, -1:], len(KEPT), axis=1))


def judged(scored: ScoredImages) -> ScoredImages:
    """The first ten images are refused for one or two reasons, the next ten are warned of."""
    judgements = [Judgement(distance=1.0)] * len(scored.labels)
    for index in range(10):
        unlike = Notice("unlike-training", f"it is unlike: {index}")
        more = (Notice("for-processing", "it is raw data"),) if index % 2 else ()
        judgements[index] = Judgement((unlike, *more), (Notice("age", "old"),), 5.0 + index)
        judgements[10 + index] = Judgement((), (unlike,), 3.0)
    judgements[20] = Judgement()
    refused = np.array([bool(judgement.reasons) for judgement in judgements])
    return replace(scored, refused=refused, judgements=tuple(judgements))


def test_reasons_are_counted_by_image(make_scored: SCORED) -> None:
    scored = judged(make_scored())
    found = measure_refusals(scored, GATE_LEVELS, Resampling(50, 0))
    assert found is not None
    assert found.reasons == {"unlike-training": 10, "for-processing": 5}
    assert found.warnings == {"unlike-training": 10}  # of those that are accepted
    assert found.warned == 10
    wrong = scored.predicted != scored.labels
    assert found.wrong == np.count_nonzero(wrong[:10])
    assert found.beyond.value == pytest.approx(11 / 120)  # one has no distance at all
    for curve in found.curves.values():
        assert curve.accuracy[-1] == pytest.approx(1 - wrong.mean())
        assert np.all(curve.low <= curve.high)
    unlike = found.curves["unlike"].accuracy
    assert unlike[0] == pytest.approx(1 - wrong[21:].mean())  # a hundred are alike
    figure = refusal_figure(found, 110 / 120, "120 images")
    assert "0.917" in figure.axes[0].get_xlabel()


def test_nothing_to_measure_without_a_gate(make_scored: SCORED) -> None:
    assert measure_refusals(make_scored(), GATE_LEVELS, Resampling(50, 0)) is None


def test_judgements_go_with_their_images(make_scored: SCORED) -> None:
    scored = judged(make_scored())
    chosen = np.arange(120) % 3 == 0
    part = scored.subset(chosen)
    assert part.judgements == tuple(scored.judgements[i] for i in np.flatnonzero(chosen))
    with pytest.raises(DataError, match="number of judgements"):
        replace(scored, judgements=scored.judgements[:-1])
