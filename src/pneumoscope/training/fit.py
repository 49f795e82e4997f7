"""A training run, from data to bundle."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pneumoscope.bundle import (
    read_bundle,
)
from pneumoscope.claims import claimed
from pneumoscope.dataset import PreparedSet, ensure_prepared
from pneumoscope.dataset.sources import leave_out
from pneumoscope.errors import (
    InterruptedRunError,
    SettingsError,
)
from pneumoscope.notices import Notice
from pneumoscope.recipes import epochs_for, find_preset
from pneumoscope.run import (
    History,
    Observer,
    Precision,
    Recipe,
    Run,
    TrainingSettings,
    library_versions,
    new_run,
    read_history,
    read_run,
    require_same,
)
from pneumoscope.run.folder import TENSORBOARD
from pneumoscope.team import Placement, Team
from pneumoscope.training import architectures, precision, weights
from pneumoscope.training.augment import with_augmentation
from pneumoscope.training.backend import keras
from pneumoscope.training.checkpoint import Checkpoint, ResumedEarlyStopping
from pneumoscope.training.deliver import build, write_bundle
from pneumoscope.training.device import model_of, on_device
from pneumoscope.training.distribute import choose_devices, on_devices, spread, together
from pneumoscope.training.load import load_images, weigh
from pneumoscope.training.network import Network
from pneumoscope.training.objective import make_loss, make_optimizer
from pneumoscope.types import Split
from pneumoscope.version import __version__

_ALONE = Placement()


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training run.

    Attributes:
        run: the run folder.
        bundle: the folder of the bundle.
        history: losses and metrics by name, a value for each epoch.
        best_epoch: number of the epoch, from 1, whose weights are in the bundle.
        interrupted: True if the run was stopped by Ctrl-C before its end.
        unreadable: number of files of the data that could not be read.
        notices: notices about the training: what could not be fitted or chosen, or may have failed.
    """

    run: Path
    bundle: Path
    history: History
    best_epoch: int
    interrupted: bool
    unreadable: int = 0
    notices: tuple[Notice, ...] = ()

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return len(self.history["loss"])


def train(
    data: Path | str,
    output: Path | str | None = None,
    settings: TrainingSettings | None = None,
    *,
    observer: Observer | None = None,
    placement: Placement = _ALONE,
) -> TrainingResult:
    """Trains a network and writes its bundle.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: the run folder, which must be new or empty; by default one under `runs`.
        settings: the settings; the defaults train `residual`.
        observer: receives the progress.
        placement: the devices, and the processes of which this is rank 0; the others call
            `assist`.

    Raises:
        SettingsError: if a setting cannot be used, or is for several trainings, or the output
            folder is not empty, or the placement does not fit this computer or the others.
        PeerError: if another process is not there.
        FetchError: if the weights of ImageNet are wanted and cannot be downloaded.
        DependencyError: if they are in a package that is not installed.
        DataError: if the data cannot be used.
        StorageError: if a file cannot be written.
    """
    settings = settings or TrainingSettings()
    architectures.find(settings.arch)
    if find_preset(settings.preset).seeds:
        raise SettingsError(
            "This preset is for several trainings",
            expected="a `preset` of one training",
            received=settings.preset,
            remedy="Call `pneumoscope.train_several`",
        )
    with new_run(Path(data), None if output is None else Path(output), settings) as run:
        return _execute(run, observer or Observer(), placement)


def resume(
    run: Path | str, *, observer: Observer | None = None, placement: Placement = _ALONE
) -> TrainingResult:
    """Resumes a run after its last completed epoch, with the settings that it was started with.

    It ends with the history that it would have had without the interruption. Of a run that has
    ended nothing is written again.

    Args:
        run: the run folder.
        observer: receives the progress.
        placement: as in `train`; it need not be that of before.

    Raises:
        DataError: if `run` is no run folder, or its data has changed.
        SettingsError: if another process writes into the run folder.
        BundleError: if the run has ended, and its bundle is damaged or incomplete.
    """
    root, observer = Path(run), observer or Observer()
    read_run(root)
    with claimed(root):
        found = read_run(root)
        checkpoint = _checkpoint(found)
        if found.bundle.exists() and not checkpoint.epochs:
            checkpoint.remove()
            return _ended(found, observer)
        return _execute(found, observer, placement)


