"""`scripts/ship_model.py` copies a bundle into the package, as far as prediction needs it."""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path
from typing import Any

import onnx
import pytest

from pneumoscope.bundle import Seen, new_bundle, read_bundle
from pneumoscope.errors import BundleError, SettingsError
from tests.conftest import brightness_network, bundle_info

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "ship_model.py"))
ship = SCRIPT["ship"]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def made(root: Path, network: bytes | None = None, **sizes: int) -> Path:
    """Writes a run whose bundle also lists these files, of so many bytes."""
    with new_bundle(root / "bundle", bundle_info(name="first", seed=7)) as folder:
        (folder / "model.onnx").write_bytes(network or brightness_network().SerializeToString())
        (folder / "MODEL_CARD.md").write_text("# first\n\nThe first # first\n")
        Seen("key", frozenset("a"), frozenset()).write(folder)
        (folder / "figures").mkdir()
        for name, size in {"model.keras": 10, "figures/small.png": 10, **sizes}.items():
            (folder / name).touch()
            os.truncate(folder / name, size)
    return root


def listed(bundle: Path) -> set[str]:
    return set(json.loads((bundle / "bundle.json").read_text())["files"])


def test_needed_files_are_copied(models: Path, tmp_path: Path) -> None:
    run = made(tmp_path / "run", **{"figures/large.png": 1_000_000})
    (run / "bundle" / "stray.txt").touch()
    shipped = ship(run, "first-1", models)
    files = {"model.onnx", "seen.json", "MODEL_CARD.md", "figures/small.png"}
    assert listed(shipped) == files
    assert {
        path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()
    } == files | {"bundle.json"}
    bundle = read_bundle(shipped)
    assert bundle.info == bundle_info(name="first-1", seed=7)
    assert bundle.seen().images == {"a"}
    assert bundle.card().startswith('---\nlicense: "apache-2.0"\n')
    assert bundle.card().endswith("---\n\n# first-1\n\nThe first # first\n")
    assert onnx.load_from_string(bundle.network) == brightness_network()


def test_first_model_becomes_the_default(models: Path, tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    for name in ("second", "first", "second"):
        ship(run, name, models)
    assert (models / "default.txt").read_text() == "second\n"
    assert {path.name for path in models.iterdir()} == {"default.txt", "first", "second"}


def test_the_size_limit_is_that_of_all_models_together(models: Path, tmp_path: Path) -> None:
    limit = SCRIPT["LIMIT"]
    small = made(tmp_path / "small", other=limit // 3)
    large = made(tmp_path / "large", other=limit * 2 // 3)
    ship(small, "a", models)
    ship(small, "b", models)
    with pytest.raises(SettingsError, match=r"too large to ship.*18 MB at most.*Received 24"):
        ship(large, "c", models)
    assert {path.name for path in models.iterdir()} == {"default.txt", "a", "b"}
    ship(small, "b", models)  # in its own place


@pytest.mark.parametrize("name", ["", "First", "a_b", "../up", "a.txt", "-a", "a-"])
def test_names_that_do_not_fit(name: str, models: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="name does not fit"):
        ship(made(tmp_path / "run"), name, models)
    assert list(models.iterdir()) == []


def test_network_that_does_not_load(models: Path, tmp_path: Path) -> None:
    run = made(tmp_path / "run", network=b"no network")
    with pytest.raises(BundleError, match=r"model\.onnx makes no sense"):
        ship(run, "first", models)
    assert list(models.iterdir()) == []


def test_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: list[Any] = ["ship_model.py", str(tmp_path), "first"]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit, match="Error: There is no bundle at"):
        runpy.run_path(SCRIPT["__file__"], run_name="__main__")
