"""What the model went by, and what its heatmaps are worth."""

from __future__ import annotations

from pneumoscope.evaluation.gallery import right_examples
from pneumoscope.evaluation.heatmaps import tabulate_heatmaps
from pneumoscope.evaluation.heatmaps.figures import check_figure
from pneumoscope.reporting.heatmaps import meaning
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section, draw
from pneumoscope.reporting.sections.examples import pictures

_RIGHT = 8


def explanations(material: Material) -> Section:
    """Right predictions with their heatmaps, and the checks of these."""
    chosen = right_examples(
        material.evaluation.scored, _RIGHT, seed=material.evaluation.cohort.resampling.seed
    )
    found = material.heatmaps
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
                alt="Probability of the called class as places are deleted or inserted, in the "
                "order of the heatmap, at random, and from the centre; below, what was measured of "
                "shuffled weights and of places. Better than random by "
                f"{gains['deletion']['random']} in deletion and {gains['insertion']['random']} in "
                "insertion. The numbers are in the tables below.",
                caption="Deletion: the sooner the line of the heatmap falls, the more the network "
                "needs what it shows. Insertion: the sooner it rises, the more that suffices.",
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
