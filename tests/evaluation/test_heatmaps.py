"""Checks of heatmaps, against networks whose evidence is known."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pneumoscope.bundle import Bundle, new_bundle
from pneumoscope.dataset import PhantomSettings, make_phantoms
from pneumoscope.errors import (
    BundleError,
    ClassMismatchError,
    DataError,
    DependencyError,
    SettingsError,
)
from pneumoscope.evaluation.heatmaps import check_heatmaps, summary, tabulate_heatmaps
from pneumoscope.evaluation.heatmaps.deletion import (
    PREDICTIONS,
    STEPS,
    _on_pixels,
    measure_curves,
    summarise_curves,
)
from pneumoscope.evaluation.heatmaps.figures import check_figure
from pneumoscope.evaluation.heatmaps.location import _shares, locate, read_masks
from pneumoscope.evaluation.heatmaps.maps import ExplainedImages, explain_images
from pneumoscope.evaluation.heatmaps.planted import locate_planted
from pneumoscope.evaluation.heatmaps.randomised import (
    DRAWS,
    LAYERS,
    SHUFFLED,
    shuffle_weights,
)
from pneumoscope.evaluation.heatmaps.result import KINDS, ORDERS
from pneumoscope.graph import KERNEL
from pneumoscope.inference import Predictor, load, occlusion
from pneumoscope.statistics import Resampling
from pneumoscope.tables import join_latex, join_markdown
from pneumoscope.types import Geometry, ImageRecord
from tests.conftest import SIDE, bundle_info, encoded, picture, write_bundle
from tests.evaluation.conftest import cohort_of
from tests.evaluation.test_severities import without_maps

PLACES = SIDE // 4


def explained(predictor: Predictor, pixels: np.ndarray) -> ExplainedImages:
    return explain_images(predictor, cohort_of(pixels))


def noise(count: int = 6, seed: int = 0) -> np.ndarray:
    """Blocks of grey, so that places differ; some images darker than the middle, some brighter."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(-40, 40, (count, PLACES, PLACES)) + rng.integers(110, 146, (count, 1, 1))
    return blocks.repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)


def test_the_order_of_exact_maps_is_the_best_there_is(bundle: Path) -> None:
    """In a network that adds places up, no other order lets the probability fall or rise sooner."""
    predictor = load(bundle)
    images = explained(predictor, noise())
    images = replace(images, maps=predictor.activation_maps(images.pixels)[1])
    steps: list[int] = []
    curves = measure_curves(predictor, images, 0, steps.append)
    assert curves.shape == (6, len(KINDS), len(ORDERS), STEPS + 1)
    assert sum(steps) == 6 * PREDICTIONS
    deleted, inserted = curves[:, 0], curves[:, 1]
    for other in range(1, len(ORDERS)):
        assert (deleted[:, 0] <= deleted[:, other] + 1e-6).all()
        assert (inserted[:, 0] >= inserted[:, other] - 1e-6).all()
    part = summarise_curves(curves, images, np.ones(6, bool), Resampling(100))
    assert part.gains["deletion"]["random"].value > 0.02
    for kind, sign in zip(KINDS, (1, -1), strict=True):
        areas = part.areas[kind]
        gain = sign * (areas["centre"].value - areas["heatmap"].value)
        assert part.gains[kind]["centre"].value == pytest.approx(gain)
    area = np.trapezoid(part.curves["insertion"]["random"], dx=1 / STEPS)
    assert part.areas["insertion"]["random"].value == pytest.approx(area)


