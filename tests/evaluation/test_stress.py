"""Stress validation: the same unseen images for all models, changed as said, and counted right."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.bundle import Seen
from pneumoscope.dataset import prepare, scan
from pneumoscope.errors import BundleMissingError, ClassMismatchError, DataError, SettingsError
from pneumoscope.evaluation import evaluate
from pneumoscope.evaluation.stress import Stress, stress, tabulate_stress
from pneumoscope.evaluation.stress.batches import export_batches
from pneumoscope.evaluation.stress.result import MEASURES
from pneumoscope.imaging import read_bytes
from pneumoscope.imaging.changes import CHANGES
from pneumoscope.tables import explain_dashes, join_latex, join_markdown
from pneumoscope.types import Geometry, ImageRecord, OperatingPoint, Split
from tests.conftest import SIDE, encoded, write_bundle


@pytest.fixture(scope="module")
def shades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise under published names, that of PNEUMONIA brighter by 8."""
    root = tmp_path_factory.mktemp("shades")
    rng = np.random.default_rng(1)
    for folder, level, names in (
        ("NORMAL", 124, [f"{p}IM-{n:04}-0001.png" for p in ("", "NORMAL2-") for n in range(1, 10)]),
        (
            "PNEUMONIA",
            132,
            [f"person{n}_{k}_1.png" for k in ("bacteria", "virus") for n in range(9)],
        ),
    ):
        (root / folder).mkdir()
        for name in names:
            pixels = rng.normal(level + rng.normal(0, 2), 30, (SIDE, SIDE)).clip(0, 255)
            (root / folder / name).write_bytes(encoded(pixels.astype(np.uint8)))
    return root


@pytest.fixture
def found(bundle: Path, shades: Path) -> Stress:
    return stress([bundle], shades, resamples=100)


def value(found: Stress, row: str, measure: str = "auroc") -> float:
    result = found.models[0].rows[row][measure].value
    assert result is not None
    return result


def test_clean_is_what_evaluate_says(bundle: Path, shades: Path, found: Stress) -> None:
    expected = evaluate(bundle, shades, resamples=100).overall.estimates
    for measure in MEASURES:
        assert value(found, "clean", measure) == pytest.approx(expected[measure].value)


def test_network_that_reads_brightness_fails_where_brightness_changes(found: Stress) -> None:
    assert value(found, "clean") > 0.95
    assert value(found, "flip") == pytest.approx(value(found, "clean"))
    # All as much darker or brighter: the order stays, and the threshold no longer fits.
    assert value(found, "darker") == pytest.approx(value(found, "clean"), abs=0.02)
    assert value(found, "darker", "sensitivity") == 0.0
    assert value(found, "brighter", "specificity") == 0.0
    assert value(found, "other-mean") < 0.05


def test_mean_and_worst_are_over_the_changes(found: Stress) -> None:
    model = found.models[0]
    assert list(model.conditions) == [condition.name for condition in found.conditions]
    changes = model.conditions.keys() - {"clean", "lungs-hidden"}
    assert changes == CHANGES.keys() | {"other-mean"}
    for measure in MEASURES:
        values = [value(found, name, measure) for name in changes]
        assert value(found, "mean", measure) == pytest.approx(np.mean(values))
        assert value(found, "worst", measure) == min(values)
        assert value(found, model.worst_at[measure], measure) == min(values)
    assert model.worst_at["auroc"] == "other-mean"


def test_hidden_lungs(bundle: Path, tmp_path: Path) -> None:
    """Images that differ in the middle alone are not classified then; those at the rim are."""
    aurocs = {}
    for place in ("middle", "rim"):
        for index, folder in enumerate(("NORMAL", "PNEUMONIA")):
            (tmp_path / place / folder).mkdir(parents=True)
            for number in range(6):
                pixels = np.full((SIDE, SIDE), 120 + number, np.uint8)
                box = (slice(10, 22), slice(10, 22)) if place == "middle" else slice(0, 4)
                pixels[box] += np.uint8(50 * index + 1)
                path = tmp_path / place / folder / f"{number}.png"
                path.write_bytes(encoded(pixels))
        found = stress([bundle], tmp_path / place, resamples=100)
        assert value(found, "clean") == 1.0
        aurocs[place] = value(found, "lungs-hidden")
    assert aurocs == {"middle": pytest.approx(0.5), "rim": 1.0}


def test_batches_of_published_names(found: Stress) -> None:
    batches = found.models[0].batches
    assert list(batches)[:5] == [
        "NORMAL IM",
        "NORMAL IM 1 to 3",
        "NORMAL IM 4 to 6",
        "NORMAL IM 7 to 9",
        "NORMAL NORMAL2-IM",
    ]
    assert len(batches) == 16
    whole, third = batches["PNEUMONIA virus"], batches["PNEUMONIA virus 0 to 2"]
    assert (whole.images, whole.patients, whole.comparison_images) == (9, 9, 18)
    assert (third.images, third.comparison_images) == (3, 18)
    for name, batch in batches.items():
        shared = "specificity" if name.startswith("PNEUMONIA") else "sensitivity"
        assert batch.estimates[shared].value == pytest.approx(value(found, "clean", shared))


def record(name: str, label: int = 0) -> ImageRecord:
    return ImageRecord(Path(name), label, name)


def test_batches_are_of_one_class() -> None:
    records = [record("IM-0001-1.png"), record("IM-0002-1.png", 1), record("other.png")]
    found = export_batches(records, ("A", "B"))
    assert {name: chosen.tolist() for name, chosen in found.items()} == {
        "A IM": [True, False, False],
        "B IM": [False, True, False],
    }


