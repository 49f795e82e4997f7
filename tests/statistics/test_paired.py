"""DeLong's and McNemar's tests against their definitions."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.statistics import auroc, cumulative, delong, mcnemar

# Albumin, total protein, K-G score and outcome of 43 patients with ovarian cancer: the worked
# example of DeLong, DeLong and Clarke-Pearson (Biometrics 1988;44:837-845), as it is printed in
# the SAS/STAT User's Guide, chapter "The LOGISTIC Procedure", "Comparing Receiver Operating
# Characteristic Curves". A low K-G score is the better one.
OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
1.6 5.6 5 1  3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
3.6 6.6 5 1
"""
ALBUMIN, PROTEIN, KG, OUTCOME = np.array(OVARIAN.split(), np.float64).reshape(-1, 4).T


def by_definition(truth, first, second):
    """Difference and standard error from the covariance matrix S of the paper's section 3."""
    scores = (first, second)
    x = [score[truth] for score in scores]
    y = [score[~truth] for score in scores]
    m, n = len(x[0]), len(y[0])

    def kernel(a, b):
        return 1.0 if a > b else 0.5 if a == b else 0.0

    psi = np.array([[[kernel(a, b) for b in y[r]] for a in x[r]] for r in (0, 1)])  # (2, m, n)
    theta = psi.mean(axis=(1, 2))
    v10, v01 = psi.mean(axis=2), psi.mean(axis=1)
    s10 = (v10 - theta[:, None]) @ (v10 - theta[:, None]).T / (m - 1)
    s01 = (v01 - theta[:, None]) @ (v01 - theta[:, None]).T / (n - 1)
    contrast = np.array([-1.0, 1.0])
    variance = contrast @ (s10 / m + s01 / n) @ contrast
    return contrast @ theta, np.sqrt(max(variance, 0.0))


@pytest.mark.parametrize("test", [ALBUMIN, PROTEIN], ids=["albumin", "protein"])
def test_delong_on_its_authors_data(test):
    truth = OUTCOME == 1
    assert (truth.sum(), (~truth).sum()) == (31, 12)
    found = delong(truth, -KG, test)
    difference, error = by_definition(truth, -KG, test)
    assert found.difference == pytest.approx(difference)
    assert found.standard_error == pytest.approx(error)
    z = difference / error
    from scipy.stats import chi2  # the square of a normal variable

    assert found.p == pytest.approx(chi2.sf(z**2, 1))


@given(st.data())
def test_delong_with_ties(data):
    n = data.draw(st.integers(4, 25))
    truth = np.array([True, True, False, False, *data.draw(st.lists(st.booleans(), max_size=n))])
    scores = st.lists(st.integers(0, 4), min_size=len(truth), max_size=len(truth))
    first, second = (np.array(data.draw(scores), np.float64) for _ in range(2))
    difference, error = by_definition(truth, first, second)
    found = delong(truth, first, second)
    if error < 1e-9:
        assert found is None
        return
    assert found.difference == pytest.approx(difference, abs=1e-12)
    assert found.standard_error == pytest.approx(error)
    assert 0 <= found.p <= 1
    ones = np.ones((1, len(truth)))
    areas = [auroc(cumulative(truth, score, ones))[0] for score in (first, second)]
    assert found.difference == pytest.approx(areas[1] - areas[0], abs=1e-12)


NOTHING_TO_TEST = {
    "one class": ([1, 1, 1, 1], [1, 2, 3, 4], [4, 1, 2, 3]),
    "a single negative": ([1, 1, 1, 0], [1, 2, 3, 4], [4, 1, 2, 3]),
    "the same scores": ([1, 1, 0, 0], [1, 3, 2, 4], [1, 3, 2, 4]),
    "the same order": ([1, 1, 0, 0], [1, 3, 2, 4], [10, 30, 20, 90]),
    "both constant": ([1, 1, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2]),
    "one perfect, one upside down": ([1, 1, 0, 0], [3, 4, 1, 2], [1, 2, 3, 4]),
}


@pytest.mark.parametrize("case", NOTHING_TO_TEST)
def test_delong_says_when_it_cannot(case):
    truth, first, second = (np.array(values, np.float64) for values in NOTHING_TO_TEST[case])
    assert delong(truth == 1, first, second) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_the_binomial_sum(pairs):
    first, second = np.array(pairs).T
    found = mcnemar(first, second)
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    if b + c == 0:
        assert found is None
        return
    tail = sum(comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert (found.only_first, found.only_second) == (b, c)
    assert found.p == pytest.approx(min(1.0, 2 * tail))
