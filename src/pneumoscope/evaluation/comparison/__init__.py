"""Models against one another, on the same images."""

from pneumoscope.evaluation.comparison.result import ComparedModel, Comparison
from pneumoscope.evaluation.comparison.run import compare

__all__ = ["ComparedModel", "Comparison", "compare"]
