"""A stress validation as tables of text, the same on a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pneumoscope.evaluation.metrics import TITLES
from pneumoscope.evaluation.stress.conditions import CLEAN, HIDDEN
from pneumoscope.evaluation.stress.result import MEASURES, ModelStress, Stress
from pneumoscope.files import printable
from pneumoscope.statistics import Estimate

_SHORT = ("AUROC", "sens.", "spec.", "bal. acc.")  # of MEASURES


@dataclass(frozen=True)
class Grid:
    """A table of text, fit for a terminal.

    Attributes:
        title: what it shows.
        columns: the headings; the first of a model has its name on a line of its own.
        rows: as many cells each as there are columns, of one or two lines.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def grids(found: Stress) -> list[Grid]:
    """The summary with its intervals, each condition, and the batches if there are any."""
    tables = [_summary(found), _conditions(found)]
    if found.models[0].batches:
        tables.append(_batches(found))
    return tables


def _summary(found: Stress) -> Grid:
    by_model = [dict(_summary_cells(model)) for model in found.models]
    rows = tuple(
        (name, TITLES[measure], *(cells[name, measure] for cells in by_model))
        for name, measure in by_model[0]
    )
    labels = (printable(model.label) for model in found.models)
    return Grid("Summary: value (95 % interval)", ("", "measure", *labels), rows)


def _summary_cells(model: ModelStress) -> Iterator[tuple[tuple[str, str], str]]:
    for measure in MEASURES:
        yield (CLEAN, measure), str(model.conditions[CLEAN][measure])
    for measure in MEASURES:
        yield ("mean", measure), str(model.mean[measure])
    for measure in MEASURES:
        where = model.worst_at.get(measure, "")
        yield ("worst", measure), f"{model.worst[measure]}\n{where}".rstrip()
    yield (HIDDEN, MEASURES[0]), str(model.conditions[HIDDEN][MEASURES[0]])


def _conditions(found: Stress) -> Grid:
    rows = tuple(
        (
            condition.name,
            *_short_cells(model.conditions[condition.name] for model in found.models),
        )
        for condition in found.conditions
    )
    return Grid("Each condition", ("condition", *_headings(found, _SHORT)), rows)


def _batches(found: Stress) -> Grid:
    rows = tuple(
        (
            printable(name),
            f"{batch.images:,} ({batch.patients:,})",
            *_short_cells(model.batches[name].estimates for model in found.models),
        )
        for name, batch in found.models[0].batches.items()
    )
    columns = ("batch", "images (patients)", *_headings(found, _SHORT[:3]))
    return Grid("Each export batch against the other side", columns, rows)


def _headings(found: Stress, measures: Sequence[str]) -> Iterator[str]:
    first, *others = measures
    for model in found.models:
        yield f"{printable(model.label)}\n{first}"
        yield from (f"\n{measure}" for measure in others)


def _short_cells(models: Iterable[Mapping[str, Estimate]]) -> Iterator[str]:
    for estimates in models:
        for measure in MEASURES:
            if measure in estimates:  # a batch has no balanced accuracy
                value = estimates[measure].value
                yield "-" if value is None else f"{value:.3f}"
