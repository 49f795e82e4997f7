"""The spread over several trainings as a table."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation import Evaluation
from pneumoscope.evaluation.groups import SUBGROUP_METRICS
from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.tables import VALUE
from pneumoscope.files import printable
from pneumoscope.repeats.plan import Kind
from pneumoscope.repeats.result import SeveralRuns, Spread
from pneumoscope.repeats.sources import claim_of
from pneumoscope.tables import DASH, Part, Table, format_estimate, format_value
from pneumoscope.types import Estimate

_SHORT = {"sensitivity": "sens.", "specificity": "spec.", "ece": "ECE"}
_VIEW = "view="


def tabulate_spread(found: SeveralRuns) -> Iterator[Part]:
    """Lists the measures over the runs, and what they were measured on; none if nothing was."""
    if not found.evaluations:
        return
    if found.kind is Kind.SOURCES:
        yield claim_of(found.travels)
        yield tabulate_travels(found)
        yield from _tabulate_views(found)
        yield from _tabulate_thresholds(found)
        yield (
            "First all images of the source that was left out, then, at home, unseen patients of "
            "the others; with the threshold and the calibration of the run"
        )
        yield f"95 % intervals: {found.evaluations[0].cohort.resampling}"
        return
    yield tabulate_measures(found)
    scored = [each.scored for each in found.evaluations]
    if found.kind is Kind.FOLDS:
        counts = "; ".join(each.counts for each in scored)
        yield f"Each run on its own fold: {counts}. Pooled: each image by the run without it"
    else:
        yield f"All on the same test split: {scored[0].counts}"
    yield f"95 % intervals: {found.evaluations[0].cohort.resampling}"


def tabulate_measures(found: SeveralRuns) -> Table:
    """Tabulates the measures over the runs."""
    together = "pooled" if found.kind is Kind.FOLDS else "ensemble"
    columns = ("measure", "mean", "SD", "min to max", f"{together}, {VALUE}")
    rows = tuple(
        (TITLES[name], *_cells(spread), format_estimate(found.combined[name]))
        for name, spread in found.spread.items()
    )
    return Table(f"{len(found.runs)} {found.kind}, on images that each has not seen", columns, rows)


def tabulate_travels(found: SeveralRuns) -> Table:
    """Tabulates each run on the sources that it has not seen, and on those that it has."""
    rows = []
    for travel in found.travels:
        rows.append((printable(travel.name), *_travelled(travel.away)))
        if travel.home:
            rows.append(("  at home", *_travelled(travel.home)))
    columns = ("left out", "AUROC (95 % interval)", *_SHORT.values(), "refused")
    return Table(f"{len(found.travels)} {found.kind}, each left out in turn", columns, tuple(rows))


def _travelled(found: Evaluation) -> tuple[str, ...]:
    estimates, coverage = found.overall.estimates, found.coverage
    refused = DASH if coverage is None else f"{coverage.refused / coverage.images:.1%}"
    values = (format_value(estimates[name].value) for name in _SHORT)
    return format_estimate(estimates["auroc"]), *values, refused


def _tabulate_views(found: SeveralRuns) -> Iterator[Table]:
    """Tabulates the sources that were left out within each view, where the data set tells views."""
    rows = tuple(
        (
            printable(travel.name),
            printable(name.removeprefix(_VIEW)),
            f"{group.patients:,}",
            *(format_estimate(group.estimates[each]) for each in SUBGROUP_METRICS),
        )
        for travel in found.travels
        for name, group in travel.away.subgroups.items()
        if name.startswith(_VIEW)
    )
    if rows:
        measures = (TITLES[name] for name in SUBGROUP_METRICS)
        yield Table(
            "The source that was left out, within a view",
            ("left out", "view", "patients", *measures),
            rows,
        )


def _tabulate_thresholds(found: SeveralRuns) -> Iterator[Part]:
    """Tabulates thresholds where they were not chosen: on patients, and on sources left out."""
    if found.elsewhere is None:
        return
    rates_of = {rates.source: rates for rates in found.elsewhere.sources}
    rows = []
    for travel in found.travels:
        own, rates = travel.away.overall.estimates, rates_of[travel.name]
        chosen = "patients", travel.away.scored.threshold, own["sensitivity"], own["specificity"]
        rows.append(_threshold(printable(travel.name), *chosen))
        if rates.foreign_threshold is not None:
            foreign = rates.foreign_threshold, rates.foreign_sensitivity, rates.foreign_specificity
            rows.append(_threshold("", "sources", *foreign))
    yield Table(
        "Thresholds on the source that was left out",
        ("left out", "chosen on", "threshold", "sensitivity", "specificity"),
        tuple(rows),
    )
    point = found.elsewhere
    yield (
        "Chosen on patients: those of the run that were held out for it. Chosen on sources: those "
        "left out of the other runs, as each was scored there. On all that were left out, the "
        f"choice is {point.threshold:.4g}, with sensitivity {point.sensitivity} and specificity "
        f"{point.specificity} there"
    )


def _threshold(
    name: str,
    chosen_on: str,
    threshold: float,
    sensitivity: Estimate | None,
    specificity: Estimate | None,
) -> tuple[str, ...]:
    rates = (DASH if each is None else format_estimate(each) for each in (sensitivity, specificity))
    return name, chosen_on, f"{threshold:.4g}", *rates


def _cells(spread: Spread) -> tuple[str, str, str]:
    known = [value for value in spread.values if value is not None]
    ends = f"{format_value(min(known))} to {format_value(max(known))}" if known else DASH
    return format_value(spread.mean), format_value(spread.sd), ends
