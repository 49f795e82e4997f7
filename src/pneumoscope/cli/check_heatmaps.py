"""The command `pneumoscope check-heatmaps`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import leave, print_json, progress_bar, say, say_left_out
from pneumoscope.cli.options import (
    AsJson,
    Data,
    Figures,
    Full,
    HashPaths,
    Model,
    Resamples,
    Root,
    Seed,
    declare_output,
)
from pneumoscope.cli.tables import print_result
from pneumoscope.defaults import FIGURES, HEATMAP_IMAGES, RESAMPLES, SEED


def check_heatmaps(
    bundle: Model,
    data: Data[Path],
    output: Annotated[
        Path | None, declare_output("Folder for figure and tables; by default none is written.")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            help="Folder of masks of the pneumonia, named like the images; by default none."
        ),
    ] = None,
    lungs: Annotated[
        Path | None,
        typer.Option(help="Folder of masks of the lungs, named like the images; by default none."),
    ] = None,
    images: Annotated[
        int, typer.Option(help="About how many images to check, of whole patients.", min=1)
    ] = HEATMAP_IMAGES,
    root: Root = None,
    resamples: Resamples = RESAMPLES,
    seed: Seed = SEED,
    figures: Figures = None,
    hash_paths: HashPaths = False,
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Check whether heatmaps show what a model relies on, and where they lie.

    \b
    pneumoscope check-heatmaps runs/first chest_xray
    pneumoscope check-heatmaps runs/first phantoms --masks masks --lungs lungs

    Deletes and inserts the places that the heatmap shows, and for comparison random places and
    those nearest to the centre; randomises the weights, after which heatmaps should change; and
    measures how much of each heatmap lies within masks. With 95 % intervals from a bootstrap of
    patients, on images and patients that the model has not seen. Randomising weights needs the
    extra "train".
    """
    from pneumoscope.evaluation.heatmaps import check_heatmaps as check
    from pneumoscope.evaluation.heatmaps import (
        state_heatmaps,
        summarise_heatmaps,
        tabulate_heatmaps,
    )

    with progress_bar("predicting") as progress:
        found = check(
            bundle,
            data,
            output,
            masks=masks,
            lungs=lungs,
            images=images,
            root=root,
            resamples=resamples,
            seed=seed,
            figures=figures or FIGURES,
            progress=progress,
        )
    say_left_out(found.notices, found.unreadable, found.cohort.seen)
    if found.cohort.not_drawn:
        say(f"Not drawn: {found.cohort.not_drawn} more images (--images)")
    if as_json:
        print_json(found.to_dict())
    else:
        print_result(
            summarise_heatmaps(found),
            [state_heatmaps(found), *tabulate_heatmaps(found), found.basis],
            full=full,
        )
        if output is not None:
            print(f"figure and tables in {output}")
    leave(len(found.unreadable))
