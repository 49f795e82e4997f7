"""What counts are compared with: the distributions that a bundle keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pneumoscope.bundle import REASON, WARNING, Bundle
from pneumoscope.statistics import Bins

Reference = Mapping[str, Bins]
"""Distributions of the data that a model was made with, by quantity."""


@dataclass(frozen=True)
class Basis:
    """What counts are compared with.

    Attributes:
        model: name of the model.
        sha256: SHA-256 of its `bundle.json`, in hex: counts of another one are not mixed with it.
        reference: distribution of each quantity; empty if the bundle has none.
        reasons: expected fraction of images refused for a reason, by its code.
        warnings: expected fraction of images with a warning, by its code.
    """

    model: str
    sha256: str
    reference: Reference
    reasons: Mapping[str, float]
    warnings: Mapping[str, float]

    @classmethod
    def of(cls, bundle: Bundle) -> Basis:
        """Takes the basis out of a bundle.

        Raises:
            BundleCorruptError: if its reference is malformed.
        """
        found = bundle.reference() or {}
        return cls(
            bundle.info.name,
            bundle.sha256,
            {name: bins for name, bins in found.items() if ":" not in name},
            _expected(found, REASON),
            _expected(found, WARNING),
        )


def _expected(found: Reference, kind: str) -> dict[str, float]:
    return {
        name.removeprefix(kind): bins.counts[1] / sum(bins.counts)
        for name, bins in found.items()
        if name.startswith(kind)
    }
