"""What moves along where probabilities are restated: thresholds, zones, bins of scores.

Each function takes `ratio`, by which the odds of the positive side are multiplied
(`inference.prevalence.odds_ratio`).
"""

from __future__ import annotations

from dataclasses import replace
from math import log

from pneumoscope.bundle import NEGATIVE, POSITIVE, SCORE, BundleInfo
from pneumoscope.inference.prevalence import restated
from pneumoscope.statistics import Bins
from pneumoscope.types import Calibration, OperatingPoint, SourceRates, Undecided


def restate_calibration(info: BundleInfo, prevalence: float, ratio: float) -> Calibration:
    """Describes the restatement as a calibration of temperature 1, measured on no label.

    The patients stay those whom the operating points were chosen on.
    """
    known = info.calibration
    assert known is not None
    return replace(
        known,
        temperature=1.0,
        biases=(0.0, *(log(ratio) for _ in info.classes[1:])),
        prevalence=prevalence,
        before=dict.fromkeys(known.before),
        after=dict.fromkeys(known.after),
        by_source=(),
    )


def _restate(probability: float, ratio: float) -> float:
    return restated([1 - probability, probability], ratio)[1]


def restate_point(point: OperatingPoint, ratio: float) -> OperatingPoint:
    """Moves a threshold along with the probabilities, so that the labels stay."""
    zone = point.undecided
    return replace(
        point,
        threshold=_restate(point.threshold, ratio),
        undecided=zone
        and Undecided(
            _restate(zone.low, ratio), _restate(zone.high, ratio), zone.share, zone.error
        ),
        sources=tuple(_restate_rates(rates, ratio) for rates in point.sources),
    )


def _restate_rates(rates: SourceRates, ratio: float) -> SourceRates:
    foreign = rates.foreign_threshold
    return replace(rates, foreign_threshold=None if foreign is None else _restate(foreign, ratio))


def restate_bins(name: str, bins: Bins, ratio: float) -> Bins:
    """Moves the edges of the bins of scores along with the probabilities."""
    if name not in (SCORE, NEGATIVE, POSITIVE):
        return bins
    return replace(bins, edges=tuple(_restate(edge, ratio) for edge in bins.edges))
