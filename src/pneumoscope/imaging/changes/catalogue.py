"""Named corruptions of a radiograph, such as another hospital might cause; its class stays.

They are applied at the size that a network reads. The same image, corruption and severity always
give the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pneumoscope.errors import out_of_range
from pneumoscope.imaging.changes import pixels as alter
from pneumoscope.imaging.changes.pixels import Grey

SEVERITIES = range(1, 6)
MODERATE = 3
"""Severity that is plain to see, and no reason to read the image otherwise."""


class ChangeGroup(StrEnum):
    """Kind of a corruption: the property of the image that it changes."""

    GEOMETRY = "geometry"
    EXPOSURE = "exposure"
    DEGRADATION = "degradation"
    OCCLUSION = "occlusion"


@dataclass(frozen=True)
class Change:
    """A named corruption of an image.

    Attributes:
        name: name in tables.
        group: kind of the corruption.
        description: effect in one line, with a place for the amount.
        amounts: amounts at severities 1 to 5; empty if there is no amount to choose.
        alter: function that takes the image and the amount, and returns the changed image.
    """

    name: str
    group: ChangeGroup
    description: str
    amounts: tuple[float, ...]
    alter: Callable[[Grey, float], Grey]

    def __call__(self, pixels: Grey, severity: int = MODERATE) -> Grey:
        """Applies the corruption to an image.

        Args:
            pixels: the image, uint8 of shape (h, w); it is not changed in place.
            severity: severity from 1, hardly visible, to 5, severe.

        Returns:
            uint8 of shape (h, w).

        Raises:
            SettingsError: if there is no such severity.
        """
        return self.alter(pixels, self._amount(severity))

    def describe(self, severity: int = MODERATE) -> str:
        """Describes the effect at this severity, in one line.

        Raises:
            SettingsError: if there is no such severity.
        """
        return self.description.format(self._amount(severity))

    def _amount(self, severity: int) -> float:
        if severity not in SEVERITIES:
            raise out_of_range("severity", severity, "1 to 5")
        return self.amounts[severity - 1] if self.amounts else 1.0


_G, _E = ChangeGroup.GEOMETRY, ChangeGroup.EXPOSURE
_D, _O = ChangeGroup.DEGRADATION, ChangeGroup.OCCLUSION
_ALL = (
    Change("zoom-in", _G, "enlarged {:g} times", (1.08, 1.16, 1.25, 1.35, 1.5), alter.zoom),
    Change("zoom-out", _G, "shrunk to {:.0%}", (0.93, 0.86, 0.8, 0.73, 0.65), alter.zoom),
    Change("wider", _G, "stretched sideways {:g} times", (1.06, 1.12, 1.2, 1.3, 1.4), alter.widen),
    Change(
        "taller", _G, "stretched upright {:g} times", (1.06, 1.12, 1.2, 1.3, 1.4), alter.heighten
    ),
    Change("rotation", _G, "turned anticlockwise by {:g}°", (3, 6, 10, 15, 20), alter.rotate),
    Change(
        "shift", _G, "moved right and down by {:.0%}", (0.02, 0.05, 0.08, 0.12, 0.16), alter.shift
    ),
    Change("crop", _G, "{:.0%} cut off left and below", (0.04, 0.08, 0.12, 0.17, 0.22), alter.crop),
    Change("flip", _G, "left and right exchanged", (), alter.mirror),
    Change(
        "darker", _E, "{:+.0%} of the range", (-0.05, -0.1, -0.15, -0.22, -0.3), alter.brightness
    ),
    Change("brighter", _E, "{:+.0%} of the range", (0.05, 0.1, 0.15, 0.22, 0.3), alter.brightness),
    Change(
        "low-contrast", _E, "{:g} times the contrast", (0.85, 0.72, 0.6, 0.45, 0.3), alter.contrast
    ),
    Change(
        "high-contrast", _E, "{:g} times the contrast", (1.15, 1.3, 1.5, 1.75, 2), alter.contrast
    ),
    Change(
        "low-gamma",
        _E,
        "gamma {:g}: middle greys brighter",
        (0.85, 0.72, 0.6, 0.5, 0.4),
        alter.gamma,
    ),
    Change(
        "high-gamma", _E, "gamma {:g}: middle greys darker", (1.2, 1.4, 1.6, 2, 2.5), alter.gamma
    ),
    Change(
        "blur", _D, "Gaussian of {:.1%} of the side", (0.004, 0.007, 0.01, 0.015, 0.022), alter.blur
    ),
    Change(
        "noise", _D, "Gaussian of {:.0%} of the range", (0.02, 0.05, 0.08, 0.12, 0.18), alter.noise
    ),
    Change("jpeg", _D, "saved as JPEG of quality {:g}", (60, 30, 15, 8, 4), alter.jpeg),
    Change(
        "borders",
        _O,
        "{:.0%} of each side black",
        (0.03, 0.06, 0.1, 0.14, 0.18),
        alter.cover_borders,
    ),
    Change(
        "corners",
        _O,
        "black squares of {:.0%} of the side",
        (0.08, 0.12, 0.16, 0.2, 0.25),
        alter.cover_corners,
    ),
)
CHANGES: Mapping[str, Change] = MappingProxyType({change.name: change for change in _ALL})
"""All corruptions by name, in the order in which tables list them."""
