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
from pneumoscope.run import Observer, Precision, Run, library_versions
from pneumoscope.run.curves import draw_curves
from pneumoscope.run.folder import CURVES, FIGURES
from pneumoscope.training import architectures, precision
from pneumoscope.training.calibrate import calibrate, calibrated, in_words
from pneumoscope.training.card import model_card
from pneumoscope.training.checkpoint import Checkpoint
from pneumoscope.training.export import export_onnx
from pneumoscope.training.network import Network
from pneumoscope.training.remember import fit_gate_of, judge_validation, make_reference_of
from pneumoscope.training.validate import score_validation
from pneumoscope.types import Calibration, OperatingPoint, Split
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
    scores, changed = score_validation(plain, prepared, run.recipe.batch_size)
    if not np.isfinite(scores.probabilities).all():
        raise DivergedError(
            f"The training in {run.root} has diverged: its probabilities are not finite",
            remedy="Start a new run with a lower `learning_rate`",
        )
    calibration, points = calibrate(plain, scores, changed, seed=run.given.seed)
    for line in in_words(calibration):
        observer.note(line)
    work_folder = TemporaryDirectory(prefix=".", suffix=".part", dir=run.root)
    with storage_errors("write", run.bundle), work_folder as work:
        exported = Path(work, "model.onnx")
        export_onnx(plain, exported)
        gate = fit_gate_of(exported, prepared)
        info = _describe(run, prepared, checkpoint, calibration, points)
        info = replace(info, gate=gate[0] if gate else None)
        observer.note(describe_gate(info.gate))
        with new_bundle(run.bundle, info) as folder:
            shutil.copy(exported, folder / "model.onnx")
            plain.save(folder / "model.keras")
            Seen.of(
                prepared.fingerprint, prepared.images.records, prepared.images.patient_key
            ).write(folder)
            given = replace(scores, probabilities=calibrated(scores.probabilities, calibration))
            judged = judge_validation(exported, prepared, *gate) if gate else ()
            write_reference(folder, make_reference_of(prepared, given, judged))
            if gate:
                write_gate(folder, gate[1])
            (folder / "MODEL_CARD.md").write_text(model_card(info), encoding="utf-8")
            shutil.copytree(run.root / FIGURES, folder / FIGURES)


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
