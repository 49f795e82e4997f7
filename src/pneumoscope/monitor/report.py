"""What the monitor reports: drift, refusals, missing answers, and the alarm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from typing import Any

from pneumoscope.monitor.alarm import Alarm, look
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.counts import Counts
from pneumoscope.monitor.drift import Drift, make_drift, no_reference
from pneumoscope.statistics import compare_counts
from pneumoscope.types import Status


@dataclass(frozen=True)
class DriftReport:
    """Report on the images of some days.

    Attributes:
        basis: what they were compared with.
        days: counts of each day, the first day first.
        alarm: whether they differ from the training by more than chance.
        others: number of files of counters that were left out, being of another model.
    """

    basis: Basis
    days: Mapping[date, Counts]
    alarm: Alarm
    others: int = 0

    @cached_property
    def counts(self) -> Counts:
        """Counts of the days that the alarm is about, or of all without an alarm."""
        since = self.alarm.since if self.alarm.on else None
        return Counts.sum(each for day, each in self.days.items() if since is None or day >= since)

    @cached_property
    def drift(self) -> Drift:
        """Drift of these images from those of the training."""
        reference = self.basis.reference
        if not reference:
            return no_reference()
        shifts = {}
        for name, bins in reference.items():
            found = self.counts.binned(name)
            patients = found.sum() / bins.images_per_patient
            shifts[name] = compare_counts(bins, found, patients) if found.sum() else None
        return make_drift(shifts)

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        images = f"{self.counts.images:,} images"
        if not self.counts.images:
            return "No image has been counted yet."
        if self.counts.images == self.counts.status[Status.ERROR]:
            return "No image could be read: there is nothing to compare."
        if self.drift.missing:
            return f"Drift not computable: {self.drift.missing}."
        if not self.alarm.on:
            return (
                f"No alarm: {images} differ from those of the training no more than by chance, or "
                "by little."
            )
        *others, last = self.alarm.quantities
        named = f"{', '.join(others)} and {last}" if others else last
        since = f" since {self.alarm.since}" if len(self.days) > 1 else ""
        return (
            f"Alarm: {images}{since} differ from those of the training by more than chance, in "
            f"{named}: check on labelled images whether the model still works for them."
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain JSON types."""
        alarm = self.alarm
        return {
            "model": {"name": self.basis.model, "sha256": self.basis.sha256},
            "sentence": self.sentence,
            "alarm": {**asdict(alarm), "since": alarm.since and alarm.since.isoformat()},
            "drift": self.drift.to_dict(),
            "counts": self.counts.to_dict(),
            "expected": {
                "reasons": dict(self.basis.reasons),
                "warnings": dict(self.basis.warnings),
            },
            "days": {day.isoformat(): each.to_dict() for day, each in self.days.items()},
            "files_of_other_models": self.others,
        }


def make_report(
    basis: Basis, counted: Iterable[tuple[date, Counts]], others: int = 0
) -> DriftReport:
    """Makes a report.

    Args:
        basis: what to compare with.
        counted: days with counts; those of one day are added up.
        others: number of files that were left out, being of another model.
    """
    by_day: dict[date, list[Counts]] = {}
    for day, counts in counted:
        by_day.setdefault(day, []).append(counts)
    added = {day: Counts.sum(by_day[day]) for day in sorted(by_day)}
    days = {day: each for day, each in added.items() if each.images}
    return DriftReport(basis, days, look(basis.reference, days), others)
