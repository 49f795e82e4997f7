"""The command `pneumoscope score`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pneumoscope.cli.console import (
    choose_model,
    leave,
    print_json,
    progress_bar,
    say,
    split_model,
)
from pneumoscope.cli.options import (
    AsJson,
    HashPaths,
    ModelOrDefault,
    OperatingPoint,
    PolicyFile,
    Root,
    Seed,
    declare_output,
)
from pneumoscope.defaults import SEED

if TYPE_CHECKING:
    from pneumoscope.scale import Scoring


def score(
    bundle: ModelOrDefault = None,
    data: Annotated[
        str | None,
        typer.Argument(
            help="A folder of images, at any depth; or a list of them, a CSV or Parquet file with "
            "the columns of a manifest, of which only path has to be there."
        ),
    ] = None,
    output: Annotated[
        Path, declare_output("Folder for the rows: new, empty, or begun with the same settings.")
    ] = Path("scored"),
    root: Root = None,
    operating_point: OperatingPoint = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            help="Prevalence of the disease where the model is used, 0 to 1, for which to restate "
            "probabilities. By default they are not restated.",
        ),
    ] = None,
    no_gate: Annotated[
        bool, typer.Option("--no-gate", help="Refuse nothing: give every image a label.")
    ] = False,
    policy: PolicyFile = None,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="For a trial: score N images drawn at random. By default all."
        ),
    ] = None,
    seed: Seed = SEED,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Processes, each with one thread; by default one for each core it may use.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Do the part I of N of the work, as one of N machines that share the folders; by "
            "default all of it.",
        ),
    ] = None,
    keep_uids: Annotated[
        bool,
        typer.Option("--keep-uids", help="Keep UIDs of DICOM files, and not their keyed hashes."),
    ] = False,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Score an archive of images into a folder of Parquet, one row for each image.

    \b
    pneumoscope score archive/ --output scored
    pneumoscope score runs/first images.csv -o scored
    pneumoscope score archive/ -o scored --shard $SLURM_ARRAY_TASK_ID/100

    The same command goes on where an earlier one has ended, however it ended. A file that cannot
    be read gets a row that says so; the exit code is then 1. An image that the model cannot judge
    is refused: that is a result, not an error.
    """
    given = [word for word in (bundle, data) if word is not None]
    model, words = split_model(given, "DATA", "a folder of images, or a list of them")
    from pneumoscope.scale import score as score_archive

    if len(words) > 1:
        raise typer.BadParameter("give one folder or list of images", param_hint="DATA")
    root_of_model = choose_model(model)
    try:
        with progress_bar("scoring") as progress:
            found = score_archive(
                root_of_model,
                words[0],
                output,
                root=root,
                operating_point=operating_point,
                prevalence=prevalence,
                gate=not no_gate,
                policy=policy,
                sample=sample,
                seed=seed,
                keep_uids=keep_uids,
                workers=workers,
                shard=_part(shard),
                progress=progress,
                wait=say,
            )
    except KeyboardInterrupt:
        say("Whole shards stay. To go on, give the same command")
        raise
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    leave(found.status["error"])


def _part(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found:
        raise typer.BadParameter("give I/N, such as 3/8", param_hint="--shard")
    return int(found[1]), int(found[2])


def _print(found: Scoring) -> None:
    print(f"{found.scored:,} of {found.images:,} images are scored in {found.folder}")
