"""The performance of a model in service over time, once the labels of its images are known."""

from pneumoscope.evaluation.overtime.result import Change, PerformanceOverTime, Period
from pneumoscope.evaluation.overtime.run import performance_over_time
from pneumoscope.evaluation.overtime.tables import tabulate_performance

__all__ = [
    "Change",
    "PerformanceOverTime",
    "Period",
    "performance_over_time",
    "tabulate_performance",
]
