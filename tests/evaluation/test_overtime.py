"""Performance over time: predictions, and the labels that came later."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import pneumoscope
from pneumoscope.bundle import read_bundle
from pneumoscope.errors import ClassMismatchError, DataError
from pneumoscope.evaluation.overtime import PerformanceOverTime
from pneumoscope.inference.csv_lines import csv_head, csv_line
from pneumoscope.monitor import Monitor
from pneumoscope.monitor.basis import Basis
from pneumoscope.notices import Notice
from pneumoscope.types import Calibration, Estimate, OperatingPoint, Prediction, Status
from tests.cli.conftest import Run
from tests.cli.conftest import run as run
from tests.conftest import bundle_info, encoded, picture, write_bundle

MONTHS = ("2026-09", "2026-10", "2026-11")


def prediction(path: str, probability: float, **changes: object) -> Prediction:
    return Prediction(
        **{
            "path": path,
            "status": Status.ACCEPTED,
            "model": {},
            "probability": probability,
            **changes,
        }
    )


def save_predictions(file: Path, predictions: Iterable[Prediction]) -> Path:
    file.write_text(csv_head() + "".join(map(csv_line, predictions)))
    return file


def save_labels(file: Path, rows: Iterable[str], columns: str = "path,label,date") -> Path:
    file.write_text("\n".join([columns, *rows]) + "\n")
    return file


def served(folder: Path, missed: tuple[float, ...] = (0.1, 0.1, 0.6)) -> tuple[Path, Path]:
    """Writes predictions and labels of 100 images a month, half of them positive.

    Args:
        folder: folder to write into.
        missed: fraction of the positive images of each month that are called normal.
    """
    predictions, rows = [], []
    for month, fraction in zip(MONTHS, missed, strict=True):
        for number in range(100):
            path, positive = f"{month}-{number}.png", number % 2 == 1
            called = positive and number >= 100 * fraction
            predictions.append(prediction(path, 0.9 if called else 0.2))
            label = "PNEUMONIA" if positive else "NORMAL"
            rows.append(f"{path},{label},{month}-{1 + number % 28:02d}")
    return save_predictions(folder / "served.csv", predictions), save_labels(
        folder / "labels.csv", rows
    )


def measure(bundle: Path, served: tuple[Path, Path], **changes: object) -> PerformanceOverTime:
    return pneumoscope.performance_over_time(
        bundle, served[0], **{"labels": served[1], "resamples": 200, **changes}
    )


def test_a_loss_of_sensitivity_is_more_than_chance(bundle: Path, tmp_path: Path) -> None:
    found = measure(bundle, served(tmp_path))
    assert [period.name for period in found.periods] == [*MONTHS]
    first, _, latest = (period.result.estimates["sensitivity"].value for period in found.periods)
    assert (first, latest) == (0.9, 0.4)
    assert found.sentence.startswith(
        "2026-11 against 2026-09, at the operating point default: sensitivity is lower by more "
        "than chance, 0.400 ("
    )
    assert "specificity differs by no more than chance may, 1.000 (" in found.sentence


def test_a_gain_of_sensitivity_is_told_as_one(bundle: Path, tmp_path: Path) -> None:
    found = measure(bundle, served(tmp_path, missed=(0.6, 0.1, 0.1)))
    assert "sensitivity is higher by more than chance, 0.900 (" in found.sentence


def test_the_same_performance_is_no_difference(bundle: Path, tmp_path: Path) -> None:
    found = measure(bundle, served(tmp_path, missed=(0.1, 0.5, 0.12)))
    assert "sensitivity differs by no more than chance may" in found.sentence


def test_without_dates_all_images_are_compared_with_the_validation(tmp_path: Path) -> None:
    known = Estimate(0.9, 0.85, 0.95)
    point = OperatingPoint("balanced", 0.5, sensitivity=known, specificity=known)
    bundle = write_bundle(tmp_path / "bundle", operating_points=(point,))
    predictions, labels = served(tmp_path, missed=(0.6, 0.6, 0.6))
    rows = [line.rpartition(",")[0] for line in labels.read_text().splitlines()[1:]]
    found = measure(bundle, (predictions, save_labels(labels, rows, "path,label")))
    (period,) = found.periods
    assert (period.name, found.since, period.result.images) == ("all", "validation", 300)
    assert found.sentence.startswith(
        "All images against validation, which is optimistic, at the operating point balanced: "
        "sensitivity is lower by more than chance"
    )


def test_without_dates_and_validation_the_figures_are_told(bundle: Path, tmp_path: Path) -> None:
    predictions, labels = served(tmp_path)
    rows = [line.rpartition(",")[0] for line in labels.read_text().splitlines()[1:]]
    found = measure(bundle, (predictions, save_labels(labels, rows, "path,label")))
    assert found.since == ""
    assert found.sentence.startswith("At the operating point default, sensitivity is 0.7")


def test_images_without_a_date_are_a_row_of_their_own(bundle: Path, tmp_path: Path) -> None:
    predictions, labels = served(tmp_path)
    rows = labels.read_text().splitlines()[1:]
    rows[7] = "2026-09-7.png,PNEUMONIA,"
    found = measure(bundle, (predictions, save_labels(labels, rows)))
    assert [period.name for period in found.periods] == [*MONTHS, "no date"]
    assert found.latest.name == MONTHS[-1]


def test_restated_probabilities_are_those_of_the_model(tmp_path: Path) -> None:
    calibration = Calibration(True, 1.0, (0.0, 0.0), 0.5, 100, 50, {}, {})
    bundle = write_bundle(tmp_path / "bundle", calibration=calibration)
    noise = np.random.default_rng(0).integers(-20, 20, (64, 64))
    for number in range(40):
        film = (100 + 2 * number + noise).astype(np.uint8)
        (tmp_path / f"{number}.png").write_bytes(encoded(film))
    rows = [f"{number}.png,{'PNEUMONIA' if number > 8 else 'NORMAL'}" for number in range(40)]
    labels = save_labels(tmp_path / "labels.csv", rows, "path,label")
    files = [tmp_path / f"{number}.png" for number in range(40)]
    found = []
    for prevalence in (None, 0.1):
        predictor = pneumoscope.load(bundle, prevalence=prevalence)
        saved = save_predictions(tmp_path / "saved.csv", predictor.predict_many(files))
        found.append(measure(bundle, (saved, labels)).periods)
    assert found[0] == found[1]
    assert found[0][0].result.estimates["sensitivity"].value < 1


def test_patients_are_those_of_the_column(bundle: Path, tmp_path: Path) -> None:
    rows = [f"{n}.png,{('NORMAL', 'PNEUMONIA')[n % 2]},P{n // 4}" for n in range(80)]
    labels = save_labels(tmp_path / "labels.csv", rows, "path,label,patient")
    saved = save_predictions(
        tmp_path / "saved.csv", (prediction(f"{n}.png", n % 7 / 7) for n in range(80))
    )
    found = measure(bundle, (saved, labels))
    assert found.latest.result.patients == 20
    assert not found.notices


def test_few_patients_are_remarked_on(bundle: Path, tmp_path: Path) -> None:
    labels = save_labels(tmp_path / "labels.csv", ["a.png,NORMAL", "b.png,PNEUMONIA"], "path,label")
    saved = [prediction("a.png", 0.1), prediction("b.png", 0.9)]
    found = measure(bundle, (save_predictions(tmp_path / "saved.csv", saved), labels))
    assert [notice.code for notice in found.notices] == ["patients-by-file", "few-patients"]


def test_refused_images_count_and_are_told_apart(bundle: Path, tmp_path: Path) -> None:
    predictions, labels = served(tmp_path)
    lines = predictions.read_text().splitlines()
    lines[2] = lines[2].replace(",accepted,", ",refused,")
    predictions.write_text("\n".join(lines) + "\n")
    found = measure(bundle, (predictions, labels))
    assert [period.refused for period in found.periods] == [1, 0, 0]
    assert found.periods[0].result.images == 100
    assert str(found.coverage).startswith("Refused by the gate: 1 of 300")


def test_paths_are_joined_exactly_or_by_a_unique_name(bundle: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    paths = [f"{images}/a/1.png", f"{images}/b/1.png", f"{images}/b/2.png", f"{images}/c/3.png"]
    saved = [prediction(path, 0.9) for path in (*paths, f"{images}/d/3.png", "x/4.png", "5.png")]
    rows = ["images/a/1.png,NORMAL", "./x/4.png,NORMAL", "2.png,PNEUMONIA", "3.png,NORMAL"]
    rows += ["6.png,NORMAL"]
    labels = save_labels(tmp_path / "labels.csv", rows, "path,label")
    found = measure(bundle, (save_predictions(tmp_path / "saved.csv", saved), labels))
    assert found.latest.result.images == 3
    left = [path.relative_to(images).as_posix() for path in found.without_label[:-1]]
    assert left == ["b/1.png", "c/3.png", "d/3.png"]
    assert found.without_label[-1] == Path("5.png")
    assert found.without_image == (Path("3.png"), Path("6.png"))


def test_a_name_that_were_a_formula_to_a_spreadsheet_is_joined(
    bundle: Path, tmp_path: Path
) -> None:
    saved = save_predictions(tmp_path / "saved.csv", [prediction("=1+1.png", 0.1)])
    labels = save_labels(tmp_path / "labels.csv", ["=1+1.png,NORMAL"], "path,label")
    assert "'=1+1.png" in saved.read_text()
    assert measure(bundle, (saved, labels)).latest.result.images == 1


def test_an_image_that_was_predicted_twice_counts_once(bundle: Path, tmp_path: Path) -> None:
    saved = [prediction("a.png", 0.1), prediction("a.png", 0.1)]
    saved += [prediction("b.png", 0.1), prediction("b.png", 0.9)]
    labels = save_labels(tmp_path / "labels.csv", ["a.png,NORMAL", "b.png,NORMAL"], "path,label")
    found = measure(bundle, (save_predictions(tmp_path / "saved.csv", saved), labels))
    assert found.latest.result.images == 1
    assert found.without_image == (Path("b.png"),)


def test_images_of_the_training_are_left_out(bundle: Path, tmp_path: Path) -> None:
    seen = (Notice("seen-image", "seen"),)
    saved = [prediction("a.png", 0.1), prediction("b.png", 0.1, warnings=seen)]
    labels = save_labels(tmp_path / "labels.csv", ["a.png,NORMAL", "b.png,NORMAL"], "path,label")
    found = measure(bundle, (save_predictions(tmp_path / "saved.csv", saved), labels))
    assert found.seen == (Path("b.png"),)
    with pytest.raises(DataError, match="No labelled image") as caught:
        measure(bundle, (save_predictions(tmp_path / "saved.csv", saved[1:]), labels))
    assert caught.value.code == "labels-unmatched"


def test_labels_of_other_images_are_an_error(bundle: Path, tmp_path: Path) -> None:
    predictions, _ = served(tmp_path)
    labels = save_labels(tmp_path / "other.csv", ["x.png,NORMAL"], "path,label")
    with pytest.raises(DataError, match=r"No label of .* fits an image") as caught:
        measure(bundle, (predictions, labels))
    assert caught.value.code == "labels-unmatched"
    assert "x.png" in str(caught.value)
    assert "2026-09-0.png" in str(caught.value)


def test_labels_of_other_classes_are_an_error(bundle: Path, tmp_path: Path) -> None:
    predictions, _ = served(tmp_path)
    labels = save_labels(tmp_path / "other.csv", ["2026-09-0.png,covid"], "path,label")
    with pytest.raises(ClassMismatchError, match="covid"):
        measure(bundle, (predictions, labels))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["a.png,NORMAL,November"], "row 2 has a date that is none"),
        (["a.png,,2026-11-27"], "row 2 has no label"),
        ([",NORMAL,2026-11-27"], "row 2 has no path"),
        (["a.png,NORMAL,", "a.png,PNEUMONIA,"], "row 3 contradicts .*, row 2"),
        (["a.png,NORMAL,2026-11-27,"], "more cells than there are columns"),
    ],
)
def test_a_table_that_cannot_be_meant_is_an_error(
    bundle: Path, tmp_path: Path, rows: list[str], problem: str
) -> None:
    saved = save_predictions(tmp_path / "saved.csv", [prediction("a.png", 0.1)])
    with pytest.raises(DataError, match=problem):
        measure(bundle, (saved, save_labels(tmp_path / "labels.csv", rows)))


def test_labels_that_are_not_there_are_an_error(bundle: Path, tmp_path: Path) -> None:
    predictions, _ = served(tmp_path)
    for path, received in ((tmp_path / "none.csv", "nothing"), (tmp_path, "a folder")):
        with pytest.raises(
            DataError, match=f"There are no labels .* Received {received}"
        ) as caught:
            measure(bundle, (predictions, path))
        assert caught.value.code == "data-missing"


def test_counters_hold_no_images(bundle: Path, tmp_path: Path) -> None:
    Monitor(Basis.of(read_bundle(bundle)), tmp_path / "counters")
    _, labels = served(tmp_path)
    with pytest.raises(DataError, match="holds counts alone") as caught:
        measure(bundle, (tmp_path / "counters", labels))
    assert caught.value.code == "labels-without-images"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Images in folders of months, with a table of labels beside them."""
    rows = []
    for month in MONTHS[:2]:
        folder = tmp_path / "images" / month
        folder.mkdir(parents=True)
        for number in range(6):
            (folder / f"{number}.png").write_bytes(encoded(picture(seed=number)))
            rows.append(
                f"images/{month}/{number}.png,{('NORMAL', 'pneumonia')[number % 2]},{month}-01"
            )
    (folder / "7.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows.append(f"images/{month}/7.png,NORMAL,{month}-01")
    save_labels(tmp_path / "labels.csv", rows)
    return tmp_path / "images"


def test_command_predicts_images_and_says_first_what_it_means(
    bundle: Path, images: Path, run: Run
) -> None:
    code, out, err = run("drift", bundle, images, "--labels", images.parent / "labels.csv")
    assert code == 1  # one image cannot be read
    assert out.startswith("2026-10 against 2026-09, at the operating point default: sensitivity")
    assert "Labelled images that got no answer: 1 (7.png)" in out
    assert "Few patients (6)" in err
    assert max(map(len, out.splitlines())) <= 80


def test_command_as_json(bundle: Path, tmp_path: Path, run: Run) -> None:
    predictions, labels = served(tmp_path)
    code, out, _ = run("drift", bundle, predictions, "--labels", labels, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["latest"] == "2026-11"
    assert [period["name"] for period in found["periods"]] == [*MONTHS]
    lower = found["changes"][0]["difference"]
    assert lower["value"] == -0.5
    assert lower["high"] < 0
    assert lower["method"] == "newcombe"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--days", "--labels", "labels.csv"], "for counters"),
        (["--operating-point", "default"], "give --labels, too"),
    ],
)
def test_options_that_do_nothing_are_refused(
    bundle: Path, images: Path, run: Run, options: list[str], told: str
) -> None:
    code, _, err = run("drift", bundle, images, *options)
    assert code == 2
    assert told in err


