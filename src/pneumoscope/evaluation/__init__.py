"""Predictions to evidence: how good a model is, how sure that is, and what it gets wrong."""

from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.held_out import evaluate
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import Estimate

__all__ = ["Estimate", "Evaluation", "GroupResult", "ScoredImages", "evaluate"]
