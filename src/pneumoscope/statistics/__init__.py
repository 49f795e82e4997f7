"""The statistics that auditing data and evaluating models share."""

from pneumoscope.statistics.arrays import BoolArray, FloatArray, IntArray, StrArray
from pneumoscope.statistics.ranking import Cumulative, auroc, cumulative, ratio
from pneumoscope.statistics.resampling import (
    RESAMPLES,
    Estimate,
    bootstrap,
    interval,
    patient_weights,
)

__all__ = [
    "RESAMPLES",
    "BoolArray",
    "Cumulative",
    "Estimate",
    "FloatArray",
    "IntArray",
    "StrArray",
    "auroc",
    "bootstrap",
    "cumulative",
    "interval",
    "patient_weights",
    "ratio",
]
