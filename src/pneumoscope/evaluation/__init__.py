"""Evaluation of models on labelled images: measures, confidence intervals and mistakes."""

from pneumoscope.errors import extra_needed

with extra_needed("evaluate", "Evaluating"):
    from pneumoscope.evaluation.comparison import ComparedModel, Comparison, compare
    from pneumoscope.evaluation.comparison.difference import Difference
    from pneumoscope.evaluation.groups import GroupResult
    from pneumoscope.evaluation.result import Evaluation
    from pneumoscope.evaluation.run import evaluate
    from pneumoscope.evaluation.scores import ScoredImages
    from pneumoscope.evaluation.summary import state_evaluation, summarise_evaluation
    from pneumoscope.evaluation.tables import tabulate_evaluation
    from pneumoscope.monitor.drift import Drift
    from pneumoscope.statistics import Estimate

__all__ = [
    "ComparedModel",
    "Comparison",
    "Difference",
    "Drift",
    "Estimate",
    "Evaluation",
    "GroupResult",
    "ScoredImages",
    "compare",
    "evaluate",
    "state_evaluation",
    "summarise_evaluation",
    "tabulate_evaluation",
]