def test_curves_begin_and_end_with_the_image_and_with_nothing(bundle: Path) -> None:
    predictor = load(bundle)
    pixels = noise()
    images = explained(predictor, pixels)
    curves = measure_curves(predictor, images, 0, lambda _: None)
    empty = np.stack([np.full_like(image, round(float(image.mean()))) for image in pixels])
    rows, called = np.arange(len(pixels)), images.scored.predicted
    whole = images.scored.probabilities[rows, called]
    nothing = predictor.probabilities(empty)[rows, called]
    for order in range(len(ORDERS)):
        assert curves[:, 0, order, 0] == pytest.approx(whole, abs=1e-6)
        assert curves[:, 1, order, -1] == pytest.approx(whole, abs=1e-6)
        assert curves[:, 0, order, -1] == pytest.approx(nothing, abs=1e-6)
        assert curves[:, 1, order, 0] == pytest.approx(nothing, abs=1e-6)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(12, 40), st.integers(12, 40))
def test_places_stand_for_the_same_pixels_everywhere(
    rows: int, columns: int, height: int, width: int
) -> None:
    places = np.arange(rows * columns).reshape(rows, columns)
    pixels = _on_pixels(places, (height, width))
    assert pixels.shape == (height, width)
    assert _shares(pixels.astype(np.float64), (rows, columns)) == pytest.approx(places)


