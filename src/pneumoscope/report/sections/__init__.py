"""The sections of the page: each is a function here and a template named by its anchor."""

from __future__ import annotations

from collections.abc import Callable

from pneumoscope.report.material import Material
from pneumoscope.report.section import Section
from pneumoscope.report.sections.calibration import calibration
from pneumoscope.report.sections.data import data
from pneumoscope.report.sections.discrimination import discrimination
from pneumoscope.report.sections.examples import mistakes
from pneumoscope.report.sections.explanations import explanations
from pneumoscope.report.sections.origin import limitations, reproduce
from pneumoscope.report.sections.points import operating_points
from pneumoscope.report.sections.refusal import refusal
from pneumoscope.report.sections.robustness import robustness
from pneumoscope.report.sections.subgroups import subgroups
from pneumoscope.report.sections.training import training

SECTIONS: tuple[Callable[[Material], Section], ...] = (
    data,
    training,
    discrimination,
    calibration,
    operating_points,
    refusal,
    subgroups,
    robustness,
    explanations,
    mistakes,
    limitations,
    reproduce,
)
"""All sections below the summary, in their order on the page."""
