"""From which distances on images are warned of and refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pneumoscope.errors import SettingsError


@dataclass(frozen=True)
class GateLevel:
    """A line on a distance from the training images.

    Attributes:
        distance: what lies above it is warned of, or refused.
        share: of images like the validation images that are expected to lie above, in (0, 1).
    """

    distance: float
    share: float

    def __post_init__(self) -> None:
        if not (self.distance >= 0 and 0 < self.share < 1):
            raise SettingsError(
                "A level of the gate is out of range",
                expected="a distance of 0 or more, and a share between 0 and 1",
                received=f"{self.distance} and {self.share}",
            )


@dataclass(frozen=True)
class GateLevels:
    """From which distances on images are warned of and refused.

    Attributes:
        warn: accepted above it, with a warning; by kind of the descriptors that the distance is
            one of: the network's "features", or one of `gate.appearance.APPEARANCES`.
        refuse: refused above it, if the distance is that of the features.
        images: number of validation images that both were chosen on.
        patients: number of their patients.
    """

    warn: Mapping[str, GateLevel]
    refuse: GateLevel
    images: int
    patients: int