def learnt_network() -> onnx.ModelProto:
    """A convolution of three filters, their mean over places, and one dense layer of two classes.

    As exported, in small: contributions of each place go into probabilities and maps.
    """
    rng = np.random.default_rng(5)
    tensors = {
        "kernel": rng.normal(size=(3, 1, 3, 3)),
        "bias": rng.normal(size=3),
        KERNEL: rng.normal(size=(3, 2)) / PLACES**2,
        "centred": np.array([[[0.5, -0.5], [-0.5, 0.5]]]),
    }
    shapes = {
        "channels_first": [-1, 1, SIDE, SIDE],
        "flat": [-1, 3, PLACES**2],
        "grid": [-1, 2, PLACES, PLACES],
        "axis": [1],
    }
    nodes = [
        ("Cast", ["image"], "float", {"to": TensorProto.FLOAT}),
        ("Reshape", ["float", "channels_first"], "picture", {}),
        ("AveragePool", ["picture"], "small", {"kernel_shape": [4, 4], "strides": [4, 4]}),
        ("Conv", ["small", "kernel", "bias"], "filtered", {"pads": [1, 1, 1, 1]}),
        ("Relu", ["filtered"], "features", {}),
        ("Reshape", ["features", "flat"], "rows", {}),
        ("Transpose", ["rows"], "places", {"perm": [0, 2, 1]}),
        ("MatMul", ["places", KERNEL], "contributions", {}),
        ("ReduceSum", ["contributions", "axis"], "logits", {"keepdims": 0}),
        ("Softmax", ["logits"], "probabilities", {"axis": 1}),
        ("MatMul", ["contributions", "centred"], "scores", {}),
        ("Transpose", ["scores"], "by_class", {"perm": [0, 2, 1]}),
        ("Reshape", ["by_class", "grid"], "class_activation_maps", {}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, given, [made], **how) for kind, given, made, how in nodes],
        "learnt",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 1])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
            helper.make_tensor_value_info(
                "class_activation_maps", TensorProto.FLOAT, ["n", 2, PLACES, PLACES]
            ),
        ],
        [
            *(numpy_helper.from_array(v.astype(np.float32), n) for n, v in tensors.items()),
            *(numpy_helper.from_array(np.array(v, np.int64), n) for n, v in shapes.items()),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture
def learnt(tmp_path: Path) -> Path:
    with new_bundle(tmp_path / "learnt", bundle_info(name="learnt")) as folder:
        onnx.save(learnt_network(), folder / "model.onnx")
        (folder / "MODEL_CARD.md").write_text("# learnt\n")
        (folder / "seen.json").write_text('{"key": "key", "images": [], "patients": []}')
    return tmp_path / "learnt"


def weights(network: bytes) -> dict[str, np.ndarray]:
    graph = onnx.load_from_string(network).graph
    return {t.name: numpy_helper.to_array(t) for t in graph.initializer}


@pytest.mark.parametrize("layers", LAYERS)
def test_shuffling_keeps_values_and_exact_maps(layers: str, learnt: Path) -> None:
    exported = (learnt / "model.onnx").read_bytes()
    shuffled = shuffle_weights(exported, layers, [0, 0])
    before, after = weights(exported), weights(shuffled)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == ({KERNEL} if layers == "head" else {KERNEL, "kernel"})
    for name in changed:
        assert np.sort(before[name], axis=None).tolist() == np.sort(after[name], axis=None).tolist()
    predictor = Predictor(Bundle(learnt, bundle_info(), {"model.onnx": shuffled}, ""))
    probabilities, maps = predictor.activation_maps(noise())
    logits = np.log(probabilities)
    centred = logits - logits.mean(axis=1, keepdims=True)
    assert maps.sum(axis=(2, 3)) == pytest.approx(centred, abs=1e-3)


def test_the_same_draw_shuffles_alike(learnt: Path) -> None:
    exported = (learnt / "model.onnx").read_bytes()
    shuffled = [shuffle_weights(exported, "all", [7, draw]) for draw in (0, 0, 1)]
    a, b, c = (weights(network)["kernel"] for network in shuffled)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_shuffled_networks_have_other_maps(learnt: Path, phantoms: Path) -> None:
    found = check_heatmaps(learnt, phantoms, images=12, resamples=100)
    assert [part.layers for part in found.randomisation] == list(LAYERS)
    for part in found.randomisation:
        assert -1 <= part.signed.value < 0.95
        assert part.absolute.value < 0.99


def test_notice_says_why_weights_were_not_shuffled(
    bundle: Path, learnt: Path, phantoms: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="cannot be shuffled"):
        shuffle_weights((bundle / "model.onnx").read_bytes(), "head", [0])
    found = check_heatmaps(bundle, phantoms, tmp_path / "out", images=4, resamples=100)
    assert found.randomisation == ()
    assert any("cannot be shuffled" in notice.text for notice in found.notices)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(DependencyError, match=r"pneumoscope\[train\]"):
        shuffle_weights((learnt / "model.onnx").read_bytes(), "head", [0])


def place(maps: np.ndarray, masks: np.ndarray):
    patients = np.array([str(i) for i in range(len(maps))])
    even = np.ones(masks.shape[1:])
    return locate(maps.astype(np.float32), masks, patients, Resampling(100), even)


def test_location_of_known_maps() -> None:
    mask = np.zeros((2, 4, 4))
    mask[:, :2, :2] = 1.0
    right, nowhere = place(mask, mask), place(1 - mask, mask)
    assert (right.mass.value, right.hits.value) == (1.0, 1.0)
    assert (right.area.value, right.chance.value, right.gain.value) == (0.25, 0.25, 0.75)
    assert (nowhere.mass.value, nowhere.hits.value) == (0.0, 0.0)
    same = place(np.ones((2, 4, 4)), mask)
    assert same.mass.value == same.area.value == same.hits.value == same.chance.value
    signed = place(np.where(mask > 0, 1.0, -9.0), mask)  # what speaks against does not count
    assert signed.mass.value == 1.0


def test_places_count_by_the_covers_over_them() -> None:
    mask = np.zeros((1, 2, 2))
    mask[0, 0, 0] = 1.0
    covers, nobody = np.array([[3, 1], [1, 1]]), np.array(["0"])
    found = locate(covers[np.newaxis].astype(np.float32), mask, nobody, Resampling(100), covers)
    assert found is not None
    assert (found.mass.value, found.area.value, found.gain.value) == (0.5, 0.5, 0.0)
    assert found.chance.value == 0.5


def test_maps_without_a_positive_place_have_no_mass() -> None:
    mask = np.zeros((3, 4, 4))
    mask[:2, 0] = 1.0
    maps = np.stack([mask[0], -np.ones((4, 4)), np.ones((4, 4))])
    found = place(maps, mask)
    assert (found.images, found.mass.value, found.hits.value) == (2, 1.0, 1.0)
    assert found.area.value == 0.25
    assert place(-np.ones((3, 4, 4)), mask).mass.value is None


def test_nothing_marked_has_no_location() -> None:
    assert place(np.ones((2, 4, 4)), np.zeros((2, 4, 4))) is None


def test_masks_are_found_by_name_and_broken_ones_are_named(tmp_path: Path) -> None:
    mask = np.zeros((80, 64), np.uint8)
    mask[:40] = 255
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encoded(mask))
    (tmp_path / "c.png").write_text("no image")
    records = [ImageRecord(Path("d") / n, 1, n) for n in ("a.png", "b.jpeg", "c.png", "d.png")]
    masks, unreadable = read_masks(tmp_path, records, Geometry(32, 32), (4, 2))
    upper_half = np.array([[1, 1], [1, 1], [0, 0], [0, 0]])
    assert masks[:2] == pytest.approx(np.stack([upper_half] * 2), abs=0.1)  # a soft edge
    assert np.isnan(masks[2:]).all()
    assert len(unreadable) == 1
    assert unreadable[0].code == "image-unknown-format"
    assert "c.png" in unreadable[0].text
    with pytest.raises(DataError, match="no readable mask"):
        read_masks(tmp_path, records[2:], Geometry(32, 32), (4, 2))


