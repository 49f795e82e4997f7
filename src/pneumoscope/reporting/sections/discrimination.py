"""The section on how well the model discriminates between the classes."""

from __future__ import annotations

from pneumoscope.evaluation import figures
from pneumoscope.evaluation.intervals import roc_band
from pneumoscope.evaluation.metrics import confusion_matrix
from pneumoscope.evaluation.tables import tabulate_groups, tabulate_overall
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Drawing, Section, draw


def discrimination(material: Material) -> Section:
    """Makes the section of the measures of the whole set and of each class, and of the curves."""
    found = material.evaluation
    return Section(
        "discrimination",
        "Discrimination",
        {
            "measures": tabulate_overall(found),
            "classes": tabulate_groups("class", found.classes),
            "drawings": _drawings(material),
        },
    )


def _drawings(material: Material) -> list[Drawing]:
    found = material.evaluation
    scored, estimates = found.scored, found.overall.estimates
    band = roc_band(scored, found.cohort.resampling)
    counts = confusion_matrix(scored)
    calls = "; ".join(
        f"of {sum(row):,} {true}, " + ", ".join(f"{n:,} were predicted {c}" for n, c in cells)
        for true, row in zip(scored.classes, counts.tolist(), strict=True)
        for cells in [list(zip(row, scored.classes, strict=True))]
    )
    return [
        draw(
            figures.roc(scored, estimates["auroc"], band),
            "roc",
            alt=f"Receiver operating characteristic, AUROC {estimates['auroc']}.",
            caption="Sensitivity against the false-positive rate.",
        ),
        draw(
            figures.precision_recall(scored, estimates["average_precision"]),
            "precision-recall",
            alt="Precision against recall, average precision "
            f"{estimates['average_precision']}, at a prevalence of {scored.positive.mean():.3f}.",
            caption="Precision against recall. It depends on how common the disease is here.",
        ),
        draw(
            figures.confusion(scored),
            "confusion",
            alt=f"Confusion matrix: {calls}.",
            caption="Predicted class of the images of each true class, at the threshold "
            f"{found.operating_point.name}.",
        ),
        draw(
            figures.score_histogram(scored),
            "scores",
            alt=f"Histogram of the predicted probability of {scored.positive_name} for each true "
            f"class, with the threshold at {scored.threshold:.4g}.",
            caption="Predicted probabilities of each true class; the scale of the numbers is "
            "logarithmic.",
        ),
    ]
