"""Trainings over seeds and folds: nested runs, resumed, measured and averaged."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.bundle import read_bundle
from pneumoscope.dataset import Layout, PhantomSettings, make_phantoms, read_prepared
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.inference import load
from pneumoscope.repeats import SeveralRuns
from pneumoscope.run import Observer, Precision, TrainingSettings, read_run
from pneumoscope.types import Split

pytestmark = pytest.mark.keras

SETTINGS = TrainingSettings(
    "baseline", image_size=32, epochs=1, batch_size=16, precision=Precision.FLOAT32, seed=4
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "phantoms"
    make_phantoms(root, PhantomSettings(patients=24, seed=3, width=(96, 128)))
    return root


@pytest.fixture
def seeds(data: Path, tmp_path: Path) -> SeveralRuns:
    return pneumoscope.train_several(data, tmp_path / "seeds", SETTINGS, seeds=2)


@pytest.fixture
def folds(data: Path, tmp_path: Path) -> SeveralRuns:
    return pneumoscope.train_several(data, tmp_path / "folds", SETTINGS, folds=2)


def held_out(found: SeveralRuns) -> list[set[str]]:
    """Lists the patients that each run was evaluated on."""
    return [set(each.scored.patients) for each in found.evaluations]


def splits(run: Path) -> list[set[str]]:
    """Lists the patients of each split of a run."""
    prepared = read_prepared(read_run(run).data)
    return [{record.patient for record in prepared.images.published(split)} for split in Split]


def require_mean(found: SeveralRuns, data: Path) -> None:
    """Compares ensemble and members on images: probabilities and heatmaps."""
    paths = sorted(data.rglob("*.png"))[::20]
    members = [list(load(run.bundle).predict_many(paths)) for run in found.runs]
    for number, prediction in enumerate(load(found.root).predict_many(paths)):
        mean = np.mean([member[number].probability for member in members])
        assert prediction.probability == pytest.approx(mean, abs=1e-5)
    assert len({predictions[0].probability for predictions in members}) == len(members)


def test_seeds_share_a_split_and_their_mean_is_a_bundle(seeds: SeveralRuns, data: Path) -> None:
    assert [run.run.name for run in seeds.runs] == ["seed-4", "seed-5"]
    assert splits(seeds.runs[0].run) == splits(seeds.runs[1].run)
    first, second = (read_bundle(run.run).info for run in seeds.runs)
    assert (first.seed, second.seed) == (4, 5)
    require_mean(seeds, data)
    bundle = read_bundle(seeds.root)
    assert bundle.info.members == ("seed-4", "seed-5")
    assert bundle.seen().images == read_bundle(seeds.runs[0].run).seen().images
    assert "the mean of the probabilities of 2 networks" in bundle.card()
    values = [each.overall.estimates["auroc"].value for each in seeds.evaluations]
    assert seeds.spread["auroc"].mean == pytest.approx(np.mean(values))
    assert seeds.spread["auroc"].sd == pytest.approx(abs(values[0] - values[1]) / np.sqrt(2))
    written = json.loads((seeds.root / "spread.json").read_text())
    assert written == json.loads(json.dumps(seeds.to_dict()))
    again = pneumoscope.evaluate(seeds.root, data, resamples=100)
    assert again.overall.estimates["auroc"].value == seeds.combined["auroc"].value


def test_each_patient_is_held_out_of_one_fold(folds: SeveralRuns, data: Path) -> None:
    for run, tested in zip(folds.runs, held_out(folds), strict=True):
        train, validation, test = splits(run.run)
        assert test == tested
        assert train
        assert validation
        assert not any(a & b for a, b in combinations((train, validation, test), 2))
    first, second = held_out(folds)
    everybody = {patient for split in splits(folds.runs[0].run) for patient in split}
    assert not first & second
    assert first | second == everybody
    pooled = [each.scored for each in folds.evaluations]
    right = sum(int(np.sum(each.labels == each.predicted)) for each in pooled)
    images = sum(len(each.labels) for each in pooled)
    assert folds.combined["accuracy"].value == pytest.approx(right / images)
    require_mean(folds, data)
    calibration = read_bundle(folds.root).info.calibration
    assert calibration is not None
    assert "thresholds-of-members" in {notice.code for notice in calibration.notices}
    with pytest.raises(DataError) as refused:
        pneumoscope.evaluate(folds.root, data)
    assert refused.value.code == "nothing-unseen"


class Stopper(Observer):
    """Presses Ctrl-C in the second run."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        if any(note.startswith("Fold 2 of 2") for note in self.notes):
            raise KeyboardInterrupt


def test_goes_on_with_what_was_interrupted(data: Path, tmp_path: Path) -> None:
    root = tmp_path / "stopped"
    stopped = pneumoscope.train_several(data, root, SETTINGS, folds=2, observer=Stopper())
    assert stopped.interrupted
    assert not (root / "bundle").exists()
    before = (root / "fold-1" / "history.csv").stat().st_mtime_ns
    observer = Observer()
    done = pneumoscope.resume_several(root, observer=observer)
    assert not done.interrupted
    assert len(done.runs) == 2
    assert (root / "fold-1" / "history.csv").stat().st_mtime_ns == before
    assert read_bundle(root).info.members == ("fold-1", "fold-2")


def test_a_published_test_split_is_in_no_fold(tmp_path: Path) -> None:
    root = tmp_path / "published"
    make_phantoms(root, PhantomSettings(patients=24, seed=3, width=(96, 128), layout=Layout.SPLITS))
    found = pneumoscope.train_several(root, tmp_path / "folds", SETTINGS, folds=2)
    published = {path.name for path in (root / "test").rglob("*.png")}
    tested = {Path(path).name for each in found.evaluations for path in each.scored.paths}
    assert published
    assert not {name for name in tested if any(name.startswith(p[:-4]) for p in published)}
    assert len(pneumoscope.evaluate(found.root, root, resamples=100).scored.paths) == len(published)


@pytest.mark.parametrize("given", [{}, {"seeds": 2, "folds": 2}, {"seeds": 1}, {"folds": 0}])
def test_what_makes_no_sense_is_refused(given: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        pneumoscope.train_several(tmp_path, tmp_path / "run", SETTINGS, **given)
    assert not (tmp_path / "run").exists()
