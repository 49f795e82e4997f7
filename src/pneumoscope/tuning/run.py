"""A search, from one data set to settings, and to what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from pneumoscope import plots
from pneumoscope.claims import claimed
from pneumoscope.dataset import PreparedSet, ensure_prepared
from pneumoscope.dataset.sources import leave_out
from pneumoscope.errors import DivergedError, InterruptedRunError, SettingsError, out_of_range
from pneumoscope.files import write_json
from pneumoscope.recipes import find_preset
from pneumoscope.repeats import SeveralRuns, Spread, resume_several, train_several
from pneumoscope.repeats.plan import is_repeated
from pneumoscope.run import Observer, TrainingSettings
from pneumoscope.tables import write_tables
from pneumoscope.training import architectures
from pneumoscope.tuning.figure import draw_trials
from pneumoscope.tuning.objective import Objective
from pneumoscope.tuning.result import Trial, Tuning
from pneumoscope.tuning.study import open_study, require_own
from pneumoscope.tuning.tables import tabulate_tuning
from pneumoscope.tuning.trials import ENDED, Search, folder_of, run_trials, train_alone

SEEDS = 3
"""Number of times that the best settings are trained again."""


def tune(
    data: Path | str,
    output: Path | str,
    settings: TrainingSettings | None = None,
    *,
    trials: int = 20,
    left_out: str = "",
    observer: Observer | None = None,
) -> Tuning:
    """Searches for settings of training, trains the best again, and measures them once.

    Learning rate, weight decay, label smoothing, batch size, averaging and augmentation are
    searched around the recipe, which is the first trial. A trial is judged by the log-loss of the
    validation patients, or by the AUROC on a source that no trial is trained on, and ended early
    where others were better at its epoch. Test images are read once, at the end: by the settings
    that were chosen, trained on all sources with three other seeds.

    Called again it goes on where it was ended, however that was; with more trials it goes on
    searching.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: the folder of the search: new, empty, or that of the same search.
        settings: the settings that all trials have, and around which is searched.
        trials: number of trials, 1 or more.
        left_out: source to judge trials by, by the column `source` of the manifest; empty for the
            validation patients.
        observer: receives the progress.

    Raises:
        SettingsError: if a setting cannot be used, the folder holds anything else, or another
            process writes into it.
        FetchError: if the weights of ImageNet are wanted and cannot be downloaded.
        DependencyError: if they are in a package that is not installed.
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
    root, objective = Path(output), Objective(left_out)
    with claimed(root):
        plan = require_own(root, Path(data).resolve(), settings, objective)
        observer = observer or Observer()
        try:
            prepared = _prepare(Path(data), settings, objective, observer)
            study = open_study(root, plan, objective)
            # The prepared folder has the splits, and so another seed keeps them.
            settings = replace(settings, root="", limit=None)
            search = Search(root, study, settings, prepared, objective, observer)
            return _execute(search, trials)
        except (KeyboardInterrupt, InterruptedRunError) as error:
            raise InterruptedRunError(
                f"Interrupted: what has been trained is kept in {root}",
                remedy="Start it again in the same way to go on",
            ) from error


def _prepare(
    data: Path, settings: TrainingSettings, objective: Objective, observer: Observer
) -> PreparedSet:
    prepared = ensure_prepared(
        data,
        geometry=settings.recipe.geometry,
        split=settings.split,
        scanning=settings.scanning,
        progress=observer.prepared,
        note=observer.note,
    )
    prepared = leave_out(prepared, settings.leave_out)
    objective.require(prepared)
    return prepared


def _execute(search: Search, trials: int) -> Tuning:
    root, objective, observer = search.root, search.objective, search.observer
    after = 2 * SEEDS if objective.left_out else SEEDS
    observer.note(f"At most {trials} trainings, then {after} of the best settings")
    run_trials(search, trials, after)
    ended = (each for each in search.study.get_trials() if each.state in ENDED)
    found = tuple(_trial(root, frozen) for frozen in ended)
    best = min(found, key=lambda trial: objective.rank(trial.value))
    if best.value is None:
        raise DivergedError(
            f"No trial in {root} has ended with finite losses",
            remedy="Start a new study around a lower `learning_rate`",
        )
    observer.note(f"Training the settings of trial {best.number} again with {SEEDS} other seeds")
    again = _train_without(search, best) if objective.left_out else ()
    several = _train_again(search, best)
    bundles = again or [run.bundle for run in several.runs]
    worth = Spread.of([objective.measure(bundle, search.prepared) for bundle in bundles])
    tuning = Tuning(root, found, objective, best, worth, several)
    write_json(root / "tune.json", tuning.to_dict())
    write_tables(tabulate_tuning(tuning), root / "tune")
    plots.save(draw_trials(found, best, objective), root / "history")
    return tuning


def _train_without(search: Search, best: Trial) -> Sequence[Path]:
    """Trains the best settings without the source, with other seeds than that of the trials."""
    bundles = []
    for seed in range(search.settings.seed + 1, search.settings.seed + 1 + SEEDS):
        folder = search.root / f"again-{best.number:03}-seed-{seed}"
        values = {**best.values, "seed": seed}
        bundles.append(train_alone(search, folder, values, search.observer).bundle)
    return bundles


def _train_again(search: Search, best: Trial) -> SeveralRuns:
    """Trains the best settings on all sources, with other seeds than that of the trials."""
    folder, observer = search.root / f"winner-{best.number:03}", search.observer
    if is_repeated(folder):
        several = resume_several(folder, observer=observer)
    else:
        values: dict[str, Any] = {**best.values, "seed": search.settings.seed + 1}
        chosen = replace(search.settings, **values)
        several = train_several(
            search.prepared.root, folder, chosen, seeds=SEEDS, observer=observer
        )
    if several.interrupted:
        raise KeyboardInterrupt
    return several


def _trial(root: Path, frozen: optuna.trial.FrozenTrial) -> Trial:
    complete = frozen.state is TrialState.COMPLETE
    return Trial(
        frozen.number + 1,
        folder_of(root, frozen.number),
        dict(frozen.params),
        frozen.state.name.lower(),
        frozen.value if complete else None,
    )
