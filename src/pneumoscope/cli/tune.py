"""The command `pneumoscope tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli.console import print_json, progress_bars, say, say_notice
from pneumoscope.cli.options import (
    IMAGE_SIZE,
    AsJson,
    Data,
    Limit,
    Positive,
    Root,
    Seed,
    Strict,
    TestShare,
    ValidationShare,
    declare_output,
    declare_setting,
)
from pneumoscope.cli.tables import print_tables
from pneumoscope.cli.train import ARCH, EPOCHS, chosen_settings, training_observer
from pneumoscope.defaults import ARCHITECTURE, SPLIT_SEED, TEST_SHARE, VALIDATION_SHARE


def tune(
    context: typer.Context,
    data: Data[Path],
    output: Annotated[
        Path, declare_output("Folder of the search: new, empty, or that of this search.")
    ] = Path("tuned"),
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of trainings with other settings.")
    ] = 20,
    left_out: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="Source of images, by the column `source` of a manifest, that no trial is trained "
            "on, and by which all are judged. By default they are judged by validation patients.",
        ),
    ] = "",
    arch: Annotated[str, typer.Option(help=ARCH)] = ARCHITECTURE,
    seed: Seed = SPLIT_SEED,
    validation_share: ValidationShare = VALIDATION_SHARE,
    test_share: TestShare = TEST_SHARE,
    image_size: Annotated[int | None, declare_setting("image_size", IMAGE_SIZE)] = None,
    epochs: Annotated[int | None, declare_setting("epochs", EPOCHS)] = None,
    positive: Positive = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Search for settings of training, and measure what the best are worth.

    \b
    pneumoscope tune chest_xray --output tuned
    pneumoscope tune chest_xray --output tuned --trials 40 --epochs 20
    pneumoscope tune hospitals.csv --left-out west --output tuned

    Searched are learning rate, weight decay, label smoothing, batch size, averaging and
    augmentation, around the recipe of the architecture, which is the first trial. Trials are
    judged by the log-loss of the validation patients, or with --left-out by the AUROC on a source
    that they have not seen; the best settings are trained again with three other seeds, on all
    sources, and only these are measured on the test split. The same command goes on where it was
    ended; with more --trials it goes on searching.
    """
    from pneumoscope.run import TrainingSettings
    from pneumoscope.tuning import summarise_tuning
    from pneumoscope.tuning import tune as search

    say_notice()
    settings = TrainingSettings(**chosen_settings(context, TrainingSettings))
    with progress_bars() as bars:
        observer = training_observer(bars)
        tuning = search(data, output, settings, trials=trials, left_out=left_out, observer=observer)
    if as_json:
        print_json(tuning.to_dict())
    else:
        print_tables(summarise_tuning(tuning), wrap=True)
        print(f"ensemble  {tuning.several.bundle}")
        print(f"tables    {output / 'tune.md'}")
    if tuning.several.unreadable:
        say("Some files could not be read")
        raise typer.Exit(1)
