"""The description of a model, as `bundle.json` holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pneumoscope.bundle.parent import Parent, Site
from pneumoscope.errors import ClassMismatchError, unknown_choice
from pneumoscope.gate import GateLevels
from pneumoscope.gate.store import parse_levels
from pneumoscope.notices import Notice
from pneumoscope.types import (
    Calibration,
    Estimate,
    Geometry,
    OperatingPoint,
    SourceCalibration,
    SourceRates,
    Undecided,
)

# 1 has no calibration, 2 no usable gate, 3 no codes of notices, 4 one calibration for all sources
SCHEMA_VERSION = 5


@dataclass(frozen=True)
class BundleInfo:
    """The description of a model, as kept in `bundle.json`.

    Attributes:
        name: name of the model.
        version: version of Pneumoscope that made the model.
        architecture: name of the architecture of the network.
        classes: class names in the order of the network's outputs; the first is the reference.
        geometry: image size that the network reads.
        operating_points: operating points of the model; the first is the default.
        seed: seed of the training.
        command: command that repeats the training.
        settings: settings of the training, with all defaults filled in.
        training_data: fingerprint of the data set, counts of images by split and class,
            attributions, and counts of images by the evidence for their patient and by view.
        metrics: metrics of the epoch that was kept, on the validation patients.
        versions: versions of the libraries, by name.
        calibration: calibration of the probabilities, and the patients that it holds for; None
            in bundles that are older than calibration.
        gate: levels of the distances above which images are warned of and refused; None in
            bundles that are older than the gate, or made with too few images.
        members: names of the runs whose mean the model is; empty if it is a single network.
        parent: the model that a site bundle was made of, whose training the rest describes; None
            for a model that was trained.
        site: the local images that a site bundle was made with; None for a model that was trained.
    """

    name: str
    version: str
    architecture: str
    classes: tuple[str, ...]
    geometry: Geometry
    operating_points: tuple[OperatingPoint, ...]
    seed: int
    command: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    training_data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    gate: GateLevels | None = None
    members: tuple[str, ...] = ()
    parent: Parent | None = None
    site: Site | None = None

    def operating_point(self, name: str | None = None) -> OperatingPoint:
        """Finds an operating point by its name; the default one if no name is given.

        Raises:
            SettingsError: if there is no operating point of this name.
        """
        names = [point.name for point in self.operating_points]
        if name is not None and name not in names:
            raise unknown_choice(
                f"The model {self.name} has no such operating point",
                name,
                names,
                setting="operating_point",
            )
        return self.operating_points[0 if name is None else names.index(name)]

    @property
    def chosen_locally(self) -> bool:
        """True if the operating points were chosen on local patients, on their images as they are.

        Otherwise they were chosen on validation patients, and changed copies of their images.
        """
        return self.site is not None and self.site.chosen

    def population(self) -> str:
        """Says whom the images of the training show; empty if that is not known of all of them."""
        known = [data.get("population") for data in self.training_data.get("attributions", ())]
        return "; ".join(known) if known and all(known) else ""

    def require_classes(self, classes: tuple[str, ...], where: Path) -> None:
        """Refuses data of other classes.

        Args:
            classes: class names of the data, the reference first.
            where: path of the data, for the error.

        Raises:
            ClassMismatchError: if `classes` are not those of the bundle.
        """
        if classes != self.classes:
            raise ClassMismatchError(
                f"The classes of {where} are not those of the bundle",
                expected=", ".join(self.classes),
                received=", ".join(classes),
                remedy="Name the classes of the data as those of the bundle if they mean the same, "
                "in folders or a CSV manifest, or use a bundle that was trained on these",
                values={"path": str(where), "expected": self.classes, "received": classes},
            )


def parse_info(manifest: Mapping[str, Any]) -> BundleInfo:
    """Parses a `bundle.json` of this schema version or an older one.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: if it is malformed.
    """
    later = {"calibration": None, "gate": None, "members": (), "parent": None, "site": None}
    content = {**later, **manifest}  # older ones have none of these
    if manifest["schema_version"] < 3:
        content["gate"] = None
    known = {name: content[name] for name in BundleInfo.__dataclass_fields__}
    known["classes"] = tuple(known["classes"])
    known["members"] = tuple(known["members"])
    known["geometry"] = Geometry(**known["geometry"])
    known["operating_points"] = tuple(map(_parse_point, known["operating_points"]))
    if known["calibration"] is not None:
        known["calibration"] = _parse_calibration(known["calibration"])
    if known["gate"] is not None:
        known["gate"] = parse_levels(known["gate"])
    if known["parent"] is not None:
        points = tuple(map(_parse_point, known["parent"]["operating_points"]))
        known["parent"] = Parent(**{**known["parent"], "operating_points": points})
    if known["site"] is not None:
        known["site"] = Site(**known["site"])
    return BundleInfo(**known)


def _parse_point(content: Mapping[str, Any]) -> OperatingPoint:
    parsed = {**content, **_parse_estimates(content, ("sensitivity", "specificity"))}
    if content.get("undecided") is not None:
        zone = content["undecided"]
        parsed["undecided"] = Undecided(**{**zone, **_parse_estimates(zone, ("share", "error"))})
    parsed["sources"] = tuple(map(_parse_rates, content.get("sources", ())))
    return OperatingPoint(**parsed)


def _parse_rates(content: Mapping[str, Any]) -> SourceRates:
    rates = ("sensitivity", "specificity", "foreign_sensitivity", "foreign_specificity")
    return SourceRates(**{**content, **_parse_estimates(content, rates)})


def _parse_estimates(content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Estimate]:
    return {name: Estimate.parse(content[name]) for name in names if content.get(name) is not None}


def _parse_calibration(content: Mapping[str, Any]) -> Calibration:
    parsed = {**content, "biases": tuple(content["biases"])}
    parsed["notices"] = tuple(map(Notice.parse, content["notices"]))
    parsed["by_source"] = tuple(map(_parse_source, content.get("by_source", ())))
    return Calibration(**parsed)


def _parse_source(content: Mapping[str, Any]) -> SourceCalibration:
    sources, biases = tuple(content["sources"]), tuple(content["biases"])
    return SourceCalibration(**{**content, "sources": sources, "biases": biases})
