"""The command `pneumoscope data audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import (
    leave,
    name_results,
    print_json,
    progress_bar,
    say,
    say_notice,
)
from pneumoscope.cli.options import AsJson, Data, HashPaths, Positive, Root, Seed, declare_output
from pneumoscope.cli.tables import print_table
from pneumoscope.defaults import SEED
from pneumoscope.errors import DataError


def audit(
    data: Data[Path],
    output: Annotated[
        Path | None,
        declare_output("HTML page to write, with the images found; by default audit/DATA.html."),
    ] = None,
    seed: Seed = SEED,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 2 if a result would be invalid, or it is unclear how the data is "
            "meant.",
        ),
    ] = False,
    positive: Positive = None,
    root: Root = None,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Find what would invalidate results on a data set, before training on it.

    \b
    pneumoscope data audit chest_xray
    pneumoscope data audit chest_xray --output chest_xray.html --strict --json

    Finds unreadable files, copies across splits and labels, and patients in two splits. Measures
    how well facts such as the file size alone predict the label: the shortcut score.
    """
    from pneumoscope.dataset import ScanSettings
    from pneumoscope.dataset.audit import audit as audit_images
    from pneumoscope.dataset.audit import tabulate_audit

    output = output or Path("audit", f"{name_results([], data)}.html")
    with progress_bar("auditing") as progress:
        scanning = ScanSettings(tuple(positive or ()), root=root)
        found = audit_images(data, output, seed=seed, scanning=scanning, progress=progress)
    for notice in found.images.notices:
        say(notice.text)
    if as_json:
        print_json(found.to_dict())
    else:
        for table in tabulate_audit(found):
            print_table(table, wrap=True)
        print(f"page with the pictures in {output}")
    if strict and not (found.valid and not found.images.doubts):
        say_notice()
        raise typer.Exit(DataError.exit_code)
    leave(len(found.unreadable))