def test_whole_patients_are_drawn() -> None:
    records = tuple(ImageRecord(Path(f"{i}"), i % 2, f"{i // 3}") for i in range(30))
    whole = cohort_of(np.zeros((30, 32, 32), np.uint8), records)
    drawn = whole.draw(10)
    assert len(drawn) == 12
    assert (drawn.not_drawn, whole.not_drawn) == (18, 0)
    others = [record for record in records if record not in drawn.records]
    assert {r.patient for r in drawn.records} & {r.patient for r in others} == set()
    assert drawn.records == whole.draw(10).records
    assert drawn.records != replace(whole, resampling=Resampling(seed=1)).draw(10).records
    assert set(whole.draw(4).records) < set(drawn.records)
    assert whole.draw(100).records == records


def test_new_phantoms_show_where_heatmaps_lie(bundle: Path) -> None:
    found = locate_planted(load(bundle), 6, Resampling(50))
    assert {name: part.images for name, part in found.items()} == {"pneumonia": 3, "lungs": 6}
    assert found["lungs"].patients == 6
    assert 0 < found["pneumonia"].area.value < found["lungs"].area.value < 1


def test_whole_check_on_phantoms(learnt: Path, tmp_path: Path) -> None:
    data, masks, lungs, out = (tmp_path / name for name in ("data", "masks", "lungs", "out"))
    settings = PhantomSettings(patients=10, seed=4, width=(96, 128))
    records = make_phantoms(data, settings, masks=masks, lungs=lungs)
    steps: list[tuple[int, int]] = []
    found = check_heatmaps(
        learnt,
        data,
        out,
        masks=str(masks),
        lungs=lungs,
        resamples=100,
        progress=lambda *s: steps.append(s),
    )
    shuffled = min(len(records), SHUFFLED) * DRAWS * len(LAYERS)
    maps = len(records) + shuffled
    assert steps[-1] == (len(records) * PREDICTIONS + maps * occlusion.PREDICTIONS,) * 2
    sick = sum(record.label for record in records)
    assert found.location["pneumonia"].images == sick
    assert found.location["lungs"].images == len(records)
    assert found.unreadable == ()  # the masks of normal images are empty, and in order
    assert 0 < found.location["pneumonia"].area.value < found.location["lungs"].area.value < 1
    parts = found.perturbation
    assert sum(p.images for name, p in parts.items() if name != "all") == parts["all"].images
    content = json.loads((out / "heatmap_check.json").read_text())
    assert content == json.loads(json.dumps(found.to_dict()))
    tables = [*tabulate_heatmaps(found), f"{found.basis}."]
    text = (out / "heatmap_check.md").read_text()
    assert text == join_markdown(tables)
    assert (out / "heatmap_check.tex").read_text() == join_latex(tables)
    for table in tabulate_heatmaps(found):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    with Image.open(out / "heatmap_check.png") as image:
        assert min(image.size) > 600
    figure = check_figure(found)
    called = [name for name in parts if name != "all"]
    assert len(figure.axes) == 2 * (len(called) + 1)
    for axes, name in zip(figure.axes[::2], called, strict=False):
        assert axes.get_title(loc="right") == f"{parts[name].images} images {name}"
        np.testing.assert_allclose(
            axes.lines[0].get_ydata(), parts[name].curves["deletion"]["heatmap"]
        )
    ends = parts["all"].curves["deletion"]["heatmap"]
    assert f"{ends[0]:.3f} to {ends[-1]:.3f}" in text


