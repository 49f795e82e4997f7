"""The number of patients that an acceptance test needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.defaults import ASSURANCE, INTERVAL_WIDTH
from pneumoscope.errors import extra_needed, out_of_range
from pneumoscope.tables import Table

_TAIL = 0.025  # on either side of a 95 % interval
_NARROWEST = 0.01  # a narrower interval needs tens of thousands of patients


@dataclass(frozen=True)
class AcceptancePlan:
    """The patients of an acceptance test, by the widths that its intervals are to have.

    Attributes:
        sensitivity: the expected sensitivity, 0 to 1.
        specificity: the expected specificity, 0 to 1.
        width: greatest total width of each 95 % interval.
        prevalence: the fraction of local patients who have the disease.
        assurance: probability that `consecutive` patients hold enough of both kinds.
        diseased: number of patients with the disease that the sensitivity needs.
        healthy: number of patients without it that the specificity needs.
        consecutive: number of consecutive patients that hold both numbers with `assurance`.
    """

    sensitivity: float
    specificity: float
    width: float
    prevalence: float
    assurance: float
    diseased: int
    healthy: int
    consecutive: int

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan for JSON."""
        return asdict(self)


def plan(
    *,
    sensitivity: float,
    prevalence: float,
    specificity: float | None = None,
    width: float = INTERVAL_WIDTH,
    assurance: float = ASSURANCE,
) -> AcceptancePlan:
    """Plans how many patients an acceptance test needs, each with one image.

    The interval is that of Clopper and Pearson (Biometrika 1934;26:404-413), at the expected
    proportion. The number of diseased among consecutive patients is binomial.

    Args:
        sensitivity: the expected sensitivity, above 0 and below 1.
        prevalence: fraction of local patients who have the disease, above 0 and below 1.
        specificity: the expected specificity; by default that of `sensitivity`.
        width: greatest total width of the 95 % intervals, .01 to below 1.
        assurance: probability that consecutive patients hold enough of both kinds.

    Raises:
        SettingsError: if a number is out of its range.
        DependencyError: if SciPy is not installed.
    """
    specificity = sensitivity if specificity is None else specificity
    given = {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "prevalence": prevalence,
        "assurance": assurance,
    }
    for name, value in given.items():
        if not 0 < value < 1:
            raise out_of_range(name, value, "a number above 0 and below 1")
    if not _NARROWEST <= width < 1:
        raise out_of_range("width", width, f"a number from {_NARROWEST} to below 1")
    diseased, healthy = _needed(sensitivity, width), _needed(specificity, width)
    return AcceptancePlan(
        **given,
        width=width,
        diseased=diseased,
        healthy=healthy,
        consecutive=_consecutive(diseased, healthy, prevalence, assurance),
    )


def patients_to_show(proportion: float, least: float) -> int:
    """Finds how many patients show that a proportion is no less than a goal.

    Args:
        proportion: the expected proportion, above `least` and at most 1.
        least: the goal, above 0.

    Returns:
        The least number of patients with which the 95 % interval of Clopper and Pearson begins at
        `least` or above it.
    """
    with extra_needed("evaluate", "planning"):
        from scipy.stats import beta

    def shows(patients: int) -> bool:
        found = proportion * patients
        return bool(beta.ppf(_TAIL, found, patients - found + 1) >= least)

    return _least(shows, 1)


def tabulate_plan(found: AcceptancePlan) -> tuple[Table, str]:
    """Makes the table of a plan, and the sentence that says what it holds for."""
    rows = (
        ("with the disease", f"sensitivity {found.sensitivity:g}", f"{found.diseased:,}"),
        ("without it", f"specificity {found.specificity:g}", f"{found.healthy:,}"),
        ("consecutive", f"both, at a prevalence of {found.prevalence:g}", f"{found.consecutive:,}"),
    )
    return Table("Patients of an acceptance test", ("patients", "for", "number"), rows), (
        f"95 % intervals (Clopper-Pearson) at most {found.width:g} wide, if the proportions are as "
        f"expected. The consecutive patients hold both numbers with a probability of "
        f"{found.assurance:g}."
    )


def _needed(proportion: float, width: float) -> int:
    """Finds the least number of patients whose interval at `proportion` is narrow enough."""
    with extra_needed("evaluate", "planning"):
        from scipy.stats import beta

    def narrow(patients: int) -> bool:
        found = proportion * patients
        low = beta.ppf(_TAIL, found, patients - found + 1)
        high = beta.ppf(1 - _TAIL, found + 1, patients - found)
        return bool(high - low <= width)

    return _least(narrow, 1)


def _consecutive(diseased: int, healthy: int, prevalence: float, assurance: float) -> int:
    """Finds the least number of patients that hold enough of both kinds with `assurance`."""
    with extra_needed("evaluate", "planning"):
        from scipy.stats import binom

    def enough(patients: int) -> bool:
        most, fewest = binom.cdf((patients - healthy, diseased - 1), patients, prevalence)
        return bool(most - fewest >= assurance)

    return _least(enough, diseased + healthy)


def _least(holds: Callable[[int], bool], start: int) -> int:
    """Finds the least number from `start` on for which `holds`, which stays true beyond it."""
    step = 1
    while not holds(start + step):
        step *= 2
    low, high = start - 1, start + step  # holds at `high`, and not at `low`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
