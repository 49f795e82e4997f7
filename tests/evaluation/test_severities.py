"""Curves over severities: they agree with the conditions, and maps move with their images."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from pneumoscope.errors import BundleError
from pneumoscope.evaluation.stress import Stress, stress, tabulate_stress
from pneumoscope.evaluation.stress.conditions import CLEAN, Condition
from pneumoscope.evaluation.stress.figures import severity_figure
from pneumoscope.evaluation.stress.moved import map_correlation
from pneumoscope.evaluation.stress.result import CURVE_MEASURES, MEASURES
from pneumoscope.evaluation.stress.severities import GRADED, other_severities
from pneumoscope.files import sha256_of
from pneumoscope.imaging.changes import CHANGES, ChangeGroup
from pneumoscope.inference import load
from pneumoscope.statistics import Resampling, rank_correlation
from pneumoscope.types import Estimate
from tests.conftest import SIDE, encoded, write_bundle

OUT = "out"


@pytest.fixture(scope="module")
def shades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, that of PNEUMONIA brighter by 8; six images of a class."""
    root = tmp_path_factory.mktemp("shades")
    rng = np.random.default_rng(1)
    for folder, level in (("NORMAL", 124), ("PNEUMONIA", 132)):
        (root / folder).mkdir()
        for number in range(6):
            pixels = rng.normal(level + rng.normal(0, 2), 30, (SIDE, SIDE)).clip(0, 255)
            (root / folder / f"{number}.png").write_bytes(encoded(pixels.astype(np.uint8)))
    return root


@pytest.fixture(scope="module")
def made(shades: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Stress, Path]:
    root = tmp_path_factory.mktemp("made")
    bundle = write_bundle(root / "bundle")
    return stress([bundle], shades, root / OUT, severities=True, resamples=100), root / OUT


def test_curves_meet_the_conditions_at_severity_3(made: tuple[Stress, Path]) -> None:
    (model,) = made[0].models
    assert list(model.curves) == [*GRADED, "mean"]
    assert "flip" not in GRADED
    for name in GRADED:
        step = model.curves[name][2]
        assert {m: step[m] for m in MEASURES} == model.conditions[name]
    for measure in CURVE_MEASURES:
        values = [model.curves[name][4][measure].value for name in GRADED]
        assert model.curves["mean"][4][measure].value == pytest.approx(np.mean(values))


def test_network_that_reads_brightness_degrades_as_brightness_grows(
    made: tuple[Stress, Path],
) -> None:
    curves = made[0].models[0].curves
    specificity = [step["specificity"].value for step in curves["brighter"]]
    assert specificity[-1] == 0.0
    assert specificity == sorted(specificity, reverse=True)
    clean = made[0].models[0].conditions[CLEAN]
    called_normal = (clean["specificity"].value + 1 - clean["sensitivity"].value) / 2
    assert curves["darker"][4]["agreement"].value == pytest.approx(called_normal)
    # All places as much darker keep their order.
    assert curves["darker"][0]["map_correlation"].value > 0.95
    noise = [step["map_correlation"].value for step in curves["noise"]]
    assert noise[0] > noise[4]


def test_without_the_option_there_are_none(bundle: Path, shades: Path) -> None:
    found = stress([bundle], shades, resamples=100)
    assert found.models[0].curves == {}
    assert found.severities == {}


def test_files(made: tuple[Stress, Path]) -> None:
    found, out = made
    content = json.loads((out / "stress.json").read_text())
    assert content == json.loads(json.dumps(found.to_dict()))
    assert content["severities"]["zoom-in"][0] == "enlarged 1.08 times"
    with (out / "stress.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"].startswith("severity")]
    assert len(rows) == 5 * len(CURVE_MEASURES) * (len(GRADED) + 1)
    tables = {table.title: table for table in tabulate_stress(found)}
    for measure, words in (("auroc", "AUROC"), ("specificity", "specificity")):
        rows = {row[0]: row[1:] for row in tables[f"Each change by severity: {words}"].rows}
        steps = found.models[0].curves["brighter"]
        assert rows["brighter"] == tuple(f"{step[measure].value:.3f}" for step in steps)
    for table in tabulate_stress(found):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    for measure in CURVE_MEASURES:
        with Image.open(out / f"severities_{measure}.png") as image:
            assert min(image.size) > 600


