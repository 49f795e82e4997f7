"""The command `pneumoscope train`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pneumoscope.cli import repeats
from pneumoscope.cli.console import (
    fail,
    leave_training,
    print_beside,
    print_json,
    progress_bars,
    say,
    say_notice,
)
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
    Track,
    Tracking,
    ValidationShare,
    declare_output,
    declare_setting,
)
from pneumoscope.cli.remaining import RemainingTime
from pneumoscope.cli.tables import print_tables
from pneumoscope.defaults import (
    ARCHITECTURE,
    AUTO,
    PRESET,
    SPLIT_SEED,
    TEST_SHARE,
    VALIDATION_SHARE,
)
from pneumoscope.recipes import PRESETS, Balance, find_preset

if TYPE_CHECKING:
    from rich.progress import Progress

    from pneumoscope.errors import PeerError
    from pneumoscope.run import Observer, TrainingSettings
    from pneumoscope.team import Placement

_KEPT_APART = {"resume", "device", "devices", "hosts", "rank", "track", "as_json"}
"""Options of a run that is resumed: where it is trained is none of its settings."""

ARCH = "Architecture of the network, one of those listed below."
EPOCHS = (
    "Greatest number of epochs: times that each image is trained on. At 0, 80, or more for few "
    "images."
)


def train(
    context: typer.Context,
    data: Data[Path | None] = None,
    output: Annotated[
        Path | None, declare_output("Run folder; by default a new one under runs/.")
    ] = None,
    arch: Annotated[str, typer.Option(help=ARCH)] = ARCHITECTURE,
    preset: Annotated[
        str,
        typer.Option(
            metavar="|".join(PRESETS),
            help="Settings chosen together, as listed below. Options beside it override it.",
        ),
    ] = PRESET,
    seed: Seed = SPLIT_SEED,
    validation_share: ValidationShare = VALIDATION_SHARE,
    test_share: TestShare = TEST_SHARE,
    precision: Annotated[
        str,
        typer.Option(
            help="Number format of the training: float32, mixed_bfloat16, or auto for the faster "
            "one on this CPU."
        ),
    ] = AUTO,
    weights: Annotated[
        str,
        typer.Option(
            help="Initial weights: none (random), imagenet, or a file of weights for three colour "
            "channels. auto: imagenet for pretrained networks, none for the others."
        ),
    ] = AUTO,
    image_size: Annotated[int | None, declare_setting("image_size", IMAGE_SIZE)] = None,
    epochs: Annotated[
        int | None,
        declare_setting("epochs", EPOCHS),
    ] = None,
    patience: Annotated[
        int | None,
        declare_setting(
            "patience",
            "Number of epochs without a lower validation loss after which training stops. At 0 it "
            "never stops early.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        declare_setting("batch_size", "Number of images after which the weights change once."),
    ] = None,
    learning_rate: Annotated[
        float | None,
        declare_setting(
            "learning_rate", "Size of a change of the weights; the greatest, if it varies."
        ),
    ] = None,
    cosine: Annotated[
        bool | None,
        declare_setting(
            "cosine", "Raise the learning rate at the start, then lower it along a cosine to 0."
        ),
    ] = None,
    weight_decay: Annotated[
        float | None,
        declare_setting(
            "weight_decay",
            "Pull of all weights towards 0 at each change, times the learning rate. At 0 there is "
            "none.",
        ),
    ] = None,
    averaging: Annotated[
        float | None,
        declare_setting(
            "averaging",
            "Average the weights over the changes: the part of the average, 0 to 1, that each "
            "change keeps. At 0 nothing is averaged.",
        ),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        declare_setting(
            "label_smoothing",
            "Fraction of each label, 0 to 1, that is spread over all classes, so that the network "
            "is less sure of itself.",
        ),
    ] = None,
    balance: Annotated[
        str | None,
        declare_setting(
            "balance",
            "What counts alike, however many images it has: none, classes, or sources for each "
            "class and within it each source of images, by the column `source` of a manifest.",
            metavar="|".join(Balance),
        ),
    ] = None,
    augmentation: Annotated[
        bool | None,
        declare_setting(
            "augmentation", "Change the training images randomly: zoom, turn, darken, blur, cover."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Train N times, with seeds from --seed on, and average them; by default once, or "
            "as often as the preset says.",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="K",
            help="Cross-validate: train K times, each without another fold; by default not.",
        ),
    ] = None,
    each_source: Annotated[
        bool,
        typer.Option(
            "--each-source",
            help="Leave each source of images out in turn, by the column `source` of a manifest, "
            "and measure on it the network that has not seen it.",
        ),
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Device to train on: cpu, gpu, or one of several, such as gpu:1. By default a GPU "
            "if the backend finds one.",
        ),
    ] = None,
    devices: Annotated[
        str | None,
        typer.Option(
            metavar="N|all",
            help="Number of devices of this computer to train on, with Keras on JAX; they share "
            "each batch. By default 1, and with --hosts all.",
        ),
    ] = None,
    hosts: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESSES",
            help="Addresses of all processes that train together, as host:port,host:port, with "
            "Keras on JAX; each is started with the same options and its own --rank. By default "
            "this one trains alone.",
        ),
    ] = None,
    rank: Annotated[
        int | None,
        typer.Option(
            metavar="R",
            help="Number of this process in --hosts, from 0. Rank 0 writes the run folder; the "
            "others write nothing. Must be given with --hosts; by default there is one process.",
        ),
    ] = None,
    track: Track = None,
    positive: Positive = None,
    root: Root = None,
    limit: Limit = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE",
            help="Source of images, by the column `source` of a manifest, that nothing is trained "
            "or validated on; repeat the option for each. By default none is left out.",
        ),
    ] = None,
    strict: Strict = False,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Run folder to go on with; give nothing else but --device, --devices, --hosts, "
            "--rank, --track and --json. By default a new run is started.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a network on a data set, and write its bundle.

    \b
    pneumoscope train chest_xray
    pneumoscope train chest_xray --preset quick
    pneumoscope train chest_xray --arch baseline --output runs/first --epochs 30
    pneumoscope train chest_xray --seeds 5 --output runs/five
    pneumoscope train hospitals.csv --each-source --output runs/travel
    pneumoscope train --resume runs/first
    pneumoscope train chest_xray --hosts node1:7000,node2:7000 --rank 0

    Each architecture has a recipe: the defaults of the options from --image-size to
    --augmentation. A preset changes it; the times of presets are estimates for two cores, and
    their figures are of unseen patients, both for the default architecture on the public data
    set. Ctrl-C ends the run with the best model so far; `--resume` goes on. --seeds, --folds
    and --each-source measure each training on images that it has not seen; the first two make an
    ensemble, whose predictions take N or K times as long.
    """
    _check_usage(context, data, resume)
    if bool(seeds) + bool(folds) + each_source > 1:
        raise typer.BadParameter(
            "give one of --seeds, --folds and --each-source", param_hint="--seeds"
        )
    placement = _place(device, devices, hosts, rank)
    from pneumoscope.bundle import read_bundle, summarise_training
    from pneumoscope.repeats.plan import is_repeated
    from pneumoscope.run import TrainingSettings
    from pneumoscope.run.folder import CURVES
    from pneumoscope.training import assist
    from pneumoscope.training import resume as resume_run
    from pneumoscope.training import train as train_network

    say_notice()
    settings = TrainingSettings(**chosen_settings(context, TrainingSettings))
    repeated = seeds or folds or each_source or find_preset(preset).seeds
    if repeated or (resume is not None and is_repeated(resume)):
        if not placement.is_plain:
            raise typer.BadParameter(
                "several trainings use one device each: leave out --devices and --hosts",
                param_hint="--seeds",
            )
        with progress_bars() as bars:
            observer = _tracked(training_observer(bars), track)
            several = repeats.train(
                data, output, settings, seeds, folds, each_source, resume, observer
            )
        repeats.show(several, as_json)
        return
    with progress_bars() as bars:
        observer = training_observer(bars)
        if placement.rank:
            assist(data, settings, run=resume, observer=observer, placement=placement)
            say(f"Rank {placement.rank} has ended; rank 0 writes the run folder.")
            return
        observer = _tracked(observer, track)
        if resume is not None:
            result = resume_run(resume, observer=observer, placement=placement)
        else:
            result = train_network(
                Path(str(data)), output, settings, observer=observer, placement=placement
            )
    best = {name: values[result.best_epoch - 1] for name, values in result.history.items()}
    if as_json:
        print_json(
            {
                "run": str(result.run),
                "bundle": str(result.bundle),
                "best_epoch": result.best_epoch,
                "best": best,
                "interrupted": result.interrupted,
                "notices": [notice.to_dict() for notice in result.notices],
            }
        )
    else:
        info = read_bundle(result.bundle).info
        print_tables(summarise_training(info), wrap=True)
        print(f"bundle  {result.bundle}  (epoch {result.best_epoch} of {result.epochs})")
        print(f"curves  {result.run / CURVES}.png")
        if not result.interrupted and not (info.calibration and info.calibration.doubts):
            print(f"Next, measure it on unseen patients: pneumoscope report {result.run}")
    leave_training(result.run, interrupted=result.interrupted, unreadable=bool(result.unreadable))


