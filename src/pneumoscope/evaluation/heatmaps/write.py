"""The files of a check of heatmaps: a figure and tables for people, numbers for programs."""

from __future__ import annotations

from pathlib import Path

from pneumoscope import plots
from pneumoscope.evaluation.heatmaps.figures import check_figure
from pneumoscope.evaluation.heatmaps.result import HeatmapCheck
from pneumoscope.evaluation.heatmaps.tables import tabulate_heatmaps
from pneumoscope.files import write_json
from pneumoscope.tables import write_tables


def write_check(found: HeatmapCheck, output: Path) -> None:
    """Writes `heatmap_check` as JSON, Markdown, LaTeX and PNG.

    Args:
        found: the check to write.
        output: the folder; files of a former run in it are replaced.

    Raises:
        StorageError: if a file cannot be written.
    """
    write_json(output / "heatmap_check.json", found.to_dict())
    write_tables([*tabulate_heatmaps(found), f"{found.basis}."], output / "heatmap_check")
    plots.save(check_figure(found), output / "heatmap_check.png")
