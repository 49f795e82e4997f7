"""Escaping of foreign text for Markdown: names of classes and files, and model cards of others."""

from __future__ import annotations

import re

from pneumoscope.files import printable


def in_markdown(text: str) -> str:
    """Escapes a text for Markdown, on one line: no HTML, no link, no cell of a table."""
    shown = re.sub(r"([\\`*\[\]|])", r"\\\1", printable(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;")


def without_html(text: str) -> str:
    """Escapes HTML and pictures in Markdown, as they could fetch or run something."""
    lines = map(printable, text.splitlines())
    return "\n".join(lines).replace("<", "&lt;").replace("![", r"!\[")
