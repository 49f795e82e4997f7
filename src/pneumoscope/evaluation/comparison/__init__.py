"""Models against one another, on the same images."""

from pneumoscope.evaluation.comparison.result import ComparedModel, Comparison
from pneumoscope.evaluation.comparison.run import compare
from pneumoscope.evaluation.comparison.summary import state_comparison, summarise_comparison
from pneumoscope.evaluation.comparison.tables import tabulate_comparison

__all__ = [
    "ComparedModel",
    "Comparison",
    "compare",
    "state_comparison",
    "summarise_comparison",
    "tabulate_comparison",
]
