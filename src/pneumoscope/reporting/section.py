"""The parts of the page: a section, and a figure in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes:
        anchor: id that links lead to; `sections/{anchor}.html.j2` is its template.
        title: heading of the section.
        content: values that the template shows, as `content`; None where the section takes
            pixels, which a scored folder has none of.
    """

    anchor: str
    title: str
    content: Mapping[str, Any] | None


@dataclass(frozen=True)
class Drawing:
    """A figure in the page.

    Attributes:
        svg: the SVG element.
        alt: description of the figure, for those who cannot see it.
        caption: text below the figure.
        wide: True if the figure needs the width of the page.
    """

    svg: str
    alt: str
    caption: str
    wide: bool = False


def draw(figure: Figure, name: str, *, alt: str, caption: str, wide: bool = False) -> Drawing:
    """Draws a figure as SVG within the page.

    Letters are drawn as paths, so that the figure looks the same wherever it is opened. Ids begin
    with `name`, so that those of two figures of one page differ.

    Args:
        figure: the figure to draw.
        name: name of the figure on the page: letters, digits and dashes.
        alt: description of the figure, for those who cannot see it.
        caption: text below the figure.
        wide: True if the figure needs the width of the page.
    """
    stream = StringIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", facecolor="white", metadata=_NO_METADATA)
    text = stream.getvalue()
    head, body = text[text.index("<svg") :].split(">", maxsplit=1)
    head = re.sub(r' (?:width|height|xmlns[:\w]*)="[^"]*"', "", head)
    # what a page does not need, and a style that would hold for all of it
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", body, flags=re.S)
    body = body.replace("xlink:href", "href")
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    return Drawing(f"{head}>{body}", alt, caption, wide)