def _place(
    device: str | None, devices: str | None, hosts: str | None, rank: int | None
) -> Placement:
    """Reads where to train from the four options about it."""
    from pneumoscope.team import Placement

    if (hosts is None) != (rank is None):
        raise typer.BadParameter("give --hosts and --rank together", param_hint="--rank")
    devices = devices or ("1" if hosts is None else "all")
    if devices != "all" and not devices.isdecimal():
        raise typer.BadParameter(f"{devices} is neither a number nor all", param_hint="--devices")
    number = None if devices == "all" else int(devices)
    addresses = tuple(hosts.split(",")) if hosts is not None else ()
    return Placement(number, addresses, rank or 0, device or "")


def chosen_settings(context: typer.Context, settings: type[TrainingSettings]) -> dict[str, Any]:
    """Picks the settings that the user chose, from options of the same names."""
    names = {field.name for field in fields(settings)}
    return {
        name: value for name, value in context.params.items() if name in names and value is not None
    }


def _tracked(observer: Observer, track: Tracking | None) -> Observer:
    if track is None:
        return observer
    from pneumoscope.run.track import Tracker

    return Tracker(observer)


def _check_usage(context: typer.Context, data: Path | None, resume: Path | None) -> None:
    if data is None and resume is None:
        raise typer.BadParameter("give DATA, or --resume RUN", param_hint="DATA")
    if resume is None:
        return
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        given = source is not None and source.name == "COMMANDLINE"
        if given and parameter.name not in _KEPT_APART:
            raise typer.BadParameter(
                f"a resumed run keeps its settings: leave out {parameter.opts[0]}",
                param_hint="--resume",
            )


