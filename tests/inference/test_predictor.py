"""Images give records in their order; a file that cannot be read gives a record, too."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumoscope.bundle import read_bundle
from pneumoscope.errors import BundleError, DataError, SettingsError
from pneumoscope.gate import Judgement
from pneumoscope.imaging import Acquisition, Source
from pneumoscope.inference import Predictor, ReadImage, list_images, load
from pneumoscope.types import Calibration, Estimate, OperatingPoint, Status, Undecided
from tests.conftest import SIDE, encoded, write_bundle


def shade(level: int) -> np.ndarray:
    """uint8 (SIDE, SIDE) of this mean brightness."""
    pixels = np.full((SIDE, SIDE), level, np.uint8)
    pixels[0, 0] ^= 1
    return pixels


@pytest.fixture
def shades(tmp_path: Path) -> list[Path]:
    """Twenty images from dark to bright, one of them broken."""
    paths = [tmp_path / f"{number:02}.png" for number in range(20)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(shade(60 + 7 * number)))
    paths[7].write_bytes(b"broken")
    return paths


@pytest.mark.parametrize("usual", [None, 112])
def test_scores_that_are_not_finite_give_no_label(
    usual: float | None, tmp_path: Path, shades: list[Path]
) -> None:
    broken = load(write_bundle(tmp_path / "nan", usual=usual, unit=float("nan")))
    record = broken.explain(shades[0]).prediction
    assert (record.status, record.label, record.probability) == (Status.ERROR, None, None)
    assert f"gives no probability of {shades[0]}" in str(record.error)
    assert record.error_code == "no-probability"


def test_record(bundle: Path, shades: list[Path]) -> None:
    record = load(bundle).predict(shades[0])
    assert record.path == str(shades[0])
    assert record.status is Status.ACCEPTED
    assert record.label == "NORMAL"
    # The network's logits are -x and x, x = (60 - 128) / 16.
    assert record.probability == pytest.approx(1 / (1 + np.exp(2 * 68 / 16)), abs=1e-4)
    assert sum(record.probabilities.values()) == pytest.approx(1)
    assert record.model == {"name": "brightness", "version": "0.0"}
    assert record.operating_point == "default"


def test_no_decoded_picture_stays_with_bytes_that_are_kept(bundle: Path) -> None:
    sources = [Source("shade", encoded(shade(value))) for value in (50, 200)]
    list(load(bundle).predict_many(sources))
    assert not any(source._made for source in sources)


def test_gate_is_spared_the_images_that_it_is_not_asked_about(tmp_path: Path) -> None:
    predictor = load(write_bundle(tmp_path / "bundle", usual=112))
    whole = Acquisition(SIDE, SIDE)
    images = [ReadImage("-", whole, shade(250), gated) for gated in (True, False, True)]
    judged = predictor.judge([predictor.read(image) for image in images])
    reasons = [[reason.code for reason in each.judgement.reasons] for each in judged]
    assert reasons[0] == reasons[2]
    assert "unlike-training" in reasons[0]
    assert judged[1].judgement == Judgement()
    assert len({each.probabilities.tobytes() for each in judged}) == 1


def test_stream_keeps_order_and_goes_on_after_a_bad_file(bundle: Path, shades: list[Path]) -> None:
    records = list(load(bundle).predict_many(iter(shades)))
    assert [record.path for record in records] == list(map(str, shades))
    assert [record.status for record in records].count(Status.ERROR) == 1
    assert records[7].probability is None
    assert "07.png" in str(records[7].error)
    rest = [record.probability for record in records if record.probability is not None]
    assert rest == sorted(rest)
    assert {record.label for record in records[:7]} == {"NORMAL"}
    assert {record.label for record in records[12:]} == {"PNEUMONIA"}


def test_batches_do_not_change_the_numbers(bundle: Path, shades: list[Path]) -> None:
    predictor = load(bundle, threads=1)
    together = [record.probability for record in predictor.predict_many(shades)]
    alone = [predictor.predict(path).probability for path in shades]
    assert together == pytest.approx(alone, abs=1e-6)


def test_pixels_and_files_give_the_same_probabilities(bundle: Path) -> None:
    predictor = load(bundle)
    pixels = np.stack([shade(level) for level in range(60, 200, 7)])
    sources = [Source("shade", encoded(image)) for image in pixels]
    expected = [list(record.probabilities.values()) for record in predictor.predict_many(sources)]
    found = predictor.probabilities(pixels)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array(expected), abs=1e-6)
    assert predictor.probabilities(pixels[:0]).shape == (0, 2)


def test_maps_come_with_the_same_probabilities(bundle: Path) -> None:
    predictor = load(bundle)
    pixels = np.stack([shade(level) for level in range(60, 200, 7)])
    probabilities, maps = predictor.activation_maps(pixels)
    assert probabilities == pytest.approx(predictor.probabilities(pixels), abs=1e-6)
    assert maps.shape[:2] == (len(pixels), 2)
    logits = np.log(probabilities)
    assert maps.mean(axis=(2, 3))[:, 1] == pytest.approx(
        (logits[:, 1] - logits[:, 0]) / 2, abs=1e-3
    )


@pytest.mark.parametrize("pixels", [np.zeros((2, 8, 8), np.uint8), np.zeros((2, SIDE, SIDE))])
def test_pixels_that_the_model_does_not_read(pixels: np.ndarray, bundle: Path) -> None:
    with pytest.raises(SettingsError, match="not what the model reads"):
        load(bundle).probabilities(pixels)


def test_bytes_in_memory_and_missing_file(bundle: Path) -> None:
    predictor = load(str(bundle))
    assert predictor.predict(Source("upload", encoded(shade(200)))).label == "PNEUMONIA"
    nothing = predictor.predict("nowhere.png")
    assert "no such file" in str(nothing.error)
    assert nothing.error_code == "image-missing"


def test_nothing_in_nothing_out(bundle: Path) -> None:
    assert list(load(bundle).predict_many([])) == []


def test_stopping_early_is_clean(bundle: Path, shades: list[Path]) -> None:
    stream = load(bundle).predict_many(shades)
    next(stream)
    stream.close()


@pytest.mark.parametrize(("threshold", "label"), [(0.01, "PNEUMONIA"), (0.99, "NORMAL")])
def test_operating_point_makes_the_label(threshold: float, label: str, tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b", operating_points=(OperatingPoint("mine", threshold),))
    record = load(root).predict(Source("middle", encoded(shade(128))))
    assert (record.label, record.operating_point) == (label, "mine")


def test_operating_point_is_chosen_by_name(tmp_path: Path) -> None:
    points = (OperatingPoint("balanced", 0.4), OperatingPoint("confirm", 0.99))
    root = write_bundle(tmp_path / "b", operating_points=points)
    image = Source("middle", encoded(shade(130)))
    assert load(root).predict(image).label == "PNEUMONIA"
    record = load(root, operating_point="confirm").predict(image)
    assert (record.label, record.operating_point) == ("NORMAL", "confirm")
    with pytest.raises(SettingsError, match=r"Expected balanced or confirm\. Received default"):
        load(root, operating_point="default")


SOME = Estimate(0.1, 0.05, 0.2)
BETWEEN = (
    OperatingPoint("balanced", 0.5, undecided=Undecided(0.4, 0.6, SOME, SOME)),
    OperatingPoint("screening", 0.4),
)


@pytest.mark.parametrize(
    ("options", "brightness", "label"),
    [
        ({}, 128, None),
        ({}, 100, "NORMAL"),
        ({}, 160, "PNEUMONIA"),
        ({"operating_point": "screening"}, 128, "PNEUMONIA"),
        ({"gate": False}, 128, "PNEUMONIA"),
    ],
)
def test_between_two_thresholds_there_is_no_label(
    options: dict[str, Any], brightness: int, label: str | None, tmp_path: Path
) -> None:
    predictor = load(write_bundle(tmp_path / "b", operating_points=BETWEEN), **options)
    record = predictor.predict(Source("one", encoded(shade(brightness))))
    assert record.label == label
    assert (record.status is Status.REFUSED) == (label is None)
    assert predictor.refuses == (options == {})


def test_undecided_is_said_on_the_scale_of_the_probability(tmp_path: Path) -> None:
    calibration = Calibration(True, 1.0, (0.0, 0.0), 0.5, 80, 50, {}, {})
    root = write_bundle(tmp_path / "b", operating_points=BETWEEN, calibration=calibration)
    image = Source("one", encoded(shade(128)))
    (reason,) = load(root).predict(image).reasons
    assert reason.text == (
        "the model is undecided: the probability is 0.50, and a label is given only below 0.40 "
        "and from 0.60 on"
    )
    assert reason.code == "undecided"
    assert reason.values == {"probability": pytest.approx(0.5, abs=1e-3), "low": 0.4, "high": 0.6}
    (reason,) = load(root, prevalence=0.2).predict(image).reasons
    assert "probability is 0.20, and a label is given only below 0.14 and from 0.27" in reason.text


def test_heatmap_is_where_the_evidence_is(bundle: Path) -> None:
    pixels = shade(129)
    pixels[:8, -8:] = 255
    explanation = load(bundle).explain(Source("corner", encoded(pixels)))
    assert explanation.prediction.label == "PNEUMONIA"
    assert explanation.heatmap is not None
    assert explanation.heatmap.shape == (8, 8)
    assert explanation.heatmap[:2, -2:].max() == 1.0  # the bright corner
    explanation.heatmap[:3, -3:] = 0.0  # and what a cover over part of it reaches
    assert explanation.heatmap.max() < 0.1


def test_unreadable_image_has_no_heatmap(bundle: Path) -> None:
    assert load(bundle).explain(Source("bad", b"")).heatmap is None


def test_network_that_onnx_runtime_cannot_run(bundle: Path) -> None:
    found = replace(read_bundle(bundle), files={"model.onnx": b"no network"})
    with pytest.raises(BundleError, match="ONNX Runtime cannot run"):
        Predictor(found)


def test_list_images(tmp_path: Path) -> None:
    (tmp_path / "b" / ".hidden").mkdir(parents=True)
    for name in ("b/2.png", "b/1.png", "b/.DS_Store", "b/.hidden/3.png", "a.png"):
        (tmp_path / name).touch()
    listed = list(list_images([tmp_path / "a.png", tmp_path / "b", tmp_path / "none"]))
    assert [path.name for path in listed] == ["a.png", "1.png", "2.png", "none"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images in"):
        list(list_images([tmp_path / "empty"]))


def test_many_files_in_little_memory(bundle: Path, shades: list[Path]) -> None:
    predictor = load(bundle)

    def peak(times: int) -> int:
        tracemalloc.start()
        for _ in predictor.predict_many(path for _ in range(times) for path in shades):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(40) < 2 * peak(4) + 100_000
