"""The commands `pneumoscope data`: what is done with images before training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pneumoscope.cli import audit, fetch
from pneumoscope.cli.commands import Commands
from pneumoscope.cli.console import leave, print_json, progress_bar, say, say_notice
from pneumoscope.cli.options import (
    AsJson,
    HashPaths,
    ImageSize,
    Positive,
    Root,
    Seed,
    Strict,
    TestShare,
    ValidationShare,
    declare_output,
)
from pneumoscope.defaults import (
    LESION_STRENGTH,
    PHANTOM_PATIENTS,
    SEED,
    SPLIT_SEED,
    TEST_SHARE,
    VALIDATION_SHARE,
)
from pneumoscope.types import Geometry, Split

app = typer.Typer(
    cls=Commands,
    help="Fetch, audit and prepare data sets, and draw synthetic ones.",
    no_args_is_help=True,
)
app.command(name="fetch")(fetch.fetch)
app.command(name="audit")(audit.audit)


@app.command()
def prepare(
    data: Annotated[
        Path, typer.Argument(help="Class folders, the train/val/test layout, or a CSV manifest.")
    ],
    output: Annotated[
        Path | None, declare_output("Folder to write; by default one in the user's cache.")
    ] = None,
    image_size: ImageSize = Geometry.height,
    seed: Seed = SPLIT_SEED,
    validation_share: ValidationShare = VALIDATION_SHARE,
    test_share: TestShare = TEST_SHARE,
    positive: Positive = None,
    root: Root = None,
    strict: Strict = False,
    hash_paths: HashPaths = False,
    as_json: AsJson = False,
) -> None:
    """Split a data set by patient, and write each image once at the size of the network.

    \b
    pneumoscope data prepare chest_xray
    pneumoscope data prepare chest_xray --output prepared --seed 7

    `train` does this by itself. After an interruption, run it again: it goes on where it was.
    Files that cannot be read are left out, and listed in left_out.csv.
    """
    from pneumoscope.dataset import ScanSettings, SplitSettings
    from pneumoscope.dataset import prepare as prepare_images

    with progress_bar("preparing") as progress:
        prepared = prepare_images(
            data,
            output,
            geometry=Geometry(image_size, image_size),
            split=SplitSettings(seed, validation_share, test_share),
            scanning=ScanSettings(tuple(positive or ()), strict, root),
            progress=progress,
            note=say,
        )
    for notice in prepared.images.notices:
        say(notice.text)
    for file in prepared.left_out:
        say(f"Left out: {file.reason}")
    counts = {split.value: prepared.count(split) for split in Split}
    if as_json:
        print_json(
            {
                "prepared": str(prepared.root),
                "images": counts,
                "left_out": len(prepared.left_out),
                "notices": [notice.to_dict() for notice in prepared.images.notices],
                "doubts": [doubt.to_dict() for doubt in prepared.images.doubts],
                "fingerprint": prepared.fingerprint,
            }
        )
    else:
        for split, by_class in counts.items():
            listed = ", ".join(f"{count} {name}" for name, count in by_class.items())
            print(f"{split:<6}{sum(by_class.values()):>7} images ({listed})")
        print(f"left out {len(prepared.left_out):>4}")
        print(f"prepared in {prepared.root}")
    leave(len(prepared.left_out))


@app.command()
def phantoms(
    output: Annotated[Path, typer.Argument(help="Folder to write, new or empty.")],
    patients: Annotated[int, typer.Option(help="Number of patients to draw.")] = PHANTOM_PATIENTS,
    seed: Seed = SEED,
    lesion_strength: Annotated[
        float,
        typer.Option(
            help="Factor on the opacity of the pneumonia, up to 4; 1 is moderately hard to see."
        ),
    ] = LESION_STRENGTH,
    masks: Annotated[
        Path | None,
        typer.Option(help="Folder for a mask of each pneumonia, new or empty; by default none."),
    ] = None,
    lungs: Annotated[
        Path | None,
        typer.Option(
            help="Folder for a mask of the lungs in each image, new or empty; by default none."
        ),
    ] = None,
) -> None:
    """Draw synthetic chest radiographs, for demonstrations and tests only.

    \b
    pneumoscope data phantoms phantoms --patients 200 --seed 7
    """
    from pneumoscope.dataset import PhantomSettings, make_phantoms

    with progress_bar("drawing") as progress:
        records = make_phantoms(
            output,
            PhantomSettings(patients=patients, seed=seed, lesion_strength=lesion_strength),
            masks=masks,
            lungs=lungs,
            progress=progress,
        )
    print(f"{len(records)} synthetic radiographs of {patients} patients in {output}")
    say_notice()
