"""Text of foreign origin in Markdown: names of classes and files, and whole cards of strangers."""

from __future__ import annotations

import re

from pneumoscope.files import printable


def in_markdown(text: str) -> str:
    """A text that Markdown shows as it is, on one line: no HTML, no link, no cell of a table."""
    shown = re.sub(r"([\\`*\[\]|])", r"\\\1", printable(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;")


def without_html(text: str) -> str:
    """Markdown that stays what it is, but for HTML and pictures, which fetch or run something."""
    lines = map(printable, text.splitlines())
    return "\n".join(lines).replace("<", "&lt;").replace("![", r"!\[")
