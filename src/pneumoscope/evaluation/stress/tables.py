"""The tables of a stress validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.stress.conditions import CLEAN, HIDDEN
from pneumoscope.evaluation.stress.result import CURVE_MEASURES, MEASURES, ModelStress, Stress
from pneumoscope.files import printable
from pneumoscope.imaging.changes import SEVERITIES
from pneumoscope.statistics import Estimate
from pneumoscope.tables import Table, format_estimate, format_value

_CURVE_WORDS = {
    **TITLES,
    "agreement": "labels unchanged",
    "map_correlation": "activation map correlation",
}
_CURVES_SHOWN = ("auroc", "sensitivity", "specificity")
_SHORT = ("AUROC", "sens.", "spec.", "bal. acc.")  # of MEASURES


def tabulate_stress(found: Stress) -> list[Table]:
    """Tabulates the summary with its intervals, each condition, and export batches, if any."""
    tables = [_summary(found), _conditions(found)]
    if found.models[0].batches:
        tables.append(_batches(found))
    return tables + tabulate_severities(found)


def tabulate_severities(found: Stress) -> list[Table]:
    """Tabulates the mean over the changes by severity, and each change, where measured."""
    if not found.severities:
        return []
    return [_mean_curve(found), *(_curves(found, measure) for measure in _CURVES_SHOWN)]


def _summary(found: Stress) -> Table:
    by_model = [dict(_summary_cells(model)) for model in found.models]
    rows = tuple(
        (name, TITLES[measure], *(cells[name, measure] for cells in by_model))
        for name, measure in by_model[0]
    )
    labels = (printable(model.label) for model in found.models)
    return Table("Summary: value (95 % interval)", ("", "measure", *labels), rows)


def _summary_cells(model: ModelStress) -> Iterator[tuple[tuple[str, str], str]]:
    for measure in MEASURES:
        yield (CLEAN, measure), format_estimate(model.conditions[CLEAN][measure])
    for measure in MEASURES:
        yield ("mean", measure), format_estimate(model.mean[measure])
    for measure in MEASURES:
        where = model.worst_at.get(measure, "")
        yield ("worst", measure), f"{format_estimate(model.worst[measure])}\n{where}".rstrip()
    yield (HIDDEN, MEASURES[0]), format_estimate(model.conditions[HIDDEN][MEASURES[0]])


def _conditions(found: Stress) -> Table:
    rows = tuple(
        (
            condition.name,
            *_short_cells(model.conditions[condition.name] for model in found.models),
        )
        for condition in found.conditions
    )
    return Table("Each condition", ("condition", *_headings(found, _SHORT)), rows)


def _batches(found: Stress) -> Table:
    rows = tuple(
        (
            printable(name),
            f"{batch.images:,} ({batch.patients:,})",
            *_short_cells(model.batches[name].estimates for model in found.models),
        )
        for name, batch in found.models[0].batches.items()
    )
    columns = ("batch", "images (patients)", *_headings(found, _SHORT[:3]))
    return Table("Each export batch against the other side", columns, rows)


def _mean_curve(found: Stress) -> Table:
    rows = tuple(
        (
            _CURVE_WORDS[measure],
            *(cell for model in found.models for cell in _mean_cells(model, measure)),
        )
        for measure in CURVE_MEASURES
    )
    headings = _headings(found, ("clean", *map(str, SEVERITIES)))
    return Table("Mean over the changes by severity", ("measure", *headings), rows)


def _mean_cells(model: ModelStress, measure: str) -> Iterator[str]:
    clean = model.conditions[CLEAN]
    yield format_value(clean[measure].value) if measure in clean else ""
    yield from (format_value(step[measure].value) for step in model.curves["mean"])


def _curves(found: Stress, measure: str) -> Table:
    rows = tuple(
        (
            change,
            *(
                format_value(step[measure].value)
                for model in found.models
                for step in model.curves[change]
            ),
        )
        for change in found.severities
    )
    headings = _headings(found, list(map(str, SEVERITIES)))
    title = f"Each change by severity: {_CURVE_WORDS[measure]}"
    return Table(title, ("change", *headings), rows)


def _headings(found: Stress, measures: Sequence[str]) -> Iterator[str]:
    first, *others = measures
    for model in found.models:
        yield f"{printable(model.label)}\n{first}"
        yield from (f"\n{measure}" for measure in others)


def _short_cells(models: Iterable[Mapping[str, Estimate]]) -> Iterator[str]:
    for estimates in models:
        for measure in MEASURES:
            if measure in estimates:  # a batch has no balanced accuracy
                yield format_value(estimates[measure].value)
