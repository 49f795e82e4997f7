"""A picture of one prediction: radiograph and overlay side by side, with a caption."""

from __future__ import annotations

from collections.abc import Iterator
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
_NARROWEST = 720  # of the text
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
    image: NDArray[np.uint8], laid: NDArray[np.uint8] | None, caption: Caption, model: str
) -> Image.Image:
    """Draws radiograph and overlay side by side, with a colour bar and a caption.

    Args:
        image: the radiograph, uint8 of shape (h, w).
        laid: the radiograph under its heatmap, RGB, uint8 of shape (h, w, 3); None to draw the
            radiograph alone.
        caption: words on the prediction.
        model: name of the model, in words.

    Returns:
        The picture, RGB.
    """
    pictures = [_enlarged(pixels) for pixels in (image, laid) if pixels is not None]
    width, height = pictures[0].size
    inner = max(len(pictures) * (width + _GAP) - _GAP, _NARROWEST)
    key = [] if laid is None else _wrap(caption.evidence, _font(_SMALL), _INK, width)
    text = list(_lines(caption, model, inner))
    below = _height(key) + 2 * _BAR + _height([*key[:1]]) if key else 0
    total = 3 * _MARGIN + height + below + _height(text)
    canvas = Image.new("RGB", (inner + 2 * _MARGIN, total), _GROUND)
    left = (canvas.width - len(pictures) * (width + _GAP) + _GAP) // 2
    for column, picture in enumerate(pictures):
        canvas.paste(picture, (left + column * (width + _GAP), _MARGIN))
    if key:
        _draw_key(canvas, key, (left + width + _GAP, _MARGIN + height + _BAR // 2), width)
    _write(canvas, text, (_MARGIN, 2 * _MARGIN + height + below))
    return canvas


def _enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(pixels)
    scale = max(1.0, _LEAST / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _lines(caption: Caption, model: str, width: int) -> Iterator[_Line]:
    yield from _wrap(caption.heading, _font(_HEADING, bold=True), _INK, width)
    for text in filter(None, (caption.probability, *caption.remarks)):
        yield from _wrap(text, _font(_TEXT), _INK, width)
    for text in (f"{model}.", RESEARCH_NOTICE):
        yield from _wrap(text, _font(_SMALL), _QUIET, width)


def _draw_key(canvas: Image.Image, title: list[_Line], corner: tuple[int, int], width: int) -> None:
    """Draws the colours of the overlay as they look over grey, and says what they mean."""
    left, top = corner
    top = _write(canvas, title, corner)
    canvas.paste(Image.fromarray(colour_bar(width, _BAR)), (left, top))
    draw, font = ImageDraw.Draw(canvas), _font(_SMALL)
    top += _BAR + 2
    draw.text((left, top), WEAKEST, _QUIET, font)
    draw.text((left + width - font.getlength(STRONGEST), top), STRONGEST, _QUIET, font)


def _write(canvas: Image.Image, lines: list[_Line], corner: tuple[int, int]) -> int:
    """Writes lines below one another; returns the height at which they end."""
    left, top = corner
    draw = ImageDraw.Draw(canvas)
    for line in lines:
        draw.text((left, top), line.text, line.ink, line.font)
        top += line.height
    return top


def _height(lines: list[_Line]) -> int:
    return sum(line.height for line in lines)


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