def training_observer(bars: Progress) -> Observer:
    """Makes an observer that shows a training as bars and lines."""
    from pneumoscope.run import Observer

    class Bars(Observer):
        """Shows the progress as bars, and each epoch as a line."""

        def __init__(self) -> None:
            self._preparing = bars.add_task("preparing", total=None, visible=False)
            self._training = bars.add_task("training", total=None, visible=False)
            self._first = (0, 0.0)
            self._rate = 0.0
            self._remaining = RemainingTime(self.note, "images")

        def note(self, text: str) -> None:
            print_beside(bars, text)

        def prepared(self, done: int, total: int) -> None:
            bars.update(self._preparing, completed=done, total=total, visible=done < total)

        def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
            self._remaining((epoch - 1) * total + images, epochs * total)
            now = time.monotonic()
            if self._first[0] == 0 or images <= self._first[0]:
                self._first = (images, now)
            elif now > self._first[1]:
                self._rate = (images - self._first[0]) / (now - self._first[1])
            bars.update(
                self._training,
                description=f"epoch {epoch} of at most {epochs}",
                completed=(epoch - 1) * total + images,
                total=epochs * total,
                visible=True,
            )

        def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
            self._first = (0, 0.0)
            rate = f"  {self._rate:.0f} images/s" if self._rate else ""  # unknown of one batch
            self.note(
                f"epoch {epoch:>3}  loss {results['loss']:.4f}  "
                f"accuracy {results['accuracy']:.4f}  "
                f"validation loss {results['val_loss']:.4f}  "
                f"accuracy {results['val_accuracy']:.4f}{rate}{'  kept' if best else ''}"
            )

        def lost(self, error: PeerError) -> None:
            bars.stop()
            fail(str(error))

    return Bars()
