"""Builds the site of these pages in site/, as strictly as the tests do.

Zensical has no hooks, so it is given a copy of docs/ in which each executed notebook is a page with
its pictures. In docs/ the pages link to `.ipynb`, which is what a reader of the repository wants;
in the copy the links lead to the pages.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
_COPY = ROOT / "build" / "site"  # holds mkdocs.yml and docs/, as the root does
_PICTURES = {"image/png": ".png", "image/jpeg": ".jpg"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def build(copy: Path = _COPY, site: Path = SITE) -> int:
    """Builds the site.

    Args:
        copy: folder for the copy that is built; what is in it is replaced.
        site: folder for the site; what is in it is replaced.

    Returns:
        The exit status of the build: 0 if there was nothing to warn of.
    """
    for folder in (copy, site):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", copy / "docs")
    shutil.copy(ROOT / "mkdocs.yml", copy)
    for notebook in (copy / "docs").rglob("*.ipynb"):
        _write_page(notebook)
    for page in (copy / "docs").rglob("*.md"):
        text = page.read_text("utf-8")
        page.write_text(re.sub(r"\.ipynb\)", ".md)", text), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "zensical",
        "build",
        "--strict",
        "-f",
        str(copy / "mkdocs.yml"),
    ]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status == 0:
        shutil.move(copy / "site", site)
    return status


def _write_page(notebook: Path) -> None:
    """Writes the page of a notebook, and its pictures, beside it."""
    pictures: dict[str, bytes] = {}
    blocks = _blocks(nbformat.read(notebook, as_version=4), notebook.stem, pictures)
    notebook.with_suffix(".md").write_text("\n\n".join(blocks), encoding="utf-8")
    for name, content in pictures.items():
        notebook.with_name(name).write_bytes(content)


def _blocks(
    notebook: nbformat.NotebookNode, stem: str, pictures: dict[str, bytes]
) -> Iterator[str]:
    """Markdown for each cell; the pictures are put into `pictures`, named after `stem`."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
            continue
        yield f"```python\n{cell.source}\n```"
        if text := _COLOURS.sub("", "".join(_texts(cell.outputs))):
            yield f"```text\n{text.rstrip()}\n```"
        for data in (output.get("data", {}) for output in cell.outputs):
            for kind in _PICTURES.keys() & data.keys():
                name = f"{stem}-{len(pictures) + 1}{_PICTURES[kind]}"
                pictures[name] = b64decode(data[kind])
                yield f"![Output of the code above]({name})"


def _texts(outputs: list[nbformat.NotebookNode]) -> Iterator[str]:
    for output in outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            yield output.text
        elif "text/plain" in data and not _PICTURES.keys() & data.keys():
            yield data["text/plain"]


if __name__ == "__main__":
    sys.exit(build())
