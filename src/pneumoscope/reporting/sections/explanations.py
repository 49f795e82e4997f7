"""The section on the heatmaps, and on what they are worth."""

from __future__ import annotations

from pneumoscope.evaluation.gallery import right_examples
from pneumoscope.evaluation.heatmaps import tabulate_heatmaps
from pneumoscope.evaluation.heatmaps.figures import check_figure
from pneumoscope.evaluation.heatmaps.meaning import meaning
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section, draw
from pneumoscope.reporting.sections.examples import pictures

_RIGHT = 8


def explanations(material: Material) -> Section:
    """Makes the section of correct predictions with their heatmaps, and of the heatmap check."""
    if material.pixels is None:
        return Section("explanations", "Explanations", None)
    chosen = right_examples(
        material.evaluation.scored, _RIGHT, seed=material.evaluation.cohort.resampling.seed
    )
    found = material.pixels.heatmaps
    gains = found.perturbation["all"].gains
    return Section(
        "explanations",
        "Explanations",
        {
            **pictures(material, chosen),
            "meaning": meaning(found),
            "figure": draw(
                check_figure(found),
                "heatmaps",
                alt="Probability of the predicted class as places are deleted or inserted, in the "
                "order of the heatmap, at random, and from the centre; below, the results with "
                "shuffled weights and for the location of heatmaps. Better than random by "
                f"{gains['deletion']['random']} in deletion and {gains['insertion']['random']} in "
                "insertion. The numbers are in the tables below.",
                caption="Deletion: the faster the curve of the heatmap falls, the more the network "
                "needs what it shows. Insertion: the faster it rises, the more what it shows "
                "suffices.",
                wide=True,
            ),
            "tables": tabulate_heatmaps(found),
            "shuffled": bool(found.randomisation),
            "why_not": [n for n in found.notices if n.code == "weights-not-shuffled"],
            "planted": bool(found.location),
            "images": len(found.cohort),
            "all": len(material.evaluation.scored.paths),
            "basis": found.basis,
        },
    )
