"""The image is built from hashed versions, runs without rights, and holds no radiograph."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
STEPS = re.findall(r"(?m)^([A-Z]+) (.*)$", TEXT.replace("\\\n", ""))
KEPT = (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def given(instruction: str) -> list[str]:
    return [text for name, text in STEPS if name == instruction]


def test_it_runs_the_command_as_a_user_without_rights() -> None:
    last = [name for name, _ in STEPS][::-1]
    assert last.index("USER") < last.index("FROM")  # in the stage that is left
    user = given("USER")[-1].partition(":")[0]
    assert user.isdecimal()  # which Kubernetes can tell from root
    assert int(user) > 0
    assert given("ENTRYPOINT") == ['["pneumoscope"]']
    assert given("CMD") == ['["--help"]']


def test_what_is_downloaded_is_pinned_and_nothing_else_is() -> None:
    parts = [part.strip() for run in given("RUN") for part in run.split("&&")]
    download, *others = [part for part in parts if part.startswith("pip ")]
    assert "--require-hashes" in download
    assert len(others) == 2
    assert all("--no-index" in part for part in others)
    for image in given("FROM"):
        assert re.match(r"python:3\.\d+-slim\b", image)
    assert "://" not in TEXT
    assert not {"ADD", "ONBUILD"} & {name for name, _ in STEPS}


def test_extras_are_those_of_the_package() -> None:
    (extra,) = given("ARG")
    assert f"\n{extra.partition('=')[2]} = [" in (ROOT / "pyproject.toml").read_text("utf-8")


def is_sent(path: str) -> bool:
    """Tells whether a path at the top of the checkout is sent to the build; the last rule wins."""
    sent = True
    for rule in KEPT:
        if rule and not rule.startswith("#") and fnmatch(path, rule.removeprefix("!")):
            sent = rule.startswith("!")
    return sent


@pytest.mark.parametrize(
    "path", [".git", ".venv", "runs", "chest_xray", "image.dcm", "demo", "shared", "tests"]
)
def test_neither_radiographs_nor_runs_nor_history_are_sent(path: str) -> None:
    assert not is_sent(path)


def test_what_is_copied_is_there_and_sent() -> None:
    copied = [path for line in given("COPY") if "--from" not in line for path in line.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert is_sent(path)
