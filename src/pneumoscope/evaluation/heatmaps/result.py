"""What a check of heatmaps has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
        data: the folder or manifest of the images.
        made_of: digest of model and data.
        images: number of images of each class.
        patients: number of their patients.
        places: height and width of a map.
        shares: of the places, that had been taken when a probability was measured.
        perturbation: deletion and insertion by the class that images are called, of "all" first.
        randomisation: of the head, and of all layers; empty where it could not be done.
        location: by what was marked, "pneumonia" or "lungs"; empty where nothing was.
        flat: number of images whose map is the same everywhere.
        not_drawn: number of unseen images that were left out to save time.
        seen: number of images left out because the model was made with them or their patients.
        unreadable: why each file that could not be read was left out.
        notices: what a person should know about the data, and about what could not be done.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap and all that was left to chance.
    """

    model: str
    version: str
    architecture: str
    data: Path
    made_of: str
    images: Mapping[str, int]
    patients: int
    places: tuple[int, int]
    shares: tuple[float, ...]
    perturbation: Mapping[str, Perturbation]
    randomisation: tuple[Randomisation, ...]
    location: Mapping[str, Location]
    flat: int
    not_drawn: int
    seen: int
    unreadable: tuple[str, ...]
    notices: tuple[str, ...]
    resamples: int
    seed: int

    @property
    def basis(self) -> str:
        """What the figures rest on, in one line."""
        images = ", ".join(f"{count:,} {name}" for name, count in self.images.items())
        height, width = self.places
        return (
            f"{images} of {self.patients:,} patients; maps of {height} x {width} places, "
            f"{self.flat:,} of them the same everywhere; places are filled with the image's mean; "
            f"95 % intervals: {self.resamples} resamples of patients, seed {self.seed}"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "model": self.model,
            "version": self.version,
            "architecture": self.architecture,
            "data": str(self.data),
            "made_of": self.made_of,
            "images": dict(self.images),
            "patients": self.patients,
            "places": list(self.places),
            "fill": "mean of the image",
            "interval": f"95 %, {self.resamples} resamples of patients, seed {self.seed}",
            "left_out": {
                "seen": self.seen,
                "not_drawn": self.not_drawn,
                "unreadable": list(self.unreadable),
            },
            "notices": list(self.notices),
            "flat": self.flat,
            "shares": list(self.shares),
            "perturbation": {name: asdict(part) for name, part in self.perturbation.items()},
            "randomisation": {part.layers: asdict(part) for part in self.randomisation},
            "location": {name: asdict(part) for name, part in self.location.items()},
        }
