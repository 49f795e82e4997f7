"""The files of a check of heatmaps: a figure and tables for people, numbers for programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pneumoscope import plots
from pneumoscope.evaluation.folder import ResultFiles
from pneumoscope.evaluation.heatmaps.figures import check_figure
from pneumoscope.evaluation.heatmaps.result import HeatmapCheck
from pneumoscope.evaluation.heatmaps.tables import tabulate_heatmaps
from pneumoscope.files import write_json
from pneumoscope.plots import FigureFormat
from pneumoscope.tables import write_tables

FILES = ResultFiles(json="heatmap_check.json", tables="heatmap_check", figures=("heatmap_check",))
"""What a check writes."""


def write_check(found: HeatmapCheck, output: Path, formats: Iterable[FigureFormat]) -> None:
    """Writes `heatmap_check` as JSON, Markdown, LaTeX and figures.

    Args:
        found: the check to write.
        output: the folder; files of a former run in it are replaced.
        formats: file formats of the figures.

    Raises:
        StorageError: if a file cannot be written.
    """
    write_json(output / FILES.json, found.to_dict())
    write_tables([*tabulate_heatmaps(found), f"{found.basis}."], output / FILES.tables)
    plots.save(check_figure(found), output / "heatmap_check", formats)
