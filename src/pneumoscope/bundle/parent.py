"""The origin of a site bundle: the model that it was made of, and the images of the site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pneumoscope.types import OperatingPoint


@dataclass(frozen=True)
class Parent:
    """The model that a site bundle was made of.

    Attributes:
        name: name of the model.
        version: version of Pneumoscope that made it.
        sha256: SHA-256 of its `bundle.json`, which lists all of its files, in hex.
        operating_points: its operating points, on its own probabilities.
    """

    name: str
    version: str
    sha256: str
    operating_points: tuple[OperatingPoint, ...]


@dataclass(frozen=True)
class Site:
    """The images that a site bundle was made with; no path, and nothing of a single image.

    Attributes:
        images: number of images.
        patients: number of their patients.
        prevalence: fraction of the images that are positive, counted or estimated, in (0, 1).
        classes: number of images of each class; empty if they had no labels, so that only the
            prevalence was fitted to them.
        chosen: True if the operating points were chosen on local images: these, or those that the
            parent was made with.
        reference: whose images `reference.json` sums up, "local" or "parent".
        seed: seed of the bootstrap behind the intervals.
    """

    images: int
    patients: int
    prevalence: float
    classes: Mapping[str, int] = field(default_factory=dict)
    chosen: bool = True
    reference: str = "local"
    seed: int = 0
