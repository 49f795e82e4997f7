"""The alarm: images differ from the training by more than chance, and by enough to matter.

See `docs/adr/0032-drift-alarm.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import exp, log

from pneumoscope.monitor.basis import Reference
from pneumoscope.monitor.counts import Counts
from pneumoscope.statistics import compare_counts, log_evidence

LEAST_PSI = 0.1
"""Population stability index below which a quantity gives no alarm, however certain its shift."""

DAYS_BETWEEN = 1000
"""Mean number of days between two alarms where nothing has changed, at least."""

WINDOW = 30
"""Greatest number of days with images that are looked back on."""

_MOST = 600.0  # the exponential of more is infinite


@dataclass(frozen=True)
class Alarm:
    """Whether there is an alarm, and what tells.

    Attributes:
        on: True if there is one.
        evidence: logarithm to base 10 of the evidence against no change; the alarm is on from that
            of `DAYS_BETWEEN` on.
        since: first day of the images that differ most clearly; None if nothing differs.
        quantities: names of the quantities that differ, the clearest first; empty without alarm.
    """

    on: bool
    evidence: float
    since: date | None = None
    quantities: tuple[str, ...] = ()


def look(reference: Reference, days: Mapping[date, Counts]) -> Alarm:
    """Decides whether there is an alarm, however often it is asked.

    A window begins on each of the last days and ends now. Its evidence is the mean over the
    quantities, of which those of a small shift count as none; that of the windows is added up. The
    sum reaches `DAYS_BETWEEN` once in so many days at most where nothing has changed, as each day
    adds a window whose evidence is 1 on average (Shin, Ramdas, Rinaldo,
    arXiv:2203.03532).

    Args:
        reference: distributions of the bundle.
        days: counts of each day.
    """
    total, found = Counts(), []
    for day in sorted(days, reverse=True)[:WINDOW]:
        total = Counts.sum([total, days[day]])
        by_quantity = weigh(reference, total)
        mean = sum(exp(min(each, _MOST)) for each in by_quantity.values()) / max(len(reference), 1)
        found.append((mean, day, by_quantity))
    whole = sum(mean for mean, _, _ in found)
    if whole == 0.0:
        return Alarm(False, 0.0)
    _, since, by_quantity = max(found, key=lambda each: each[0])
    on = whole >= DAYS_BETWEEN
    clear = [name for name, each in by_quantity.items() if on and each >= log(DAYS_BETWEEN)]
    clearest = sorted(clear or (by_quantity if on else ()), key=lambda name: -by_quantity[name])
    return Alarm(on, log(whole) / log(10), since, tuple(clearest))


def weigh(reference: Reference, counts: Counts) -> dict[str, float]:
    """Weighs the evidence of each quantity with more than a small shift: its natural logarithm."""
    weighed = {}
    for name, bins in reference.items():
        found = counts.binned(name)
        if found.sum() and compare_counts(bins, found, found.sum()).psi >= LEAST_PSI:
            weighed[name] = log_evidence(bins, found)
    return weighed