def test_one_class_and_few_images(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\na.png,PNEUMONIA\nb.png,NORMAL\n")
    (tmp_path / "a.png").write_bytes(encoded(picture((SIDE, SIDE))))
    found = check_heatmaps(bundle, tmp_path / "list.csv", tmp_path / "out", resamples=100)
    assert found.cohort.count() == {"NORMAL": 0, "PNEUMONIA": 1}
    assert len(found.unreadable) == 1
    assert found.perturbation["all"].areas["deletion"]["heatmap"].low is None


def test_maps_that_are_the_same_everywhere(
    bundle: Path, class_folders: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def flat(self: Predictor, pixels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        return np.ones((2, PLACES, PLACES), np.float32)

    monkeypatch.setattr(Predictor, "occlusion_maps", flat)
    found = check_heatmaps(bundle, class_folders(NORMAL=5, PNEUMONIA=5), resamples=100)
    assert found.flat == 10
    areas = found.perturbation["all"].areas["deletion"]  # an order by chance, as the other is
    assert areas["heatmap"].value == pytest.approx(areas["random"].value, abs=0.05)


def test_bad_input(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no image to check"):
        check_heatmaps(bundle, phantoms, images=0)
    with pytest.raises(DataError, match="no readable mask"):
        check_heatmaps(bundle, phantoms, masks=tmp_path / "nowhere", images=4)
    with pytest.raises(ClassMismatchError):
        check_heatmaps(write_bundle(tmp_path / "other", classes=("healthy", "sick")), phantoms)


def test_a_network_without_activation_maps_is_checked_like_any_other(
    phantoms: Path, tmp_path: Path
) -> None:
    assert (
        check_heatmaps(without_maps(tmp_path / "mute"), phantoms, images=4, resamples=100).flat == 0
    )


def test_broken_files_are_counted(bundle: Path, class_folders: Callable[..., Path]) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    (data / "NORMAL" / "text.png").write_text("no image")
    found = check_heatmaps(bundle, data, resamples=100)
    assert found.cohort.count() == {"NORMAL": 4, "PNEUMONIA": 4}
    assert len(found.unreadable) == 1


def test_a_bundle_may_be_a_run_folder(tmp_path: Path, phantoms: Path) -> None:
    write_bundle(tmp_path / "run" / "bundle")
    assert check_heatmaps(tmp_path / "run", phantoms, images=2, resamples=100).model == "brightness"


# better than random places, than the centre; patients; advice
ADVICE = (
    (None, None, 50, "the check could not be done"),
    (False, False, 50, "Do not rely on these heatmaps."),
    (True, False, 50, "the centre of an image may show as well"),
    (True, True, 50, "may be relied on"),
    (True, True, 6, "with care only: they were checked on images of few patients"),
)


@pytest.mark.parametrize(("random", "centre", "patients", "advice"), ADVICE)
def test_advice_on_heatmaps(
    random: bool | None,
    centre: bool | None,
    patients: int,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    better = {"random": random, "centre": centre}
    monkeypatch.setattr(summary, "better_than", lambda _, order: better[order])
    monkeypatch.setattr(summary, "meaning", lambda _: "")
    found = Mock(location={}, cohort=Mock(n_patients=patients))
    assert advice in summary.state_heatmaps(found)
