"""Commands with a model that ships: listed, taken by default, and never taken by mistake."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from pneumoscope.shipped.models import added_folder
from tests.cli.conftest import Run
from tests.conftest import encoded, picture

USED = "Model: bright-2, which ships with Pneumoscope"


def test_list(run: Run, shipped: Path) -> None:
    code, out, err = run("models")
    assert code == 0
    first, second = out.split("\n\n")
    assert first.startswith("bright-1\n")
    assert second.startswith("bright-2 (default)\n")
    for words in ("none, 32x32 pixels", "3,000 images: Phantoms", "positive from 0.5 up"):
        assert words in first
    assert "research tool" in err


def test_list_as_json(run: Run, shipped: Path) -> None:
    code, out, _ = run("models", "--json")
    assert code == 0
    first, second = json.loads(out)
    assert (first["name"], first["default"]) == ("bright-1", False)
    assert (second["name"], second["default"]) == ("bright-2", True)
    assert second["path"] == str(shipped / "bright-2")
    assert second["network_bytes"] == (shipped / "bright-2" / "model.onnx").stat().st_size
    assert second["geometry"] == {"height": 32, "width": 32}


def test_card(run: Run, shipped: Path, bundle: Path) -> None:
    assert run("models", "bright-1") == (0, "# bright-1\n\nNot for patients.\n", "")
    assert run("models", bundle)[1].startswith("# brightness\n")
    code, out, _ = run("models", bundle, "--json")
    assert code == 0
    content = json.loads(out)
    assert content["card"].startswith("# brightness\n")
    assert content["default"] is False


def test_what_ships_is_read_by_people_without_what_hubs_read(run: Run) -> None:
    out = run("models", "lite-1")[1]
    assert out.startswith("# lite-1\n")
    assert "children aged one to five" in out
    assert json.loads(run("models", "lite-1", "--json")[1])["card"].startswith("---\nlicense")
    assert "  patients    children aged one to five" in run("models")[1]


@pytest.mark.usefixtures("nothing_shipped")
def test_where_nothing_ships(run: Run, bundle: Path, images: Path) -> None:
    code, out, err = run("models")
    assert (code, out) == (0, "")
    assert "No model ships with this installation" in err
    assert run("models", "--json")[1] == "[]\n"
    assert json.loads(run("models", bundle, "--json")[1])["default"] is False
    for command in (("predict", images), ("evaluate", images)):
        code, out, err = run(*command)
        assert (code, out) == (3, "")
        assert err.startswith("Error: No model ships with this installation. Give a bundle")
    code, out, err = run("predict", "runs/nothing", images / "0.png")
    assert (code, out) == (3, "")
    assert err.startswith("Error: There is no bundle at 'runs/nothing'")
    assert run("predict", bundle, images)[0] == 0


def test_unknown_name(run: Run, shipped: Path, phantoms: Path) -> None:
    for command in (("models", "brihgt"), ("evaluate", "brihgt", phantoms)):
        code, out, err = run(*command)
        assert (code, out) == (3, "")
        assert "bright-1, or bright-2" in err
        assert err.count("\n") == 1


def test_damaged_model(run: Run, shipped: Path, images: Path) -> None:
    (shipped / "bright-2" / "model.onnx").write_bytes(b"damaged")
    code, out, err = run("predict", images)
    assert (code, out) == (3, "")
    assert "Install Pneumoscope again" in err.splitlines()[-1]


@pytest.mark.parametrize("file", ["model.onnx", "bundle.json"])
def test_damaged_models_are_listed_with_their_remedy(
    file: str, run: Run, shipped: Path, bundle: Path, images: Path
) -> None:
    assert run("models", "add", bundle, "--name", "mine")[0] == 0
    healthy, *_ = run("models")[1].split("\n\n")
    (shipped / "bright-2" / "model.onnx").write_bytes(b"damaged")
    (added_folder() / "mine" / file).unlink()
    code, out, _ = run("models")
    assert code == 1
    first, second, third = out.split("\n\n")
    assert first == healthy
    assert second.startswith("bright-2 (default)\n  problem  ")
    assert second.endswith("Install Pneumoscope again, with `pip install --force-reinstall`.")
    assert third.startswith("mine (added)\n  problem  ")
    assert third.endswith("Remove the model mine, and add it again.\n")
    code, out, _ = run("models", "--json")
    assert code == 1
    first, second, third = json.loads(out)
    assert first["problem"] is None
    assert (second["name"], second["problem"]["code"]) == ("bright-2", "bundle-changed")
    assert (third["added_as"], third["problem"]["code"]) == ("mine", "bundle-missing")
    for command in (("predict", "mine", images), ("models", "mine")):
        code, out, err = run(*command)
        assert (code, out) == (3, "")
        assert err.endswith("Remove the model mine, and add it again.\n")
    assert run("models", "remove", "mine")[0] == 0
    assert run("models", "add", bundle, "--name", "mine")[0] == 0


def test_predict_without_a_bundle(run: Run, shipped: Path, images: Path) -> None:
    code, out, err = run("predict", images / "0.png", images, "--json")
    assert code == 0
    assert err.splitlines()[0] == USED
    records = [json.loads(line) for line in out.splitlines()]
    found = [Path(record["path"]).name for record in records]
    assert found == ["0.png", "0.png", "1.png", "2.png"]
    assert {record["model"]["name"] for record in records} == {"bright-2"}


def test_predict_standard_input_without_a_bundle(
    run: Run, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(encoded(picture()))))
    code, out, _ = run("predict", "-", "--json")
    assert code == 0
    assert json.loads(out)["path"] == "-"


def test_predict_with_a_model_that_was_given(
    run: Run, shipped: Path, bundle: Path, images: Path
) -> None:
    for model, name in (("bright-1", "bright-1"), (bundle, "brightness")):
        code, out, err = run("predict", model, images, "--json")
        assert code == 0
        assert {json.loads(line)["model"]["name"] for line in out.splitlines()} == {name}
        assert "which ships" not in err


def test_folder_named_like_a_model_is_a_folder(
    run: Run, shipped: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    images.rename(images.with_name("bright-1"))
    code, out, err = run("predict", "bright-1", "--json")
    assert (code, len(out.splitlines())) == (0, 3)
    assert USED in err


def test_misspelt_model_is_said_with_its_record(
    run: Run, shipped: Path, bundle: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("models", "add", bundle, "--name", "mine")[0] == 0
    code, out, _ = run("predict", "runs/fifth", images, "--json")
    assert code == 1
    first, *rest = [json.loads(line) for line in out.splitlines()]
    assert (first["path"], first["status"]) == ("runs/fifth", "error")
    assert "It is no model either" in first["error"]
    assert (
        "no bundle, and the models that have a name are bright-1, bright-2, mine" in first["error"]
    )
    assert "bright-2 predicted the rest" in first["error"]
    assert [record["status"] for record in rest] == ["accepted"] * 3
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no image")))
    code, out, _ = run("predict", "-", images, "--json")
    assert code == 1
    assert "bundle" not in json.loads(out.splitlines()[0])["error"]
    for arguments in (("nowhere.png",), (images / "0.png", "nowhere.png")):
        code, out, _ = run("predict", *arguments, "--json")
        assert code == 1
        assert "bundle" not in json.loads(out.splitlines()[-1])["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict",),
        ("predict", "bright-1"),
        ("predict", "", "a.png"),
        ("evaluate",),
        ("evaluate", "bright-1"),
        ("evaluate", ""),
    ],
)
def test_what_is_missing_exits_2(arguments: tuple[str, ...], run: Run, shipped: Path) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "FILES" in err or "DATA" in err


def test_evaluate_without_a_bundle(run: Run, shipped: Path, phantoms: Path, tmp_path: Path) -> None:
    options = ("-o", tmp_path / "e", "--resamples", "100", "--json")
    code, out, err = run("evaluate", phantoms, *options)
    assert code == 0
    assert USED in err
    assert json.loads(out)["model"]["name"] == "bright-2"
    options = ("-o", tmp_path / "other", *options[2:])
    code, out, err = run("evaluate", "bright-1", phantoms, *options)
    assert code == 0
    assert USED not in err
    assert json.loads(out)["model"]["name"] == "bright-1"


def test_report_without_a_run(
    run: Run, shipped: Path, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("report", "bright-1", phantoms, "--resamples", 100)
    assert code == 0
    assert "page in reports/bright-1/report.html" in out
    assert (tmp_path / "reports" / "bright-1" / "MODEL_CARD.md").is_file()
    code, out, err = run("report", "bright-1")
    assert (code, out) == (2, "")
    assert "Give the data" in err
    code, out, err = run("report", "brihgt", phantoms)
    assert (code, out) == (3, "")
    assert "bright-1, or bright-2" in err


SIGNS = (
    *("settings.json", "environment.json", "history.csv", "checkpoint", "bundle", "model.onnx"),
    ".claimed",
)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_run_without_a_bundle_is_no_folder_of_images(sign: str, run: Run, tmp_path: Path) -> None:
    root = tmp_path / "run"
    (root / sign).mkdir(parents=True)
    image = tmp_path / "a.png"
    image.write_bytes(encoded(picture()))
    code, out, err = run("predict", root, image)
    assert code == 3
    assert not out
    assert "no bundle" in err
    assert run("evaluate", root, tmp_path)[0] == 3


def test_export_add_and_remove(run: Run, shipped: Path, bundle: Path, tmp_path: Path) -> None:
    code, out, _ = run("models", "export", bundle, tmp_path / "a.zip", "--json")
    assert code == 0
    assert len(json.loads(out)["sha256"]) == 64
    code, out, _ = run("models", "add", tmp_path / "a.zip", "--name", "mine", "--json")
    assert code == 0
    assert json.loads(out)["added_as"] == "mine"
    assert "mine" in [each["added_as"] for each in json.loads(run("models", "--json")[1])]
    assert "mine (added)\n" in run("models")[1]
    assert run("models", "mine")[1] == run("models", "show", "mine")[1] != ""
    assert run("models", "remove", "mine")[:2] == (0, "removed mine\n")
    code, out, err = run("models", "mine")
    assert (code, out) == (3, "")
    assert "`pneumoscope models`" in err
