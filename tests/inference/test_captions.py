"""Words beside predictions: the same threshold as the labels, and what the font can draw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ImageFont

from pneumoscope.imaging import Source
from pneumoscope.inference import load
from pneumoscope.inference.captions import Captions
from pneumoscope.inference.lettering import BOLD, REGULAR, drawable
from tests.conftest import encoded, write_bundle
from tests.inference.test_predictor import shade
from tests.inference.test_prevalence import calibration


@pytest.mark.parametrize("prevalence", [None, 0.05, 0.9])
def test_the_threshold_that_is_said_divides_the_labels(
    prevalence: float | None, tmp_path: Path
) -> None:
    root = write_bundle(tmp_path / "b", calibration=calibration(0.75))
    predictor = load(root, prevalence=prevalence)
    captions, labels = Captions(predictor), set()
    for level in range(100, 156, 4):
        prediction = predictor.predict(Source("a.png", encoded(shade(level))))
        caption, threshold = captions.caption(prediction), captions.threshold(prediction)
        assert prediction.probability is not None
        positive = prediction.probability >= threshold
        assert caption.heading == ("PNEUMONIA" if positive else "NORMAL")
        assert f"Probability of PNEUMONIA: {prediction.probability:.3f}" in caption.probability
        assert f"Threshold: {threshold:.3f} (operating point default)" in caption.probability
        assert ("restated" in caption.probability) == (prevalence is not None)
        labels.add(prediction.label)
    assert len(labels) == 2


# probability, prevalence that it is restated for, what it means
MEANINGS = (
    (0.5, None, "Where about 75 % of images show PNEUMONIA, about 50 % of"),
    (0.5, 0.1, "Where about 10 % of images show PNEUMONIA, about 50 % of"),
    (0.001, None, "show PNEUMONIA, fewer than 1 % of"),
    (0.999, None, "show PNEUMONIA, more than 99 % of"),
)


@pytest.mark.parametrize(("probability", "prevalence", "said"), MEANINGS)
def test_what_a_probability_means(
    probability: float, prevalence: float | None, said: str, tmp_path: Path
) -> None:
    predictor = load(write_bundle(tmp_path / "b", calibration=calibration(0.75)))
    prediction = predictor.predict(Source("a.png", encoded(shade(128))))
    prediction = replace(prediction, probability=probability, prevalence=prevalence)
    meaning = Captions(predictor).meaning(prediction)
    assert said in meaning
    assert meaning.endswith("of images with this probability do.")
    assert Captions(predictor).meaning(replace(prediction, label=None)) == ""


def test_a_probability_that_was_not_calibrated_means_less(bundle: Path) -> None:
    predictor = load(bundle)
    prediction = predictor.predict(Source("a.png", encoded(shade(128))))
    assert "not calibrated" in Captions(predictor).meaning(prediction)


def test_counts_in_words(bundle: Path) -> None:
    captions = Captions(load(bundle))
    assert captions.summary({"NORMAL": 1}) == "1 image: 1 NORMAL."
    counts = {"Refused": 2, "PNEUMONIA": 1200, "No prediction": 1}
    words = "1,203 images: 1,200 PNEUMONIA, 2 refused, 1 without a prediction."
    assert captions.summary(counts) == words


# populations of the training data, what is said of them
ORIGINS = (
    ([], ""),
    (["adults"], "Trained on images of adults: its figures hold for no others."),
    (
        ["children", "adults"],
        "Trained on images of children; adults: its figures hold for no others.",
    ),
    (["children", ""], ""),
)


@pytest.mark.parametrize(("populations", "said"), ORIGINS)
def test_whom_the_model_was_trained_on(populations: list[str], said: str, tmp_path: Path) -> None:
    known = [{"title": "T", "population": each} for each in populations]
    root = write_bundle(tmp_path / "b", training_data={"attributions": known})
    captions = Captions(load(root))
    assert captions.origin == said
    assert (said or captions.model) in captions.about


def test_what_is_expected_at_the_operating_point() -> None:
    captions = Captions(load("residual-2", operating_point="screening"))
    assert captions.expected == (
        "At the operating point screening, sensitivity is 0.976 (0.965 to 0.985) and specificity "
        "0.934 (0.904 to 0.959). That is on 546 validation patients, and changed copies of their "
        "images."
    )


def test_nothing_is_expected_of_a_threshold_that_was_not_chosen(bundle: Path) -> None:
    assert Captions(load(bundle)).expected == ""


# text, what is drawn of it
LETTERS = (
    ("Neumon\u00eda \u2013 \u017elut\u00fd", "Neumon\u00eda \u2013 \u017elut\u00fd"),
    ("\u80ba\u708e", r"\u80ba\u708e"),
    ("a\nb\u202e", r"a\nb\u202e"),
    ("\udce9", r"\udce9"),
    ("\U0001fac1", r"\U0001fac1"),
)


@pytest.mark.parametrize(("text", "drawn"), LETTERS)
def test_what_the_font_lacks_is_escaped(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


def test_both_fonts_draw_each_letter() -> None:
    for path in (REGULAR, BOLD):
        font = ImageFont.truetype(path, 20)
        lacking = bytes(font.getmask("\uffff"))
        letters = [chr(code) for code in range(33, 0x3000) if drawable(chr(code)) == chr(code)]
        assert len(letters) > 200
        assert not [letter for letter in letters if bytes(font.getmask(letter)) == lacking]
