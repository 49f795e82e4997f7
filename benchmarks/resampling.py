"""Resampling: intervals of all measures from a bootstrap of patients, beside a plain loop.

Labels and probabilities are made up, for as many images as the published training set has, of as
many patients with as many images each. The loop is what one would write with scikit-learn: draw
patients, gather the rows of their images, call a function for each measure. Both draw the same
patients, so that their intervals have to agree.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    roc_auc_score,
)

from machine import print_facts, print_table, ratio, spread
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import BoolArray, FloatArray, IntArray, Resampling, equal_mass_bins

_SEED = 0
_NORMAL = {1: 1141, 2: 13, 3: 54, 4: 3}
_PNEUMONIA = {1: 1870, 2: 283, 3: 102, 4: 53, 5: 47, 6: 35, 7: 21, 8: 13, 9: 6, 10: 4, 11: 4}
_PNEUMONIA |= {13: 1, 14: 2, 16: 1, 30: 1}
"""Number of patients by number of their images, in the published training set."""

Ends = dict[str, tuple[float | None, float | None]]
"""Of the 95 % interval, by name of the measure."""


def main() -> None:
    """Measures both, in turns, and prints the comparison."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--resamples", type=int, default=2000, help="of the patients")
    options.add_argument("--repeats", type=int, default=3, help="turns")
    choices = options.parse_args()
    scored = _make_up()
    print_facts(f"{scored.counts}, {choices.resamples:,} resamples, {len(TITLES)} measures")
    ours, plain = [], []
    for _ in range(choices.repeats):
        loop_ends, *seconds = _timed(_plain_loop, scored, choices.resamples)
        plain.append(seconds)
        our_ends, *seconds = _timed(_vectorised, scored, choices.resamples)
        ours.append(seconds)
    print_table(
        ["", "seconds", "ratio", "of the processor", "ratio"],
        [_row("plain loop, scikit-learn", plain, plain), _row("pneumoscope", ours, plain)],
    )
    ends = np.array([[our_ends[name], loop_ends[name]] for name in TITLES], float)
    print(f"Greatest difference of an end of an interval: {np.ptp(ends, axis=1).max():.1e}")


def _make_up() -> ScoredImages:
    """Images whose patients are alike, with an AUROC near .98."""
    rng = np.random.default_rng(_SEED)
    counts = [np.repeat(list(side), list(side.values())) for side in (_NORMAL, _PNEUMONIA)]
    patient = np.repeat(np.arange(sum(map(len, counts))), np.concatenate(counts))
    labels = np.repeat([0, 1], [side.sum() for side in counts])
    logits = 5 * (labels - 0.5) + rng.normal(0, 1.2, patient[-1] + 1)[patient]
    score = 1 / (1 + np.exp(-logits - rng.normal(0, 1.2, len(labels))))
    return ScoredImages(
        classes=("NORMAL", "PNEUMONIA"),
        labels=labels,
        probabilities=np.column_stack([1 - score, score]),
        patients=np.array([f"patient {number}" for number in patient]),
        subgroups=np.full(len(labels), ""),
        paths=tuple(f"{index}.jpeg" for index in range(len(labels))),
        threshold=0.5,
    )


def _timed(
    bootstrap: Callable[[ScoredImages, int], Ends], scored: ScoredImages, resamples: int
) -> tuple[Ends, float, float]:
    """What it returns, its seconds, and those that the cores gave it."""
    clock, processor = time.perf_counter(), time.process_time()
    ends = bootstrap(scored, resamples)
    return ends, time.perf_counter() - clock, time.process_time() - processor


def _row(name: str, ours: Sequence[Sequence[float]], plain: Sequence[Sequence[float]]) -> list[str]:
    cells = [name]
    for measured, others in zip(zip(*ours, strict=True), zip(*plain, strict=True), strict=True):
        cells += [spread(measured, 1), f"**1/{ratio(others, measured):.1f}**"]
    return cells


def _vectorised(scored: ScoredImages, resamples: int) -> Ends:
    estimates = evaluate_all(scored, Resampling(resamples, _SEED)).estimates
    return {name: (estimate.low, estimate.high) for name, estimate in estimates.items()}


def _plain_loop(scored: ScoredImages, resamples: int) -> Ends:
    truth, score, called = scored.positive, scored.score, scored.predicted
    bins = equal_mass_bins(score)
    _, codes, counts = np.unique(scored.patients, return_inverse=True, return_counts=True)
    rows = np.split(np.argsort(codes), np.cumsum(counts)[:-1])
    rng = np.random.default_rng(_SEED)
    found = []
    for _ in range(resamples):
        drawn = rng.integers(len(rows), size=len(rows))
        taken = np.concatenate([rows[patient] for patient in drawn])
        found.append(_measure(truth[taken], called[taken], score[taken], bins[taken]))
    return {
        name: tuple(np.percentile([each[name] for each in found], (2.5, 97.5))) for name in TITLES
    }


def _measure(
    truth: BoolArray, called: IntArray, score: FloatArray, bins: IntArray
) -> dict[str, float]:
    (tn, fp), (fn, tp) = confusion_matrix(truth, called)
    sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
    return {
        "accuracy": (tp + tn) / len(truth),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": tp / (tp + fp),
        "npv": tn / (tn + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "auroc": roc_auc_score(truth, score),
        "average_precision": average_precision_score(truth, score),
        "brier": brier_score_loss(truth, score),
        "log_loss": log_loss(truth, score),
        "ece": _ece(truth, score, bins),
    }


def _ece(truth: BoolArray, score: FloatArray, bins: IntArray) -> float:
    error = 0.0
    for number in np.unique(bins):
        members = bins == number
        error += members.mean() * abs(score[members].mean() - truth[members].mean())
    return error


if __name__ == "__main__":
    main()