def assist(
    data: Path | str | None,
    settings: TrainingSettings | None = None,
    *,
    run: Path | str | None = None,
    observer: Observer | None = None,
    placement: Placement,
) -> None:
    """Trains with others as a rank above 0: rank 0 writes the run, and this process nothing.

    Args:
        data: the data set as in `train`; None to resume a run.
        settings: the settings of rank 0.
        run: the run folder to resume, which this process must be able to read; None for a new run.
        observer: receives the progress.
        placement: the placement of this process.

    Raises:
        SettingsError: if the placement does not fit this computer.
        DataError: if the data cannot be used, or `run` is no run folder.
        InterruptedRunError: if Ctrl-C ended this process, and so the training.
        PeerError: if another process is not there.
    """
    if run is not None:
        found = read_run(Path(run))
    else:
        settings = (settings or TrainingSettings()).complete()
        found = Run(Path(os.devnull), Path(str(data)).resolve(), settings)
    checkpoint = _checkpoint(found, writes=False)
    if _train_network(found, checkpoint, observer or Observer(), placement).interrupted:
        raise InterruptedRunError("Interrupted, and with it the other ranks")


def _checkpoint(run: Run, *, writes: bool = True) -> Checkpoint:
    patient = run.recipe.patience
    return Checkpoint(run.root, run.given.seed, keep_last=not patient, writes=writes)


def _ended(run: Run, observer: Observer) -> TrainingResult:
    """Makes the result of a run that has ended, from its bundle and history."""
    epoch = int(read_bundle(run.bundle).info.metrics["epoch"])
    observer.note(f"Finished already: {run.bundle}")
    observer.started(run)
    observer.ended(run, False)
    history, notices = read_history(run.root), _calibration_notices(run)
    return TrainingResult(run.root, run.bundle, history, epoch, False, notices=notices)


def _execute(run: Run, observer: Observer, placement: Placement) -> TrainingResult:
    checkpoint = _checkpoint(run)
    trained = _train_network(run, checkpoint, observer, placement)
    run, prepared = trained.run, trained.prepared
    if not checkpoint.epochs:
        raise InterruptedRunError(
            "Interrupted before the first epoch had ended: there is nothing to keep",
            remedy=f'Start again with `pneumoscope.resume("{run.root}")`',
        )
    network, trainee = trained.network, trained.trainee
    if (
        len(run.devices) > 1
    ):  # what is distributed over them cannot be changed by this process alone
        network, trainee = _make(run, prepared)
    checkpoint.load_best(trainee)
    write_bundle(network, run, prepared, checkpoint, observer)
    if not trained.interrupted:
        checkpoint.remove()
    observer.ended(run, trained.interrupted)
    return TrainingResult(
        run.root,
        run.bundle,
        checkpoint.history,
        checkpoint.best_epoch + 1,
        trained.interrupted,
        len(prepared.left_out),
        _calibration_notices(run),
    )


@dataclass(frozen=True)
class _Trained:
    """A trained network; `trainee` has the augmentation before it, and the optimizer."""

    run: Run
    prepared: PreparedSet
    network: Network
    trainee: Network
    interrupted: bool


