"""Least numbers of patients for an interval to be relied on, and for a fit or a choice."""

from __future__ import annotations

FEW_PATIENTS = 20
"""Number of patients below which an interval is little more than a guess, and is said to be one.

A percentile bootstrap is too narrow for few patients (Hesterberg, Am Stat 2015;69:371-386). For a
mean, its half-width is z sqrt((n - 1) / n) in place of Student's t of n - 1 degrees of freedom,
both in standard errors: 37 % too short with 5 patients, 18 % with 10, less than a tenth with 20.
"""

FEWEST_PATIENTS = 10
"""Number of patients of a class below which nothing is fitted to them or chosen on them.

It differs from `FEW_PATIENTS`, below which a figure is given with a warning: a temperature or a
threshold is of use before an interval is, but one patient must not be more than a tenth of those
that it is chosen on. Raising it would leave small data sets without the thresholds that they have
had.
"""