def test_the_last_panel_of_each_column_has_its_scale(made: tuple[Stress, Path]) -> None:
    figure = severity_figure(made[0], "auroc")
    figure.draw_without_rendering()
    lowest = {}
    for axes in figure.axes:
        if axes.axison:
            lowest[axes.get_subplotspec().colspan.start] = axes
    assert len(lowest) == 5
    for axes in lowest.values():
        assert len(axes.get_xticklabels()) == 6  # those that are shown


def test_every_severity_is_a_condition_of_its_own() -> None:
    names = [condition.name for condition in other_severities()]
    assert len(names) == len(set(names)) == 4 * len(GRADED)
    assert not set(names) & CHANGES.keys()


def condition(name: str, severity: int = 3) -> Condition:
    change = CHANGES[name]
    return Condition(name, change.group, "", lambda pixels, _: change(pixels, severity))


def test_maps_that_moved_with_the_image_agree() -> None:
    ramp = np.add.outer(np.arange(12.0), 3 * np.arange(12.0)).astype(np.float32)[None]
    mirrored = ramp[:, :, ::-1]
    assert map_correlation(condition("flip"), ramp, mirrored) == pytest.approx([1])
    assert map_correlation(condition("flip"), ramp, ramp)[0] < 0
    # The same at another place of the picture is no agreement where only greys were changed.
    assert condition("noise").group is not ChangeGroup.GEOMETRY
    assert map_correlation(condition("noise"), ramp, mirrored)[0] < 0


def test_places_from_outside_the_picture_are_not_compared() -> None:
    rng = np.random.default_rng(0)
    clean = rng.normal(size=(1, 16, 16)).astype(np.float32)
    away = condition("shift", 5)
    inside = away.alter(np.full((16, 16), 255, np.uint8), False) == 255
    low, high = clean.min(), clean.max()
    grey = (255 * (clean[0] - low) / (high - low)).round().astype(np.uint8)
    moved = away.alter(grey, False).astype(np.float32)[None]
    moved[0, ~inside] = rng.normal(size=np.count_nonzero(~inside)) * 1000
    assert 0 < np.count_nonzero(~inside) < 100
    assert map_correlation(away, clean, moved) == pytest.approx([1])


def test_maps_that_are_the_same_everywhere_have_no_correlation() -> None:
    flat, ramp = np.zeros((1, 4, 4), np.float32), np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    for name in ("noise", "flip"):
        assert np.isnan(map_correlation(condition(name), flat, ramp))
        assert np.isnan(map_correlation(condition(name), ramp, flat))


def without_maps(root: Path) -> Path:
    """A bundle whose network has probabilities as its only output."""
    bundle = write_bundle(root)
    network = onnx.load(bundle / "model.onnx")
    del network.graph.output[1]
    onnx.save(network, bundle / "model.onnx")
    info = json.loads((bundle / "bundle.json").read_text())
    info["files"]["model.onnx"] = sha256_of(bundle / "model.onnx")
    (bundle / "bundle.json").write_text(json.dumps(info))
    return bundle


def test_a_network_without_maps_has_curves_without_them(shades: Path, tmp_path: Path) -> None:
    bundle = without_maps(tmp_path / "mute")
    predictor = load(bundle)
    assert not predictor.gives_maps
    with pytest.raises(BundleError, match="no class-activation maps"):
        predictor.activation_maps(np.zeros((1, SIDE, SIDE), np.uint8))
    found = stress([bundle], shades, tmp_path / OUT, severities=True, resamples=100)
    step = found.models[0].curves["blur"][0]
    assert step["map_correlation"].value is None
    assert step["agreement"].value is not None
    assert (tmp_path / OUT / "severities_map_correlation.png").is_file()


def test_rank_correlation_is_spearmans() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(2)
    first = rng.integers(0, 6, (5, 30)).astype(np.float64)  # with ties
    second = first + rng.normal(size=first.shape)
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert rank_correlation(first, second) == pytest.approx(expected)


def test_means_leave_out_nan() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan])
    patients = np.array(["a", "b", "c", "b"])
    found = Resampling(200).estimate_means({"some": values, "none": values * np.nan}, patients)
    assert found["some"].value == 2.0
    assert found["none"] == Estimate(None, None, None)
