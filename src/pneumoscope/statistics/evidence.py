"""Evidence that counts in bins do not come from where a reference comes from."""

from __future__ import annotations

from math import lgamma

from pneumoscope.statistics.arrays import FloatArray, IntArray
from pneumoscope.statistics.shift import Bins


def log_evidence(reference: Bins, counts: IntArray) -> float:
    """Computes the evidence against counts coming from where a reference comes from.

    It is the ratio of two probabilities of the counts: with fractions of their own, which may be
    any, and with the fractions that the reference leaves probable. Both are Dirichlet mixtures of
    multinomial distributions; the first is as wide as if one image in each bin were known, the
    second as what is known after the reference, by Jeffreys' prior.

    Where nothing has changed, the ratio is 1 on average after any number of images, and the chance
    that it ever reaches x, however often one looks, is 1/x at most (Ville 1939; for counts:
    Lindon and Malek, NeurIPS 2022, arXiv:2011.03567). Evidence of several quantities may be
    averaged, whatever they have to do with each other.

    Images of one patient are alike. They count as one image together, by the mean number of images
    of a patient in the reference.

    Args:
        reference: the reference, in k bins.
        counts: number of images in each bin, shape (k,).

    Returns:
        The natural logarithm of the ratio.
    """
    alike = reference.images_per_patient
    found = counts / alike
    own = reference.fractions * len(counts)
    known = [count / alike + 0.5 for count in reference.counts]
    return _log_odds(own.tolist(), found) - _log_odds(known, found)


def _log_odds(prior: list[float], found: FloatArray) -> float:
    """Computes the logarithm of a Dirichlet mixture, but for what both mixtures have in common."""
    after = [a + n for a, n in zip(prior, found.tolist(), strict=True)]
    return _log_beta(after) - _log_beta(prior)


def _log_beta(parameters: list[float]) -> float:
    return sum(map(lgamma, parameters)) - lgamma(sum(parameters))
