"""Stress validation: the same images, changed as other hospitals might, and what is left then."""

from pneumoscope.evaluation.stress.result import ModelStress, Stress
from pneumoscope.evaluation.stress.run import stress
from pneumoscope.evaluation.stress.tables import tabulate_stress

__all__ = ["ModelStress", "Stress", "stress", "tabulate_stress"]