def test_each_class_but_the_reference_is_positive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SimpleNamespace(info=bundle_info(classes=("Normal", "Bacterial", "Viral")))
    monkeypatch.setattr("pneumoscope.evaluation.overtime.run.read_model", lambda _: model)
    saved = [prediction("a.png", 0.9), prediction("b.png", 0.9), prediction("c.png", 0.2)]
    rows = ["a.png,viral", "b.png,Bacterial", "c.png,NORMAL"]
    labels = save_labels(tmp_path / "labels.csv", rows, "path,label")
    found = measure(tmp_path, (save_predictions(tmp_path / "saved.csv", saved), labels))
    estimates = found.latest.result.estimates
    assert estimates["sensitivity"].value == estimates["specificity"].value == 1


def test_a_scored_folder_stands_for_its_images(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(20):
        (tmp_path / "images" / f"{number}.png").write_bytes(encoded(picture(seed=number)))
    pneumoscope.score(bundle, tmp_path / "images", tmp_path / "scored", workers=1)
    rows = [f"{n}.png,{('NORMAL', 'PNEUMONIA')[n % 2]},2026-11-{n + 1:02d}" for n in range(20)]
    labels = save_labels(tmp_path / "labels.csv", rows)
    found, expected = (
        measure(bundle, (tmp_path / name, labels)).to_dict() for name in ("scored", "images")
    )
    assert found == expected
