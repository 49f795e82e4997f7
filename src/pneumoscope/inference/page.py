"""The page of predictions: one HTML file that needs no other, to be read, sorted and filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.files import write_text
from pneumoscope.inference.captions import FAILED, REFUSED, STRONGEST, WEAKEST, Caption, Captions
from pneumoscope.inference.explain import colour_bar
from pneumoscope.inference.predictor import Predictor
from pneumoscope.inference.shown import Shown
from pneumoscope.pages import data_uri, render

# So that a page of 500 radiographs stays below 30 MB, and one of 10,000 can still be opened.
_FULL = 500  # images that can be enlarged
_SIDE, _SMALL = 448, 128  # longer side of a picture in pixels, up to the last of these and after

_WARNED = "warned"
_COLOURS = 6  # classes that the style sheet has colours for


@dataclass(frozen=True, eq=False)
class _Row:
    """A row of the table: pictures are data URIs, and empty where there are none."""

    name: str
    caption: Caption
    image: str
    overlay: str
    probability: float | None
    threshold: float
    colour: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class _Group:
    """Rows that can be shown alone."""

    key: str
    name: str
    count: int


def write_page(
    images: Iterable[Shown], predictor: Predictor, path: Path, made_of: str
) -> Iterator[Shown]:
    """Writes a page of HTML once all images have passed; it has a row for each.

    Args:
        images: predicted images, in any number.
        predictor: the model that predicted them.
        path: path of the page.
        made_of: digest of the model and the images.

    Yields:
        The images, in order.

    Raises:
        StorageError: if the page cannot be written.
    """
    captions, classes = Captions(predictor), predictor.info.classes
    rows: list[_Row] = []
    for shown in images:
        rows.append(_row(shown, captions, classes, _SIDE if len(rows) < _FULL else _SMALL))
        yield shown
    counts = Counter(row.caption.heading for row in rows)
    page = render(
        "pneumoscope.inference",
        "page.html.j2",
        script="page.js",
        made_of=made_of,
        summary=captions.summary(counts),
        model=captions.model,
        point=captions.point,
        positive=captions.positive,
        origin=captions.origin,
        expected=captions.expected,
        gate=captions.gate,
        weakest=WEAKEST,
        strongest=STRONGEST,
        colours=data_uri(colour_bar(240, 12)),
        full=_FULL,
        small=len(rows) > _FULL,
        groups=list(_groups(rows, classes)),
        rows=rows,
    )
    write_text(path, page)


def _row(shown: Shown, captions: Captions, classes: Sequence[str], side: int) -> _Row:
    prediction = shown.prediction
    label = prediction.label
    index = None if label is None else classes.index(label)
    groups = [prediction.status if index is None else f"class-{index}"]
    groups += [_WARNED] * bool(prediction.warnings)
    return _Row(
        name=prediction.path,
        caption=captions.caption(prediction),
        image=_encoded(shown.image, side),
        overlay=_encoded(shown.overlay, side),
        probability=None if label is None else prediction.probability,
        threshold=captions.threshold(prediction),
        colour="" if index is None else f"c{index % _COLOURS}",
        groups=tuple(groups),
    )


def _encoded(pixels: NDArray[np.uint8] | None, side: int) -> str:
    if pixels is None:
        return ""
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side))
    return data_uri(np.asarray(picture))


def _groups(rows: Sequence[_Row], classes: Sequence[str]) -> Iterator[_Group]:
    """Lists the groups that have rows: one for each class, then those without a label."""
    counts = Counter(group for row in rows for group in row.groups)
    named = {f"class-{index}": name for index, name in enumerate(classes)}
    for key, name in {
        **named,
        "refused": REFUSED,
        "error": FAILED,
        _WARNED: "with warnings",
    }.items():
        if counts[key]:
            yield _Group(key, name, counts[key])
