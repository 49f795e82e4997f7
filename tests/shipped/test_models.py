"""Models that ship are found by name or as the default, and never mistaken for a path."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

import pneumoscope
from pneumoscope.errors import BundleCorruptError, BundleError, BundleMissingError
from pneumoscope.shipped import default_name, find, is_model, names, read_model
from pneumoscope.shipped.models import ROOT
from tests.conftest import encoded, picture, write_bundle
from tests.test_imports import COMMAND, loaded

SHIPPING = names()
LIMIT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "ship_model.py"))["LIMIT"]


@pytest.mark.parametrize("name", SHIPPING)
def test_shipped_models_are_complete_bundles_and_no_more(name: str) -> None:
    bundle = read_model(name)
    listed = json.loads((bundle.root / "bundle.json").read_text("utf-8"))["files"]
    found = {p.relative_to(bundle.root).as_posix() for p in bundle.root.rglob("*") if p.is_file()}
    assert found == {"bundle.json", *listed}
    assert "model.keras" not in found
    assert bundle.info.name == name
    assert f"\n# {name}\n" in bundle.card()


@pytest.mark.parametrize("name", SHIPPING)
def test_shipped_models_predict_without_keras(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture()))
    assert loaded(COMMAND, "predict", name, tmp_path / "a.png") == set()


def test_shipped_models_are_small_and_have_a_default() -> None:
    assert SHIPPING
    assert default_name() in SHIPPING
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) <= LIMIT


def test_names_and_default(shipped: Path) -> None:
    (shipped / "__pycache__").mkdir()
    assert names() == ("bright-1", "bright-2")
    assert find() == shipped / "bright-2"
    assert pneumoscope.load().info.name == "bright-2"
    assert pneumoscope.load("bright-1").info.name == "bright-1"
    assert pneumoscope.load(Path("bright-1")).info.name == "bright-1"


def test_evaluation_without_a_bundle(shipped: Path, phantoms: Path) -> None:
    assert pneumoscope.evaluate(None, phantoms, resamples=100).model.name == "bright-2"
    assert pneumoscope.evaluate("bright-1", phantoms, resamples=100).model.name == "bright-1"


def test_a_path_that_exists_takes_precedence(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_model("bright-1")
    assert not is_model("./bright-1")
    with pytest.raises(BundleMissingError):
        find("./bright-1")
    (tmp_path / "bright-1").mkdir()
    assert not is_model("bright-1")
    with pytest.raises(BundleMissingError, match="There is no bundle at bright-1"):
        read_model("bright-1")
    write_bundle(tmp_path / "bright-1" / "bundle", name="mine")
    assert is_model("bright-1")
    assert read_model("bright-1").info.name == "mine"


def test_an_unknown_name_lists_those_that_ship(shipped: Path) -> None:
    with pytest.raises(BundleMissingError, match="bright-1, or bright-2") as caught:
        pneumoscope.load("unheard-of")
    assert "pneumoscope.list_models" in caught.value.remedy


def test_the_nearest_name_is_asked_for(shipped: Path) -> None:
    with pytest.raises(BundleMissingError, match=r"Did you mean bright-2\?"):
        pneumoscope.load("brihgt-2")


@pytest.mark.usefixtures("nothing_shipped")
def test_no_model_ships(bundle: Path) -> None:
    assert names() == ()
    with pytest.raises(BundleMissingError, match=r"No model ships.*Give a bundle"):
        pneumoscope.load()
    assert pneumoscope.load(bundle).info.name == "brightness"


@pytest.mark.parametrize("content", ["bright-3", "", "../elsewhere", None])
def test_a_default_that_does_not_ship(content: str | None, shipped: Path) -> None:
    (shipped / "default.txt").unlink()
    if content is not None:
        (shipped / "default.txt").write_text(content)
    with pytest.raises(BundleMissingError, match=r"bright-1 or bright-2.*Install"):
        find()


def test_a_damaged_model_is_to_be_installed_again(shipped: Path, bundle: Path) -> None:
    for root in (shipped / "bright-2", bundle):
        (root / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(BundleCorruptError, match=r"has changed.*Expected SHA-256") as caught:
        read_model()
    assert "pip install" in caught.value.remedy
    with pytest.raises(BundleError) as caught:
        read_model(bundle)
    assert "pip install" not in caught.value.remedy
