"""The drift of images and their scores from those of the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.notices import Notice
from pneumoscope.statistics import Shift
from pneumoscope.tables import DASH, Table

NOT_DIVIDED = "too few training images, or all of them alike"
NO_SUMMARY = "the bundle holds no summary of its training images: make it again"


@dataclass(frozen=True)
class Drift:
    """The drift of each quantity from the training.

    Attributes:
        shifts: shift of each image fact against the training images, by its name, and of "score"
            against the scores of the validation images; None where the bundle has no summary.
        missing: reason why no shift at all could be measured; None otherwise.
    """

    shifts: Mapping[str, Shift | None]
    missing: Notice | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        quantities = {
            name: {**asdict(shift), "reading": shift.reading} if shift else None
            for name, shift in self.shifts.items()
        }
        return {"missing": self.missing and self.missing.to_dict(), "quantities": quantities}


def make_drift(shifts: Mapping[str, Shift | None]) -> Drift:
    """Makes the drift of shifts, or says why there is none."""
    if not any(shifts.values()):
        return Drift({}, Notice("reference-not-divided", NOT_DIVIDED))
    return Drift(shifts)


def no_reference() -> Drift:
    """Makes the drift from a bundle that holds no summary of its training images."""
    return Drift({}, Notice("no-reference", NO_SUMMARY))


def tabulate_drift(drift: Drift) -> Table:
    """Tabulates the drift of each quantity; `drift.missing` must be empty."""
    return Table(
        "Drift from the training images, and from the validation scores",
        ("quantity", "PSI", "by chance", "KS", "change"),
        tuple((name, *_shift_cells(shift)) for name, shift in drift.shifts.items()),
    )


def _shift_cells(shift: Shift | None) -> tuple[str, ...]:
    if shift is None:
        return DASH, DASH, DASH, f"not computable: {NOT_DIVIDED}"
    return f"{shift.psi:.3f}", f"{shift.chance:.3f}", f"{shift.ks:.3f}", shift.reading