def _train_network(
    run: Run, checkpoint: Checkpoint, observer: Observer, placement: Placement
) -> _Trained:
    """Trains until the end or Ctrl-C, in this process alone or together with others."""
    settings, recipe = run.given, run.recipe
    run = _on_backend(run)
    with together(placement, observer) as team:
        devices = choose_devices(placement, recipe.batch_size)
        # Before the images are prepared: weights that do not fit are refused at once.
        run, first_weights = (run, []) if checkpoint.epochs else _start(run)
        team.compare(_facts(run, checkpoint))
        prepared = ensure_prepared(
            run.data,
            geometry=recipe.geometry,
            split=settings.split,
            scanning=settings.scanning,
            progress=observer.prepared,
            note=observer.note,
        )
        prepared = leave_out(prepared, settings.leave_out)
        _tell_about(prepared, observer)
        team.compare({"fingerprint of the images": prepared.fingerprint})
        run = replace(
            run,
            devices=tuple(devices),
            device_model=model_of(devices[0]),
            processes=max(1, len(placement.hosts)),
        )
        with on_device(placement.device):
            run = _resolve(run, prepared, observer, team)
        with on_device(placement.device), on_devices(devices):
            network, trainee = _make(run, prepared, distributed=len(devices) > 1)
            weights.put_in(network, first_weights)
            checkpoint.load_last(trainee)
            interrupted = _fit(trainee, run, prepared, checkpoint, observer)
        if interrupted:
            team.close("it was interrupted")
    return _Trained(run, prepared, network, trainee, interrupted)


def _facts(run: Run, checkpoint: Checkpoint) -> dict[str, object]:
    """Lists what must be the same in all processes, but for the images."""
    settings = asdict(run.given)
    del settings["root"]  # a path, which each computer may have elsewhere
    versions = library_versions(run.backend)
    return {
        "Pneumoscope": __version__,
        **{name: versions.get(name) for name in ("keras", "jax")},
        **settings,
        "weights": run.weights,
        "number of epochs before": checkpoint.epochs,
    }


def _make(run: Run, prepared: PreparedSet, *, distributed: bool = False) -> tuple[Network, Network]:
    """Makes the network, and the compiled one around it that is trained."""
    recipe = run.recipe
    keras.utils.set_random_seed(run.given.seed)
    network = precision.build_in(run.precision, lambda: build(run, prepared))
    trainee = with_augmentation(network) if recipe.augmentation else network
    if distributed:
        trainee = spread(trainee)
    trainee.compile(
        make_optimizer(recipe, _steps(recipe, prepared) * run.epochs),
        make_loss(recipe, len(prepared.images.classes)),
        metrics=["accuracy"],
    )
    return network, trainee


def _calibration_notices(run: Run) -> tuple[Notice, ...]:
    calibration = read_bundle(run.bundle).info.calibration
    return calibration.notices if calibration else ()


def _on_backend(run: Run) -> Run:
    """Records the backend of Keras in a run, whose epochs are all trained on the same one."""
    backend = str(keras.backend.backend())
    if run.backend not in ("", backend):
        raise SettingsError(
            f"The run {run.root} was started on another backend of Keras",
            expected=run.backend,
            received=backend,
            remedy=f"Set KERAS_BACKEND to {run.backend}, or start a new run",
            code="backend-differs",
            values={"expected": run.backend, "received": backend},
        )
    return replace(run, backend=backend)


def _start(run: Run) -> tuple[Run, weights.Arrays]:
    """Reads the weights that a run starts from, and records their origin in the run."""
    settings = run.given
    origin = weights.origin(settings.arch, settings.weights)
    if run.weights not in ("", origin):
        raise SettingsError(
            "The file of weights has changed since the run was started",
            expected=run.weights,
            received=origin,
            remedy="Start a new run",
        )
    return replace(run, weights=origin), weights.read(settings.arch, settings.weights)


def _tell_about(prepared: PreparedSet, observer: Observer) -> None:
    for notice in prepared.images.notices:
        observer.note(notice.text)
    for file in prepared.left_out:
        observer.note(f"Left out: {file.reason}")
    observer.note(f"Prepared images: {prepared.root}")
    for split in Split:
        counts = prepared.count(split)
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        observer.note(f"{split.value}: {sum(counts.values())} images ({listed})")


