"""The least number of patients that a site bundle is made with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pneumoscope.errors import DataError

FEWEST_OF_A_CLASS = 25
"""Number of patients of each class below which nothing is calibrated on them.

With 25 patients a sensitivity of .9 has a 95 % interval from .71 to .98 (Clopper and Pearson): it
distinguishes a model that finds nine in ten from one that finds two in three. With ten it begins at
.55, little better than a toss of a coin. And half of 25 are still the ten patients of a class to
which anything is fitted (`FEWEST_PATIENTS`), so that the gain can be measured on the other half.
"""

FEWEST_UNLABELLED = 2 * FEWEST_OF_A_CLASS
"""Number of patients without labels below which no prevalence is estimated."""


def require_patients(data: Path, found: Mapping[str, int]) -> None:
    """Refuses labelled images of too few patients.

    Args:
        data: the local images, for the error.
        found: number of patients by class.

    Raises:
        DataError: if a class has fewer than `FEWEST_OF_A_CLASS`.
    """
    if min(found.values()) < FEWEST_OF_A_CLASS:
        raise DataError(
            f"{data} has too few patients to calibrate on",
            expected=f"{FEWEST_OF_A_CLASS} patients of each class, so that a sensitivity has an "
            "interval of use",
            received=", ".join(f"{count} {name}" for name, count in found.items()),
            remedy="Label images of more patients; `pneumoscope.plan` tells how many an acceptance "
            "test needs",
            code="site-too-few",
            values={"path": str(data), "limit": FEWEST_OF_A_CLASS, **found},
        )


def require_unlabelled(data: Path, patients: int) -> None:
    """Refuses unlabelled images of too few patients.

    Raises:
        DataError: if there are fewer than `FEWEST_UNLABELLED`.
    """
    if patients < FEWEST_UNLABELLED:
        raise DataError(
            f"{data} has too few patients to estimate a prevalence",
            expected=f"{FEWEST_UNLABELLED} patients whose images the model has not seen",
            received=f"{patients}",
            remedy="Give images of more patients",
            code="site-too-few",
            values={"path": str(data), "limit": FEWEST_UNLABELLED, "patients": patients},
        )
