"""The spread over several trainings as a table."""

from __future__ import annotations

from collections.abc import Iterator

from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.tables import VALUE
from pneumoscope.repeats.plan import Kind
from pneumoscope.repeats.result import SeveralRuns, Spread
from pneumoscope.tables import DASH, Part, Table, format_estimate, format_value


def tabulate_spread(found: SeveralRuns) -> Iterator[Part]:
    """Lists the measures over the runs, and what they were measured on; none if nothing was."""
    if not found.evaluations:
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


def _cells(spread: Spread) -> tuple[str, str, str]:
    known = [value for value in spread.values if value is not None]
    ends = f"{format_value(min(known))} to {format_value(max(known))}" if known else DASH
    return format_value(spread.mean), format_value(spread.sd), ends
