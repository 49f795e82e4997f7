"""A trained model in brief: how good it is on validation, and its operating points."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.bundle.info import BundleInfo
from pneumoscope.tables import Part, Table, format_estimate


def summarise_training(info: BundleInfo) -> Iterator[Part]:
    """Says how good a model is on the validation patients, and lists what was chosen on them."""
    yield _statement(info)
    chosen = [point for point in info.operating_points if point.sensitivity is not None]
    if chosen:
        rows = tuple(
            (
                point.name,
                f"{point.threshold:.4f}",
                *(format_estimate(e) for e in (point.sensitivity, point.specificity) if e),
            )
            for point in chosen
        )
        columns = ("operating point", "threshold", "sensitivity", "specificity")
        yield Table(f"On {_whom(info)}", columns, rows)
    zone = info.operating_points[0].undecided
    if zone is not None:
        of = "local" if info.chosen_locally else "validation"
        yield (
            f"Undecided from {zone.low:.4f} to {zone.high:.4f}: fraction of the {of} images "
            f"{zone.share}, of the others misclassified {zone.error}"
        )


def _statement(info: BundleInfo) -> str:
    if info.calibration is not None and info.calibration.doubts:
        return "\n".join(doubt.text for doubt in info.calibration.doubts)
    point = info.operating_points[0]
    if point.sensitivity is None or point.specificity is None or info.calibration is None:
        return "No operating point was chosen: how good this model is on validation is not known."
    of = "local" if info.chosen_locally else "validation"
    return (
        f"{point.describe(point.sensitivity, point.specificity)} That is on the "
        f"{info.calibration.patients} {of} patients that it was chosen on, and so optimistic."
    )


def _whom(info: BundleInfo) -> str:
    if info.chosen_locally:
        return "local patients"
    return "validation patients and changed copies of their images"
