"""The files of a comparison: a figure and tables for people, numbers for programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pneumoscope import plots
from pneumoscope.evaluation.comparison.figures import comparison_figure
from pneumoscope.evaluation.comparison.result import Comparison
from pneumoscope.evaluation.comparison.tables import tabulate_comparison
from pneumoscope.evaluation.folder import ResultFiles
from pneumoscope.files import write_json
from pneumoscope.plots import FigureFormat
from pneumoscope.tables import write_tables

FILES = ResultFiles(json="comparison.json", tables="comparison", figures=("comparison",))
"""What a comparison writes."""


def write_comparison(found: Comparison, output: Path, formats: Iterable[FigureFormat]) -> None:
    """Writes `comparison` as JSON, Markdown, LaTeX and figures.

    Args:
        found: the comparison to write.
        output: the folder; files of a former comparison in it are replaced.
        formats: file formats of the figures.

    Raises:
        StorageError: if a file cannot be written.
    """
    write_json(output / FILES.json, found.to_dict())
    write_tables(tabulate_comparison(found), output / FILES.tables)
    plots.save(comparison_figure(found), output / "comparison", formats)
