"""Refusing: what the gate of a model says of pictures that are none of its radiographs.

Real radiographs are images of a data set that the model has not seen. Beside them stand pictures
of other kinds (`other_images.py`), the same radiographs spoilt in ways that happen, after each
change of `pneumoscope stress` at severity 5, phantoms, and folders of radiographs (`--also`), such
as an export batch that was left out of the training. Labels are made at the last operating point,
where no image is refused for being undecided. The AUROC is that of the distance, for
telling a kind from the radiographs; a picture without a finite distance counts as the farthest.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from other_images import KINDS, SPOILT, Grey, of_kind
from pneumoscope.dataset import PhantomSettings, make_phantoms
from pneumoscope.evaluation.cohort import gather
from pneumoscope.imaging import Source, load_display, load_pixels, read_bytes
from pneumoscope.imaging.changes import CHANGES
from pneumoscope.inference import Predictor, list_images, load
from pneumoscope.shipped import read_model
from pneumoscope.statistics import Resampling, auroc, cumulative
from pneumoscope.types import Prediction, Status

_SEVERE = 5
_FARTHEST = 1e9


def main() -> None:
    """Prints the table, a line for each kind."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", type=Path, help="radiographs, as for `pneumoscope evaluate`")
    options.add_argument("--bundle", type=Path, help="by default the default model")
    options.add_argument("--images", type=int, default=100, help="of each kind, real ones apart")
    options.add_argument("--only", metavar="CLASS", help="radiographs of this class alone")
    options.add_argument(
        "--also",
        metavar="NAME=FOLDER",
        action="append",
        default=[],
        help="further radiographs that the model has not seen, all of them; may be repeated",
    )
    options.add_argument("--seed", type=int, default=0, help="of which radiographs are spoilt")
    choices = options.parse_args()
    last = read_model(choices.bundle).info.operating_points[-1]
    predictor = load(choices.bundle, operating_point=last.name)
    paths = _unseen(predictor, choices.data, choices.only)
    real = [predictor.predict(path) for path in paths]
    print(f"{predictor.info.name}, {predictor.info.gate}\n")
    print("| kind | images | refused | refused or warned of | AUROC |\n|---|---:|---:|---:|---:|")
    _report(" ".join(filter(None, ["held-out radiographs", choices.only])), real, [])
    for name, _, folder in (text.partition("=") for text in choices.also):
        _report(name, list(predictor.predict_many(list_images([Path(folder)]))), real)
    chosen = np.random.default_rng(choices.seed).permutation(len(paths))[: choices.images]
    some = [read_bytes(paths[index]) for index in chosen]
    for name in KINDS:
        _report(name, _predict(predictor, of_kind(name, choices.images)), real)
    for name, spoil in SPOILT.items():
        _report(name, _predict(predictor, (spoil(load_display(s, 2048)) for s in some)), real)
    with tempfile.TemporaryDirectory() as work:
        make_phantoms(Path(work, "phantoms"), PhantomSettings(patients=60, seed=1))
        phantoms = list(list_images([Path(work, "phantoms")]))[: choices.images]
        _report("phantoms", list(predictor.predict_many(phantoms)), real)
    geometry = predictor.info.geometry
    for name, change in CHANGES.items():
        changed = (change(load_pixels(source, geometry), _SEVERE) for source in some)
        _report(f"{name}, severity {_SEVERE}", _predict(predictor, changed), real)


def _unseen(predictor: Predictor, data: Path, only: str | None) -> list[Path]:
    cohort = gather(data, [predictor], Resampling())
    return [
        record.path for record in cohort.records if only in (None, cohort.classes[record.label])
    ]


def _predict(predictor: Predictor, pictures: Iterable[Grey]) -> list[Prediction]:
    return list(predictor.predict_many(Source("picture", _png(one)) for one in pictures))


def _png(pixels: Grey) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG")
    return stream.getvalue()


def _report(name: str, found: Sequence[Prediction], real: Sequence[Prediction]) -> None:
    read = [prediction for prediction in found if prediction.status is not Status.ERROR]
    refused = sum(prediction.status is Status.REFUSED for prediction in read)
    told = sum(bool(prediction.reasons or prediction.warnings) for prediction in read)
    area = f"{_area(read, real):.4f}" if real else ""
    n = len(read)
    print(f"| {name} | {n} | {refused / n:.1%} | {told / n:.1%} | {area} |", flush=True)


def _area(other: Sequence[Prediction], real: Sequence[Prediction]) -> float:
    known = [p.distance for p in (*other, *real)]
    distances = np.array([_FARTHEST if distance is None else distance for distance in known])
    others = np.arange(len(known)) < len(other)
    return float(auroc(cumulative(others, distances, np.ones((1, len(known)))))[0])


if __name__ == "__main__":
    main()
