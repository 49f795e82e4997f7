"""What is left under changes, and how far these images lie from the training."""

from __future__ import annotations

from collections.abc import Mapping

from pneumoscope.evaluation.stress import tabulate_stress
from pneumoscope.evaluation.stress.figures import measures_figure, stress_figure
from pneumoscope.evaluation.stress.result import ModelStress
from pneumoscope.evaluation.stress.tables import tabulate_severities
from pneumoscope.evaluation.tables import tabulate_drift
from pneumoscope.imaging.changes import SEVERITIES
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Drawing, Section, draw


def robustness(material: Material) -> Section:
    """The figure and the tables of the stress validation, and the drift."""
    found = material.stress
    worst = material.stressed.worst
    drift = material.evaluation.drift
    mean, *changes = tabulate_severities(material.graded)
    return Section(
        "robustness",
        "Robustness",
        {
            "figure": draw(
                stress_figure(found),
                "stress",
                alt="AUROC and balanced accuracy under each change, with intervals. The worst: "
                f"AUROC {worst['auroc']}, balanced accuracy {worst['balanced_accuracy']}. The "
                "numbers are in the tables below.",
                caption="Dotted: chance. One mark for each change, with its 95 % interval.",
                wide=True,
            ),
            "tables": tabulate_stress(found),
            "descriptions": [(c.name, c.description) for c in found.conditions],
            "basis": found.basis,
            "images": len(found.cohort),
            "all": len(material.evaluation.scored.paths),
            "graded": _graded(material),
            "graded_mean": mean,
            "graded_changes": changes,
            "graded_basis": material.graded.basis_of_curves,
            "graded_images": len(material.graded.cohort),
            "severities": material.graded.severities,
            "drift": None if drift.missing else tabulate_drift(drift),
            "missing": drift.missing,
        },
    )


def _graded(material: Material) -> list[Drawing]:
    """What is called right of each class, and what stays as it was, as each change grows."""
    (model,) = material.graded.models
    scored = material.evaluation.scored
    sides = {"specificity": scored.classes[0], "sensitivity": scored.positive_name}
    steady = {"agreement": "labels", "map_correlation": "heatmaps"}
    bands = "Bands: pointwise 95 % intervals."
    return [
        draw(
            measures_figure(model, sides, "Share called right"),
            "severities",
            alt="Share of the images of each class that are called right, for each change at "
            f"severities 0 to {SEVERITIES[-1]}. {_ends(model, sides)}",
            caption=f"Each class as each change grows; last the mean over the changes. {bands}",
            wide=True,
        ),
        draw(
            measures_figure(model, steady, "Like those of the unchanged image"),
            "steadiness",
            alt="Share of labels, and rank correlation of heatmaps, that stay as they are of the "
            f"unchanged image, for each change. {_ends(model, steady)}",
            caption="Share of images called what they are called unchanged, right or wrong; and "
            f"rank correlation of their heatmaps with those of the unchanged images. {bands}",
            wide=True,
        ),
    ]


def _ends(model: ModelStress, measures: Mapping[str, str]) -> str:
    mildest, *_, strongest = model.curves["mean"]
    ends = (
        f"{name} from {mildest[measure]} at the mildest to {strongest[measure]} at the strongest"
        for measure, name in measures.items()
    )
    return f"Mean over the changes: {'; '.join(ends)}."
