"""Predictions as lines of CSV."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from pneumoscope.imaging import Source
from pneumoscope.inference import load
from pneumoscope.inference.csv_lines import csv_head, csv_line
from pneumoscope.types import Prediction


@pytest.fixture
def prediction(bundle: Path) -> Prediction:
    return load(bundle).predict(Source("a.png", b"no image"))


# text, what the line holds
TEXTS = (
    ("=1+1.png", "'=1+1.png"),
    ("+a", "'+a"),
    ("-a", "'-a"),
    ("@a", "'@a"),
    ("\t=a", r"\t=a"),
    ("\r=a", r"\r=a"),
    ("-", "-"),
    ("a=1", "a=1"),
    ('=a,"b', "'=a,\"b"),
)


@pytest.mark.parametrize("field", ["path", "label", "operating_point", "heatmap", "error"])
@pytest.mark.parametrize(("text", "held"), TEXTS)
def test_no_text_is_a_formula(prediction: Prediction, field: str, text: str, held: str) -> None:
    line = csv_line(replace(prediction, **{field: text}))
    (row,) = csv.DictReader([csv_head(), line])
    assert row[field] == held
