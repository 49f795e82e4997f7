"""`predict` says what was refused, what could not be, and that a refusal is no error."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import SIDE, picture, write_bundle
from tests.imaging.dicoms import dicom


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A bundle that refuses every image of middle brightness."""
    return write_bundle(tmp_path / "strict", usual=0)


def test_table_and_reasons(strict: Path, images: Path, run: Run) -> None:
    code, out, err = run("predict", strict, images)
    assert code == 0
    lines = out.splitlines()[1:]
    assert len(lines) == 3
    assert all(line.startswith("refused ") and " - " in line for line in lines)
    names = ", ".join(str(path) for path in sorted(images.iterdir()))
    assert f"Refused 3 of 3 images: unlike the training images ({names})\n" in err
    assert "3 of 3 images were refused" in err


def test_one_image_gets_its_whole_reason(strict: Path, images: Path, run: Run) -> None:
    _, _, err = run("predict", strict, images / "0.png")
    whole = f"Refused {images / '0.png'}: it is unlike the images that this model was trained on ("
    assert err.count(whole) == 1


def test_csv_and_json(strict: Path, images: Path, run: Run) -> None:
    _, out, _ = run("predict", strict, images / "0.png", "--csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["label"], row["status"]) == ("", "refused")
    assert 0 <= float(row["probability"]) <= 1
    assert "unlike" in row["reasons"]
    assert (row["reason_codes"], row["warning_codes"]) == ("unlike-training", "")
    _, out, _ = run("predict", strict, images / "0.png", "--json")
    record = json.loads(out)
    assert (record["label"], record["gate"]) == (None, True)
    assert record["reasons"][0]["code"] == "unlike-training"
    assert record["reasons"][0]["values"]["distance"] == record["distance"]
    assert sum(record["probabilities"].values()) == pytest.approx(1)


def test_no_gate(strict: Path, images: Path, run: Run) -> None:
    code, out, err = run("predict", strict, images, "--no-gate", "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert all(record["status"] == "accepted" and not record["gate"] for record in records)
    assert "The gate is off" in err


def test_bundle_without_statistics_says_so(bundle: Path, images: Path, run: Run) -> None:
    code, out, err = run("predict", bundle, images)
    assert code == 0
    assert "refused" not in out
    assert "has no gate statistics and can refuse nothing" in err


def test_bundle_of_the_first_schema(bundle: Path, phantoms: Path, images: Path, run: Run) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    del manifest["calibration"], manifest["gate"]
    manifest["schema_version"] = 1
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    code, out, err = run("predict", bundle, images, "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert all(record["label"] and not record["gate"] for record in records)
    assert "has no gate statistics and can refuse nothing" in err
    code, out, err = run("predict", bundle, images, "--prevalence", "0.1")
    assert (code, out) == (3, "")
    code, out, err = run("evaluate", bundle, phantoms, "--resamples", "100", "-o", images / "out")
    assert code == 0
    assert "Drift not computable" in out
    assert "Refused by the gate" not in out


def test_policy(tmp_path: Path, run: Run) -> None:
    gated = write_bundle(tmp_path / "gated", usual=128)
    knee = tmp_path / "knee.dcm"
    knee.write_bytes(dicom(picture((SIDE, SIDE)), BodyPartExamined="KNEE"))
    policy = tmp_path / "policy.toml"
    policy.write_text('body-part = "warn"\nage = "refuse"\n')
    assert run("predict", gated, knee)[1].splitlines()[1].startswith("refused ")
    code, out, err = run("predict", gated, knee, "--policy", policy, "--json")
    assert (code, json.loads(out)["status"]) == (0, "accepted")
    assert "(KNEE)" in json.loads(out)["warnings"][0]["text"]
    assert f"Policy {policy}: body-part warn\n" in err
    assert "1 of 1 images have a label with a warning" in err
    for words in (("--policy", policy, "--no-gate"), ("--policy", tmp_path / "none")):
        code, out, err = run("predict", gated, knee, *words)
        assert (code, out) == (2, "")
        assert err.startswith("Error: ")
