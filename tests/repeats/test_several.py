"""Trainings over seeds and folds: nested runs, resumed, measured and averaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.bundle import read_bundle
from pneumoscope.dataset import Layout, PhantomSettings, make_phantoms, read_prepared
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.inference import load
from pneumoscope.repeats import SeveralRuns, tabulate_spread
from pneumoscope.repeats.sources import choose_elsewhere
from pneumoscope.run import Observer, Precision, TrainingSettings, read_run
from pneumoscope.tables import Table
from pneumoscope.types import Estimate, OperatingPoint, SourceRates, Split

pytestmark = pytest.mark.keras

SETTINGS = TrainingSettings(
    "baseline", image_size=32, epochs=1, batch_size=16, precision=Precision.FLOAT32, seed=4
)


class Stopper(Observer):
    """Keeps what it is told, and presses Ctrl-C in the second fold."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        if any(note.startswith("Fold 2 of 2") for note in self.notes):
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes a data set with a published test split."""
    root = tmp_path_factory.mktemp("data") / "phantoms"
    settings = PhantomSettings(patients=24, seed=3, width=(96, 128), layout=Layout.SPLITS)
    make_phantoms(root, settings)
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root))
        yield root


@pytest.fixture(scope="module")
def seeds(data: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> SeveralRuns:
    root = tmp_path_factory.mktemp("runs") / "seeds"
    return pneumoscope.train_several(data, root, SETTINGS, seeds=2)


@pytest.fixture(scope="module")
def folds(data: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> SeveralRuns:
    """Trains two folds, interrupted in the second and resumed."""
    root, observer = tmp_path_factory.mktemp("runs") / "folds", Stopper()
    stopped = pneumoscope.train_several(data, root, SETTINGS, folds=2, observer=observer)
    assert stopped.interrupted
    assert not (root / "bundle").exists()
    assert any("held out: it is in no fold" in note for note in observer.notes)
    history = root / "fold-1" / "history.csv"
    before = history.stat().st_mtime_ns
    done = pneumoscope.resume_several(root)
    assert history.stat().st_mtime_ns == before
    return done


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


def test_a_preset_of_several_seeds_trains_them_all(data: Path, cache: Path, tmp_path: Path) -> None:
    best = replace(SETTINGS, preset="best")
    with pytest.raises(SettingsError, match=r"pneumoscope\.train_several"):
        pneumoscope.train(data, tmp_path / "one", best)
    assert not (tmp_path / "one").exists()
    found = pneumoscope.train_several(data, tmp_path / "best", best)
    assert [run.run.name for run in found.runs] == ["seed-4", "seed-5", "seed-6"]
    ensemble, member = (read_bundle(root) for root in (found.root, found.runs[0].run))
    assert (ensemble.info.settings["preset"], member.info.settings["preset"]) == ("best", "default")
    assert " --preset best " in ensemble.info.command
    assert ensemble.info.command.endswith(" --seeds 3")
    assert "**Preset:** `best`" in ensemble.card()
    assert "--preset" not in member.info.command


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
    assert not folds.interrupted
    published = {path.name for path in (data / "test").rglob("*.png")}
    judged = pneumoscope.evaluate(folds.root, data, resamples=100).scored
    assert {Path(path).name for path in judged.paths} == published
    with pytest.raises(DataError) as refused:
        pneumoscope.evaluate(folds.root, data / "train")
    assert refused.value.code == "nothing-unseen"


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes a data set of three sources, of which one has one class alone."""
    data = tmp_path_factory.mktemp("data") / "hospitals"
    make_phantoms(data, PhantomSettings(patients=60, seed=5, width=(64, 80)))
    manifest = data / "hospitals.csv"
    with manifest.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("path", "label", "source", "view"))
        for path in sorted(data.rglob("*.png")):
            number, label = int(path.stem.split("-")[1]), path.parent.name
            source = "north" if label == "NORMAL" and number % 3 == 0 else "ew"[number % 2]
            view = "AP" if number % 2 else "PA"
            lines.writerow((path.relative_to(data), label, source, view))
    return manifest


