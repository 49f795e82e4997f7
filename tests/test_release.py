"""`scripts/release.py`: what it asks of a checkout, and what it makes of it."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import pneumoscope
from pneumoscope.errors import SettingsError

ROOT = Path(__file__).parents[1]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "release.py"))
DAY = date(2031, 2, 3)

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


def git(root: Path, *arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Change")


CHANGELOG = """# Changelog

## [Unreleased]

### Added

- What is new.

## [1.1.0] - 2030-01-01

- What was new.
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    write(root, "src/pneumoscope/version.py", '"""The version."""\n\n__version__ = "1.1.0"\n')
    write(root, "CHANGELOG.md", CHANGELOG)
    write(root, "CITATION.cff", 'cff-version: 1.2.0\nversion: "1.1.0"\nlicense: Apache-2.0\n')
    write(root, ".gitignore", "/dist/\n")
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "config", "user.name", "Somebody")
    git(root, "config", "user.email", "somebody@example.org")
    commit(root)
    return root


def release(root: Path, version: str, day: date = DAY) -> None:
    SCRIPT["carry_out"](version, SCRIPT["prepare"](version, day, root), root)


def test_a_release_is_dated_committed_and_tagged(checkout: Path) -> None:
    release(checkout, "1.2.0")
    assert '\n__version__ = "1.2.0"\n' in (checkout / "src/pneumoscope/version.py").read_text()
    assert (checkout / "CHANGELOG.md").read_text() == CHANGELOG.replace(
        "## [Unreleased]\n", "## [Unreleased]\n\n## [1.2.0] - 2031-02-03\n"
    )
    assert yaml.safe_load((checkout / "CITATION.cff").read_text()) == {
        "cff-version": "1.2.0",
        "version": "1.2.0",
        "date-released": "2031-02-03",
        "license": "Apache-2.0",
    }
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "log", "-1", "--format=%s") == "Release 1.2.0"
    assert git(checkout, "cat-file", "-t", "v1.2.0") == "tag"
    assert git(checkout, "describe") == "v1.2.0"


def test_a_release_follows_another_once_there_is_something_new(checkout: Path) -> None:
    release(checkout, "1.2.0")
    with pytest.raises(SettingsError, match="says nothing of what has changed"):
        release(checkout, "1.3.0")
    heading = "## [Unreleased]\n"
    text = (checkout / "CHANGELOG.md").read_text().replace(heading, f"{heading}\n- More.\n")
    write(checkout, "CHANGELOG.md", text)
    commit(checkout)
    release(checkout, "1.3.0", date(2031, 3, 4))
    citation = (checkout / "CITATION.cff").read_text()
    assert citation.count("date-released") == citation.count('date-released: "2031-03-04"') == 1


@pytest.mark.parametrize("version", ["1.1.1", "1.2.0rc1", "1.10.0", "2.0.0"])
def test_a_newer_version_is_taken(checkout: Path, version: str) -> None:
    assert SCRIPT["prepare"](version, DAY, checkout)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.1.0", "above 1.1.0"),
        ("1.1.0rc1", "above 1.1.0"),
        ("1.0.9", "above 1.1.0"),
        ("v1.2.0", "Write 1.2.0"),
        ("1.2.0-beta1", "Write 1.2.0b1"),
        ("next", "Received 'next'"),
    ],
)
def test_a_version_that_is_not_newer_or_not_normal_is_refused(
    checkout: Path, version: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        SCRIPT["prepare"](version, DAY, checkout)


def test_the_first_release_may_be_the_version_that_the_code_states(checkout: Path) -> None:
    write(checkout, "CHANGELOG.md", CHANGELOG.partition("## [1.1.0]")[0])
    commit(checkout)
    assert SCRIPT["prepare"]("1.1.0", DAY, checkout)
    with pytest.raises(SettingsError, match=r"Expected 1\.1\.0 or above"):
        SCRIPT["prepare"]("1.0.0", DAY, checkout)


def test_a_version_that_has_a_tag_is_refused(checkout: Path) -> None:
    git(checkout, "tag", "v1.2.0")
    with pytest.raises(SettingsError, match=r"above 1\.2\.0"):
        SCRIPT["prepare"]("1.2.0", DAY, checkout)


def test_another_branch_is_refused(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "-b", "idea")
    with pytest.raises(SettingsError, match=r"the branch main.*idea"):
        SCRIPT["prepare"]("1.2.0", DAY, checkout)
    git(checkout, "checkout", "--quiet", "--detach")
    with pytest.raises(SettingsError, match="no branch"):
        SCRIPT["prepare"]("1.2.0", DAY, checkout)


@pytest.mark.parametrize("name", [".gitignore", "new.py"], ids=["changed", "untracked"])
def test_a_checkout_that_is_not_clean_is_refused(checkout: Path, name: str) -> None:
    write(checkout, "dist/ignored.whl", "")
    assert SCRIPT["prepare"]("1.2.0", DAY, checkout)
    write(checkout, name, "/dist/\nmore\n")
    with pytest.raises(SettingsError, match=f"not clean.*{re.escape(name)}"):
        SCRIPT["prepare"]("1.2.0", DAY, checkout)


def test_a_changelog_with_headings_alone_is_refused(checkout: Path) -> None:
    write(checkout, "CHANGELOG.md", CHANGELOG.replace("- What is new.\n", ""))
    commit(checkout)
    with pytest.raises(SettingsError, match="says nothing of what has changed"):
        SCRIPT["prepare"]("1.2.0", DAY, checkout)


def test_a_dry_run_shows_changes_and_commands_and_does_nothing(checkout: Path) -> None:
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    commit(checkout)
    head = git(checkout, "rev-parse", "HEAD")
    command = [sys.executable, str(checkout / "scripts" / "release.py"), "1.2.0", "--dry-run"]
    run = subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    assert '+__version__ = "1.2.0"' in lines
    assert any(line.startswith("+## [1.2.0] - ") for line in lines)
    assert '+version: "1.2.0"' in lines
    assert lines[-2:] == [
        "$ git commit --quiet --all --message 'Release 1.2.0'",
        "$ git tag --annotate v1.2.0 --message 'Release 1.2.0'",
    ]
    assert git(checkout, "status", "--porcelain") == git(checkout, "tag") == ""
    assert git(checkout, "rev-parse", "HEAD") == head


def test_the_script_can_read_what_it_would_change() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert changelog.count("\n## [Unreleased]\n") == 1
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == pneumoscope.__version__
