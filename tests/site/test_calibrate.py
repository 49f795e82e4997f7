"""A model and local images in, a site bundle out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.bundle import NEGATIVE, POSITIVE, bin_by_class, read_bundle, write_reference
from pneumoscope.bundle.info import parse_info
from pneumoscope.errors import BundleError, DataError, SettingsError
from pneumoscope.imaging import read_bytes
from pneumoscope.statistics import Bins
from pneumoscope.training.calibrate import calibrated
from pneumoscope.types import Estimate, OperatingPoint, Undecided
from tests.cli.conftest import Run, run  # noqa: F401
from tests.conftest import write_bundle
from tests.site.conftest import FITTED, Make
from tests.test_imports import COMMAND, loaded, run_without

HALF = Estimate(0.5, 0.4, 0.6)
POINT = OperatingPoint("balanced", 0.6, HALF, HALF, Undecided(0.5, 0.7, HALF, HALF))


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A calibrated model with a gate, whose probabilities are too certain for `local`."""
    return write_bundle(
        tmp_path / "parent", usual=128, unit=8.0, calibration=FITTED, operating_points=(POINT,)
    )


def rewrite(root: Path, reference: dict[str, Bins]) -> Path:
    """Puts a reference into a bundle, as an export of this version has it."""
    import hashlib

    write_reference(root, reference)
    manifest = json.loads((root / "bundle.json").read_text())
    data = (root / "reference.json").read_bytes()
    manifest["files"]["reference.json"] = hashlib.sha256(data).hexdigest()
    (root / "bundle.json").write_text(json.dumps(manifest))
    return root


def scores_of(bundle: Path, data: Path) -> np.ndarray:
    files = sorted(data.rglob("*.png"))
    found = pneumoscope.predict(bundle, files, gate=False)
    return np.array([[*each.probabilities.values()] for each in found])


def test_the_bundle_gives_the_fitted_probabilities(
    parent: Path, local: Make, tmp_path: Path
) -> None:
    data = local(normal=60, pneumonia=60)
    found = pneumoscope.calibrate(parent, data, tmp_path / "ward", resamples=200)
    before, after = scores_of(parent, data), scores_of(tmp_path / "ward", data)
    assert found.info.calibration is not None
    assert found.info.calibration.temperature > 1.5
    np.testing.assert_allclose(after, calibrated(before, found.info.calibration), atol=1e-6)
    assert found.gains["log_loss"].direction == 1
    assert found.info.operating_points[0].name == "balanced"
    assert found.info.operating_points[0].undecided is not None
    assert found.to_dict()["gains"]["log_loss"]["direction"] == 1


def test_the_parent_is_kept_and_the_site_is_told(parent: Path, local: Make, tmp_path: Path) -> None:
    data = local(normal=40, pneumonia=30)
    pneumoscope.calibrate(parent, data, tmp_path / "ward", resamples=200, seed=3)
    made, old = read_bundle(tmp_path / "ward"), read_bundle(parent)
    assert made.info.parent is not None
    assert made.info.parent.name == "brightness"
    assert made.info.parent.sha256 == old.sha256
    assert made.info.parent.operating_points == (POINT,)
    assert made.info.site is not None
    assert made.info.site.classes == {"NORMAL": 40, "PNEUMONIA": 30}
    assert made.info.site.patients == 70
    assert made.info.site.prevalence == pytest.approx(3 / 7)
    assert made.info.site.seed == 3
    assert made.info.training_data == old.info.training_data
    assert made.info.name == "ward"
    # the gate: means and whitening of the parent, levels of the site
    assert made.files["gate.npz"] == old.files["gate.npz"]
    assert made.info.gate is not None
    assert made.info.gate.patients == 70
    assert made.info.gate != old.info.gate
    card = made.card()
    for told in ("Site bundle", "`brightness`", "70 patients", "| parent |", "| site |", "0.6000"):
        assert told in card, told
    content = (tmp_path / "ward" / "bundle.json").read_text()
    assert str(tmp_path) not in content
    assert "N0x" not in content
    assert not (tmp_path / "ward" / "model.keras").exists()


