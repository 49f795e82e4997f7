"""What is installed holds the models that ship, and all else that is no Python; what is pinned.

Also what the package says of itself.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import pneumoscope
from tests.conftest import write_bundle

ROOT = Path(__file__).parents[1]


def test_wheel_and_sdist_hold_models_and_data(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    package = tmp_path / "src" / "pneumoscope"
    write_bundle(package / "shipped" / "new-1")
    (package / "shipped" / "default.txt").write_text("new-1\n")
    expected = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    subprocess.run([sys.executable, "-m", "hatchling", "build"], cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name.startswith(f"pneumoscope-{pneumoscope.__version__}-")
    assert expected <= set(ZipFile(wheel).namelist())
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/src/")[2] for name in archive.getnames()}
    assert expected <= names


def test_the_version_stands_in_one_place() -> None:
    package = ROOT / "src" / "pneumoscope"
    stating = [path for path in package.rglob("*.py") if "\n__version__ = " in path.read_text()]
    assert stating == [package / "version.py"]
    root = re.compile(r"^\s*(import pneumoscope$|from pneumoscope import .*__version__)", re.M)
    assert not [path for path in package.rglob("*.py") if root.search(path.read_text())]


@pytest.mark.parametrize("name", ["README.md", "docs/index.md", "mkdocs.yml", "CITATION.cff"])
def test_all_describe_the_package_in_the_same_words(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["description"] in (ROOT / name).read_text("utf-8")


def test_every_python_that_make_takes_is_a_classifier() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (taken,) = re.findall(r"for p in ((?:python3\.\d+ )+)", (ROOT / "Makefile").read_text("utf-8"))
    versions = {name.removeprefix("python") for name in taken.split()}
    prefix = "Programming Language :: Python :: 3."
    found = {each.split()[-1] for each in project["classifiers"] if each.startswith(prefix)}
    assert found == versions


def pins(name: str) -> dict[str, set[str]]:
    """Reads the hashes of each pinned version."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        words = line.partition(" ;")[0].removesuffix("\\").strip()
        if line.startswith(" "):
            list(found.values())[-1].add(words.removeprefix("--hash="))
        else:
            found[words] = set()
    return found


def test_what_trains_is_pinned_as_in_all() -> None:
    everything = pins("constraints.txt")
    training = pins("constraints-train.txt")
    assert set(training) < set(everything)
    assert all(hashes == everything[pin] for pin, hashes in training.items())


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-train.txt"])
def test_all_is_pinned_with_hashes_and_no_address(name: str) -> None:
    found = pins(name)
    assert all(re.match(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[0-9]", pin) for pin in found)
    assert all(hashes for hashes in found.values())
    assert all(value.startswith("sha256:") for hashes in found.values() for value in hashes)


def test_what_only_tests_use_is_not_pinned_for_training() -> None:
    names = {pin.partition("==")[0] for pin in pins("constraints-train.txt")}
    assert {"tensorflow-cpu", "keras", "hatchling"} <= names
    assert names.isdisjoint({"ruff", "mypy", "pytest", "atheris", "zensical", "tensorboard"})
