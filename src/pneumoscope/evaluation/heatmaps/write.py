"""A check of heatmaps as files: a figure and tables for people, numbers for programs."""

from __future__ import annotations

import json
from pathlib import Path

from pneumoscope import plots
from pneumoscope.evaluation.grids import markdown
from pneumoscope.evaluation.heatmaps.figures import check_figure
from pneumoscope.evaluation.heatmaps.result import HeatmapCheck
from pneumoscope.evaluation.heatmaps.tables import grids
from pneumoscope.files import write_text


def write_check(found: HeatmapCheck, output: Path) -> None:
    """Writes `heatmap_check.json`, `heatmap_check.md` and `heatmap_check.png`.

    Args:
        found: what to write.
        output: the folder; files of a former run in it are replaced.

    Raises:
        StorageError: if it cannot be written.
    """
    content = json.dumps(found.to_dict(), indent=2) + "\n"
    write_text(output / "heatmap_check.json", content)
    write_text(output / "heatmap_check.md", markdown(grids(found), found.basis))
    plots.save(check_figure(found), output / "heatmap_check.png")
