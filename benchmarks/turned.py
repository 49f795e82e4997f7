"""Turned: which films that were turned or inverted are named as such, and which upright ones are.

Films are drawn at random from folders, and each is predicted upright, turned left, right and upside
down, and inverted. Counted are the codes of the reasons and warnings that name one of these.
Intervals are Wilson's (J Am Stat Assoc 1927;22:209-212), for films that each are a patient.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import binomtest

from pneumoscope.imaging import Source, load_display, read_bytes
from pneumoscope.inference import list_images, load
from pneumoscope.shipped import find

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "upright": lambda x: x,
    "turned-left": lambda x: np.rot90(x, 1),
    "turned-right": lambda x: np.rot90(x, 3),
    "upside-down": lambda x: np.rot90(x, 2),
    "inverted": lambda x: 255 - x,
}


def changed(path: Path, change: str) -> Source:
    """A film after a change, as a PNG of at most the side that is displayed."""
    picture = np.ascontiguousarray(CHANGES[change](load_display(read_bytes(path))))
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return Source(f"{path} {change}", stream.getvalue())


def share(count: int, total: int) -> str:
    """A count with the interval of its share."""
    interval = binomtest(count, total).proportion_ci(method="wilson")
    return f"{count:4} ({interval.low:.3f} to {interval.high:.3f})"


def main() -> None:
    """Prints a row for each folder and change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--bundle", default="lite-1")
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    predictor = load(find(options.bundle))
    print(f"{'':32}{'films':>6}{'refused':>9}  named rightly (95 % interval)   otherwise")
    for folder in options.folders:
        paths = sorted(list_images([folder]))
        films = random.Random(options.seed).sample(paths, min(options.films, len(paths)))
        for change in CHANGES:
            records = list(predictor.predict_many(changed(path, change) for path in films))
            named = [{r.code for r in (*record.reasons, *record.warnings)} for record in records]
            right = sum(change in codes for codes in named)
            wrong = sum(bool(codes & (CHANGES.keys() - {change})) for codes in named)
            refused = sum(record.status == "refused" for record in records)
            found = "" if change == "upright" else share(right, len(films))
            row = f"{folder.name + ' ' + change:32}{len(films):6}{refused:9}  {found:32}"
            print(f"{row}{share(wrong, len(films))}", flush=True)


if __name__ == "__main__":
    main()
