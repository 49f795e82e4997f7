"""A hook of mkdocs: shows each executed notebook as a page, pictures included.

The pages of this folder link to `.ipynb`, which is what a reader of the repository wants; on the
site the links lead to the pages.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_PICTURES = {"image/png": ".png", "image/jpeg": ".jpg"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for each notebook, and a file for each of its pictures."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        uri = PurePosixPath(file.src_uri)
        pictures: dict[str, bytes] = {}
        notebook = nbformat.read(Path(str(file.abs_src_path)), as_version=4)
        page = "\n\n".join(_blocks(notebook, uri.stem, pictures))
        files.append(File.generated(config, str(uri.with_suffix(".md")), content=page))
        for name, content in pictures.items():
            files.append(File.generated(config, str(uri.with_name(name)), content=content))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Leads links to notebooks to their pages."""
    return re.sub(r"\.ipynb\)", ".md)", markdown)


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
