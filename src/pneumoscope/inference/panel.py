"""A picture of one prediction: radiograph and overlay side by side, with a caption."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pneumoscope.inference.captions import STRONGEST, WEAKEST, Caption
from pneumoscope.inference.explain import colour_bar
from pneumoscope.inference.lettering import BOLD, REGULAR, drawable
from pneumoscope.types import RESEARCH_NOTICE

# Pixels.
_LEAST = 512  # of the longer side of a radiograph: smaller ones are enlarged
_NARROWEST, _KEY = 720, 240  # least widths of the text, and of the colour bar
_MARGIN, _GAP, _BAR = 24, 16, 14
_HEADING, _TEXT, _SMALL = 26, 18, 15
_LEADING = 1.4  # height of a line, in sizes of its letters

# Light on dark, as radiographs are read. Contrast of the text: 15 to 1, and 7 to 1.
_GROUND, _INK, _QUIET = "#101214", "#eceef0", "#a3abb5"


@dataclass(frozen=True)
class _Line:
    text: str
    font: ImageFont.FreeTypeFont
    ink: str

    @property
    def height(self) -> int:
        return round(self.font.size * _LEADING)


def draw_panel(
    image: NDArray[np.uint8], laid: NDArray[np.uint8] | None, caption: Caption, about: str
) -> Image.Image:
    """Draws radiograph and overlay side by side, with a colour bar and a caption.

    Args:
        image: the radiograph, uint8 of shape (h, w).
        laid: the radiograph under its heatmap, RGB, uint8 of shape (h, w, 3); None to draw the
            radiograph alone.
        caption: words on the prediction.
        about: sentences on the model.

    Returns:
        The picture, RGB.
    """
    pictures = [_enlarged(pixels) for pixels in (image, laid) if pixels is not None]
    width, height = pictures[0].size
    inner = max(len(pictures) * (width + _GAP) - _GAP, _NARROWEST)
    text = _draw_text(_lines(caption, about, inner), inner)
    below = _draw_key(caption.evidence, max(width, _KEY)) if len(pictures) > 1 else None
    top = _MARGIN + height + (below.height if below else 0) + _MARGIN
    canvas = Image.new("RGB", (inner + 2 * _MARGIN, top + text.height + _MARGIN), _GROUND)
    left = (canvas.width - len(pictures) * (width + _GAP) + _GAP) // 2
    for column, picture in enumerate(pictures):
        canvas.paste(picture, (left + column * (width + _GAP), _MARGIN))
    if below:
        canvas.paste(below, (left + width + _GAP, _MARGIN + height))
    canvas.paste(text, (_MARGIN, top))
    return canvas


def _enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(pixels)
    scale = max(1.0, _LEAST / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _lines(caption: Caption, about: str, width: int) -> Iterator[_Line]:
    yield from _wrap(caption.heading, _font(_HEADING, bold=True), _INK, width)
    for text in filter(None, (caption.probability, *caption.remarks)):
        yield from _wrap(text, _font(_TEXT), _INK, width)
    for text in (about, RESEARCH_NOTICE):
        yield from _wrap(text, _font(_SMALL), _QUIET, width)


def _draw_text(lines: Iterable[_Line], width: int) -> Image.Image:
    lines = list(lines)
    canvas = Image.new("RGB", (width, sum(line.height for line in lines)), _GROUND)
    draw, top = ImageDraw.Draw(canvas), 0
    for line in lines:
        draw.text((0, top), line.text, line.ink, line.font)
        top += line.height
    return canvas


def _draw_key(evidence: str, width: int) -> Image.Image:
    """Draws the colours of the overlay as they look over grey, and says what they mean."""
    font = _font(_SMALL)
    title = _draw_text(_wrap(evidence, font, _INK, width), width)
    top = _BAR // 2 + title.height
    canvas = Image.new("RGB", (width, top + 2 * _BAR + _SMALL), _GROUND)
    canvas.paste(title, (0, _BAR // 2))
    canvas.paste(Image.fromarray(colour_bar(width, _BAR)), (0, top))
    draw = ImageDraw.Draw(canvas)
    draw.text((0, top + _BAR + 2), WEAKEST, _QUIET, font)
    draw.text((width, top + _BAR + 2), STRONGEST, _QUIET, font, anchor="ra")
    return canvas


def _wrap(text: str, font: ImageFont.FreeTypeFont, ink: str, width: int) -> list[_Line]:
    """Breaks a text into lines of a width, between words, and within one that is too long."""
    lines, line = [], ""
    for word in drawable(text).split(" "):
        joined = f"{line} {word}" if line else word
        if line and font.getlength(joined) > width:
            lines.append(line)
            joined = word
        while font.getlength(joined) > width:
            fits = max(n for n in range(1, len(joined)) if font.getlength(joined[:n]) <= width)
            lines.append(joined[:fits])
            joined = joined[fits:]
        line = joined
    return [_Line(part, font, ink) for part in (*lines, line)]


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    # The plain layout: the other one depends on what is installed beside Pillow.
    path = BOLD if bold else REGULAR
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
