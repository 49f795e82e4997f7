"""Without a home folder that can be written, the error says the remedy."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.dataset import prepare
from pneumoscope.errors import StorageError
from pneumoscope.pseudonym import pseudonym

WAYS = {
    "XDG_CACHE_HOME": lambda phantoms: prepare(phantoms),
    "XDG_DATA_HOME": lambda _: pseudonym("4711"),
}


@pytest.fixture(params=["missing", "read-only", "a file", "nowhere"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a home folder that cannot be written."""
    for variable in WAYS:
        monkeypatch.delenv(variable)
    (tmp_path / "file").touch()
    (tmp_path / "locked").mkdir(mode=0o555)
    if request.param == "read-only" and os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")
    homes = {
        "missing": "/proc/none",
        "read-only": tmp_path / "locked",
        "a file": tmp_path / "file",
    }
    if request.param in homes:
        monkeypatch.setenv("HOME", str(homes[request.param]))
    else:
        monkeypatch.delenv("HOME")
        monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # a user whom the system does not know
    monkeypatch.chdir(tmp_path)
    return request.param


@pytest.mark.parametrize("variable", WAYS)
def test_the_error_names_the_variable_that_helps(
    home: str, variable: str, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use: Callable[[Path], object] = WAYS[variable]
    with pytest.raises(StorageError, match=f"Set {variable} to a folder") as caught:
        use(phantoms)
    assert ("no home folder" in str(caught.value)) == (home == "nowhere")
    assert not (tmp_path / "~").exists()
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    use(phantoms)
    assert any((tmp_path / "elsewhere" / "pneumoscope").iterdir())


@pytest.mark.parametrize("variable", WAYS)
def test_a_folder_that_was_locked_is_named(variable: str, phantoms: Path) -> None:
    folder = Path(os.environ[variable], "pneumoscope")
    folder.mkdir(parents=True, mode=0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(StorageError, match=f"Set {variable} to a folder"):
        WAYS[variable](phantoms)
