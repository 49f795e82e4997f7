"""Sharpness: whether a model goes by how sharp the files of a source are.

Two sources of one hospital whose files were made in other ways differ in sharpness, and where they
differ in their labels as well, a network may learn the files. Here each image of one source that
the model has not seen is blurred or sharpened until it is as sharp as those of the other source
are on average, and predicted again. The sharpness is the mean absolute difference of neighbouring
pixels over the standard deviation of the image, at the size that the network reads. Intervals are
from a bootstrap of patients.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq

from pneumoscope.evaluation.cohort import Cohort, gather
from pneumoscope.inference import Predictor, load
from pneumoscope.shipped import find
from pneumoscope.statistics import Resampling

_BLUR = 1.0  # pixels
_LEAST, _MOST = -1.0, 6.0  # the blurred image, and an image that is sharpened far too much

Pixels = NDArray[np.float64]


def sharpness(pixels: Pixels) -> float:
    """Returns the sharpness of an image, shape (h, w)."""
    neighbours = (np.abs(np.diff(pixels, axis=axis)).mean() for axis in (0, 1))
    return float(sum(neighbours) / pixels.std())


def sharpen_to(pixels: Pixels, wanted: float) -> Pixels:
    """Blurs or sharpens an image until it has a sharpness, or comes as near as it can."""
    detail = pixels - gaussian_filter(pixels, _BLUR)

    def lacking(amount: float) -> float:
        return sharpness(pixels + amount * detail) - wanted

    if lacking(_LEAST) > 0:
        return pixels + _LEAST * detail
    if lacking(_MOST) < 0:
        return pixels + _MOST * detail
    return pixels + brentq(lacking, _LEAST, _MOST) * detail


def predict(predictor: Predictor, part: Cohort, images: Sequence[Pixels]) -> Pixels:
    """Returns the score of each image of a part with these pixels, shape (n,)."""
    shown = part.shown(predictor.info.geometry)
    changed = (
        replace(one, pixels=np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
        for one, pixels in zip(shown, images, strict=True)
    )
    return np.array([record.probability for record in predictor.predict_many(changed)])


def report(predictor: Predictor, part: Cohort, wanted: float) -> str:
    """Returns the cells of images of one source and class, as they are and at a sharpness."""
    images = read(predictor, part)
    before = predict(predictor, part, images)
    after = predict(predictor, part, [sharpen_to(pixels, wanted) for pixels in images])
    threshold = predictor.operating_point.threshold
    columns = (before >= threshold, after >= threshold, after - before)
    found = part.resampling.estimate(
        lambda drawn: {str(n): drawn @ each / drawn.sum(axis=1) for n, each in enumerate(columns)},
        part.patients,
    )
    cells = (f"{e.value:.3f} ({e.low:.3f} to {e.high:.3f})" for e in found.values())
    own = np.mean([sharpness(pixels) for pixels in images])
    return f"{len(part)} | {own:.3f} to {wanted:.3f} | " + " | ".join(cells)


def read(predictor: Predictor, part: Cohort) -> list[Pixels]:
    """Returns the pixels of each image, shape (h, w)."""
    return list(part.pixels[predictor.info.geometry].astype(float))


def main() -> None:
    """Prints a row for each of the two sources and each class."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path, help="with a column `source`")
    parser.add_argument("sources", nargs=2, help="names of the two sources")
    parser.add_argument("--root", type=Path, help="folder that holds the images")
    parser.add_argument("--bundle", default="lite-1")
    options = parser.parse_args()
    predictor = load(find(options.bundle), gate=False)
    cohort = gather(options.manifest, [predictor], Resampling(), root=options.root)
    sources = np.array([record.source for record in cohort.records])
    print("| source, class | images | sharpness | called positive | ... then | change of score |")
    print("|---|---:|---|---|---|---|")
    for source, other in (options.sources, reversed(options.sources)):
        others = read(predictor, cohort.choose(sources == other))
        wanted = float(np.mean([sharpness(pixels) for pixels in others]))
        for label, name in enumerate(cohort.classes):
            some = (sources == source) & (cohort.labels == label)
            if some.any():
                cells = report(predictor, cohort.choose(some), wanted)
                print(f"| {source}, {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
