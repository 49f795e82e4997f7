"""The bundle of a trained network."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pneumoscope import plots
from pneumoscope.bundle import BundleInfo, Seen, new_bundle, write_gate, write_reference
from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import count_sources
from pneumoscope.errors import DivergedError, storage_errors
from pneumoscope.gate.fit import describe_gate
from pneumoscope.graph import FEATURES
from pneumoscope.run import Observer, Precision, Run, library_versions
from pneumoscope.run.curves import draw_curves
from pneumoscope.run.folder import CURVES, FIGURES
from pneumoscope.training import architectures, precision
from pneumoscope.training.calibrate import (
    ValidationScores,
    calibrated,
    even_prevalence,
    fit_by_source,
    fit_calibration,
    fold_into,
    in_words,
)
from pneumoscope.training.card import model_card
from pneumoscope.training.checkpoint import Checkpoint
from pneumoscope.training.export import export_onnx
from pneumoscope.training.fold import fold_by_source
from pneumoscope.training.network import Network
from pneumoscope.training.remember import (
    FittedGate,
    fit_gate_of,
    judge_validation,
    make_reference_of,
)
from pneumoscope.training.thresholds import choose_points
from pneumoscope.training.validate import Exported, score_unchanged, score_validation
from pneumoscope.types import Calibration, OperatingPoint, SourceCalibration, Split
from pneumoscope.version import __version__


def build(run: Run, prepared: PreparedSet) -> Network:
    """Builds the network of a run for its data, with random weights."""
    return architectures.find(run.given.arch)(prepared.geometry, len(prepared.images.classes))


def write_bundle(
    network: Network, run: Run, prepared: PreparedSet, checkpoint: Checkpoint, observer: Observer
) -> None:
    """Makes the bundle of a run: calibrated, with its gate, and all that it has to remember.

    Args:
        network: the network, with the weights to keep.
        run: the run, whose settings are resolved.
        prepared: the data that it was trained on.
        checkpoint: the history, and which epoch the weights are of.
        observer: is told what was fitted.

    Raises:
        DivergedError: if probabilities are not finite.
        PneumoscopeError: if the exported network does not agree with this one.
        StorageError: if a file cannot be written.
    """
    curves = draw_curves(checkpoint.history, checkpoint.best_epoch + 1)
    plots.save(curves, run.root / CURVES)
    plain = precision.build_in(Precision.FLOAT32, lambda: build(run, prepared))
    plain.set_weights(network.get_weights())
    calibration, scores = _calibrate(plain, run, prepared)
    work_folder = TemporaryDirectory(prefix=".", suffix=".part", dir=run.root)
    with storage_errors("write", run.bundle), work_folder as work:
        exported = Path(work, "model.onnx")
        export_onnx(plain, exported)
        gate = fit_gate_of(exported, prepared)
        by_source: tuple[SourceCalibration, ...] = ()
        if gate and calibration.fitted:
            by_source = _fold_by_source(exported, scores, gate)
        scores, changed = score_validation(Exported(exported), prepared, run.recipe.batch_size)
        points, notices = choose_points(scores, changed, seed=run.given.seed)
        calibration = replace(
            calibration,
            prevalence=even_prevalence(len(prepared.images.classes))
            if by_source
            else calibration.prevalence,
            notices=(*calibration.notices, *notices),
            by_source=by_source,
        )
        for line in in_words(calibration):
            observer.note(line)
        info = _describe(run, prepared, checkpoint, calibration, points)
        info = replace(info, gate=gate[0] if gate else None)
        observer.note(describe_gate(info.gate))
        with new_bundle(run.bundle, info) as folder:
            shutil.copy(exported, folder / "model.onnx")
            plain.save(folder / "model.keras")
            Seen.of(
                prepared.fingerprint, prepared.images.records, prepared.images.patient_key
            ).write(folder)
            judged = judge_validation(exported, prepared, *gate) if gate else ()
            write_reference(folder, make_reference_of(prepared, scores, judged))
            if gate:
                write_gate(folder, gate[1])
            (folder / "MODEL_CARD.md").write_text(model_card(info), encoding="utf-8")
            shutil.copytree(run.root / FIGURES, folder / FIGURES)


def _calibrate(
    plain: Network, run: Run, prepared: PreparedSet
) -> tuple[Calibration, ValidationScores]:
    """Fits the calibration of all images, and puts it into the network.

    Returns:
        The calibration, and the calibrated scores of the validation images.
    """
    scores = score_unchanged(plain, prepared, run.recipe.batch_size)
    if not np.isfinite(scores.probabilities).all():
        raise DivergedError(
            f"The training in {run.root} has diverged: its probabilities are not finite",
            remedy="Start a new run with a lower `learning_rate`",
        )
    calibration = fit_calibration(scores)
    fold_into(plain, calibration)
    fitted = calibrated(scores.probabilities, calibration)
    return calibration, replace(scores, probabilities=fitted)


def _fold_by_source(
    exported: Path, scores: ValidationScores, gate: FittedGate
) -> tuple[SourceCalibration, ...]:
    """Fits the calibrations by source, and appends them to the exported network."""
    levels, distances = gate
    by_source = fit_by_source(scores, levels.sources)
    if by_source:
        network = exported.read_bytes()
        folded = fold_by_source(network, distances[FEATURES], levels.sources, by_source)
        exported.write_bytes(folded)
    return by_source


def _describe(
    run: Run,
    prepared: PreparedSet,
    checkpoint: Checkpoint,
    calibration: Calibration,
    points: tuple[OperatingPoint, ...],
) -> BundleInfo:
    settings = run.resolved
    return BundleInfo(
        name=run.root.resolve().name,
        version=__version__,
        architecture=settings.arch,
        classes=prepared.images.classes,
        geometry=prepared.geometry,
        operating_points=points,
        seed=settings.seed,
        command=run.given.command(run.data),
        settings={**asdict(settings), "backend": run.backend},
        training_data={
            "fingerprint": prepared.fingerprint,
            "images": {split.value: prepared.count(split) for split in Split},
            "sources": count_sources(prepared),
            "attributions": [asdict(known) for known in prepared.images.attributions],
            "patients": prepared.images.told_by(),
            "views": dict(prepared.views),
        },
        metrics={
            "epoch": checkpoint.best_epoch + 1,
            **{name: values[checkpoint.best_epoch] for name, values in checkpoint.history.items()},
        },
        versions=library_versions(run.backend),
        calibration=calibration,
    )