def test_each_source_is_measured_by_the_run_without_it(
    hospitals: Path, cache: Path, tmp_path: Path
) -> None:
    found = pneumoscope.train_several(hospitals, tmp_path / "run", SETTINGS, each_source=True)
    assert [each.sources for each in found.travels] == [("e",), ("w",), ("north",)]
    assert [run.run.name for run in found.runs] == ["without-1-e", "without-2-w", "without-3-north"]
    for run, travel in zip(found.runs, found.travels, strict=True):
        assert read_run(run.run).given.leave_out == travel.sources
        assert travel.home is not None
        away, home = travel.away.scored, travel.home.scored
        assert set(away.groups["source"]) == {*travel.sources}
        assert not set(home.groups["source"]) & {*travel.sources}
        seen = read_bundle(run.run).seen()
        assert not any(seen.has_patient(patient) for patient in {*away.patients, *home.patients})
    pooled = sum(len(each.away.scored.labels) for each in found.travels)
    assert pooled == len(list(hospitals.parent.rglob("*.png")))
    assert found.bundle is None
    assert not found.interrupted
    written = (found.root / "spread.md").read_text()
    assert "3 sources are examples" in written
    assert "The source that was left out, within a view" in written
    again = pneumoscope.resume_several(found.root)
    assert again.spread == found.spread
    rate = Estimate(0.625, 0.5, 0.75)
    rates = tuple(SourceRates(name, rate, rate, 0.25, rate, rate) for name in ("e", "w", "north"))
    elsewhere = OperatingPoint("balanced", 0.25, rate, rate, sources=rates)
    tables = [*tabulate_spread(replace(found, elsewhere=elsewhere))]
    (thresholds,) = [each for each in tables if isinstance(each, Table) and "Thresh" in each.title]
    own = f"{found.travels[1].away.scored.threshold:.4g}"
    assert [row[:3] for row in thresholds.rows[2:4]] == [
        ("w", "patients", own),
        ("", "sources", "0.25"),
    ]
    assert thresholds.rows[3][3:] == (str(rate), str(rate))


def test_a_threshold_is_chosen_on_the_sources_that_were_left_out() -> None:
    """In the south all scores are lower, so that its own threshold would serve nobody else."""
    drawn = np.random.default_rng(0)

    def images(source: str, shift: float) -> ScoredImages:
        labels = np.arange(80) % 2
        score = np.clip(0.5 + shift + (labels - 0.5) * 0.2 + drawn.normal(0, 0.05, 80), 0, 1)
        names = np.array([f"{source}{n}" for n in range(80)])
        return ScoredImages(
            ("NORMAL", "PNEUMONIA"),
            labels,
            np.stack([1 - score, score], axis=1),
            names,
            np.full(80, ""),
            tuple(names),
            0.5,
            {"source": np.full(80, source)},
        )

    away = {"east": images("e", 0.0), "west": images("w", 0.0), "south": images("s", -0.3)}
    found = choose_elsewhere(away, seed=0)
    assert found is not None
    east, south, west = found.sources
    assert (east.source, south.source, west.source) == ("east", "south", "west")
    assert south.foreign_threshold == pytest.approx(0.5, abs=0.05)
    assert south.foreign_sensitivity is not None
    assert south.foreign_sensitivity.value == 0
    assert found.threshold == pytest.approx(0.5, abs=0.05)
    backwards = images("e", 0.0)
    backwards = replace(backwards, labels=1 - backwards.labels)
    assert choose_elsewhere({"east": backwards}, seed=0) is None


def test_sources_of_which_there_are_not_two_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        pneumoscope.train_several(data, tmp_path / "run", SETTINGS, each_source=True)
    assert refused.value.code == "too-few-sources"


@pytest.mark.parametrize("given", [{}, {"seeds": 2, "folds": 2}, {"seeds": 1}, {"folds": 0}])
def test_what_makes_no_sense_is_refused(given: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        pneumoscope.train_several(tmp_path, tmp_path / "run", SETTINGS, **given)
    assert not (tmp_path / "run").exists()
