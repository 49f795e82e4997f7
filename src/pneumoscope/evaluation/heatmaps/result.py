"""The result of a check of heatmaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.notices import Notice
from pneumoscope.types import Estimate

ORDERS = ("heatmap", "random", "centre")
"""Orders in which places are taken: by the map, at random, and from the centre outwards."""

KINDS = ("deletion", "insertion")


@dataclass(frozen=True)
class Perturbation:
    """Deletion and insertion of some of the images.

    Attributes:
        images: number of images.
        patients: number of their patients.
        curves: mean probability of the predicted class after each fraction of the places, by one
            of `KINDS` and one of `ORDERS`.
        areas: area under each curve, in [0, 1], by kind and order.
        gains: advantage of the order of the heatmap over another, by kind, and by "random" or
            "centre": how much lower its area is for deletion, and how much higher for insertion.
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
        layers: layers whose weights were shuffled: "head" or "all".
        images: number of images.
        signed: mean over images of Spearman's correlation of the two maps.
        absolute: mean over images of Spearman's correlation of the absolute values of the two
            maps, which does not depend on their signs.
    """

    layers: str
    images: int
    signed: Estimate
    absolute: Estimate


@dataclass(frozen=True)
class Location:
    """The location of heatmaps with respect to masks, beside what chance would give.

    Attributes:
        images: number of images that have something marked.
        patients: number of their patients.
        mass: fraction of the positive part of the map that lies within the mask.
        area: fraction of the image that lies within the mask, each place counted by the covers
            over it: the mass of the map of a network to which all covers are alike.
        gain: `mass` less `area`.
        hits: fraction of the images whose strongest place lies within the mask, by half or more
            of it (the pointing game).
        chance: fraction of all places that lie within the mask, by half or more of each, counted
            in the same way.
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
    """The check of the heatmaps of a model, on images that it has not seen.

    Attributes:
        model: name of the model.
        version: version of Pneumoscope that made the model.
        architecture: name of the architecture of the network.
        cohort: the images, which the model has not seen.
        made_of: digest of the model and the data.
        places: height and width of a map.
        shares: fractions of the places that had been taken when a probability was measured.
        perturbation: deletion and insertion by predicted class, of "all" images first.
        randomisation: results with the weights of the head, and of all layers, shuffled; empty
            where this could not be done.
        location: location of the heatmaps by what was marked, "pneumonia" or "lungs"; empty where
            nothing was marked.
        flat: number of images whose map has one value everywhere.
        unreadable: reason why a file, image or mask, could not be read, for each such file.
        notices: notices about the data, and about what could not be done.
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
        """Images, maps and resamples that the figures are from, in one line."""
        height, width = self.places
        return (
            f"{self.cohort.described}; maps of {height} x {width} places, "
            f"{self.flat:,} of them with one value everywhere; places are filled with the image's "
            f"mean; 95 % intervals: {self.cohort.resampling}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
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
