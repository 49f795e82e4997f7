"""The description of a site bundle: its parent's, but for what is fitted to the site."""

from __future__ import annotations

from dataclasses import replace

from pneumoscope.bundle import Bundle, BundleInfo, Parent, Site
from pneumoscope.gate import GateLevels
from pneumoscope.types import Calibration, OperatingPoint


def describe_site(
    parent: Bundle,
    name: str,
    site: Site,
    calibration: Calibration,
    points: tuple[OperatingPoint, ...],
    levels: GateLevels | None,
) -> BundleInfo:
    """Describes a site bundle.

    Args:
        parent: the model that it is made of.
        name: name of the site bundle.
        site: the local images.
        calibration: calibration upon the probabilities of the parent.
        points: operating points, the default first.
        levels: levels of the gate.
    """
    info = parent.info
    return replace(
        info,
        name=name,
        parent=Parent(info.name, info.version, parent.sha256, info.operating_points),
        site=site,
        calibration=calibration,
        operating_points=points,
        gate=levels,
    )
