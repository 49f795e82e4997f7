"""Predictions in print: a PDF of A4 pages, with text that can be selected and searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    KeepTogether,
    LongTable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Table,
)

from pneumoscope.files import atomic_path
from pneumoscope.inference.captions import STRONGEST, WEAKEST, Captions
from pneumoscope.inference.explain import colour_bar
from pneumoscope.inference.lettering import BOLD, REGULAR, drawable
from pneumoscope.inference.predictor import Predictor
from pneumoscope.inference.shown import Shown
from pneumoscope.pages import jpeg
from pneumoscope.types import RESEARCH_NOTICE

_MARGIN = 15 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12  # the frame of a page has a padding of 6 points
_PICTURE = (_WIDTH / 2 - 2 * mm, 84 * mm)  # greatest width and height: two images fill a page
_LARGE = (_WIDTH, 96 * mm)  # of an image that has a page of its own
_QUALITY = 75
_LONGEST = 120  # characters of a name in the list

_ALONE = Lock()

_QUIET = "#505860"
_TEXT = ParagraphStyle("text", fontName="Vera", fontSize=8.5, leading=11.5)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=7, leading=9.5, textColor=_QUIET)
_HEADING = ParagraphStyle("heading", _TEXT, fontName="VeraBd", fontSize=11, leading=15)
_TITLE = ParagraphStyle("title", _HEADING, fontSize=18, leading=26)
_ABOUT = ParagraphStyle("about", _TEXT, spaceAfter=8)
_CELLS = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
]
_COLUMNS = (10 * mm, 34 * mm, 26 * mm, _WIDTH - 70 * mm)  # of the list


def write_pdf(
    images: Iterable[Shown], predictor: Predictor, path: Path, made_of: str
) -> Iterator[Shown]:
    """Writes a PDF once all images have passed: a list of all, then two images on a page.

    Args:
        images: predicted images, in any number.
        predictor: the model that predicted them.
        path: path of the PDF.
        made_of: digest of the model and the images.

    Yields:
        The images, in order.

    Raises:
        StorageError: if the PDF cannot be written.
    """
    document = Print(predictor)
    for shown in images:
        document.add(shown)
        yield shown
    content = document.finish(made_of)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


class Print:
    """A PDF in the making: a list of all images, then these themselves.

    Args:
        predictor: the model that predicts the images.
        large: True for one image on a page; otherwise there are two.
    """

    def __init__(self, predictor: Predictor, *, large: bool = False) -> None:
        pdfmetrics.registerFont(TTFont("Vera", REGULAR))
        pdfmetrics.registerFont(TTFont("VeraBd", BOLD))
        self._captions = Captions(predictor)
        self._large = large
        self._counts = Counter[str]()
        heads = ("", "Result", f"p({self._captions.positive})", "File")
        self._listed: list[list[Any]] = [[_paragraph(name, _SMALL) for name in heads]]
        self._blocks: list[Any] = []

    def add(self, shown: Shown) -> None:
        """Adds an image; of its pictures only JPEG is kept."""
        number = len(self._listed)
        self._counts[self._captions.caption(shown.prediction).heading] += 1
        self._listed.append(_entry(number, shown, self._captions))
        if self._large:
            self._blocks.append(PageBreak())
        self._blocks.append(_block(number, shown, self._captions, self._large))

    def finish(self, made_of: str = "") -> bytes:
        """Lays out the pages, and returns the PDF.

        Args:
            made_of: digest of the model and the images, to be kept in the PDF.
        """
        content = BytesIO()
        document = SimpleDocTemplate(
            content,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN,
            title=f"Predictions: {self._captions.model}",
            creator="Pneumoscope",
            keywords=[made_of],
            lang="en",
            invariant=1,  # no date, so that the same predictions give the same bytes
        )
        with _binary():
            document.build([*self._summary(), *self._blocks], canvasmaker=_Pages)
        return content.getvalue()

    def _summary(self) -> list[Any]:
        said = self._captions
        return [
            _paragraph("Predictions", _TITLE),
            _paragraph(said.summary(self._counts), _HEADING),
            _paragraph(
                f"{said.model}, {said.point}. {said.origin} {said.expected} {said.gate}", _ABOUT
            ),
            LongTable(self._listed, colWidths=_COLUMNS, repeatRows=1, style=_CELLS),
            *([] if self._large else [PageBreak()]),
        ]


@contextmanager
def _binary() -> Iterator[None]:
    """Writes pictures as bytes, not as text: in a moment, and a fifth smaller."""
    with _ALONE:  # the setting is that of the process
        before, rl_config.useA85 = rl_config.useA85, 0
        try:
            yield
        finally:
            rl_config.useA85 = before


class _Picture(Flowable):  # type: ignore[misc]
    """A picture, kept as JPEG and decoded only while it is drawn."""

    def __init__(self, pixels: NDArray[np.uint8], width: float, height: float) -> None:
        super().__init__()
        self._data = jpeg(pixels, _QUALITY)
        self.width, self.height = width, height

    def draw(self) -> None:
        """Draws the picture at the place that it was given."""
        self.canv.drawImage(ImageReader(BytesIO(self._data)), 0, 0, self.width, self.height)


class _Pages(Canvas):  # type: ignore[misc]
    """Pages that are numbered once it is known how many there are."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._waiting: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keeps a page that is complete but for its number."""
        self._waiting.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Numbers the pages, and writes them."""
        pages = self._waiting
        for number, page in enumerate(pages, 1):
            self.__dict__.update(page)
            self.setFont("Vera", 7)
            self.setFillColor(_QUIET)
            self.drawString(_MARGIN + 6, 9 * mm, RESEARCH_NOTICE)
            self.drawRightString(A4[0] - _MARGIN - 6, 9 * mm, f"Page {number} of {len(pages)}")
            super().showPage()
        super().save()


def _entry(number: int, shown: Shown, captions: Captions) -> list[Any]:
    """Makes the line of an image in the list."""
    prediction = shown.prediction
    name, given = drawable(prediction.path), prediction.probability
    short = name if len(name) <= _LONGEST else f"\u2026{name[-_LONGEST:]}"
    probability = "" if prediction.label is None or given is None else f"{given:.3f}"
    heading = captions.caption(prediction).heading
    return [_paragraph(text) for text in (str(number), heading, probability, short)]


def _block(number: int, shown: Shown, captions: Captions, large: bool) -> Any:
    """Makes the half page of an image, or its whole page with pictures below one another."""
    caption = captions.caption(shown.prediction)
    parts = [
        HRFlowable(width="100%", thickness=0.5, color=_QUIET, spaceBefore=4, spaceAfter=4),
        _paragraph(f"{number}  {caption.heading}", _HEADING),
        _paragraph(shown.prediction.path, _SMALL),
    ]
    most = _LARGE if large else _PICTURE
    pictures = [_picture(each, most) for each in (shown.image, shown.overlay) if each is not None]
    if pictures:
        key = [_paragraph(f"{caption.evidence}, from {WEAKEST} to {STRONGEST}:", _SMALL), _bar()]
        rows: list[list[Any]] = [[each] for each in pictures] if large else [[*pictures]]
        if caption.evidence:
            rows.append([key] if large else ["", key])
        widths = [_WIDTH] if large else [_WIDTH / 2] * len(pictures)
        parts.append(Table(rows, colWidths=widths, hAlign="LEFT", style=_CELLS))
    parts += [_paragraph(text) for text in (caption.probability, *caption.remarks) if text]
    return KeepTogether(parts)


def _picture(pixels: NDArray[np.uint8], most: tuple[float, float]) -> _Picture:
    height, width = pixels.shape[:2]
    scale = min(most[0] / width, most[1] / height)
    return _Picture(pixels, scale * width, scale * height)


def _bar() -> _Picture:
    return _Picture(colour_bar(256, 8), _PICTURE[0] / 2, 5)


def _paragraph(text: str, style: ParagraphStyle = _TEXT) -> Any:
    return Paragraph(escape(drawable(text)), style)
