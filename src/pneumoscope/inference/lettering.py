"""The font of pictures and print: Bitstream Vera, for the languages of Western Europe."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import reportlab

from pneumoscope.files import printable

_FOLDER = Path(reportlab.__file__).parent / "fonts"
REGULAR, BOLD = _FOLDER / "Vera.ttf", _FOLDER / "VeraBd.ttf"
"""Paths of the fonts."""


def drawable(text: str) -> str:
    r"""Escapes what the font lacks, such as `\u80ba`, and whatever is not `printable`."""
    return printable(text, lambda letter: letter.isprintable() and ord(letter) in _letters())


@cache
def _letters() -> frozenset[int]:
    from reportlab.pdfbase.ttfonts import TTFontFile

    glyphs = [TTFontFile(str(path)).charToGlyph for path in (REGULAR, BOLD)]
    return frozenset(code for code in glyphs[0] if all(each.get(code) for each in glyphs))
