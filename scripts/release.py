"""Makes a release of what is on main: `release.py VERSION`.

Sets the version, dates the section Unreleased of the changelog, commits and tags. Pushes nothing.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

from pneumoscope.errors import PneumoscopeError, SettingsError

ROOT = Path(__file__).parents[1]
_VERSION = Path("src", "pneumoscope", "version.py")
_CHANGELOG = Path("CHANGELOG.md")
_CITATION = Path("CITATION.cff")


def prepare(version: str, day: date, root: Path = ROOT) -> dict[Path, str]:
    """Checks that a release can be made, and words it.

    Args:
        version: as in PEP 440, normalised, and newer than all releases.
        day: of the release.
        root: the checkout.

    Returns:
        The new text of each file that changes, by its path relative to the checkout.

    Raises:
        SettingsError: if the checkout or the version is not fit for a release.
    """
    texts = {path: (root / path).read_text("utf-8") for path in (_VERSION, _CHANGELOG, _CITATION)}
    _check_checkout(root)
    _check_newer(version, texts, root)
    return {
        _VERSION: re.sub('(?m)^__version__ = ".*"$', f'__version__ = "{version}"', texts[_VERSION]),
        _CHANGELOG: _date_unreleased(texts[_CHANGELOG], version, day),
        _CITATION: re.sub(
            "(?m)^version: .*$(\ndate-released: .*$)?",
            f'version: "{version}"\ndate-released: "{day}"',
            texts[_CITATION],
        ),
    }


def describe(version: str, texts: dict[Path, str], root: Path = ROOT) -> Iterator[str]:
    """The lines of what `carry_out` would do: changes of files, then commands."""
    for path, text in texts.items():
        former = (root / path).read_text("utf-8")
        yield from difflib.unified_diff(
            former.splitlines(), text.splitlines(), f"a/{path}", f"b/{path}", lineterm="", n=1
        )
    yield from (f"$ {shlex.join(command)}" for command in _commands(version))


def carry_out(version: str, texts: dict[Path, str], root: Path = ROOT) -> None:
    """Writes the files, commits them, and tags the commit.

    Raises:
        CalledProcessError: if git fails; it has said why on standard error.
    """
    for path, text in texts.items():
        (root / path).write_text(text, encoding="utf-8")
    for command in _commands(version):
        subprocess.run(command, cwd=root, check=True)


def _commands(version: str) -> list[list[str]]:
    message = ["--message", f"Release {version}"]
    return [
        ["git", "commit", "--quiet", "--all", *message],
        ["git", "tag", "--annotate", f"v{version}", *message],
    ]


def _check_checkout(root: Path) -> None:
    branch = _ask_git(root, "branch", "--show-current")
    if branch != ["main"]:
        raise SettingsError(
            "A release is made of what is on main",
            expected="the branch main",
            received=branch[0] if branch else "no branch",
            remedy="Merge into main first, and check it out",
        )
    changed = _ask_git(root, "status", "--porcelain")
    if changed:
        raise SettingsError(
            "The checkout is not clean",
            expected="all changes committed, and no other files than ignored ones",
            received=", ".join(changed),
            remedy="Commit them first, or take them back",
        )


def _check_newer(version: str, texts: dict[Path, str], root: Path) -> None:
    """The version in the code may be the one to release, as it is before the first release."""
    try:
        wanted = Version(version)
    except InvalidVersion:
        wanted = None
    if wanted is None or str(wanted) != version:
        raise SettingsError(
            "The version does not fit",
            expected="a normalised version as in PEP 440, such as 1.2.0 or 1.2.0rc1",
            received=repr(version),
            remedy=f"Write {wanted}" if wanted else "",
        )
    tags = [tag.removeprefix("v") for tag in _ask_git(root, "tag", "--list", "v[0-9]*")]
    headings = re.findall(r"(?m)^## \[(\d[^]]*)\]", texts[_CHANGELOG])
    released = max(_versions((*tags, *headings)), default=None)
    (stated,) = re.findall('(?m)^__version__ = "(.*)"$', texts[_VERSION])
    if wanted < Version(stated) or (released and wanted <= released):
        raise SettingsError(
            "The version is not newer",
            expected=f"a version above {released}" if released else f"{stated} or above",
            received=version,
        )


def _versions(names: Iterable[str]) -> Iterator[Version]:
    """Those of the names that are versions: others may have been tagged for other reasons."""
    for name in names:
        with suppress(InvalidVersion):
            yield Version(name)


def _date_unreleased(changelog: str, version: str, day: date) -> str:
    """The changelog with the section Unreleased named after the version, below an empty one."""
    heading = "## [Unreleased]\n"
    _, _, rest = changelog.partition(heading)
    if not re.search("(?m)^- ", rest.partition("\n## ")[0]):
        raise SettingsError(
            f"{_CHANGELOG} says nothing of what has changed",
            expected=f"entries below '{heading.strip()}'",
            received="none",
            remedy="A release without changes is none; say what a user notices",
        )
    return changelog.replace(heading, f"{heading}\n## [{version}] - {day}\n", 1)


def _ask_git(root: Path, *arguments: str) -> list[str]:
    """The lines of its answer, without spaces around them."""
    run = subprocess.run(["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE)
    return [line.strip() for line in run.stdout.decode("utf-8", "replace").splitlines()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="such as 1.2.0")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done")
    options = parser.parse_args()
    try:
        texts = prepare(options.version, datetime.now(UTC).date())
        if options.dry_run:
            print(*describe(options.version, texts), sep="\n")
        else:
            carry_out(options.version, texts)
            print(f"v{options.version} is committed and tagged here; nothing has been pushed")
    except PneumoscopeError as error:
        sys.exit(f"Error: {error}")