def test_local_images_are_seen_and_what_the_parent_has_seen_stays(
    parent: Path, local: Make, tmp_path: Path
) -> None:
    first = pneumoscope.calibrate(parent, local("a"), tmp_path / "first", resamples=200)
    assert first.seen == 0
    with pytest.raises(DataError) as caught:
        pneumoscope.evaluate(tmp_path / "first", tmp_path / "a")
    assert caught.value.code == "nothing-unseen"
    pneumoscope.calibrate(tmp_path / "first", local("b", seed=1), tmp_path / "two", resamples=200)
    seen = read_bundle(tmp_path / "two").seen()
    images = [*(tmp_path / "a").rglob("*.png"), *(tmp_path / "b").rglob("*.png")]
    assert all(seen.has_image(read_bytes(path).sha256) for path in images)


def test_drift_is_measured_from_the_local_images(parent: Path, local: Make, tmp_path: Path) -> None:
    found = pneumoscope.calibrate(parent, local(), tmp_path / "ward", resamples=200)
    assert found.site.reference == "local"
    reference = read_bundle(tmp_path / "ward").reference()
    assert reference is not None
    assert {"brightness", "score", "distance", "refused", NEGATIVE, POSITIVE} <= set(reference)
    assert sum(reference["brightness"].counts) == 60


def test_every_command_takes_a_site_bundle(
    parent: Path,
    local: Make,
    tmp_path: Path,
    run: Run,  # noqa: F811
) -> None:
    data, other = local(), local("other", seed=1)
    ward = tmp_path / "ward"
    code, out, err = run("calibrate", parent, data, "-o", ward, "--resamples", 100)
    assert (code, "Traceback" in err) == (0, False)
    assert out.startswith("It made the probabilities ")
    assert all(len(line) <= 80 for line in out.splitlines() if str(tmp_path) not in line)
    assert run("predict", ward, other / "NORMAL")[0] == 0
    assert run("predict", ward, other / "NORMAL", "--prevalence", 0.1)[0] == 0
    code, out, _ = run("models", ward)
    assert code == 0
    assert "Site bundle" in out
    assert run("evaluate", ward, other, "-o", tmp_path / "e", "--resamples", 100)[0] == 0
    code, out, _ = run("calibrate", parent, data, "-o", ward, "--resamples", 100, "--json")
    assert json.loads(out)["parent"]["name"] == "brightness"


def test_neither_keras_nor_tensorflow_is_loaded(parent: Path, local: Make, tmp_path: Path) -> None:
    arguments = ("calibrate", parent, local(), "-o", tmp_path / "ward", "--resamples", 100)
    assert loaded(COMMAND, *arguments) == set()


@pytest.mark.parametrize("missing", ["onnx", "scipy", "sklearn"])
def test_a_missing_extra_is_named(missing: str, parent: Path, tmp_path: Path) -> None:
    done = run_without([missing], "calibrate", parent, tmp_path)
    assert done.returncode == 5
    assert 'pip install "pneumoscope[calibrate]"' in done.stderr


@pytest.mark.parametrize("counts", [(24, 40), (40, 24)])
def test_too_few_patients_are_refused(
    counts: tuple[int, int],
    parent: Path,
    local: Make,
    tmp_path: Path,
    run: Run,  # noqa: F811
) -> None:
    data = local(normal=counts[0], pneumonia=counts[1])
    with pytest.raises(DataError) as caught:
        pneumoscope.calibrate(parent, data, tmp_path / "ward")
    assert caught.value.code == "site-too-few"
    assert caught.value.values["limit"] == 25
    assert not (tmp_path / "ward").exists()
    code, _, err = run("calibrate", parent, data)
    assert code == 2
    line = err.splitlines()[-1]
    for told in ("25 patients of each class", f"{counts[0]} NORMAL", "pneumoscope plan"):
        assert told in line, told


def test_twenty_five_patients_of_each_class_are_enough(parent: Path, local: Make) -> None:
    found = pneumoscope.calibrate(parent, local(normal=25, pneumonia=25), resamples=100)
    assert found.bundle is None


def test_a_model_that_ranks_at_chance_is_refused(parent: Path, local: Make) -> None:
    with pytest.raises(DataError) as caught:
        pneumoscope.calibrate(parent, local(apart=-10), resamples=100)
    assert caught.value.code == "site-not-ranked"
    assert "AUROC" in str(caught.value)


def test_nothing_gained_is_said_first(parent: Path, local: Make, tmp_path: Path) -> None:
    from pneumoscope.site import state_calibration

    pneumoscope.calibrate(parent, local("a", 200, 200), tmp_path / "first", resamples=200)
    again = pneumoscope.calibrate(tmp_path / "first", local("b", 60, 60, seed=1), resamples=200)
    assert state_calibration(again).startswith("It gained nothing that these patients can show")


