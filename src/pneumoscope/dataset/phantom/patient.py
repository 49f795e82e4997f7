"""Phantom patients: the measures of the chest, and the pattern of the pneumonia."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pneumoscope.defaults import LESION_STRENGTH


class Pattern(StrEnum):
    """Pattern of the pneumonia of a phantom; empty for none."""

    NONE = ""
    CONSOLIDATION = "consolidation"
    INTERSTITIAL = "interstitial"


@dataclass(frozen=True)
class PhantomPatient:
    """A phantom patient, a child; lengths are in body units (half the width of the rib cage).

    Attributes:
        number: number of the patient, unique in the data set.
        seed: seed of everything that is the same in all images of the patient.
        pattern: pattern of the pneumonia.
        strength: fraction of the air that the pneumonia replaces, in [0, 1].
        lung_height: height of the lungs from their tips to the costophrenic angles.
        dome: height of the diaphragm over the costophrenic angles.
        heart: extent of the heart to the left and to the right of the midline.
        mediastinum: half-width of the upper mediastinum, thymus included.
        rib_drop: descent of a rib from the spine to the side.
        fat: thickness of the soft tissue over the ribs.
        arms: height of the elbows over the shoulders; negative if they are beside the trunk.
        vascularity: factor on the brightness of the vessels of the lungs, about 1.
    """

    number: int
    seed: int
    pattern: Pattern
    strength: float
    lung_height: float
    dome: float
    heart: tuple[float, float]
    mediastinum: float
    rib_drop: float
    fat: float
    arms: float
    vascularity: float

    def wall(self, y: float) -> float:
        """Returns the half-width of the rib cage at the height `y`, both in body units."""
        depth = min(max(y / self.lung_height / 0.95, 0.0), 1.0)
        return 0.3 + 0.7 * math.pow(math.sin(math.pi / 2 * depth), 0.65)

    @property
    def elbow(self) -> tuple[float, float]:
        """Place of the left elbow, x and y in body units; the right one is its mirror image."""
        return 1.75 - 0.3 * abs(self.arms), 0.1 - 1.2 * self.arms


def sample_patient(
    rng: np.random.Generator,
    number: int,
    pattern: Pattern,
    lesion_strength: float = LESION_STRENGTH,
) -> PhantomPatient:
    """Draws a phantom patient at random.

    Args:
        rng: random generator of the measures.
        number: number of the patient.
        pattern: pattern of the pneumonia; `Pattern.NONE` for a healthy child.
        lesion_strength: factor on the strength of the pneumonia.
    """
    span = rng.uniform
    weakest, strongest = (0.4, 1.0) if pattern is Pattern.CONSOLIDATION else (0.25, 0.75)
    return PhantomPatient(
        number=number,
        seed=int(rng.integers(2**32)),
        pattern=pattern,
        strength=min(1.0, lesion_strength * span(weakest, strongest)),
        lung_height=span(1.4, 1.7),
        dome=span(0.2, 0.34),
        heart=(span(0.5, 0.68), span(0.2, 0.34)),
        mediastinum=span(0.17, 0.3),
        rib_drop=span(0.18, 0.38),
        fat=span(0.06, 0.16),
        arms=span(-0.9, 0.9),
        vascularity=span(0.6, 1.3),
    )
