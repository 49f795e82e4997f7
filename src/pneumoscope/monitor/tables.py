"""A report of the monitor as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from pneumoscope.files import printable
from pneumoscope.monitor.counts import Counts
from pneumoscope.monitor.drift import tabulate_drift
from pneumoscope.monitor.report import DriftReport
from pneumoscope.tables import DASH, Part, Table
from pneumoscope.types import Status


def tabulate_report(report: DriftReport, *, by_day: bool = False) -> Iterator[Part]:
    """Lists the drift, what was refused or warned of, what has no answer, and the days.

    Args:
        report: the report.
        by_day: True to list the days, too.
    """
    counts = report.counts
    if counts.images and not report.drift.missing:
        yield tabulate_drift(report.drift)
    if counts.images and (codes := tabulate_codes(report)).rows:
        yield codes
    if by_day:
        yield tabulate_days(report.days)
    if report.others:
        yield f"{report.others} files of counters are of another model, and left out."


def tabulate_codes(report: DriftReport) -> Table:
    """Tabulates how many images have each code, and what fraction of validation images had it."""
    counts, basis = report.counts, report.basis
    kinds: tuple[tuple[str, Mapping[str, int], Mapping[str, float]], ...] = (
        ("refused", counts.reasons, basis.reasons),
        ("warning", counts.warnings, basis.warnings),
        ("no answer", counts.errors, {}),
    )
    rows = [
        (
            kind,
            printable(code),
            f"{found.get(code, 0):,}",
            f"{found.get(code, 0) / counts.images:.3f}",
            f"{usual[code]:.3f}" if code in usual else DASH,
        )
        for kind, found, usual in kinds
        for code in sorted({*found, *usual}, key=lambda code: (-found.get(code, 0), code))
    ]
    title = f"Refused, warned of, or without an answer among {counts.images:,} images"
    return Table(title, ("", "code", "images", "fraction", "in validation"), tuple(rows))


def tabulate_days(days: Mapping[date, Counts]) -> Table:
    """Tabulates the number of images of each day."""
    return Table(
        "Images by day",
        ("day", "images", "refused", "without an answer"),
        tuple(
            (
                str(day),
                f"{counts.images:,}",
                f"{counts.status[Status.REFUSED]:,}",
                f"{counts.status[Status.ERROR]:,}",
            )
            for day, counts in days.items()
        ),
    )
