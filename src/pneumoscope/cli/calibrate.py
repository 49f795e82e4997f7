"""The command `pneumoscope calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import (
    choose_model,
    leave,
    name_results,
    print_json,
    progress_bar,
    say,
    say_left_out,
)
from pneumoscope.cli.options import (
    DATA,
    AsJson,
    HashPaths,
    Model,
    Resamples,
    Root,
    Seed,
    declare_output,
)
from pneumoscope.cli.tables import print_tables
from pneumoscope.defaults import RESAMPLES, SEED, SITES


def calibrate(
    bundle: Model,
    data: Annotated[
        Path,
        typer.Argument(metavar="LOCAL", help=f"{DATA}; with --unlabelled a folder of images."),
    ],
    output: Annotated[
        Path | None, declare_output("Folder of the site bundle; by default sites/MODEL-LOCAL.")
    ] = None,
    root: Root = None,
    unlabelled: Annotated[
        bool,
        typer.Option(
            "--unlabelled",
            help="Fit the prevalence alone, to images without labels; refused if they show that "
            "more than the prevalence differs.",
        ),
    ] = False,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Fit a model to images of the place where it is used.

    \b
    pneumoscope calibrate runs/first ward.csv --output sites/ward
    pneumoscope calibrate lite-1 ward/ --unlabelled
    pneumoscope predict sites/ward radiograph.dcm

    Makes a site bundle, which every command takes as a model. Of some labelled local images, 25
    patients of each class at least, it fits probabilities, operating points, the undecided zone
    and the levels above which images are refused, and says what that gained on patients that were
    not fitted to. The network stays as it is. Of images without labels it fits the prevalence
    alone. Images that the model has seen are left out.
    """
    from pneumoscope.site import calibrate as make_site_bundle
    from pneumoscope.site import summarise_calibration

    chosen = choose_model(bundle)
    output = output or Path(SITES) / name_results([chosen], data)
    with progress_bar("predicting") as progress:
        found = make_site_bundle(
            chosen,
            data,
            output,
            root=root,
            unlabelled=unlabelled,
            resamples=resamples,
            seed=seed,
            progress=progress,
        )
    say_left_out(found.notices, found.unreadable, found.seen)
    if as_json:
        print_json(found.to_dict())
    else:
        print_tables(summarise_calibration(found), wrap=True)
        print(f"site bundle in {output}")
    if found.shift is not None:
        say(f"The parent restates the same: predict --prevalence {found.site.prevalence:.3f}")
    leave(len(found.unreadable))
