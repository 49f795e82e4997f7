"""The command `pneumoscope data fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import add_bar, print_json, progress_bars, say
from pneumoscope.cli.options import AsJson, declare_output
from pneumoscope.defaults import PUBLIC_DATA


def fetch(
    source: Annotated[
        str | None,
        typer.Argument(help="Source: mendeley (the original, and the default) or kaggle."),
    ] = None,
    output: Annotated[Path, declare_output("New folder for the data.")] = Path(PUBLIC_DATA),
    as_json: AsJson = False,
) -> None:
    """Fetch the public data set: 5,856 radiographs of children, 1.2 GB, CC BY 4.0.

    \b
    pneumoscope data fetch
    pneumoscope data fetch kaggle --output chest_xray

    First prints authors and licence, which are also written to ATTRIBUTION.md. Every file that
    arrives is checked. After an interruption, run it again: it goes on where it was. Kaggle needs
    the extra `fetch`.
    """
    from pneumoscope.dataset.fetch import fetch as fetch_data
    from pneumoscope.dataset.fetch import find_public_data

    found = find_public_data(source)
    for line in found.terms.splitlines():
        if line:
            say(line.removeprefix("# "))
    with progress_bars() as bars:
        downloading = add_bar(bars, "downloading", unit="MB", size=1e6)
        unpacking = add_bar(bars, "unpacking")
        fetch_data(found, output, downloading=downloading, unpacking=unpacking)
    if as_json:
        print_json({"data": str(output), "source": found.name, "licence": found.licence})
    else:
        print(f"data in {output}")
