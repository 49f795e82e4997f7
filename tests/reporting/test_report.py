"""The report: all evidence on one page, which also names what could not be measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.bundle import Seen, read_bundle
from pneumoscope.dataset import scan
from pneumoscope.errors import (
    BundleMissingError,
    ClassMismatchError,
    DataError,
    SettingsError,
    StorageError,
)
from pneumoscope.evaluation import evaluate
from pneumoscope.imaging import read_bytes
from pneumoscope.reporting import Level, Outcome, Report, report
from pneumoscope.reporting.card import bullets
from pneumoscope.reporting.material import NOT_MEASURED, measure
from pneumoscope.reporting.model import read_trained_model
from pneumoscope.reporting.sections import SECTIONS
from pneumoscope.run import read_run
from pneumoscope.statistics import FEW_PATIENTS
from pneumoscope.types import ImageRecord, Split
from tests.conftest import SIDE, count_readings, encoded, write_bundle
from tests.pages import Reader, require_sound
from tests.reporting.conftest import MakePage, write_run
from tests.test_bundle_hostile import sign

Made = tuple[Report, Reader, Path]


@pytest.fixture(scope="module")
def made(phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    run = write_run(tmp_path_factory.mktemp("report") / "run", phantoms, usual=190)
    found = report(run, resamples=100)
    return found, require_sound(found.page.read_text("utf-8")), run


def level(found: Report, topic: str) -> Level:
    return next(each.level for each in found.verdict.statements if each.topic == topic)


def test_page_has_every_section_and_stays_small(made: Made) -> None:
    found, page, run = made
    assert found.page == run / "report.html"
    assert found.page.stat().st_size < 5_000_000
    headings = [each["id"] for each in page.all("h2")]
    assert len(headings) == 1 + len(SECTIONS)
    links = [each["href"] for each in page.all("a")]
    assert {f"#{name.removesuffix('-title')}" for name in headings} <= set(links)
    assert len(page.all("svg")) == 12
    assert page.all("img")
    assert "research tool" in page.text


def test_figures_are_those_of_evaluate(made: Made, phantoms: Path) -> None:
    found, page, run = made
    expected = evaluate(run / "bundle", phantoms, resamples=100)
    for groups in (expected.classes, expected.subgroups):
        for group in groups.values():
            assert all(str(estimate) in page.words for estimate in group.estimates.values())
    few = [name for name, group in expected.subgroups.items() if group.patients < FEW_PATIENTS]
    words = f"Fewer than {FEW_PATIENTS} patients, too few for a conclusion: {', '.join(few)}"
    assert words in page.words
    card = found.card.read_text("utf-8")
    for estimate in expected.overall.estimates.values():
        assert str(estimate) in page.words
        assert f"| {estimate} |" in card


def test_refusals_are_measured(made: Made, phantoms: Path) -> None:
    found, page, run = made
    coverage = evaluate(run / "bundle", phantoms, resamples=100).coverage
    assert coverage is not None
    assert 0 < coverage.refused < coverage.images
    for words in (
        "Chosen on 100 images of 90 validation patients",
        "unlike the training images",
        str(coverage.accuracy),
        "What this does not say",
    ):
        assert words in page.words, words
    assert f"refuses {coverage.refused} of these {coverage.images} images" in page.words
    assert level(found, "Refusal") is Level.WARNING  # far more than 1 % are beyond its level


def test_severities_and_heatmaps_are_measured(made: Made) -> None:
    found, page, _ = made
    for words in (
        "As each change grows",
        "Mean over the changes by severity",
        "What heatmaps are worth",
        "Probability of the predicted class as places are deleted or inserted",
        "Weights were not shuffled",
        "The location of heatmaps was not measured",
    ):
        assert words in page.words, words
    assert level(found, "Heatmaps") in (Level.FINE, Level.WARNING)


def test_parts_of_many_images_are_stated_as_such(
    page: MakePage, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a model trained on phantoms, new phantoms are drawn."""
    for name in ("_STRESSED", "_GRADED", "_CHECKED", "_PLANTED", "_FEWEST"):
        monkeypatch.setattr(f"pneumoscope.reporting.material.{name}", 6)
    known = {"attributions": [{"name": "phantom", "title": "phantoms"}]}
    _, read = page(write_run(tmp_path / "run", phantoms, training_data=known))
    for command in ("stress", "stress --severities", "check-heatmaps"):
        assert f"pneumoscope {command} measures more of them" in read.words
    assert "lies within the planted pneumonia" in read.words
    assert "The location of heatmaps was measured on phantoms" in read.words


