"""The files of a stress validation: figures and tables for people, numbers for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pneumoscope import plots
from pneumoscope.evaluation.folder import ResultFiles
from pneumoscope.evaluation.stress.figures import severity_figure, stress_figure
from pneumoscope.evaluation.stress.result import CURVE_MEASURES, Measures, Stress
from pneumoscope.evaluation.stress.tables import tabulate_stress
from pneumoscope.files import write_json, write_text
from pneumoscope.plots import FigureFormat
from pneumoscope.tables import Table, write_tables

_CURVES = {measure: f"severities_{measure}" for measure in CURVE_MEASURES}

FILES = ResultFiles(
    json="stress.json", tables="stress", figures=("stress", *_CURVES.values()), csv=("stress.csv",)
)
"""What a stress validation writes."""


def write_stress(found: Stress, output: Path, formats: Iterable[FigureFormat]) -> None:
    """Writes `stress` as JSON, CSV, Markdown, LaTeX and figures.

    Args:
        found: the stress validation to write.
        output: the folder; files of a former run in it are replaced.
        formats: file formats of the figures.

    Raises:
        StorageError: if a file cannot be written.
    """
    write_json(output / FILES.json, found.to_dict())
    write_text(output / "stress.csv", _csv(found))
    write_tables([*tabulate_stress(found), f"{found.basis}."], output / FILES.tables)
    plots.save(stress_figure(found), output / "stress", formats)
    if found.severities:
        for measure, name in _CURVES.items():
            plots.save(severity_figure(found, measure), output / name, formats)


def _csv(found: Stress) -> str:
    """Makes a line for each model, row and measure; the value is empty if not computable."""
    columns = ("model", "kind", "name", "measure", "value", "low", "high", "method")
    return Table("Each measure", columns, tuple(_rows(found))).to_csv()


def _rows(found: Stress) -> Iterator[tuple[str, ...]]:
    for model in found.models:
        for name, measures in model.rows.items():
            yield from _cells(model.label, "condition", name, measures)
        for name, batch in model.batches.items():
            yield from _cells(model.label, "batch", name, batch.estimates)
        for name, steps in model.curves.items():
            for severity, measures in enumerate(steps, start=1):
                yield from _cells(model.label, f"severity {severity}", name, measures)


def _cells(label: str, kind: str, name: str, measures: Measures) -> Iterator[tuple[str, ...]]:
    for measure, estimate in measures.items():
        ends = (estimate.value, estimate.low, estimate.high)
        cells = ("" if end is None else f"{end:.6f}" for end in ends)
        yield label, kind, name, measure, *cells, "" if estimate.low is None else estimate.method
