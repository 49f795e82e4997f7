"""The section on how far the model degrades under changes, and on the drift of the images."""

from __future__ import annotations

from collections.abc import Mapping

from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.evaluation.stress import Stress, tabulate_stress
from pneumoscope.evaluation.stress.figures import measures_figure, stress_figure
from pneumoscope.evaluation.stress.result import ModelStress
from pneumoscope.evaluation.stress.tables import tabulate_severities
from pneumoscope.imaging.changes import SEVERITIES
from pneumoscope.monitor.drift import tabulate_drift
from pneumoscope.reporting.material import Material, OfPixels
from pneumoscope.reporting.section import Drawing, Section, draw


def robustness(material: Material) -> Section:
    """Makes the section of the stress validation and the drift."""
    drift = material.evaluation.drift
    return Section(
        "robustness",
        "Robustness",
        {
            "stress": None if material.pixels is None else _stress(material, material.pixels),
            "drift": None if drift.missing else tabulate_drift(drift),
            "missing": drift.missing,
        },
    )


def _stress(material: Material, pixels: OfPixels) -> dict[str, object]:
    found, graded, worst = pixels.stress, pixels.graded, pixels.stressed.worst
    mean, *changes = tabulate_severities(graded)
    return {
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
        "graded": _graded(material.evaluation.scored, graded),
        "graded_mean": mean,
        "graded_changes": changes,
        "graded_basis": graded.basis_of_curves,
        "graded_images": len(graded.cohort),
        "severities": graded.severities,
    }


def _graded(scored: ScoredImages, graded: Stress) -> list[Drawing]:
    """Draws the correct predictions of each class, and what stays unchanged, by severity."""
    (model,) = graded.models
    sides = {"specificity": scored.classes[0], "sensitivity": scored.positive_name}
    steady = {"agreement": "labels", "map_correlation": "activation maps"}
    bands = "Bands: pointwise 95 % intervals."
    return [
        draw(
            measures_figure(model, sides, "Fraction classified correctly"),
            "severities",
            alt="Fraction of the images of each class that are classified correctly, for each "
            f"change at severities 0 to {SEVERITIES[-1]}. {_ends(model, sides)}",
            caption="Fraction of each class that is classified correctly as each change grows; "
            f"last the mean over the changes. {bands}",
            wide=True,
        ),
        draw(
            measures_figure(model, steady, "Like those of the unchanged image"),
            "steadiness",
            alt="Fraction of labels that stay those of the unchanged image, and rank correlation "
            f"of class-activation maps with its own, for each change. {_ends(model, steady)}",
            caption="Fraction of images that keep the label of the unchanged image, right or "
            "wrong; and rank correlation of class-activation maps with those of unchanged images. "
            f"{bands}",
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
