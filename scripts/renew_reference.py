"""Adds to the reference of a model what older versions did not keep: distances and refusals.

`renew_reference.py BUNDLE MANIFEST`, where MANIFEST is a CSV with the columns path, split (train or
val) and patient of the images that the model was made with. Nothing is written unless they are the
model's own: each is one that the model knows, and facts and scores fall into the very bins that the
bundle has.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

from pneumoscope.bundle import make_reference, read_bundle, write_reference
from pneumoscope.files import sha256_of, write_json
from pneumoscope.imaging import load_pixels, read_acquisition, read_bytes, tabulate_pictures
from pneumoscope.inference import Predictor
from pneumoscope.inference.images import ReadImage
from pneumoscope.statistics import Bins
from pneumoscope.task import positive_score
from pneumoscope.types import Geometry

_SAME = 1e-5
"""Greatest relative difference of scores that two programs compute of one network."""


def renew(root: Path, manifest: Path) -> None:
    """Renews `reference.json` of a bundle, and its SHA-256 in `bundle.json`."""
    bundle = read_bundle(root)
    known, seen = bundle.reference() or {}, bundle.seen()
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    split = {name: [row for row in rows if row["split"] == name] for name in ("train", "val")}
    paths = {name: [manifest.parent / row["path"] for row in split[name]] for name in split}
    patients = {name: len({row["patient"] for row in split[name]}) for name in split}
    files = {sha256_of(path) for each in paths.values() for path in each}  # some are alike
    if len(files) != len(seen.images) or not all(map(seen.has_image, files)):
        sys.exit("These are not the images that the model was made with")
    judged = list(
        Predictor(bundle).judge_many(_read(path, bundle.info.geometry) for path in paths["val"])
    )
    made = make_reference(
        tabulate_pictures(paths["train"], bundle.info.geometry),
        positive_score(np.array([each.probabilities for each in judged], np.float64)),
        training_patients=patients["train"],
        validation_patients=patients["val"],
        judgements=[each.judgement for each in judged],
    )
    different = [name for name, bins in known.items() if not _is_same(bins, made[name])]
    if different:
        sys.exit(f"Computed anew, these differ from those of the bundle: {', '.join(different)}")
    write_reference(root, {**made, **known})
    content = json.loads((root / "bundle.json").read_text("utf-8"))
    content["files"]["reference.json"] = sha256_of(root / "reference.json")
    write_json(root / "bundle.json", content)
    read_bundle(root)


def _read(path: Path, geometry: Geometry) -> ReadImage:
    source = read_bytes(path)
    return ReadImage(path.name, read_acquisition(source), load_pixels(source, geometry))


def _is_same(one: Bins, other: Bins) -> bool:
    return (
        one.counts == other.counts
        and one.patients == other.patients
        and np.allclose(one.edges, other.edges, rtol=_SAME, atol=0)
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("manifest", type=Path)
    options = parser.parse_args()
    renew(options.bundle, options.manifest)
