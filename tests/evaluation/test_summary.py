from __future__ import annotations

import pytest

from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.summary import state_discrimination
from pneumoscope.statistics import Estimate

RANKINGS = [
    (Estimate(0.9, 0.8, 0.95), "better than chance"),
    (Estimate(0.2, 0.1, 0.3), "worse than chance"),
    (Estimate(0.6, 0.4, 0.8), "cannot be distinguished from chance"),
    (Estimate(0.9, None, None), "cannot be told"),
    (Estimate(1.0, None, None), "each positive image scores above each negative one"),
    (Estimate(None, None, None), "all images are of one class"),
]


@pytest.mark.parametrize(("auroc", "words"), RANKINGS)
def test_a_ranking_is_said_as_its_interval_allows(make_scored, auroc, words):
    assert words in state_discrimination(make_scored(), GroupResult(1, 1, 0, {"auroc": auroc}))