def test_verdict_stands_on_page_and_card(made: Made) -> None:
    found, page, _ = made
    card = found.card.read_text("utf-8")
    assert found.verdict.headline in page.words
    assert found.verdict.headline in card
    for statement in found.verdict.statements:
        assert statement.text in page.words
        assert statement.text in card
    assert "care of a patient" in page.words


def test_card_keeps_what_the_bundle_says_and_leaves_it_whole(made: Made) -> None:
    found, _, run = made
    card = found.card.read_text("utf-8")
    bundle = read_bundle(run)
    assert all(line in card for line in bundle.card().splitlines())
    assert found.card != bundle.root / "MODEL_CARD.md"


def test_markup_in_names_and_cards_stays_text(
    page: MakePage, class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    classes = ("NORMAL", "<b>[x](y)|")
    run = write_run(
        tmp_path / "run",
        class_folders(**dict.fromkeys(classes, 6)),
        classes=classes,
        training_data={"attributions": [{"title": "without a name"}]},
    )
    (run / "bundle" / "MODEL_CARD.md").write_text("# <script>\n\n![x](http://a)\n")
    sign(run / "bundle")
    card = page(run)[0].card.read_text("utf-8")
    assert "# &lt;script>" in card
    assert [line for line in card.splitlines() if "<" in line and "made of" not in line] == []
    assert "![" not in card


def test_points_of_a_section_of_a_card() -> None:
    card = "# a\n\n## Not for\n\n- one, [x](y)\n- two\n\n## Made with\n\n- three\n"
    assert bullets(card, "Not for") == ["one, [x](y)", "two"]
    assert bullets(card, "Missing") == []


def test_network_that_reads_brightness_gives_doubts(page: MakePage, tmp_path: Path) -> None:
    """On noise whose mean is the class it is good, until a change takes the brightness away."""
    rng = np.random.default_rng(1)
    for folder, mean in (("NORMAL", 124), ("PNEUMONIA", 132)):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for number in range(40):
            pixels = (
                rng.normal(mean + rng.normal(0, 3), 30, (SIDE, SIDE)).clip(0, 255).astype(np.uint8)
            )
            (tmp_path / "data" / folder / f"{number}.png").write_bytes(encoded(pixels))
    found, _ = page(write_run(tmp_path / "run", tmp_path / "data"))
    assert level(found, "Discrimination") is Level.FINE
    assert level(found, "Changed images") is Level.WARNING
    assert level(found, "Lungs covered") is Level.WARNING
    assert level(found, "Shortcuts in the data") is Level.WARNING
    assert level(found, "Subgroups") is Level.INFO
    assert found.verdict.level is Level.WARNING


def test_page_names_what_an_incomplete_run_lacks(
    page: MakePage, phantoms: Path, tmp_path: Path
) -> None:
    """A run of an older version, without history and card, on data that has grown since."""
    counts = {"NORMAL": 1, "PNEUMONIA": 1}
    run = write_run(
        tmp_path / "run",
        phantoms,
        history="",
        calibration=None,
        training_data={"images": {"test": counts}},
    )
    manifest = run / "bundle" / "bundle.json"
    content = json.loads(manifest.read_text())
    content["schema_version"] = 1
    del content["calibration"], content["files"]["MODEL_CARD.md"]
    manifest.write_text(json.dumps(content))
    (run / "bundle" / "MODEL_CARD.md").unlink()
    found, read = page(run)
    for words in (
        "there is no history of the training",
        "older version, which calibrated nothing",
        "no model card that says",
        "holds no summary of its training images",
        "The run held out 2 images",
        "This model refuses nothing",
    ):
        assert words in read.words, words
    assert level(found, "Data and run") is Level.WARNING
    assert level(found, "Probabilities") is Level.WARNING
    assert level(found, "Refusal") is Level.WARNING
    assert level(found, "Drift from the training images") is Level.INFO


def test_interrupted_run_says_so(page: MakePage, phantoms: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", phantoms, settings={"epochs": 9, "patience": 3})
    found, read = page(run)
    assert "interrupted after 3 epochs" in read.words
    assert level(found, "Data and run") is Level.WARNING


def test_one_class_and_a_subgroup_of_one_patient(page: MakePage, tmp_path: Path) -> None:
    """The model has seen all normal images; of the others, one is viral; two files are broken."""
    rng = np.random.default_rng(2)
    names = {
        "NORMAL": ["IM-0001-0001.png", "IM-0002-0001.png"],
        "PNEUMONIA": ["person1_virus_1.png", *(f"person{n}_bacteria_1.png" for n in range(1, 6))],
    }
    for folder, files in names.items():
        (tmp_path / "data" / folder).mkdir(parents=True)
        for name in files:
            pixels = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
            (tmp_path / "data" / folder / name).write_bytes(encoded(pixels))
    (tmp_path / "data" / "PNEUMONIA" / "<b>.png").write_text("text")
    normal = [tmp_path / "data" / "NORMAL" / name for name in names["NORMAL"]]
    records = [
        ImageRecord(path, 0, f"p{i}", split=Split.TRAIN, sha256=read_bytes(path).sha256)
        for i, path in enumerate(normal)
    ]
    run = write_run(tmp_path / "run", tmp_path / "data", seen=Seen.of("key", records))
    found, read = page(run)
    assert "not computable: all images are of one class" in read.words
    assert "not computable" in read.words
    assert "too few for a conclusion: bacterial, viral" in read.words
    assert "2 images of the data were left out" in read.words
    assert "Files that could not be read: 1" in read.words
    assert "<b>.png" in read.text
    assert found.unreadable


def test_other_data_and_another_output(page: MakePage, phantoms: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path / "gone")
    found, read = page(run, phantoms, output=tmp_path / "deep" / "page.html")
    assert found.page == tmp_path / "deep" / "page.html"
    assert found.card == tmp_path / "deep" / "MODEL_CARD.md"
    assert "from data other than it was trained on" in read.words
    assert "The patients are of other data" in read.words


def test_scored_folder_says_what_is_left_out(
    page: MakePage, phantoms: Path, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", phantoms, usual=128)
    pneumoscope.score(run / "bundle", phantoms, tmp_path / "scored", workers=1)
    found, _ = page(run, tmp_path / "scored", output=tmp_path / "out" / "report.html")
    levels = {each.code: (each.level, each.text) for each in found.verdict.statements}
    for code in ("stress", "without-lungs", "shortcuts", "heatmaps"):
        assert levels[code] == (Level.INFO, f"{NOT_MEASURED}.")
    text = found.page.read_text("utf-8")
    assert text.count(f"<p>{NOT_MEASURED}.</p>") == 4  # audit, stress, heatmaps, mistakes
    assert "contains radiographs" not in text
    assert "Robustness" not in found.card.read_text("utf-8").split("The evidence")[1]
    expected = evaluate(run, phantoms, resamples=100).overall.estimates["auroc"]
    assert str(expected.value)[:5] in text
    with pytest.raises(SettingsError, match="scored before"):
        report(run, tmp_path / "scored", tmp_path / "limited.html", limit=5)


def test_bundle_without_a_run(page: MakePage, phantoms: Path, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "alone" / "bundle")
    with pytest.raises(DataError, match="Nothing says what"):
        report(bundle)
    found, _ = page(bundle, phantoms)
    assert found.page == tmp_path / "alone" / "report.html"
    with pytest.raises(SettingsError, match="cannot be written into the bundle"):
        report(bundle, phantoms, bundle / "report.html")


def test_same_run_same_page(made: Made, tmp_path: Path) -> None:
    found, _, run = made
    again = report(run, output=tmp_path / "report.html", resamples=100)
    assert again.page.read_bytes() == found.page.read_bytes()


def no_bundle(run: Path, data: Path) -> None:
    shutil.rmtree(run / "bundle")


def no_data(run: Path, data: Path) -> None:
    replace(read_run(run), data=data / "gone").save()


def broken_settings(run: Path, data: Path) -> None:
    (run / "settings.json").write_text('{"data"')


def nothing_new(run: Path, data: Path) -> None:
    records = [replace(record, split=Split.TRAIN) for record in scan(data).records]
    shutil.rmtree(run / "bundle")
    write_bundle(run / "bundle", seen=Seen.of("key", records))


def other_classes(run: Path, data: Path) -> None:
    shutil.rmtree(run / "bundle")
    write_bundle(run / "bundle", classes=("healthy", "sick"))


FAULTS: dict[str, tuple[Callable[[Path, Path], None], type[Exception], str]] = {
    "no bundle": (no_bundle, BundleMissingError, "no bundle yet.*resume"),
    "data gone": (no_data, DataError, "gone, which the run was trained on, is not there"),
    "settings": (broken_settings, DataError, "Cannot read .*settings.json"),
    "nothing new": (nothing_new, DataError, "no image to evaluate on"),
    "other classes": (other_classes, ClassMismatchError, "Name the classes of the data as those"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_reported(name: str, phantoms: Path, tmp_path: Path) -> None:
    spoil, kind, words = FAULTS[name]
    run = write_run(tmp_path / "run", phantoms)
    spoil(run, phantoms)
    with pytest.raises(kind, match=words):
        report(run, resamples=100)
    assert not (run / "report.html").exists()


def test_page_that_cannot_be_written(phantoms: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        report(
            write_run(tmp_path / "run", phantoms),
            output=tmp_path / "file" / "page.html",
            resamples=100,
        )


def test_each_image_is_read_and_decoded_once(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit and all measurements share one reading of each image."""
    run = write_run(tmp_path / "run", phantoms)
    read, decoded = count_readings(monkeypatch)
    measure(read_trained_model(run), phantoms, resamples=50)
    images = len(list(phantoms.rglob("*.png")))
    assert (sorted(read.values()), len(read)) == ([1] * images, images)
    assert (sorted(decoded.values()), len(decoded)) == ([1] * images, images)


def test_acceptance_test_begins_the_page(phantoms: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", phantoms, usual=190)
    measured = evaluate(run / "bundle", phantoms, resamples=100).overall.estimates
    value = measured["sensitivity"].value
    assert value is not None
    found = report(run, resamples=100, least_sensitivity=value - 1e-3, least_specificity=1 - 1e-9)
    assert found.acceptance is not None
    sensitivity, specificity = found.acceptance.reached
    assert sensitivity.found == measured["sensitivity"]
    assert sensitivity.outcome is Outcome.OPEN
    assert sensitivity.needed is not None
    assert sensitivity.needed > sensitivity.patients
    assert specificity.outcome is not Outcome.SHOWN
    page = require_sound(found.page.read_text("utf-8"))
    headings = [each["id"] for each in page.all("h2")]
    assert headings[:2] == ["summary-title", "acceptance-title"]
    assert found.acceptance.statement in page.words
    assert f"not shown; {sensitivity.needed:,} patients might" in page.words
    assert found.to_dict()["acceptance"]["reached"][0]["outcome"] == "open"


@pytest.mark.parametrize("goal", [0.0, 1.0, float("nan")])
def test_goals_out_of_range(goal: float, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="least_specificity"):
        report(tmp_path / "none", least_specificity=goal)
