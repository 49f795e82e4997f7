"""Stress validation: how far models degrade on images changed as other hospitals might."""

from pneumoscope.evaluation.stress.result import ModelStress, Stress
from pneumoscope.evaluation.stress.run import stress
from pneumoscope.evaluation.stress.summary import state_stress, summarise_stress
from pneumoscope.evaluation.stress.tables import tabulate_stress

__all__ = ["ModelStress", "Stress", "state_stress", "stress", "summarise_stress", "tabulate_stress"]
