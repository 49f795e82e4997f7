"""Writes into the pages what their commands print; with `--check` only says what has drifted.

Run are the console blocks that show what is printed and name no data that the pages do not draw
themselves. They run in the order of the pages in one empty folder, which is the home folder, too;
a command that stands in several blocks is run once.

A line that begins with `…` stands for lines that are left out; the one after it is found by its
words before the first decimal figure. The notice may be left out anywhere. Lines that are printed
only where a command takes long are not shown.

The figures of a training differ in their last digits from machine to machine (vector units,
bfloat16), and with them what becomes of single images. So blocks that take the model that the
pages train are compared by words and structure, figures masked; all others as they stand.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from difflib import unified_diff
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pneumoscope.types import RESEARCH_NOTICE

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    *sorted((ROOT / "docs").glob("explanation/*.md")),
    *sorted((ROOT / "docs").glob("how-to/*.md")),
]
Run = Callable[[str], list[str]]
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_NOT_DRAWN = re.compile(r"chest_xray|radiograph|hospital")
_TRAINED = "runs/first"
_SLOW = re.compile(r" more at this rate: |^Matplotlib is building the font cache")
_CHANCE = [(re.compile(pattern, re.MULTILINE), mask) for pattern, mask in (
    (r"^Refused .* undecided: .*\n|^\d+ of \d+ images were refused\n", ""),
    (r"^(NORMAL|PNEUMONIA|refused) +[\d.-]+  ", "label  "),
    (r'(?<="label": )("\w+"|null)', "label"),
    (r"  kept$|(?<=^Training in )\w+|(?<=/prepared/phantoms-)\w+", ""),
    (r"(little|moderate|large)(, may be chance)?", "change"),
    (r"\(interval\s+not\s+computable\)|\(\u2013\)|\([\d.]+\s+to\s+[\d.]+\)", "interval"),
    (r"\d[\d.]*(e-\d+)?", "figure"),
    (r"[\s─]+", " "),
)]  # fmt: skip


def renewed(page: str, run: Run, *, trained: bool) -> str:
    """Runs the commands of a page, and writes into it what they print.

    Args:
        page: Markdown.
        run: gives the lines that a command prints.
        trained: run the blocks that train a model or take it, too.

    Raises:
        ValueError: if a line that follows an ellipsis is not printed.
    """

    def block(found: re.Match[str]) -> str:
        parts = _COMMAND.findall(found[0])
        commands = "\n".join(command for command, _ in parts)
        wanted = trained or _TRAINED not in commands
        if not wanted or _NOT_DRAWN.search(commands) or not any(shown for _, shown in parts):
            return found[0]
        return "".join(
            f"$ {command}\n" + "".join(f"{line}\n" for line in _as_shown(run(command), shown))
            for command, shown in parts
        )

    return _BLOCK.sub(block, page)


def _as_shown(printed: list[str], shown: str) -> Iterator[str]:
    """Yields the lines of `printed` without those that the page leaves out."""
    if RESEARCH_NOTICE not in shown:
        printed = [line for line in printed if line != RESEARCH_NOTICE]
    skips = False
    for line in shown.splitlines():
        if line.lstrip().startswith("…"):
            skips = True
            yield line
            continue
        start = [_words(other) for other in printed].index(_words(line)) if skips else 0
        skips = False
        yield from printed[start : start + 1]
        printed = printed[start + 1 :]
    if not skips:
        yield from printed


def _words(line: str) -> str:
    return re.split(r"\d+\.\d", line)[0]


def drift(page: str, fresh: str) -> Iterator[str]:
    """Yields what differs in each block by more than chance, as lines of a diff."""
    for old, new in zip(_BLOCK.findall(page), _BLOCK.findall(fresh), strict=True):
        if old != new and not (_TRAINED in old and _masked(old) == _masked(new)):
            yield from unified_diff(
                old.splitlines(), new.splitlines(), "shown", "printed", lineterm=""
            )


def _masked(block: str) -> str:
    for pattern, mask in _CHANCE:
        block = pattern.sub(mask, block)
    return block


def runner(folder: Path) -> Run:
    """Makes what runs a command in a folder, as nobody whose settings matter, and only once."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    surroundings = {
        "PATH": path,
        "HOME": str(folder),
        "COLUMNS": "80",
        "PYTHONUNBUFFERED": "1",  # both outputs in order, as on a terminal
    }

    @cache
    def run(command: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = [line.rstrip() for line in done.stdout.replace(str(folder), "~").splitlines()]
        return [line for line in lines if not _SLOW.search(line)]

    return run


def compare(folder: Path, *, trained: bool) -> list[str]:
    """What has drifted in all pages, whose commands are run in an empty folder."""
    run = runner(folder)
    texts = {page: page.read_text("utf-8") for page in PAGES}
    return [
        f"{page.relative_to(ROOT)}: {line}"
        for page, text in texts.items()
        for line in drift(text, renewed(text, run, trained=trained))
    ]


def renew(folder: Path) -> None:
    """Writes all pages anew, whose commands are run in an empty folder."""
    run = runner(folder)
    for page in PAGES:
        page.write_text(renewed(page.read_text("utf-8"), run, trained=True), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, and change nothing")
    check = parser.parse_args().check
    with TemporaryDirectory() as folder:
        if check:
            sys.exit("\n".join(compare(Path(folder), trained=True)) or None)
        renew(Path(folder))
