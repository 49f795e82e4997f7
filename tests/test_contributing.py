"""What CONTRIBUTING names is there, and the hooks of pre-commit run what make runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]


def where_to_add() -> dict[str, str]:
    """Reads the table of where to add what: the rest of each row, by what is added."""
    table = TEXT.partition("## Where to add\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (.+?) \| (.+) \|$", table)
    return {what: where for what, where in rows[1:] if not what.startswith("-")}


@pytest.mark.parametrize(("what", "where"), where_to_add().items())
def test_files_that_the_table_names_are_there(what: str, where: str) -> None:
    paths = re.findall(r"`([\w-]+\.(?:py|toml)|[\w.-]+/[\w./-]*)`", where)
    assert paths, f"{what}: no file is named"
    for path in paths:
        assert any((root / path).exists() for root in (ROOT, ROOT / "src/pneumoscope")), path


@pytest.mark.parametrize(
    "what",
    ["an architecture", "a corruption", "a metric", "a section", "an image format", "an edge"],
)
def test_the_table_says_where_this_is_added(what: str) -> None:
    assert sum(row.startswith(what) for row in where_to_add()) == 1


def test_hooks_run_what_make_runs_and_download_nothing() -> None:
    recipes = (ROOT / "Makefile").read_text("utf-8").splitlines()
    assert [source["repo"] for source in HOOKS] == ["local"]
    for hook in HOOKS[0]["hooks"]:
        assert "\t" + hook["entry"].replace(".venv/bin/", "$(BIN)/") in recipes
        assert hook["language"] == "system"
        assert hook["pass_filenames"] is False
