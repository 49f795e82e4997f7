"""Runs the notebook of the documentation and keeps its outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "walkthrough.ipynb"


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook with fresh outputs, and nothing in it that tells when or where it ran.

    Raises:
        CellExecutionError: if a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=580, kernel_name="python3", record_timing=False, coalesce_streams=True
    )
    client.execute()
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    nbformat.write(execute(NOTEBOOK), NOTEBOOK)
