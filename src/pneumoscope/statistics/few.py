"""From how many patients on there is something to say, and something to choose by."""

from __future__ import annotations

FEW_PATIENTS = 20
"""With fewer, an interval is little more than a guess, and is said to be one.

A percentile bootstrap is too narrow for few patients (Hesterberg, Am Stat 2015;69:371-386). For a
mean, its half-width is z sqrt((n - 1) / n) in place of Student's t of n - 1 degrees of freedom,
both in standard errors: 37 % too short with 5 patients, 18 % with 10, less than a tenth with 20.
"""

FEWEST_PATIENTS = 10
"""With fewer of a class, nothing is fitted to them or chosen by them: there is no number then.

Another thing than `FEW_PATIENTS`, which only takes away from what a number says: a temperature or
a threshold is of use before an interval is, but one patient must not be more than a tenth of what
chooses it. Models that were made stand by this number: to raise it would take thresholds from
small data sets that have had them.
"""
