from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pneumoscope.errors import DataError


def test_the_prediction_is_made_at_the_threshold(make_scored):
    scored = make_scored(4, 4, classes=3)
    scored = replace(
        scored,
        probabilities=np.array([[0.7, 0.1, 0.2], [0.69, 0.3, 0.01], [0.2, 0.3, 0.5], [1, 0, 0]]),
        threshold=0.3,
    )
    np.testing.assert_allclose(scored.score, [0.3, 0.31, 0.8, 0])
    assert scored.predicted.tolist() == [2, 1, 2, 0]
    assert replace(scored, threshold=0.9).predicted.tolist() == [0, 0, 0, 0]
    assert replace(scored, threshold=0.0).predicted.tolist() == [2, 1, 2, 1]


def test_the_positive_side_is_named_in_words(make_scored):
    assert make_scored().positive_name == "Pneumonia"
    assert make_scored(classes=3).positive_name == "any class but Normal"


def test_a_subset_keeps_each_image_whole(make_scored):
    scored = make_scored(9, 3)
    part = scored.subset(scored.patients == "patient1")
    assert part.paths == ("image1.png", "image4.png", "image7.png")
    assert part.n_patients == 1
    assert part.counts == "3 images, 1 patient"
    np.testing.assert_array_equal(part.score, scored.score[1::3])
    assert part.positive.tolist() == scored.positive[1::3].tolist()


NAN_AT_1 = np.array([[0.5, 0.5], [np.nan, 0.5], [0.5, 0.5]])

# changed field, its value, a part of the message
BAD_FIELDS = [
    ("classes", ("Normal",), "two or more"),
    ("paths", (), "at least one image"),
    ("paths", ("a", "b"), r"Expected \(2,\)"),
    ("labels", np.array([0, 1, 2]), "0 to 1"),
    ("labels", np.array([-1, 1, 0]), "Received -1 to 1"),
    ("labels", np.array([0, 1]), "shape of labels"),
    ("patients", np.array(["a"]), "shape of patients"),
    ("subgroups", np.array(["a"]), "shape of subgroups"),
    ("probabilities", np.full((3, 3), 1 / 3), "shape of probabilities"),
    ("probabilities", np.full((3, 2), 0.4), "a sum of 1"),
    ("probabilities", np.array([[1.5, -0.5]] * 3), "-0.5 to 1.5"),
    ("probabilities", NAN_AT_1, r"1 images with NaN .* image1\.png"),
    ("probabilities", np.full((3, 2), np.inf), "3 images with NaN"),
    ("threshold", 1.1, "the threshold"),
    ("threshold", float("nan"), "the threshold"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD_FIELDS)
def test_bad_fields_are_refused(make_scored, name, value, message):
    with pytest.raises(DataError, match=message):
        replace(make_scored(3, 3), **{name: value})
