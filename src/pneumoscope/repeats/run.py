"""Several trainings, from one data set to their spread and their ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pneumoscope.claims import claimed
from pneumoscope.dataset import PreparedSet, ensure_prepared
from pneumoscope.dataset.folds import prepare_folds, without_validation
from pneumoscope.dataset.sources import leave_out
from pneumoscope.defaults import PRESET
from pneumoscope.errors import InterruptedRunError, SettingsError
from pneumoscope.evaluation import Evaluation, evaluate
from pneumoscope.files import write_json, write_text
from pneumoscope.notices import Notice
from pneumoscope.recipes import find_preset
from pneumoscope.repeats.measure import pool_folds
from pneumoscope.repeats.plan import Kind, Plan, read_plan
from pneumoscope.repeats.result import SeveralRuns, Spread
from pneumoscope.repeats.sources import choose_elsewhere, group_sources, measure_travel
from pneumoscope.repeats.tables import tabulate_measures, tabulate_spread, tabulate_travels
from pneumoscope.run import Observer, TrainingSettings, is_run, new_folder, require_same
from pneumoscope.tables import write_tables
from pneumoscope.training import TrainingResult, resume, train
from pneumoscope.training.ensemble import Member, write_ensemble
from pneumoscope.types import Estimate, Split


def train_several(
    data: Path | str,
    output: Path | str | None = None,
    settings: TrainingSettings | None = None,
    *,
    seeds: int | None = None,
    folds: int | None = None,
    each_source: bool = False,
    observer: Observer | None = None,
) -> SeveralRuns:
    """Trains a network several times, measures each run on unseen images, and makes an ensemble.

    With `seeds` every training has the same splits and another seed, from that of the settings on.
    With `folds` the patients are divided into folds of like classes and subgroups, and each
    training has another fold as its test split; training and validation divide the other patients.
    A published test split is in no fold. With `each_source` each training leaves out another source
    of the data set, and is measured on it; sources of one hospital are left out together, and those
    of one class alone. Images are decoded once for all trainings.

    The ensemble gives the mean probabilities of the runs, and takes as many times as long. With
    `each_source` there is none, as its members do not know all sources.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        output: the folder of the runs, which must be new or empty; by default one under `runs`.
        settings: the settings of each training.
        seeds: number of trainings with different seeds, 2 or more; by default that of the preset.
        folds: number of folds, 2 or more.
        each_source: True to leave out each source in turn. Give only one of these three.
        observer: receives the progress.

    Raises:
        SettingsError: if a setting cannot be used, or the output folder is not empty.
        FetchError: if the weights of ImageNet are wanted and cannot be downloaded.
        DependencyError: if they are in a package that is not installed.
        DataError: if the data cannot be used, or a class has too few patients for the folds.
        StorageError: if a file cannot be written.
    """
    settings = (settings or TrainingSettings()).complete()
    if seeds is None and folds is None and not each_source:
        seeds = find_preset(settings.preset).seeds
    given = {Kind.SEEDS: seeds, Kind.FOLDS: folds, Kind.SOURCES: 0 if each_source else None}
    chosen = [(kind, count) for kind, count in given.items() if count is not None]
    if len(chosen) != 1:
        raise SettingsError(
            "It is not clear how to train several times",
            expected="one of `seeds`, `folds` and `each_source`",
            received=f"{len(chosen)} of them",
        )
    kind, count = chosen[0]
    if settings.root:
        settings = replace(settings, root=str(Path(settings.root).resolve()))
    root = None if output is None else Path(output)
    plan = Plan(Path(), Path(data).resolve(), settings, kind, count)
    with new_folder(root, settings) as folder:
        plan = replace(plan, root=folder)
        return _execute(plan, observer or Observer())


def resume_several(run: Path | str, *, observer: Observer | None = None) -> SeveralRuns:
    """Goes on with several trainings: with the one that was interrupted, and those after it.

    Args:
        run: the folder of the runs.
        observer: receives the progress.

    Raises:
        DataError: if `run` is no folder of several trainings, or its data has changed.
        SettingsError: if another process writes into it.
        BundleError: if the bundle of a finished run is damaged or incomplete.
    """
    root = Path(run)
    read_plan(root)
    with claimed(root):
        return _execute(read_plan(root), observer or Observer())


def _execute(plan: Plan, observer: Observer) -> SeveralRuns:
    plan, whole, parts = _prepare(plan, observer)
    plan.save()
    runs = _train(plan, parts, observer)
    notices = tuple(
        replace(notice, text=f"{run.run.name}: {notice.text}")
        for run in runs
        for notice in run.notices
    )
    if len(runs) < plan.count or runs[-1].interrupted:
        return SeveralRuns(plan.root, plan.kind, runs, None, notices)
    if plan.kind is Kind.SOURCES:
        several = SeveralRuns(plan.root, plan.kind, runs, None, notices)
        return _write(_travel(several, whole, plan, observer))
    observer.note(f"Averaging {plan.count} runs: predictions will take {plan.count} times as long")
    members = [Member(run.run, part) for run, part in zip(runs, parts, strict=True)]
    bundle = write_ensemble(plan.root, members, whole, settings=plan.settings, command=plan.command)
    several = SeveralRuns(plan.root, plan.kind, runs, bundle, notices)
    return _write(_measure(several, parts, observer))


def _prepare(plan: Plan, observer: Observer) -> tuple[Plan, PreparedSet, tuple[PreparedSet, ...]]:
    """Prepares the data of all trainings together, and of each one; completes the plan."""
    settings, split = plan.settings, plan.settings.split
    if plan.kind is Kind.FOLDS:
        split = replace(split, test_share=0.0)
    whole = ensure_prepared(
        plan.data,
        geometry=settings.recipe.geometry,
        split=split,
        scanning=settings.scanning,
        progress=observer.prepared,
        note=observer.note,
    )
    require_same(plan.data, plan.fingerprint, whole.fingerprint)
    plan = replace(plan, fingerprint=whole.fingerprint)
    left = leave_out(whole, settings.leave_out)
    if plan.kind is Kind.SEEDS:
        return plan, left, (left,) * plan.count
    if plan.kind is Kind.SOURCES:
        groups = group_sources(left)
        plan = replace(plan, left_out=groups, count=len(groups))
        return plan, left, tuple(leave_out(left, group) for group in groups)
    if tested := len(whole.images.published(Split.TEST)):
        observer.note(f"The test split ({tested} images) is held out: it is in no fold")
    folds = prepare_folds(whole, plan.count, split, observer.note)
    parts = tuple(leave_out(fold, settings.leave_out) for fold in folds)
    return plan, without_validation(left), parts


def _train(
    plan: Plan, parts: Sequence[PreparedSet], observer: Observer
) -> tuple[TrainingResult, ...]:
    """Trains what has not been trained yet, until the end or Ctrl-C."""
    runs: list[TrainingResult] = []
    each = zip(plan.folders, plan.each, parts, strict=True)
    for number, (folder, settings, part) in enumerate(each, start=1):
        observer.note(f"{plan.kind[:-1].capitalize()} {number} of {plan.count}: {folder}")
        settings = replace(settings, root="", limit=None, preset=PRESET)
        try:
            runs.append(
                resume(folder, observer=observer)
                if is_run(folder)
                else train(part.root, folder, settings, observer=observer)
            )
        except InterruptedRunError:
            break
        if runs[-1].interrupted:
            break
    return tuple(runs)


def _measure(found: SeveralRuns, parts: Sequence[PreparedSet], observer: Observer) -> SeveralRuns:
    """Evaluates each run on its own unseen images, and all together."""
    if not parts[0].images.published(Split.TEST):
        notice = Notice("nothing-held-out", "No image was held out: nothing is measured", {})
        observer.note(notice.text)
        return replace(found, notices=(*found.notices, notice))
    observer.note("Evaluating each run on the images that it has not seen")
    evaluations = tuple(
        evaluate(run.bundle, part.root) for run, part in zip(found.runs, parts, strict=True)
    )
    combined = (
        pool_folds([each.scored for each in evaluations])
        if found.kind is Kind.FOLDS
        else evaluate(found.bundle, parts[0].root).overall.estimates
    )
    return _join(found, evaluations, combined)


def _travel(found: SeveralRuns, whole: PreparedSet, plan: Plan, observer: Observer) -> SeveralRuns:
    """Evaluates each run on the sources that it has left out, and on those that it knows."""
    observer.note("Evaluating each run on the sources that it has not seen")
    travels = tuple(
        measure_travel(run.bundle, whole, group)
        for run, group in zip(found.runs, plan.left_out, strict=True)
    )
    away = tuple(each.away for each in travels)
    pooled = pool_folds([each.scored for each in away])
    scored = {each.name: each.away.scored for each in travels}
    elsewhere = choose_elsewhere(scored, plan.settings.seed)
    return _join(replace(found, travels=travels, elsewhere=elsewhere), away, pooled)


def _join(
    found: SeveralRuns, evaluations: tuple[Evaluation, ...], combined: dict[str, Estimate]
) -> SeveralRuns:
    spread = {
        name: Spread.of([each.overall.estimates[name].value for each in evaluations])
        for name in combined
    }
    return replace(found, evaluations=evaluations, spread=spread, combined=combined)


def _write(found: SeveralRuns) -> SeveralRuns:
    stem = found.root / "spread"
    write_json(stem.with_suffix(".json"), found.to_dict())
    if found.evaluations:
        write_tables(tabulate_spread(found), stem)
        table = tabulate_travels(found) if found.travels else tabulate_measures(found)
        write_text(stem.with_suffix(".csv"), table.to_csv())
    return found
