"""The section on the thresholds, and on the net benefit of acting on the model."""

from __future__ import annotations

from pneumoscope.evaluation.figures import decision_curve
from pneumoscope.evaluation.intervals import net_benefit_band
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section, draw
from pneumoscope.tables import Table, in_two_lines

_MEASURES = ("sensitivity", "specificity", "ppv", "npv")


def operating_points(material: Material) -> Section:
    """Makes the section of the operating points, and of the decision curve."""
    found = material.evaluation
    rows = []
    for point, measured in material.points:
        values = (in_two_lines(measured.estimates[name]) for name in _MEASURES)
        expected = (
            in_two_lines(each) if each else "not known"
            for each in (point.sensitivity, point.specificity)
        )
        rows.append((f"{point.name}\n{point.threshold:.4g}", *values, *expected))
    columns = (
        "operating point\nthreshold",
        *(TITLES[name] for name in _MEASURES),
        "expected\nsensitivity",
        "expected\nspecificity",
    )
    band = net_benefit_band(found.scored, found.cohort.resampling)
    caption = f"Measured on {found.scored.counts}: value (95 % interval)"
    return Section(
        "operating-points",
        "Operating points",
        {
            "points": Table(caption, columns, tuple(rows)),
            "default": found.model.operating_points[0],
            "decision": draw(
                decision_curve(found.scored, band),
                "decision",
                alt="Decision curve: net benefit of acting on the model, beside acting on all "
                "images and on none, for threshold probabilities from 0 to 1.",
                caption="Net benefit. Where the curve of the model is not above both others, the "
                "model is of no use to whoever acts from that probability up.",
            ),
        },
    )
