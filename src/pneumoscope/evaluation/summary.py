"""An evaluation in brief: what it means in two sentences, and the measures of the whole set."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.groups import GroupResult
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.tables import tabulate_overall
from pneumoscope.tables import Part


def summarise_evaluation(found: Evaluation) -> Iterator[Part]:
    """Says what an evaluation means, and lists the measures of the whole set."""
    yield state_evaluation(found)
    yield tabulate_overall(found)
    if found.coverage:
        yield str(found.coverage)
    if found.drift.missing:
        yield f"Drift not computable: {found.drift.missing}"
    yield found.basis


def state_evaluation(found: Evaluation) -> str:
    """Says how well a model ranks the images, and what it does at its operating point."""
    point = found.operating_point.describe(
        found.overall.estimates["sensitivity"], found.overall.estimates["specificity"]
    )
    return f"{state_discrimination(found.scored, found.overall)} {point}"


def state_discrimination(scored: ScoredImages, overall: GroupResult) -> str:
    """Says whether a model discriminates between the sides better than chance."""
    auroc = overall.estimates["auroc"]
    if auroc.value is None:
        return f"AUROC not computable: all images are of one class ({scored.counts})."
    if auroc.value == 1.0 and auroc.low is None:  # resamples of a perfect ranking do not differ
        return "AUROC 1.000 on unseen patients: each positive image scores above each negative one."
    text = f"AUROC {auroc} on unseen patients"
    if auroc.low is None or auroc.high is None:
        return f"{text}; whether that is more than chance cannot be told without an interval."
    if auroc.low > 0.5:
        return f"{text}: better than chance."
    if auroc.high < 0.5:
        return f"{text}: worse than chance."
    return f"{text}: that cannot be distinguished from chance."
