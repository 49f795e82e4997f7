"""What a check of heatmaps has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.notices import Notice
from pneumoscope.types import Estimate

ORDERS = ("heatmap", "random", "centre")
"""In which order places are taken: by the map, by chance, and from the centre outwards."""

KINDS = ("deletion", "insertion")


@dataclass(frozen=True)
class Perturbation:
    """Deletion and insertion of some of the images.

    Attributes:
        images: number of images.
        patients: number of their patients.
        curves: by one of `KINDS` and one of `ORDERS`, the mean probability of the called class
            after each share of the places.
        areas: by kind and order, the area under that curve, in [0, 1].
        gains: by kind, and "random" and "centre", how much better the heatmap's order is than
            that one: lower by so much for deletion, higher for insertion.
    """

    images: int
    patients: int
    curves: Mapping[str, Mapping[str, tuple[float, ...]]]
    areas: Mapping[str, Mapping[str, Estimate]]
    gains: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True)
class Randomisation:
    """Heatmaps of the network beside those of the same network with shuffled weights.

    Attributes:
        layers: which weights were shuffled: "head" or "all".
        signed: mean over images of Spearman's correlation of the two maps.
        absolute: the same of their absolute values, which does not see that a sign has changed.
    """

    layers: str
    signed: Estimate
    absolute: Estimate


@dataclass(frozen=True)
class Location:
    """Where heatmaps lie, beside what chance would give.

    Attributes:
        images: number of images that have something marked.
        patients: number of their patients.
        mass: share of the positive part of the map that lies within.
        area: share of the image that lies within: the mass of a map that knows nothing.
        gain: mass less area.
        hits: share of the images whose strongest place lies within, by half or more of it (the
            pointing game).
        chance: share of the places that do.
    """

    images: int
    patients: int
    mass: Estimate
    area: Estimate
    gain: Estimate
    hits: Estimate
    chance: Estimate


@dataclass(frozen=True)
class HeatmapCheck:
    """What the heatmaps of a model are worth, on images that it has not seen.

    Attributes:
        model: name of the model.
        version: of Pneumoscope, which made it.
        architecture: name of the network.
        cohort: the images, which the model has not seen.
        made_of: digest of model and data.
        places: height and width of a map.
        shares: of the places, that had been taken when a probability was measured.
        perturbation: deletion and insertion by the class that images are called, of "all" first.
        randomisation: of the head, and of all layers; empty where it could not be done.
        location: by what was marked, "pneumonia" or "lungs"; empty where nothing was.
        flat: number of images whose map is the same everywhere.
        unreadable: why each file, image or mask, that could not be read was left out.
        notices: what a person should know about the data, and about what could not be done.
    """

    model: str
    version: str
    architecture: str
    cohort: Cohort
    made_of: str
    places: tuple[int, int]
    shares: tuple[float, ...]
    perturbation: Mapping[str, Perturbation]
    randomisation: tuple[Randomisation, ...]
    location: Mapping[str, Location]
    flat: int
    unreadable: tuple[Notice, ...]
    notices: tuple[Notice, ...]

    @property
    def basis(self) -> str:
        """What the figures rest on, in one line."""
        height, width = self.places
        return (
            f"{self.cohort.described}; maps of {height} x {width} places, "
            f"{self.flat:,} of them the same everywhere; places are filled with the image's mean; "
            f"95 % intervals: {self.cohort.resampling}"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "model": self.model,
            "version": self.version,
            "architecture": self.architecture,
            "data": str(self.cohort.data),
            "made_of": self.made_of,
            "images": self.cohort.count(),
            "patients": self.cohort.n_patients,
            "places": list(self.places),
            "fill": "mean of the image",
            "interval": self.cohort.resampling.interval,
            "left_out": {
                "seen": self.cohort.seen,
                "not_drawn": self.cohort.not_drawn,
                "unreadable": [notice.to_dict() for notice in self.unreadable],
            },
            "notices": [notice.to_dict() for notice in self.notices],
            "flat": self.flat,
            "shares": list(self.shares),
            "perturbation": {name: asdict(part) for name, part in self.perturbation.items()},
            "randomisation": {part.layers: asdict(part) for part in self.randomisation},
            "location": {name: asdict(part) for name, part in self.location.items()},
        }
