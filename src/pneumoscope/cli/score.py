"""The command `pneumoscope score`."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
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
from pneumoscope.cli.tables import print_tables
from pneumoscope.defaults import SEED
from pneumoscope.files import name_few, printable

if TYPE_CHECKING:
    from pneumoscope.scale import Scoring


def score(
    bundle: ModelOrDefault = None,
    data: Annotated[
        str | None,
        typer.Argument(
            help="A folder of images, at any depth; or a list of them, a CSV or Parquet file with "
            "the columns of a manifest, of which only path has to be there; or the address of an "
            "archive by DICOMweb, with ModalitiesInStudy, StudyDate or StudyDescription behind it."
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
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Score on a Ray cluster: host:port, auto for the one that this machine belongs "
            "to, local to start one here. By default processes of this machine do the work.",
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
    pneumoscope score 'https://pacs.org/dicom-web?StudyDate=20240101-' -o scored
    pneumoscope score archive/ -o scored --shard $SLURM_ARRAY_TASK_ID/100
    pneumoscope score archive/ -o scored --ray auto

    The same command goes on where an earlier one has ended, however it ended. A file that cannot
    be read gets a row that says so; the exit code is then 1. An image that the model cannot judge
    is refused: that is a result, not an error.
    """
    given = [word for word in (bundle, data) if word is not None]
    model, words = split_model(given, "DATA", "a folder of images, a list of them, or an address")
    from pneumoscope.scale import score as score_archive
    from pneumoscope.scale import tabulate_scoring
    from pneumoscope.types import Status

    if len(words) > 1:
        raise typer.BadParameter("give one folder, list or address of images", param_hint="DATA")
    chosen, began = choose_model(model), time.monotonic()
    try:
        with progress_bar("scoring") as progress:
            found = score_archive(
                chosen,
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
                ray=ray,
                progress=progress,
                wait=say,
            )
    except KeyboardInterrupt:
        say(f"{_kept(output)}. To go on, give the same command")
        raise
    if as_json:
        print_json(found.to_dict())
    else:
        print_tables([found.sentence, *([tabulate_scoring(found)] if found.scored else [])])
    for line in _remarks(found, time.monotonic() - began):
        say(line)
    if found.scored == found.images:
        say(f"Next: {_next(given[0] if model else None, output)}")
    leave(found.status[Status.ERROR])


def _kept(folder: Path) -> str:
    """Says how much an interrupted work keeps."""
    from pneumoscope.scored.shards import list_shards

    shards = len(list_shards(folder)) if folder.is_dir() else 0
    return f"{shards:,} whole shards stay in {folder}" if shards else "No shard was whole by then"


def _part(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found:
        raise typer.BadParameter("give I/N, such as 3/8", param_hint="--shard")
    return int(found[1]), int(found[2])


def _remarks(found: Scoring, seconds: float) -> Iterator[str]:
    """Yields what else is to be said."""
    if found.scored_now:
        rate = found.scored_now / seconds
        yield f"{found.scored_now:,} images in {seconds:,.0f} s, {rate:,.1f} images/s"
    else:
        yield "Nothing was left to score here"
    if found.unanswered:
        query = f"SELECT path, error FROM '{found.folder}/part-*.parquet' WHERE status = 'error'"
        names = ", ".join(map(printable, found.unanswered))
        more = found.status["error"] - len(found.unanswered)
        yield f"Without an answer: {names}{f', and {more:,} more' if more else ''}"
        yield f"To list them: `duckdb -c {shlex.quote(query)}`"
    if found.repeated:
        yield f"{found.repeated:,} lines of the list name an image again, which counts once"
    if found.copies:
        yield f"{found.copies:,} images are exact copies of others, and were scored with these"
    if found.set_aside:
        names = name_few([*map(Path, found.set_aside)])
        yield f"Set aside, as reading them has ended the program twice: {names}"
    if found.strays:
        yield f"{found.strays:,} files that are no images were skipped"
    if found.new:
        yield (
            f"{found.new:,} images have come since the plan was made, and are not in it: score "
            "them into another folder"
        )
    if found.drift:
        yield f"Drift: {found.drift.sentence}"
    if left := found.images - found.scored:
        yield f"{left:,} images are left to other parts of the work"


def _next(model: str | None, folder: Path) -> str:
    what = shlex.join([*([model] if model else []), str(folder)])
    parts = shlex.quote(f"SELECT label, count(*) FROM '{folder}/part-*.parquet' GROUP BY label")
    return (
        f"`pneumoscope drift {what}`; `pneumoscope evaluate {what}`, where true labels are known; "
        f"or `duckdb -c {parts}`"
    )
