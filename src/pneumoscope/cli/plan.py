"""The command `pneumoscope plan`."""

from __future__ import annotations

from typing import Annotated

import typer

from pneumoscope.cli.console import print_json
from pneumoscope.cli.options import AsJson
from pneumoscope.cli.tables import print_tables
from pneumoscope.defaults import ASSURANCE, INTERVAL_WIDTH


def plan(
    sensitivity: Annotated[float, typer.Option(help="The expected sensitivity, 0 to 1.")],
    prevalence: Annotated[
        float, typer.Option(help="Fraction of local patients who have the disease, 0 to 1.")
    ],
    specificity: Annotated[
        float | None,
        typer.Option(help="The expected specificity, 0 to 1; by default as the sensitivity."),
    ] = None,
    width: Annotated[
        float, typer.Option(help="Greatest total width of each 95 % interval, from 0.01.")
    ] = INTERVAL_WIDTH,
    assurance: Annotated[
        float,
        typer.Option(help="Probability that consecutive patients hold enough of both kinds."),
    ] = ASSURANCE,
    as_json: AsJson = False,
) -> None:
    """Plan how many patients an acceptance test needs.

    \b
    pneumoscope plan --sensitivity .9 --width .05 --prevalence .2

    Patients with the disease for the sensitivity, patients without it for the specificity, and
    how many consecutive patients hold both.
    """
    from pneumoscope.statistics.acceptance import plan as find
    from pneumoscope.statistics.acceptance import tabulate_plan

    found = find(
        sensitivity=sensitivity,
        prevalence=prevalence,
        specificity=specificity,
        width=width,
        assurance=assurance,
    )
    if as_json:
        print_json(found.to_dict())
    else:
        print_tables(tabulate_plan(found), wrap=True)