def _resolve(run: Run, prepared: PreparedSet, observer: Observer, team: Team) -> Run:
    require_same(run.data, run.fingerprint, prepared.fingerprint)
    epochs = run.recipe.epochs or epochs_for(_steps(run.recipe, prepared))
    run = replace(run, epochs=epochs)
    if run.precision is Precision.AUTO:
        run = replace(run, precision=_choose_precision(run, prepared, team))
        run = replace(run, fingerprint=prepared.fingerprint)
    if not team.rank:
        run.save()
        observer.started(run)
    on = ", ".join(run.devices) + (f" ({run.device_model})" if run.device_model else "")
    observer.note(f"Training in {run.precision.value}, with Keras on {run.backend}, on {on}")
    return run


def _choose_precision(run: Run, prepared: PreparedSet, team: Team) -> Precision:
    """Resolves the precision in rank 0, which measures it, for all."""
    if team.rank:
        return Precision.of(team.share(None))
    chosen = precision.resolve(run.given.precision, lambda: build(run, prepared))
    return Precision.of(team.share(chosen))


def _fit(
    trainee: Network, run: Run, prepared: PreparedSet, checkpoint: Checkpoint, observer: Observer
) -> bool:
    """Trains until the end or Ctrl-C; returns True if it was Ctrl-C."""
    recipe = run.recipe
    first_epoch = checkpoint.epochs
    if first_epoch >= run.epochs or _stopped_early(recipe, checkpoint):
        return False
    shown = load_images(prepared, Split.TRAIN, weigh(prepared, recipe.balance))
    known = load_images(prepared, Split.VAL)
    training = shown.epochs(recipe.batch_size, seed=run.given.seed, first_epoch=first_epoch)
    validation = known.once(recipe.batch_size)
    try:
        trainee.fit(
            training.batches,
            steps_per_epoch=training.steps,
            validation_data=validation.batches,
            initial_epoch=first_epoch,
            epochs=run.epochs,
            callbacks=[
                *_optional_callbacks(recipe, checkpoint),
                checkpoint,
                *(_tensorboard(run.root) if checkpoint.writes else ()),
                _Reporter(observer, checkpoint, recipe.batch_size, training.images),
            ],
            shuffle=False,  # the stream is shuffled already
            verbose=0,
        )
    except KeyboardInterrupt:
        return True
    return False


def _stopped_early(recipe: Recipe, checkpoint: Checkpoint) -> bool:
    patience, begun = recipe.patience, checkpoint.epochs > 0
    return patience > 0 and begun and checkpoint.epochs_since_best >= patience


def _optional_callbacks(recipe: Recipe, checkpoint: Checkpoint) -> list[keras.callbacks.Callback]:
    callbacks: list[keras.callbacks.Callback] = []
    if recipe.averaging:
        callbacks.append(keras.callbacks.SwapEMAWeights())  # while validating
    if recipe.patience:
        callbacks.append(ResumedEarlyStopping(checkpoint, recipe.patience))
    return callbacks


def _tensorboard(root: Path) -> list[keras.callbacks.Callback]:
    """Makes the callback for TensorBoard, where it and TensorFlow, which writes it, are there."""
    if find_spec("tensorboard") is None or find_spec("tensorflow") is None:
        return []
    return [keras.callbacks.TensorBoard(root / TENSORBOARD, write_graph=False)]


def _steps(recipe: Recipe, prepared: PreparedSet) -> int:
    """Counts the batches in an epoch."""
    return math.ceil(sum(prepared.count(Split.TRAIN).values()) / recipe.batch_size)


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that passes the progress on to an observer."""

    def __init__(
        self, observer: Observer, checkpoint: Checkpoint, batch_size: int, images: int
    ) -> None:
        super().__init__()
        self._observer = observer
        self._checkpoint = checkpoint
        self._batch_size = batch_size
        self._images = images
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        done = min((batch + 1) * self._batch_size, self._images)
        self._observer.trained(self._epoch, self.params["epochs"], done, self._images)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        results = dict(logs or {})
        diverged = not np.isfinite(list(results.values())).all()
        best = self._checkpoint.best_epoch == epoch and not diverged
        self._observer.epoch_ended(epoch + 1, results, best)
