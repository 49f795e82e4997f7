"""The files of an evaluation: figures for people, numbers for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pneumoscope import plots
from pneumoscope.evaluation import figures, gallery
from pneumoscope.evaluation.folder import ResultFiles
from pneumoscope.evaluation.intervals import net_benefit_band, reliability_band, roc_band
from pneumoscope.evaluation.result import Evaluation
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.tables import tabulate_evaluation
from pneumoscope.files import write_json, write_text
from pneumoscope.imaging import load_display, read_bytes
from pneumoscope.inference import Predictor, overlay
from pneumoscope.names import public_name
from pneumoscope.plots import FigureFormat
from pneumoscope.statistics import IntArray
from pneumoscope.tables import Table, write_tables

FILES = ResultFiles(
    json="metrics.json",
    tables="evaluation",
    figures=(
        "confusion_matrix",
        "roc",
        "precision_recall",
        "score_histogram",
        "reliability",
        "decision_curve",
        "sample_predictions",
    ),
    csv=("predictions.csv",),
)
"""What an evaluation writes."""


def write_evaluation(
    evaluation: Evaluation,
    predictor: Predictor | None,
    output: Path,
    formats: Iterable[FigureFormat],
) -> None:
    """Writes figures, measures as JSON, tables as Markdown and LaTeX, predictions as CSV.

    Args:
        evaluation: the evaluation to write.
        predictor: the model, for the heatmaps of the examples; None to leave examples out.
        output: the folder; files of a former evaluation in it are replaced.
        formats: file formats of the figures.

    Raises:
        StorageError: if a file cannot be written.
    """
    scored = evaluation.scored
    estimates = evaluation.overall.estimates
    band, bins, benefit = (
        draw(scored, evaluation.cohort.resampling)
        for draw in (roc_band, reliability_band, net_benefit_band)
    )
    drawn = {
        "confusion_matrix": figures.confusion(scored),
        "roc": figures.roc(scored, estimates["auroc"], band),
        "precision_recall": figures.precision_recall(scored, estimates["average_precision"]),
        "score_histogram": figures.score_histogram(scored),
        "reliability": figures.reliability_diagram(
            scored, estimates["ece"], bins, evaluation.uncalibrated
        ),
        "decision_curve": figures.decision_curve(scored, benefit),
    }
    if predictor is not None:
        shown = list(samples(scored, _chosen(scored), predictor))
        drawn["sample_predictions"] = gallery.sample_grid(shown, scored.positive_name)
    write_json(output / FILES.json, evaluation.to_dict())  # first: by it the others are its own
    for name, figure in drawn.items():
        plots.save(figure, output / name, formats)
    write_tables(tabulate_evaluation(evaluation), output / FILES.tables)
    write_text(output / "predictions.csv", _predictions_csv(scored))


def samples(
    scored: ScoredImages, chosen: IntArray, predictor: Predictor
) -> Iterator[gallery.Sample]:
    """Explains some of the images, as a gallery shows them.

    Args:
        scored: the labelled images.
        chosen: indices of the wanted images.
        predictor: the model, for their heatmaps.

    Raises:
        ImageError: if one of them can no longer be read.
    """
    paths = [scored.paths[index] for index in chosen]
    explanations = predictor.explain_many(paths, withhold=False)
    for index, explanation in zip(chosen, explanations, strict=True):
        path = Path(scored.paths[index])
        image = load_display(read_bytes(path), longest=384)
        yield gallery.Sample(
            image=image,
            overlay=None if explanation.heatmap is None else overlay(image, explanation.heatmap),
            truth=scored.classes[scored.labels[index]],
            predicted=scored.classes[scored.predicted[index]],
            probability=float(scored.score[index]),
            name=public_name(path, path.name),
        )


def _chosen(scored: ScoredImages) -> IntArray:
    right = gallery.right_examples(scored, gallery.COLUMNS)
    return np.append(right, gallery.worst_mistakes(scored, gallery.COLUMNS))


def _predictions_csv(scored: ScoredImages) -> str:
    columns = ("path", "patient", "subgroup", *scored.groups, "true", "predicted", "probability")
    rows = (
        (
            public_name(path),
            scored.patients[index],
            scored.subgroups[index],
            *(values[index] for values in scored.groups.values()),
            scored.classes[scored.labels[index]],
            scored.classes[scored.predicted[index]],
            f"{scored.score[index]:.6f}",
        )
        for index, path in enumerate(scored.paths)
    )
    return Table("Predictions", columns, tuple(rows)).to_csv()
