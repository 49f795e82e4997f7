"""Heatmaps, checked: whether the network needs what they show, and where they lie."""

from pneumoscope.evaluation.faithfulness.result import (
    HeatmapCheck,
    Location,
    Perturbation,
    Randomisation,
)
from pneumoscope.evaluation.faithfulness.run import check_heatmaps
from pneumoscope.evaluation.faithfulness.tables import grids

__all__ = [
    "HeatmapCheck",
    "Location",
    "Perturbation",
    "Randomisation",
    "check_heatmaps",
    "grids",
]
