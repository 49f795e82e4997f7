"""`pneumoscope data fetch` says whose the data are, and where they went."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pneumoscope.cli.main import main


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs the command, with a Kaggle that gives one image: exit code, output, messages."""
    module = ModuleType("kagglehub")
    (tmp_path / "cache" / "NORMAL").mkdir(parents=True)
    (tmp_path / "cache" / "NORMAL" / "a.jpeg").write_bytes(b"1")
    module.dataset_download = lambda _: str(tmp_path / "cache")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pneumoscope", "data", "fetch", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0), *capsys.readouterr()

    return call


def test_licence_first_then_data(fetch, tmp_path: Path) -> None:
    code, out, err = fetch("kaggle")
    assert (code, out) == (0, "data in chest_xray\n")
    assert "Kermany" in err
    assert "Licence: CC BY 4.0" in err
    assert (tmp_path / "chest_xray" / "ATTRIBUTION.md").is_file()


def test_json(fetch) -> None:
    code, out, _ = fetch("kaggle", "-o", "here", "--json")
    assert code == 0
    assert json.loads(out) == {"data": "here", "source": "kaggle", "licence": "CC BY 4.0"}


def test_unknown_source(fetch) -> None:
    code, out, err = fetch("elsewhere")
    assert (code, out) == (2, "")
    assert "mendeley or kaggle" in err


def test_a_failed_download_exits_6(fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> str:
        raise ConnectionError("no route")

    monkeypatch.setattr(sys.modules["kagglehub"], "dataset_download", fail)
    code, out, err = fetch("kaggle")
    assert (code, out) == (6, "")
    assert "no route" in err.splitlines()[-1]
