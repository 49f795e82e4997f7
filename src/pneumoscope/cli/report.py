"""The command `pneumoscope report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import add_bar, leave, print_json, progress_bars, say_left_out
from pneumoscope.cli.options import (
    SCORED,
    AsJson,
    HashPaths,
    Limit,
    Model,
    Resamples,
    Root,
    Seed,
    Track,
    declare_output,
)
from pneumoscope.cli.tables import print_table
from pneumoscope.defaults import RESAMPLES, SEED


def report(
    run: Model,
    data: Annotated[
        Path | None, typer.Argument(help=f"{SCORED}. By default what the run was trained on.")
    ] = None,
    output: Annotated[
        Path | None,
        declare_output(
            "HTML page to write; by default RUN/report.html, or reports/NAME/report.html."
        ),
    ] = None,
    root: Root = None,
    limit: Limit = None,
    least_sensitivity: Annotated[
        float | None,
        typer.Option(help="Least sensitivity that a site accepts, 0 to 1. By default no goal."),
    ] = None,
    least_specificity: Annotated[
        float | None,
        typer.Option(help="Least specificity that a site accepts, 0 to 1. By default no goal."),
    ] = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    hash_paths: HashPaths = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Put all evidence of a run on one page, and on a model card.

    \b
    pneumoscope report runs/first
    pneumoscope report runs/first other_hospital --output other/report.html
    pneumoscope report lite-1 other_hospital
    pneumoscope report lite-1 ours --least-sensitivity .9

    Audits the data, evaluates the model on the images and patients that it has not seen, as they
    are and under corruptions, and says whether to trust it, for whom, and why or why not. The
    page is one file that loads nothing from elsewhere; MODEL_CARD.md is written beside it.

    Of a folder that `pneumoscope score` wrote, it shows what scores tell; the page says what is
    left out since it takes pixels: the audit, corruptions, heatmaps and examples.

    With --least-sensitivity or --least-specificity, the page begins with an acceptance test: a goal
    is shown if the whole 95 % interval reaches it. `pneumoscope plan` says how many patients that
    takes.

    With --track, page and card are also sent to where `pneumoscope train` was tracked. The page
    shows radiographs, and names files unless --hash-paths is given.
    """
    from pneumoscope.reporting import report as report_run
    from pneumoscope.reporting import tabulate_acceptance, tabulate_verdict
    from pneumoscope.run.track import attach, read_id

    tracked = read_id(Path(run)) if track else ""
    with progress_bars() as bars:
        found = report_run(
            run,
            data,
            output,
            root=root,
            limit=limit,
            least_sensitivity=least_sensitivity,
            least_specificity=least_specificity,
            resamples=resamples,
            seed=seed,
            bars=lambda part: add_bar(bars, part),
        )
    if track:
        attach(tracked, [found.page, found.card])
    say_left_out(found.notices, found.unreadable, found.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        if found.acceptance:
            print(found.acceptance.statement)
            print_table(tabulate_acceptance(found.acceptance), wrap=True)
        print_table(tabulate_verdict(found.verdict), wrap=True)
        print(f"page in {found.page}\nmodel card in {found.card}")
    leave(len(found.unreadable))
