"""A search, from one data set to settings, and to what they are worth."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from pneumoscope import plots
from pneumoscope.claims import claimed
from pneumoscope.dataset import PreparedSet, ensure_prepared
from pneumoscope.errors import DivergedError, InterruptedRunError, SettingsError, out_of_range
from pneumoscope.files import write_json
from pneumoscope.recipes import find_preset
from pneumoscope.repeats import SeveralRuns, Spread, resume_several, train_several
from pneumoscope.repeats.plan import is_repeated
from pneumoscope.run import Observer, TrainingSettings, is_run
from pneumoscope.tables import write_tables
from pneumoscope.training import TrainingResult, architectures, resume, train
from pneumoscope.tuning.figure import draw_trials
from pneumoscope.tuning.objective import validation_loss
from pneumoscope.tuning.result import Trial, Tuning
from pneumoscope.tuning.space import suggest, values_of
from pneumoscope.tuning.study import open_study, require_own
from pneumoscope.tuning.tables import tabulate_tuning

SEEDS = 3
"""Number of times that the best settings are trained again."""

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def tune(
    data: Path | str,
    output: Path | str,
    settings: TrainingSettings | None = None,
    *,
    trials: int = 20,
    observer: Observer | None = None,
) -> Tuning:
    """Searches for settings of training, trains the best again, and measures them once.

    Learning rate, weight decay, label smoothing, batch size, averaging and augmentation are
    searched around the recipe, which is the first trial. A trial is judged by the log-loss of the
    validation patients, and ended early where others were better at its epoch. Test images are
    read once, at the end: by the settings that were chosen, trained with three other seeds.

    Called again it goes on where it was ended, however that was; with more trials it goes on
    searching.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: the folder of the search: new, empty, or that of the same search.
        settings: the settings that all trials have, and around which is searched.
        trials: number of trials, 1 or more.
        observer: receives the progress.

    Raises:
        SettingsError: if a setting cannot be used, the folder holds anything else, or another
            process writes into it.
        FetchError: if the weights of ImageNet are wanted and cannot be downloaded.
        DataError: if the data cannot be used, or the journal of the search cannot be read.
        DivergedError: if no trial has ended with finite losses.
        InterruptedRunError: if Ctrl-C ended it; it can go on.
        StorageError: if a file cannot be written.
    """
    if trials < 1:
        raise out_of_range("trials", trials, "1 or more")
    settings = (settings or TrainingSettings()).complete()
    architectures.find(settings.arch)
    if find_preset(settings.preset).seeds:
        raise SettingsError(
            "This preset is for several trainings",
            expected="a `preset` of one training",
            received=settings.preset,
        )
    if settings.root:
        settings = replace(settings, root=str(Path(settings.root).resolve()))
    root, observer = Path(output), observer or Observer()
    with claimed(root):
        require_own(root, Path(data).resolve(), settings)
        try:
            return _execute(root, Path(data), settings, trials, observer)
        except (KeyboardInterrupt, InterruptedRunError) as error:
            raise InterruptedRunError(
                f"Interrupted: what has been trained is kept in {root}",
                remedy="Start it again in the same way to go on",
            ) from error


def _execute(
    root: Path, data: Path, settings: TrainingSettings, trials: int, observer: Observer
) -> Tuning:
    study = open_study(root)
    prepared = ensure_prepared(
        data,
        geometry=settings.recipe.geometry,
        split=settings.split,
        scanning=settings.scanning,
        progress=observer.prepared,
        note=observer.note,
    )
    # The prepared folder has the splits, and so another seed keeps them.
    settings = replace(settings, root="", limit=None)
    observer.note(f"At most {trials} trainings, then {SEEDS} of the best settings")
    _search(root, study, settings, trials, prepared, observer)
    found = tuple(_trial(root, frozen) for frozen in study.get_trials() if frozen.state in _ENDED)
    complete = [trial for trial in found if trial.loss is not None]
    if not complete:
        raise DivergedError(
            f"No trial in {root} has ended with finite losses",
            remedy="Start a new study around a lower `learning_rate`",
        )
    best = min(complete, key=lambda trial: trial.loss or 0.0)
    observer.note(f"Training the settings of trial {best.number} again with {SEEDS} other seeds")
    several = _train_again(root, best, settings, prepared, observer)
    again = Spread.of([validation_loss(run.bundle, prepared) for run in several.runs])
    tuning = Tuning(root, found, best, again, several)
    write_json(root / "tune.json", tuning.to_dict())
    write_tables(tabulate_tuning(tuning), root / "tune")
    plots.save(draw_trials(found, best), root / "history")
    return tuning


def _search(
    root: Path,
    study: optuna.Study,
    settings: TrainingSettings,
    trials: int,
    prepared: PreparedSet,
    observer: Observer,
) -> None:
    """Goes on with the trials that were begun, then asks for new ones."""
    if not study.get_trials():
        study.enqueue_trial(dict(values_of(settings.recipe)))
    begun = [
        optuna.Trial(study, frozen._trial_id)
        for frozen in study.get_trials(states=(TrialState.RUNNING,))
    ]
    started, new = time.monotonic(), 0
    while begun or len(study.get_trials(states=_ENDED)) < trials:
        # A seed for each trial, so that an interrupted search suggests the same as any other.
        number = len(study.get_trials(states=(*_ENDED, TrialState.RUNNING)))
        study.sampler = optuna.samplers.TPESampler(seed=settings.seed + number)
        if begun:
            trial = begun.pop(0)
            told = _run_trial(root, trial, study, settings, prepared, observer)
            started = time.monotonic()  # of a part of a training no time can be told
        else:
            trial, new = study.ask(), new + 1
            told = _run_trial(root, trial, study, settings, prepared, observer)
        left = trials - len(study.get_trials(states=_ENDED)) + SEEDS
        minutes = (time.monotonic() - started) / max(new, 1) * left / 60
        time_left = f"; about {minutes:.0f} minutes left for {left} trainings" if new else ""
        observer.note(f"Trial {trial.number + 1} of {trials}: {told}{time_left}")


def _run_trial(
    root: Path,
    trial: optuna.Trial,
    study: optuna.Study,
    settings: TrainingSettings,
    prepared: PreparedSet,
    observer: Observer,
) -> str:
    """Trains a trial, or goes on with it, and puts its end down; returns that in words."""
    values: dict[str, Any] = {**suggest(trial, settings.recipe)}
    folder, watcher = _folder(root, trial.number), _Pruner(trial, study, observer)
    try:
        result = _train(folder, prepared, replace(settings, **values), watcher)
    except _Pruned:
        study.tell(trial, state=TrialState.PRUNED)
        return f"ended early at epoch {watcher.epoch}"
    except DivergedError:
        study.tell(trial, state=TrialState.FAIL)
        return "diverged"
    loss = validation_loss(result.bundle, prepared)
    study.tell(trial, loss)
    return f"validation log-loss {loss:.4f}"


def _train(
    folder: Path, prepared: PreparedSet, settings: TrainingSettings, observer: Observer
) -> TrainingResult:
    if is_run(folder):
        result = resume(folder, observer=observer)
    else:
        result = train(prepared.root, folder, settings, observer=observer)
    if result.interrupted:
        raise KeyboardInterrupt
    return result


def _train_again(
    root: Path,
    best: Trial,
    settings: TrainingSettings,
    prepared: PreparedSet,
    observer: Observer,
) -> SeveralRuns:
    """Trains the best settings with other seeds than that of the trials."""
    folder = root / f"winner-{best.number:03}"
    if is_repeated(folder):
        several = resume_several(folder, observer=observer)
    else:
        values: dict[str, Any] = {**best.values, "seed": settings.seed + 1}
        chosen = replace(settings, **values)
        several = train_several(prepared.root, folder, chosen, seeds=SEEDS, observer=observer)
    if several.interrupted:
        raise KeyboardInterrupt
    return several


def _folder(root: Path, number: int) -> Path:
    return root / f"trial-{number + 1:03}"


def _trial(root: Path, frozen: optuna.trial.FrozenTrial) -> Trial:
    complete = frozen.state is TrialState.COMPLETE
    return Trial(
        frozen.number + 1,
        _folder(root, frozen.number),
        dict(frozen.params),
        frozen.state.name.lower(),
        frozen.value if complete else None,
    )


class _Pruned(Exception):
    """A trial that others were better than."""


class _Pruner(Observer):
    """Ends a trial whose validation accuracy is below the median of the others at its epoch.

    It is not the loss that is compared: label smoothing changes what a loss means.
    """

    def __init__(self, trial: optuna.Trial, study: optuna.Study, observer: Observer) -> None:
        self._trial = trial
        self._reported = set(study.get_trials()[trial.number].intermediate_values)
        self._observer = observer
        self._epochs = 0
        self.epoch = 0

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        self._epochs = epochs
        self._observer.trained(epoch, epochs, images, total)

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        self._observer.epoch_ended(epoch, results, best)
        self.epoch = epoch
        if epoch not in self._reported:
            self._trial.report(1 - results["val_accuracy"], epoch)
        # Early epochs tell little, as the averaged weights have yet to follow.
        if self._epochs // 3 < epoch < self._epochs and self._trial.should_prune():
            raise _Pruned
