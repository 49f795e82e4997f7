"""The statistics that auditing data and evaluating models share."""

from pneumoscope.statistics.arrays import BoolArray, FloatArray, IntArray, StrArray
from pneumoscope.statistics.paired import DeLong, McNemar, delong, mcnemar
from pneumoscope.statistics.ranking import Cumulative, auroc, cumulative, ratio
from pneumoscope.statistics.resampling import (
    RESAMPLES,
    Estimate,
    bootstrap,
    interval,
    patient_weights,
)
from pneumoscope.statistics.shift import Bins, Shift, measure_shift

__all__ = [
    "RESAMPLES",
    "Bins",
    "BoolArray",
    "Cumulative",
    "DeLong",
    "Estimate",
    "FloatArray",
    "IntArray",
    "McNemar",
    "Shift",
    "StrArray",
    "auroc",
    "bootstrap",
    "cumulative",
    "delong",
    "interval",
    "mcnemar",
    "measure_shift",
    "patient_weights",
    "ratio",
]
