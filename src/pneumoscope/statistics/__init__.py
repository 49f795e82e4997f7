"""Statistics for the audit of data sets, the training of models and their evaluation."""

from pneumoscope.statistics.arrays import BoolArray, FloatArray, IntArray, StrArray
from pneumoscope.statistics.calibration import (
    ReliabilityBins,
    calibration_measures,
    equal_mass_bins,
    reliability,
)
from pneumoscope.statistics.conformal import upper_threshold
from pneumoscope.statistics.evidence import log_evidence
from pneumoscope.statistics.few import FEW_PATIENTS, FEWEST_PATIENTS
from pneumoscope.statistics.operating import (
    choose_operating_points,
    find_undecided,
    measure_sources,
)
from pneumoscope.statistics.paired import DeLong, McNemar, delong, mcnemar
from pneumoscope.statistics.proportion import estimate_unanimous
from pneumoscope.statistics.ranking import (
    Cumulative,
    auroc,
    cumulative,
    known_mean,
    rank_correlation,
    ratio,
)
from pneumoscope.statistics.resampling import Resampling
from pneumoscope.statistics.shift import Bins, Shift, compare_counts, measure_shift
from pneumoscope.statistics.unpaired import estimate_difference
from pneumoscope.types import Estimate

__all__ = [
    "FEWEST_PATIENTS",
    "FEW_PATIENTS",
    "Bins",
    "BoolArray",
    "Cumulative",
    "DeLong",
    "Estimate",
    "FloatArray",
    "IntArray",
    "McNemar",
    "ReliabilityBins",
    "Resampling",
    "Shift",
    "StrArray",
    "auroc",
    "calibration_measures",
    "choose_operating_points",
    "compare_counts",
    "cumulative",
    "delong",
    "equal_mass_bins",
    "estimate_difference",
    "estimate_unanimous",
    "find_undecided",
    "known_mean",
    "log_evidence",
    "mcnemar",
    "measure_shift",
    "measure_sources",
    "rank_correlation",
    "ratio",
    "reliability",
    "upper_threshold",
]
