"""What is counted of an image: into which bin each quantity falls, and codes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

from pneumoscope.bundle import DISTANCE, REFUSED, SCORE
from pneumoscope.imaging import picture_facts
from pneumoscope.inference import Judged
from pneumoscope.monitor.basis import Reference
from pneumoscope.task import positive_score
from pneumoscope.types import Prediction, Status


@dataclass(frozen=True)
class Observation:
    """What is counted of an image.

    Attributes:
        status: status of its prediction.
        bins: index of the bin that it falls into, by quantity; without what is not known of it.
        reasons: codes of the reasons for its refusal.
        warnings: codes of its warnings.
        error: code of the error that kept it from being predicted; None if it was.
    """

    status: Status
    bins: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None


def observe(reference: Reference, judged: Judged, prediction: Prediction) -> Observation:
    """Observes an image that was predicted.

    The score is that of the network, whatever prevalence the record was restated for; and refused
    is what the gate refuses, whatever the operating point leaves undecided.

    Args:
        reference: distributions of the bundle.
        judged: the image.
        prediction: its record.
    """
    return sort_in(
        reference,
        {} if prediction.status is Status.ERROR else dict(_values(judged)),
        prediction.status,
        tuple(reason.code for reason in prediction.reasons),
        tuple(warning.code for warning in prediction.warnings),
        prediction.error_code,
    )


def sort_in(
    reference: Reference,
    values: Mapping[str, float],
    status: Status,
    reasons: tuple[str, ...],
    warnings: tuple[str, ...],
    error: str | None,
) -> Observation:
    """Makes the observation of an image, whose values are known by quantity."""
    bins = {
        name: bisect_left(reference[name].edges, value)
        for name, value in values.items()
        if name in reference and isfinite(value)
    }
    return Observation(status, bins, reasons, warnings, error)


def _values(judged: Judged) -> Iterator[tuple[str, float]]:
    if judged.pixels is not None:
        yield from vars(picture_facts(judged.pixels)).items()
    yield SCORE, float(positive_score(judged.probabilities.astype("float64")))
    if judged.judgement.distance is not None:
        yield DISTANCE, judged.judgement.distance
    yield REFUSED, float(bool(judged.judgement.reasons))
