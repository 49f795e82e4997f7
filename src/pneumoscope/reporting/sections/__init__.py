"""The sections of the page: each is a function here and a template named by its anchor."""

from __future__ import annotations

from collections.abc import Callable

from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.reporting.sections.calibration import calibration
from pneumoscope.reporting.sections.data import data
from pneumoscope.reporting.sections.discrimination import discrimination
from pneumoscope.reporting.sections.examples import mistakes
from pneumoscope.reporting.sections.explanations import explanations
from pneumoscope.reporting.sections.origin import limitations, reproduce
from pneumoscope.reporting.sections.points import operating_points
from pneumoscope.reporting.sections.refusal import refusal
from pneumoscope.reporting.sections.robustness import robustness
from pneumoscope.reporting.sections.subgroups import subgroups
from pneumoscope.reporting.sections.training import training

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