def test_only_a_site_bundle_of_the_same_parent_is_replaced(
    parent: Path, local: Make, tmp_path: Path
) -> None:
    data = local()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep")
    other = write_bundle(tmp_path / "other", unit=6.0)
    for place in (tmp_path / "notes", parent, other):
        with pytest.raises(SettingsError) as caught:
            pneumoscope.calibrate(parent, data, place, resamples=100)
        assert caught.value.code == "output-occupied"
    assert (tmp_path / "notes" / "mine.txt").read_text() == "keep"
    for _ in range(2):
        pneumoscope.calibrate(parent, data, tmp_path / "ward", resamples=100)
    with pytest.raises(SettingsError):
        pneumoscope.calibrate(other, data, tmp_path / "ward", resamples=100)


def test_a_bundle_without_parent_is_read(parent: Path) -> None:
    manifest = json.loads((parent / "bundle.json").read_text())
    for later in ("parent", "site"):
        del manifest[later]
    info = parse_info(manifest)
    assert info.parent is None
    assert info.site is None
    (parent / "bundle.json").write_text(json.dumps(manifest))
    assert read_bundle(parent).info == info


@pytest.fixture
def classed(parent: Path, local: Make) -> Path:
    """The parent with the scores of each class of its validation images."""
    data = local("validation", 200, 200, seed=9)
    files = sorted(data.rglob("*.png"))
    score = scores_of(parent, data)[:, 1]
    positive = np.array([path.parent.name == "PNEUMONIA" for path in files])
    patients = np.array([path.name for path in files])
    bins = Bins.of(score, len(files))
    assert bins is not None
    return rewrite(parent, {"score": bins, **bin_by_class(score, positive, patients)})


def test_unlabelled_images_restate_the_probabilities_and_no_label(
    classed: Path, local: Make, tmp_path: Path
) -> None:
    data = local("ward-images", normal=160, pneumonia=40, seed=2)
    found = pneumoscope.calibrate(classed, data, tmp_path / "ward", unlabelled=True, resamples=400)
    assert found.shift is not None
    prevalence = found.shift.prevalence
    assert prevalence.low < 0.2 < prevalence.high
    files = sorted(data.rglob("*.png"))
    restated = list(pneumoscope.predict(classed, files, prevalence=found.site.prevalence))
    folded = list(pneumoscope.predict(tmp_path / "ward", files))
    for one, other in zip(restated, folded, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
        assert (one.label, one.status) == (other.label, other.status)
    info = read_bundle(tmp_path / "ward").info
    assert info.calibration is not None
    assert info.calibration.prevalence == found.site.prevalence
    assert info.calibration.temperature == 1
    reference = read_bundle(tmp_path / "ward").reference()
    assert reference is not None
    score = scores_of(tmp_path / "ward", tmp_path / "validation")[:, 1]
    assert sum(reference["score"].counts) == len(score)
    np.testing.assert_allclose(reference["score"].rebin(score), reference["score"].counts, atol=3)


def test_another_shift_is_declined(classed: Path, local: Make, tmp_path: Path) -> None:
    data = local("ward-images", normal=100, pneumonia=50, centre=145, apart=3, seed=2)
    with pytest.raises(DataError) as caught:
        pneumoscope.calibrate(classed, data, tmp_path / "ward", unlabelled=True, resamples=400)
    assert caught.value.code == "site-not-prior-shift"
    assert not (tmp_path / "ward").exists()


def test_unlabelled_images_need_a_model_that_keeps_scores_of_each_class(
    parent: Path, local: Make
) -> None:
    with pytest.raises(BundleError) as caught:
        pneumoscope.calibrate(parent, local(), unlabelled=True)
    assert caught.value.code == "bundle-without-class-scores"


def test_unlabelled_images_of_too_few_patients(classed: Path, local: Make) -> None:
    with pytest.raises(DataError) as caught:
        pneumoscope.calibrate(classed, local(normal=20, pneumonia=20), unlabelled=True)
    assert caught.value.code == "site-too-few"
    with pytest.raises(SettingsError, match="root"):
        pneumoscope.calibrate(classed, "nowhere", unlabelled=True, root="here")
