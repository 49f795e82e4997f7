"""Heatmaps as files, for people to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path

from PIL import Image as PillowImage

from pneumoscope.files import atomic_path
from pneumoscope.imaging import Source, load_display, own_mark, read_bytes
from pneumoscope.inference.explain import overlay
from pneumoscope.inference.images import Image
from pneumoscope.inference.predictor import Predictor
from pneumoscope.types import Prediction


def write_heatmaps(
    predictor: Predictor, images: Iterable[Image], folder: Path
) -> Iterator[Prediction]:
    """Predicts images, and writes each one under its heatmap as `folder/NAME.heatmap.png`.

    The pictures keep the proportions of the radiographs. Like names are numbered.

    Raises:
        StorageError: if a picture cannot be written.
    """
    used: Counter[str] = Counter()
    images, sources = tee(images)
    for image, explanation in zip(sources, predictor.explain_many(images), strict=False):
        if explanation.heatmap is not None:
            source = image if isinstance(image, Source) else read_bytes(Path(image))
            stem = "stdin" if source.name == "-" else Path(source.name).stem
            used[stem] += 1
            number = f"-{used[stem]}" if used[stem] > 1 else ""
            picture = PillowImage.fromarray(overlay(load_display(source), explanation.heatmap))
            with atomic_path(folder / f"{stem}{number}.heatmap.png") as temporary:
                picture.save(temporary, format="PNG", pnginfo=own_mark())
        yield explanation.prediction
