"""The check of heatmaps: whether the network needs what they show, and where they lie."""

from pneumoscope.evaluation.heatmaps.result import (
    HeatmapCheck,
    Location,
    Perturbation,
    Randomisation,
)
from pneumoscope.evaluation.heatmaps.run import check_heatmaps
from pneumoscope.evaluation.heatmaps.summary import state_heatmaps, summarise_heatmaps
from pneumoscope.evaluation.heatmaps.tables import tabulate_heatmaps

__all__ = [
    "HeatmapCheck",
    "Location",
    "Perturbation",
    "Randomisation",
    "check_heatmaps",
    "state_heatmaps",
    "summarise_heatmaps",
    "tabulate_heatmaps",
]
