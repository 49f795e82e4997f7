"""`pneumoscope data audit`: its output, files and exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.cli.main import main
from pneumoscope.dataset import Layout, PhantomSettings, make_phantoms

Audit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Audit:
    """Runs the command in an empty folder; returns exit code, output and messages."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pneumoscope", "data", "audit", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0), *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cli") / "leaking"
    settings = PhantomSettings(48, (1, 1), width=(64, 80), layout=Layout.SPLITS, leaking_patients=2)
    make_phantoms(root, settings)
    return root


def test_tables_and_page(
    audit: Audit, leaking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = audit(leaking)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for words in ("invalidating", "2 patients with images in", "width (pixels)", "AUROC", "train"):
        assert words in out
    assert f"page with the pictures in audit/{leaking.name}.html" in out
    assert "research tool" in err
    assert (
        (tmp_path / "audit" / f"{leaking.name}.html")
        .read_text("utf-8")
        .startswith("<!doctype html>")
    )


def test_json(audit: Audit, leaking: Path, tmp_path: Path) -> None:
    code, out, _ = audit(leaking, "--json", "-o", tmp_path / "deep" / "page.html")
    assert code == 0
    content = json.loads(out)
    assert content["findings"][0]["code"] == "patients-across-splits"
    assert content["findings"][0]["severity"] == "invalidating"
    assert (tmp_path / "deep" / "page.html").is_file()


def test_strict_exits_2_only_on_what_invalidates(
    audit: Audit, leaking: Path, phantoms: Path, class_folders: Callable[..., Path]
) -> None:
    assert audit(leaking, "--strict", "--json")[0] == 2
    assert audit(phantoms, "--strict", "-o", "b.html")[0] == 0
    small = class_folders(NORMAL=2, PNEUMONIA=2)
    assert audit(small, "--strict", "-o", "c.html")[0] == 0  # warnings alone


def test_names_of_classes_are_only_text(audit: Audit, class_folders: Callable[..., Path]) -> None:
    data = class_folders(**{"NORMAL": 2, "[red]x\nforged": 2})
    code, out, err = audit(data)
    assert code == 0
    assert r"[red]x\nforged" in " ".join(out.split())
    assert "patient of 4 of 4 images" in err


def test_page_of_other_data_is_kept(
    audit: Audit, class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = (class_folders(name, NORMAL=2, PNEUMONIA=2) for name in ("one", "other"))
    assert audit(one)[0] == audit(other)[0] == audit(one)[0] == 0
    before = (tmp_path / "audit" / "one.html").read_bytes()
    code, out, err = audit(other, "-o", "audit/one.html")
    assert (code, out) == (2, "")
    assert "audit/one.html is there already, and was made of something else" in err
    assert (tmp_path / "audit" / "one.html").read_bytes() == before


def test_missing_folder_exits_2_and_writes_nothing(audit: Audit, tmp_path: Path) -> None:
    code, out, err = audit("nowhere")
    assert (code, out) == (2, "")
    assert err.startswith("Error: There is no folder")
    assert list(tmp_path.iterdir()) == []