def test_names_without_series_have_no_batches(bundle: Path, phantoms: Path) -> None:
    found = stress([bundle], phantoms, resamples=100)
    assert found.models[0].batches == {}
    assert len(tabulate_stress(found)) == 2


def known(shades: Path, suffix: str) -> Seen:
    records = [
        replace(r, split=Split.TRAIN, sha256=read_bytes(r.path).sha256)
        for r in scan(shades).records
        if r.path.stem.endswith(suffix)
    ]
    return Seen.of("key", records)


def test_models_are_measured_on_what_none_of_them_has_seen(shades: Path, tmp_path: Path) -> None:
    first = write_bundle(tmp_path / "1", known(shades, "1-0001"), name="first")
    second = write_bundle(tmp_path / "2", known(shades, "8_bacteria_1"), name="second")
    alone = stress([first], shades, resamples=100)
    both = stress([first, second], shades, resamples=100)
    assert (alone.cohort.seen, len(alone.cohort)) == (2, 34)
    assert (both.cohort.seen, both.cohort.count()) == (3, {"NORMAL": 16, "PNEUMONIA": 17})
    assert [model.label for model in both.models] == ["first", "second"]
    assert both.models[0].conditions == both.models[1].conditions


def test_models_of_the_same_name_get_different_names(shades: Path, tmp_path: Path) -> None:
    roots = [write_bundle(tmp_path / name) for name in "ab"]
    found = stress(roots, shades, resamples=100)
    assert [model.label for model in found.models] == ["brightness", "brightness (2)"]


def test_each_model_at_its_own_threshold(shades: Path, tmp_path: Path) -> None:
    points = (OperatingPoint("strict", 0.999),)
    roots = [
        write_bundle(tmp_path / "a", name="a"),
        write_bundle(tmp_path / "b", name="b", operating_points=points),
    ]
    a, b = stress(roots, shades, resamples=100).models
    assert a.conditions["clean"]["auroc"] == b.conditions["clean"]["auroc"]
    assert (b.threshold, b.conditions["clean"]["sensitivity"].value) == (0.999, 0.0)


def test_same_seed_same_result_and_prepared_or_not(
    bundle: Path, shades: Path, found: Stress, tmp_path: Path
) -> None:
    prepared = prepare(shades, tmp_path / "prepared", geometry=Geometry(SIDE, SIDE))
    again = stress([bundle], prepared.root, resamples=100)
    for mine, other in zip(found.to_dict()["models"], again.to_dict()["models"], strict=True):
        assert mine["batches"] == other["batches"]
        assert mine["conditions"] == other["conditions"]


def test_prepared_folder_of_another_size(bundle: Path, shades: Path, tmp_path: Path) -> None:
    prepared = prepare(shades, tmp_path / "prepared", geometry=Geometry(64, 64))
    with pytest.raises(DataError, match="another image size"):
        stress([bundle], prepared.root)


def test_files(bundle: Path, shades: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    steps: list[tuple[int, int]] = []
    found = stress([bundle], shades, out, resamples=100, progress=lambda *s: steps.append(s))
    assert steps[-1] == (36 * len(found.conditions),) * 2
    assert steps == sorted(steps)
    assert json.loads((out / "stress.json").read_text()) == json.loads(json.dumps(found.to_dict()))
    with (out / "stress.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * (len(found.conditions) + 2) + 3 * 16
    worst = next(r for r in rows if (r["name"], r["measure"]) == ("worst", "auroc"))
    assert float(worst["value"]) == pytest.approx(value(found, "worst"), abs=1e-6)
    tables = list(explain_dashes([*tabulate_stress(found), f"{found.basis}."]))
    assert (out / "stress.tex").read_text() == join_latex(tables)
    text = (out / "stress.md").read_text()
    assert text == join_markdown(tables)
    assert f"| zoom-in | {value(found, 'zoom-in'):.3f} |" in text
    assert "18 NORMAL, 18 PNEUMONIA of 36 patients" in text
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert [len({line.count("|") for line in table.splitlines()}) for table in tables] == [1, 1, 1]
    with Image.open(out / "stress.png") as image:
        assert min(image.size) > 600


def test_one_side_alone_has_no_auroc(bundle: Path, shades: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\na.png,PNEUMONIA\nb.png,NORMAL\n")
    (tmp_path / "a.png").write_bytes(encoded(np.eye(SIDE, dtype=np.uint8)))
    found = stress([bundle], tmp_path / "list.csv", tmp_path / "out", resamples=100)
    assert len(found.cohort.unreadable) == 1
    assert "other-mean" not in found.models[0].conditions
    assert found.models[0].worst["auroc"].value is None
    assert "auroc" not in found.models[0].worst_at


def test_broken_files_are_counted(bundle: Path, class_folders: Callable[..., Path]) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    (data / "NORMAL" / "text.png").write_text("no image")
    (data / "NORMAL" / "gone.png").symlink_to("nowhere")
    found = stress([bundle], data, resamples=100)
    assert found.cohort.count() == {"NORMAL": 4, "PNEUMONIA": 4}
    assert len(found.cohort.unreadable) == 2
    for path in data.rglob("*.png"):
        path.unlink()
        path.write_text(path.name)
    with pytest.raises(DataError, match="None of the images could be read"):
        stress([bundle], data)


def test_bad_input(bundle: Path, shades: Path, class_folders: Callable[..., Path]) -> None:
    with pytest.raises(SettingsError, match="no bundle"):
        stress([], shades)
    with pytest.raises(BundleMissingError):
        stress([bundle, "nowhere"], shades)
    with pytest.raises(ClassMismatchError):
        stress(str(bundle), class_folders(cat=2, dog=2))
