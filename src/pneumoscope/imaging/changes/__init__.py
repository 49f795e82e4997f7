"""Corruptions of a radiograph: changes of its pixels that leave its class as it is."""

from pneumoscope.imaging.changes.catalogue import (
    CHANGES,
    MODERATE,
    SEVERITIES,
    Change,
    ChangeGroup,
)
from pneumoscope.imaging.changes.pixels import Grey, brightness, hide_lungs

__all__ = [
    "CHANGES",
    "MODERATE",
    "SEVERITIES",
    "Change",
    "ChangeGroup",
    "Grey",
    "brightness",
    "hide_lungs",
]
