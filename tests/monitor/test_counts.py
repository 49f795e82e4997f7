"""Counting of images: what is counted, added up, written and read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import pneumoscope
from pneumoscope.errors import DataError
from pneumoscope.imaging import Source
from pneumoscope.inference import Predictor
from pneumoscope.monitor import Counts, Observation, observe
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.store import is_store, name_file, read_counts, write_counts
from pneumoscope.types import Status
from tests.conftest import encoded
from tests.monitor.conftest import IMAGES, films

DAY = date(2026, 11, 27)
NAME = name_file(DAY, "0123456789abcdef")


@pytest.fixture(scope="module")
def predictor(monitored: Path) -> Predictor:
    return pneumoscope.load(monitored, threads=2)


def seen(predictor: Predictor, basis: Basis, data: bytes) -> Observation:
    (judged,) = predictor.judge([predictor.read(Source("x", data))])
    return observe(basis.reference, judged, predictor.record(judged).prediction)


def test_an_image_is_a_bin_for_each_quantity(predictor: Predictor, basis: Basis) -> None:
    (film,) = films(1, seed=5)
    found = seen(predictor, basis, encoded(film))
    assert found.status is Status.ACCEPTED
    assert found.error is None
    assert set(found.bins) == set(basis.reference) >= {"score", "distance", "refused"}
    edges = basis.reference["brightness"].edges
    assert found.bins["brightness"] == np.searchsorted(edges, film.mean())
    assert found.bins["refused"] == 0


def test_a_refused_image_counts_with_its_reasons(predictor: Predictor, basis: Basis) -> None:
    found = seen(predictor, basis, encoded(250 - np.eye(64, dtype=np.uint8)))
    assert found.status is Status.REFUSED
    assert "unlike-training" in found.reasons
    assert found.bins["refused"] == 1


def test_what_cannot_be_read_is_a_code(predictor: Predictor, basis: Basis) -> None:
    found = seen(predictor, basis, b"no picture")
    assert (found.status, found.bins, found.error) == (Status.ERROR, {}, "image-unknown-format")


def test_the_score_is_the_models_own_whatever_the_prevalence(
    predictor: Predictor, basis: Basis
) -> None:
    (judged,) = predictor.judge([predictor.read(Source("x", encoded(films(1, seed=6)[0])))])
    prediction = predictor.record(judged).prediction
    restated = replace(prediction, probability=1.0, prevalence=0.9)
    assert observe(basis.reference, judged, restated).bins["score"] == np.searchsorted(
        basis.reference["score"].edges, prediction.probability
    )


def some(basis: Basis, *, images: int = 3) -> Counts:
    counts = Counts.empty(basis.reference)
    for number in range(images):
        counts.count(Observation(Status.ACCEPTED, {"brightness": number % 10}, warnings=("tone",)))
    counts.count(Observation(Status.REFUSED, {"refused": 1}, reasons=("blank",)))
    counts.count(Observation(Status.ERROR, error="image-broken"))
    return counts


def test_counts_add_up(basis: Basis) -> None:
    total = Counts.sum([some(basis), some(basis, images=12), Counts()])
    assert total.images == 19
    assert total.status == {"accepted": 15, "refused": 2, "error": 2}
    assert (total.reasons, total.errors) == ({"blank": 2}, {"image-broken": 2})
    assert total.warnings == {"tone": 15}
    assert total.bins["brightness"] == [3, 3, 2, 1, 1, 1, 1, 1, 1, 1]
    assert total.binned("distance").sum() == 0
    assert total.binned("nothing").shape == (0,)


def test_written_counts_are_read_and_hold_nothing_else(basis: Basis, tmp_path: Path) -> None:
    assert not is_store(tmp_path)
    write_counts(tmp_path, NAME, basis, some(basis))
    write_counts(tmp_path, name_file(DAY, "f" * 16), basis, some(basis, images=1))
    (tmp_path / "notes.txt").write_text("not ours")
    assert is_store(tmp_path)
    found = read_counts(tmp_path, basis)
    assert [(day, counts.images) for day, _, counts in found.days] == [(DAY, 5), (DAY, 3)]
    assert found.days[0][2] == some(basis)
    assert set(json.loads((tmp_path / NAME).read_text())) == {
        *("schema_version", "model", "images", "status"),
        *("reasons", "warnings", "errors", "bins"),
    }
    assert read_counts(tmp_path, basis, since=date(2026, 11, 28)).days == ()


def test_counts_of_another_model_are_kept_apart(basis: Basis, tmp_path: Path) -> None:
    write_counts(tmp_path, NAME, replace(basis, sha256="0" * 64), some(basis))
    found = read_counts(tmp_path, basis)
    assert (found.days, found.others) == ((), 1)


DAMAGES = [
    b"",
    b"[]",
    b"{}",
    b'{"schema_version": 1, "model": {"sha256": "%s"}, "status": {}}',
    b'{"schema_version": 1, "model": {"sha256": "%s"}, "status": {"accepted": -1}, "reasons": {},'
    b' "warnings": {}, "errors": {}, "bins": {}}',
    b'{"schema_version": 1, "model": {"sha256": "%s"}, "status": {}, "reasons": {},'
    b' "warnings": {}, "errors": {}, "bins": {"score": [1, 2]}}',
    b" " * 1_000_001,
]


@pytest.mark.parametrize("content", DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_file_is_named_with_a_remedy(
    basis: Basis, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content.replace(b"%s", basis.sha256.encode()))
    with pytest.raises(DataError, match=r"holds no counters.*Delete it") as caught:
        read_counts(tmp_path, basis)
    assert caught.value.code == "counters-damaged"


def test_a_newer_file_asks_for_an_upgrade(basis: Basis, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"schema_version": 2}')
    with pytest.raises(DataError, match="Upgrade"):
        read_counts(tmp_path, basis)


def test_the_reference_keeps_no_single_image(basis: Basis) -> None:
    assert sum(basis.reference["distance"].counts) == IMAGES
    assert basis.reference["refused"].edges == (0.5,)
    assert all(0 < fraction < 1 for fraction in basis.warnings.values())
