"""Images that a model cannot judge are refused with reasons; unusual ones bring a warning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pneumoscope.gate import (
    Action,
    Facts,
    Gate,
    GateLevel,
    GateLevels,
    TrainingDistance,
    read_policy,
)
from pneumoscope.gate.appearance import APPEARANCES
from pneumoscope.gate.rules import findings
from pneumoscope.imaging import Acquisition, Origin, Source
from pneumoscope.inference import load, predict
from pneumoscope.inference.explain import overlay
from pneumoscope.types import Geometry, Status
from tests.conftest import GATE_LEVELS, SIDE, encoded, write_bundle
from tests.imaging.dicoms import dicom

USUAL = 112
POLICY = read_policy()


def texture(level: float) -> np.ndarray:
    """uint8 (SIDE, SIDE) of this mean brightness, neither blank nor clipped."""
    return (level + 12 * np.tile([[-1, 1], [1, -1]], (SIDE // 2, SIDE // 2))).astype(np.uint8)


def source(level: float) -> Source:
    return Source(f"{level}.png", encoded(texture(level)))


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "gated", usual=USUAL)


# brightness, distance, status, whether there is a warning
LEVELS = (
    (112, 0.0, Status.ACCEPTED, False),
    (136, 1.5, Status.ACCEPTED, False),
    (72, 2.5, Status.ACCEPTED, True),
    (64, 3.0, Status.ACCEPTED, True),
    (184, 4.5, Status.REFUSED, False),
    (240, 8.0, Status.REFUSED, False),
)


@pytest.mark.parametrize(("level", "distance", "status", "warned"), LEVELS)
def test_levels(level: int, distance: float, status: Status, warned: bool, gated: Path) -> None:
    record = load(gated).predict(source(level))
    assert record.distance == pytest.approx(distance, abs=0.01)
    assert (record.status, bool(record.warnings)) == (status, warned)
    assert bool(record.reasons) == (status is Status.REFUSED)
    assert record.gate


def test_refused_record_says_why_and_holds_no_label(gated: Path) -> None:
    record = load(gated).predict(source(184))
    assert record.reasons[0].text == (
        "it is unlike the images that this model was trained on (distance 4.50, where 99 % of "
        "validation images are below 4.00): make sure that it is a whole, upright, frontal chest "
        "radiograph, and that the patient is like those of the training"
    )
    assert record.label is None
    assert sum(record.probabilities.values()) == pytest.approx(1)
    open_record = next(load(gated).predict_many([source(184)], withhold=False))
    assert open_record.status is Status.REFUSED
    assert open_record.label == "PNEUMONIA"
    assert open_record.probability == pytest.approx(1 / (1 + np.exp(-7)), abs=1e-4)


def test_gate_that_is_off_refuses_nothing(gated: Path) -> None:
    record = load(gated, gate=False).predict(source(240))
    assert (record.status, record.label, record.gate) == (Status.ACCEPTED, "PNEUMONIA", False)
    assert record.distance is None


def test_bundle_without_statistics_refuses_nothing(bundle: Path) -> None:
    predictor = load(bundle)
    assert not predictor.refuses
    record = predictor.predict(source(240))
    assert (record.status, record.gate, record.reasons) == (Status.ACCEPTED, False, ())


def test_inverted_image_is_recognised(tmp_path: Path) -> None:
    predictor = load(write_bundle(tmp_path / "dark", usual=96))
    advice = "it looks inverted, black for white: invert it and try again"
    record = predictor.predict(source(170))
    assert record.status is Status.REFUSED
    assert record.reasons[0].text == advice
    # Not far enough to be refused for that alone.
    record = predictor.predict(source(150))
    assert record.status is Status.REFUSED
    assert [reason.text for reason in record.reasons] == [advice]
    # As far off when it is inverted.
    middle = write_bundle(tmp_path / "middle", usual=127.5)
    assert len(load(middle).predict(source(240)).reasons) == 1


# what brings the image back, and what is advised
TURNS = ((1, "left"), (2, "180°"), (3, "right"))


@pytest.mark.parametrize(("turns", "advice"), TURNS)
def test_turned_image_is_recognised(turns: int, advice: str) -> None:
    upright = np.zeros((8, 8), np.uint8)
    upright[0] = 200
    upright[:, 0] = 100

    def features(pixels: np.ndarray) -> np.ndarray:
        return pixels.reshape(len(pixels), -1).astype(np.float32)

    means = features(upright[np.newaxis])
    far = TrainingDistance(means, np.eye(64, dtype=np.float32) / 4)
    gate = Gate(GATE_LEVELS, {"features": far}, features)
    pixels = np.rot90(upright, -turns)
    facts = Facts(Acquisition(8, 8), pixels, Geometry(32, 32))
    (judgement,) = gate.judge([facts], features(pixels[np.newaxis]))
    assert any(advice in reason.text for reason in judgement.reasons)
    assert judgement.distance is not None


@pytest.mark.parametrize(("turns", "advice"), TURNS)
def test_turn_is_named_though_the_image_stays_unusual(turns: int, advice: str) -> None:
    """Radiographs of other hospitals lie beyond the level when they are upright, too."""
    upright = np.zeros((8, 8), np.uint8)
    upright[0] = 200
    upright[:, 0] = 100

    def features(pixels: np.ndarray) -> np.ndarray:
        return pixels.reshape(len(pixels), -1).astype(np.float32)

    one = upright[np.newaxis]
    layout = APPEARANCES["layout"](one)
    distances = {
        "features": TrainingDistance(features(one) + 5, np.eye(64, dtype=np.float32)),
        "layout": TrainingDistance(layout + 40, np.eye(layout.shape[1], dtype=np.float32)),
    }
    warn = {name: GateLevel(2.0, 0.02) for name in distances}
    levels = GateLevels(warn, GateLevel(4.0, 0.01), images=100, patients=90)
    gate = Gate(levels, distances, features)

    def reasons(pixels: np.ndarray) -> str:
        facts = Facts(Acquisition(8, 8), pixels, Geometry(32, 32))
        (judgement,) = gate.judge([facts], features(pixels[np.newaxis]))
        return " ".join(reason.text for reason in judgement.reasons)

    assert advice in reasons(np.rot90(upright, -turns))
    assert "unlike" in reasons(upright)
    assert "it looks" not in reasons(upright)


def test_image_that_is_a_little_unusual_in_everything_is_refused() -> None:
    """Each distance is 3, below its level of 4; the level of their root mean square is 2.5."""
    pixels = np.full((8, 8), 100, np.uint8)
    layout = APPEARANCES["layout"](pixels[np.newaxis])
    distances = {
        "features": TrainingDistance(np.zeros((1, 1), np.float32), np.eye(1, dtype=np.float32)),
        "layout": TrainingDistance(layout + 3, np.eye(layout.shape[1], dtype=np.float32)),
    }
    warn = {name: GateLevel(4.0, 0.02) for name in distances}
    found = []
    for scored in (("features",), ("features", "layout")):
        levels = GateLevels(warn, GateLevel(2.5, 0.01), 100, 90, scored=scored)
        for features in (0.0, 3.0):
            gate = Gate(levels, distances, lambda x: np.full((len(x), 1), 3.0, np.float32))
            facts = Facts(Acquisition(8, 8), pixels, Geometry(32, 32))
            (judgement,) = gate.judge([facts], np.array([[features]], np.float32))
            refused = "unlike-training" in [reason.code for reason in judgement.reasons]
            found.append((round(judgement.distance or 0, 3), refused))
    assert found == [(0.0, False), (3.0, True), (2.121, False), (3.0, True)]


def test_turn_is_named_by_both_distances_together() -> None:
    """The features come hardly nearer when upright, and a little nearer when turned by 180°."""
    upright = np.zeros((8, 8), np.uint8)
    upright[0] = 200
    upright[:, 0] = 100
    far = {upright.tobytes(): 9.0, np.rot90(upright, 1).tobytes(): 8.8}

    def features(pixels: np.ndarray) -> np.ndarray:
        return np.array([[far.get(one.tobytes(), 10.0)] for one in pixels], np.float32)

    layout = APPEARANCES["layout"](upright[np.newaxis])
    distances = {
        "features": TrainingDistance(np.zeros((1, 1), np.float32), np.eye(1, dtype=np.float32)),
        "layout": TrainingDistance(layout, np.eye(layout.shape[1], dtype=np.float32)),
    }
    warn = {name: GateLevel(2.0, 0.02) for name in distances}
    levels = GateLevels(warn, GateLevel(4.0, 0.01), images=100, patients=90)
    gate = Gate(levels, distances, features)
    turned = np.rot90(upright, -1)
    facts = Facts(Acquisition(8, 8), turned, Geometry(32, 32))
    (judgement,) = gate.judge([facts], features(turned[np.newaxis]))
    turns = [r.code for r in judgement.reasons if r.code.startswith(("turned", "upside"))]
    assert turns == ["turned-right"]


def test_unusual_appearance_is_warned_of_though_the_features_are_usual(tmp_path: Path) -> None:
    usual = np.stack([texture(level) for level in (100, 112, 124)])
    spread = {"tone": 30.0, "layout": 1 / 16}
    distances = {
        name: TrainingDistance(
            numbers(usual).mean(axis=0, keepdims=True),
            spread[name] * np.eye(numbers(usual).shape[1], dtype=np.float32),
        )
        for name, numbers in APPEARANCES.items()
    }
    flat = TrainingDistance(np.zeros((1, 1), np.float32), np.eye(1, dtype=np.float32))
    warn = {name: GateLevel(2.0, 0.02) for name in ("features", "tone", "layout")}
    levels = GateLevels(warn, GateLevel(4.0, 0.01), images=100, patients=90)
    gate = Gate(levels, {"features": flat, **distances}, lambda x: np.zeros((len(x), 1), "f4"))
    shaded = np.clip(texture(112) + np.linspace(-80, 80, SIDE), 0, 255).astype(np.uint8)
    facts = [
        Facts(Acquisition(64, 64), pixels, Geometry(SIDE, SIDE))
        for pixels in (texture(112), texture(200), shaded)
    ]
    plain, bright, uneven = gate.judge(facts, np.zeros((3, 1), np.float32))
    assert plain.warnings == ()
    assert [warning.text.split(" (")[0] for warning in bright.warnings] == [
        "its greys or its sharpness are unlike those of the training images",
        "its framing, position or proportions are unlike those of the training images",
    ]
    assert len(uneven.warnings) == 2
    assert [plain.reasons, bright.reasons, uneven.reasons] == [()] * 3
    assert bright.distance == 0


def test_features_that_are_not_finite_are_refused() -> None:
    distance = TrainingDistance(np.zeros((1, 2), np.float32), np.eye(2, dtype=np.float32))
    features = np.array([[0, np.nan], [np.inf, 0], [0, 0]], np.float32)
    gate = Gate(
        GATE_LEVELS, {"features": distance}, lambda pixels: np.full((len(pixels), 2), np.nan, "f4")
    )
    facts = [Facts(Acquisition(64, 64), texture(112), Geometry(32, 32))] * 3
    broken, infinite, fine = gate.judge(facts, features)
    assert broken.reasons
    assert infinite.reasons
    assert broken.distance is infinite.distance is None
    assert (fine.reasons, fine.distance) == ((), 0.0)


def test_batches_do_not_change_the_distance(gated: Path) -> None:
    predictor = load(gated)
    sources = [source(level) for level in range(40, 200, 8)]
    together = [(r.status, r.distance) for r in predictor.predict_many(sources)]
    alone = [predictor.predict(one) for one in sources]
    assert [status for status, _ in together] == [record.status for record in alone]
    assert [d for _, d in together] == pytest.approx([r.distance for r in alone], abs=1e-5)


def test_refused_images_have_no_heatmap(gated: Path) -> None:
    assert load(gated).explain(source(240)).heatmap is None


def test_broken_file_in_between(gated: Path) -> None:
    sources = [source(112), Source("broken", b""), source(240)]
    records = list(load(gated).predict_many(sources))
    expected = [Status.ACCEPTED, Status.ERROR, Status.REFUSED]
    assert [record.status for record in records] == expected


# header, action, words of what is found
HEADERS: tuple[tuple[dict[str, Any], Action | None, str], ...] = (
    ({}, None, ""),
    ({"body_part": "CHEST", "view": "AP"}, None, ""),
    ({"body_part": "PORT CHEST"}, None, ""),
    ({"body_part": "NOWHERE"}, Action.WARN, "does not say clearly that it shows the chest"),
    ({"body_part": "HAND"}, Action.REFUSE, "another part of the body (HAND)"),
    ({"view": "LL"}, Action.REFUSE, "no frontal view (LL)"),
    ({"view": "LATERAL"}, Action.REFUSE, "no frontal view (LATERAL)"),
    ({"view": "LLD"}, Action.WARN, "may not know (LLD), other"),
    ({"intent": "FOR PRESENTATION"}, None, ""),
    ({"origin": Origin.OWN}, Action.REFUSE, "a result of this program"),
    ({"origin": Origin.DERIVED}, Action.REFUSE, "captured from a screen"),
    ({"origin": Origin.CAPTURE}, Action.WARN, "a secondary capture"),
    ({"coloured": 0.05}, None, ""),
    ({"coloured": 0.06}, Action.REFUSE, "6% of it is in colour"),
    ({"burned_in": True}, Action.WARN, "text is burned in"),
    ({"intent": "FOR PROCESSING"}, Action.REFUSE, "raw data"),
)


@pytest.mark.parametrize(("header", "action", "words"), HEADERS)
def test_header(header: dict[str, Any], action: Action | None, words: str) -> None:
    facts = Facts(Acquisition(64, 64, **header), texture(112), Geometry(64, 64))
    for possible in Action:
        found = findings(facts, POLICY, possible)
        assert len(found) == (possible is action)
        assert all(words in reason.text for reason in found)
        assert not any(";" in reason.text for reason in found)  # which divides them in CSV


# age in years of a patient, whether it is refused where patients were one to five
AGES = ((None, False), (1.0, False), (5.9, False), (0.5, True), (6.0, True), (54.0, True))


@pytest.mark.parametrize(("age", "refused"), AGES)
def test_age(age: float | None, refused: bool) -> None:
    acquisition = Acquisition(64, 64, age=age)
    facts = Facts(acquisition, texture(112), Geometry(64, 64), ages=(1, 5))
    assert bool(findings(facts, POLICY, Action.REFUSE)) == refused
    assert not findings(facts, POLICY, Action.WARN)
    assert not findings(replace(facts, ages=None), POLICY, Action.REFUSE)


@pytest.mark.parametrize(
    ("view", "warned"), [("PA", True), ("AP", False), ("FRONT", False), ("", False)]
)
def test_view_that_the_model_was_not_made_with(view: str, warned: bool) -> None:
    acquisition = Acquisition(64, 64, view=view)
    facts = Facts(acquisition, texture(112), Geometry(64, 64), views=frozenset({"AP"}))
    assert [one.code for one in findings(facts, POLICY, Action.WARN)] == ["other-view"] * warned
    assert not findings(replace(facts, views=frozenset({"AP", "PA"})), POLICY, Action.WARN)
    assert not findings(replace(facts, views=frozenset()), POLICY, Action.WARN)


def test_unreadable_age_is_warned_of_where_it_matters() -> None:
    facts = Facts(Acquisition(64, 64, age_unread=True), texture(112), Geometry(64, 64), ages=(1, 5))
    assert "cannot be read" in findings(facts, POLICY, Action.WARN)[0].text
    assert not findings(replace(facts, ages=None), POLICY, Action.WARN)


def test_heatmap_is_no_radiograph(gated: Path, tmp_path: Path) -> None:
    list(predict(gated, source(112), tmp_path / "maps"))
    (heatmap,) = (tmp_path / "maps").rglob("*.png")
    record = load(gated).predict(heatmap)
    assert record.status is Status.REFUSED
    assert "a result of this program" in record.reasons[0].text


def test_heatmap_without_its_mark_is_recognised_by_its_colour(gated: Path) -> None:
    shade = np.tile(np.linspace(40, 200, 256).astype(np.uint8), (256, 1))
    heat = np.outer(*[np.hanning(9)] * 2).astype(np.float32)
    copy = Source("map.jpeg", encoded(Image.fromarray(overlay(shade, heat)), "JPEG"))
    assert "in colour" in load(gated).predict(copy).reasons[0].text


def test_age_of_a_file_is_held_against_the_training_data(tmp_path: Path) -> None:
    data = {"attributions": [{"title": "Children", "youngest": 1, "oldest": 5}]}
    root = write_bundle(tmp_path / "b", usual=USUAL, training_data=data)
    adult = dicom(texture(112), PatientAge="054Y")
    record = load(root).predict(Source("adult.dcm", adult))
    assert record.status is Status.REFUSED
    assert "54 years old, and the model was made with patients of 1 to 5" in record.reasons[0].text
    weeks = load(root).predict(Source("baby.dcm", dicom(texture(112), PatientAge="026W")))
    assert "0.498 years" in weeks.reasons[0].text
    child = load(root).predict(Source("child.dcm", dicom(texture(112), PatientAge="004Y")))
    assert (child.status, child.warnings) == (Status.ACCEPTED, ())
    silent = load(root).predict(Source("silent.dcm", dicom(texture(112))))
    assert (silent.status, silent.warnings) == (Status.ACCEPTED, ())


GUANGZHOU = {"name": "guangzhou", "title": "Children", "youngest": 1, "oldest": 5}
MIXED = {**GUANGZHOU, "youngest": None, "oldest": None}
# training data of a bundle, and the views that it is warned of
VIEWS = (
    ({"attributions": [GUANGZHOU]}, ["PA"]),
    ({"attributions": [MIXED]}, []),
    ({"attributions": [GUANGZHOU, {**GUANGZHOU, "name": "unheard of"}]}, []),
    ({"views": {"PA": 3}}, ["AP"]),
    ({"views": {"PA": 3, "AP": 1}}, []),
    ({}, []),
)


@pytest.mark.parametrize(("data", "warned"), VIEWS)
def test_view_of_a_file_is_held_against_the_training_data(
    data: dict[str, Any], warned: list[str], tmp_path: Path
) -> None:
    model = load(write_bundle(tmp_path / "b", usual=USUAL, training_data=data))
    records = {
        view: model.predict(Source(view, dicom(texture(112), ViewPosition=view)))
        for view in ("AP", "PA")
    }
    assert [v for v in records if [w.code for w in records[v].warnings] == ["other-view"]] == warned


# width, height, action on a network of 64x64
SIZES = (
    (64, 64, None),
    (63, 900, Action.WARN),
    (900, 32, Action.WARN),
    (31, 900, Action.REFUSE),
    (900, 31, Action.REFUSE),
)


@pytest.mark.parametrize(("width", "height", "action"), SIZES)
def test_native_size(width: int, height: int, action: Action | None) -> None:
    facts = Facts(Acquisition(width, height), texture(112), Geometry(64, 64))
    assert [a for a in Action if findings(facts, POLICY, a)] == ([action] if action else [])


def test_pixels_that_show_nothing() -> None:
    def reasons(pixels: np.ndarray) -> str:
        facts = Facts(Acquisition(64, 64), pixels, Geometry(64, 64))
        return " ".join(reason.text for reason in findings(facts, POLICY, Action.REFUSE))

    shown = texture(112)
    assert reasons(shown) == ""
    assert "nearly blank" in reasons((shown // 4).astype(np.uint8))
    clipped = shown.copy()
    clipped[: 7 * SIDE // 10] = 255
    assert reasons(clipped) == ""
    clipped[: 8 * SIDE // 10] = 255
    assert "pure black or white" in reasons(clipped)


def test_header_of_a_file_is_read(gated: Path) -> None:
    data = dicom(texture(112), ViewPosition="LL", BodyPartExamined="KNEE")
    record = load(gated).predict(Source("knee.dcm", data))
    assert record.status is Status.REFUSED
    assert "(KNEE)" in record.reasons[0].text
    assert "(LL)" in record.reasons[1].text


def test_nearest_source_is_told_where_sources_are_known() -> None:
    kinds = ("features", "tone", "layout")
    sizes = {"features": 2, "tone": 15, "layout": 256}
    whitening = {kind: np.eye(k, dtype=np.float32) for kind, k in sizes.items()}
    means = {kind: np.zeros((3, k), np.float32) for kind, k in sizes.items()}
    means["features"][:, 0] = (0, 4, 20)
    distances = {kind: TrainingDistance(means[kind], whitening[kind]) for kind in kinds}
    warn = {kind: GateLevel(1e6, 0.01) for kind in kinds}
    features = np.array([[1, 0], [5, 0], [90, 0], [np.nan, 0]], np.float32)
    facts = [Facts(Acquisition(SIDE, SIDE), texture(112), Geometry(SIDE, SIDE))] * len(features)
    levels = GateLevels(warn, GateLevel(1e6, 0.01), 100, 90, ("north", "north", "south"))
    named, unnamed = (
        Gate(each, distances, lambda _: features[:1].repeat(4, axis=0)).judge(facts, features)
        for each in (levels, replace(levels, sources=()))
    )
    assert [one.source for one in named] == ["north", "north", "south", None]
    assert {one.source for one in unnamed} == {None}


def test_turned_image_that_is_usual_in_every_distance_is_recognised_by_its_layout() -> None:
    upright = np.zeros((32, 32), np.uint8)
    upright[:8] = 80
    upright[:, :8] = 40
    layout = APPEARANCES["layout"](upright[np.newaxis])
    flat = TrainingDistance(np.zeros((1, 1), np.float32), np.eye(1, dtype=np.float32))
    near = TrainingDistance(layout + 1, np.eye(layout.shape[1], dtype=np.float32) / 110)
    warn = {name: GateLevel(2.0, 0.02) for name in ("features", "layout")}
    levels = GateLevels(warn, GateLevel(4.0, 0.01), 100, 90, scored=("features", "layout"))
    runs: list[int] = []

    def judge(pixels: np.ndarray, *, at_home: float = 1.0) -> list[str]:
        def features(images: np.ndarray) -> np.ndarray:
            runs.append(len(images))
            right = [np.array_equal(image, upright) for image in images]
            return np.where(right, at_home, 1.5)[:, np.newaxis].astype(np.float32)

        gate = Gate(levels, {"features": flat, "layout": near}, features)
        facts = Facts(Acquisition(32, 32), pixels, Geometry(32, 32))
        (judgement,) = gate.judge([facts], np.array([[1.2]], np.float32))
        assert not judgement.warnings
        return [reason.code for reason in judgement.reasons]

    assert judge(upright) == []
    assert runs == []  # nothing was predicted again
    assert judge(np.rot90(upright, -1)) == ["turned-right"]
    assert judge(np.rot90(upright, 1)) == ["turned-left"]
    assert judge(255 - upright) == ["inverted"]
    assert judge(255 - upright, at_home=3.0) == []  # to the network the other one is no nearer
    assert judge(255 - upright, at_home=1.9) == []  # usual, but farther away
