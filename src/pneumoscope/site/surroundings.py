"""What a bundle compares images with, taken of local images: levels of the gate, reference."""

from __future__ import annotations

from pneumoscope.bundle import bin_by_class, make_reference
from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.gate import Gate, GateLevels, Judgement, describe_images
from pneumoscope.gate.appearance import Descriptors
from pneumoscope.gate.fit import choose_levels
from pneumoscope.graph import FEATURES
from pneumoscope.imaging import tabulate_pixels
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import Predictor
from pneumoscope.inference.images import Found
from pneumoscope.inference.network import Network
from pneumoscope.parallel import usable_cores
from pneumoscope.statistics import Bins, FloatArray


def fit_levels(predictor: Predictor, cohort: Cohort) -> tuple[GateLevels | None, list[Judgement]]:
    """Chooses the levels of a gate on local images; means and whitening stay those of the parent.

    Args:
        predictor: the parent.
        cohort: the local images.

    Returns:
        The levels, and the judgement of each image by them; None and nothing without a gate.
    """
    bundle = predictor.bundle
    distances = bundle.distances()
    if bundle.info.gate is None:
        return None, []
    network = Network(bundle, usable_cores())

    def features_of(pixels: Grey) -> Descriptors:
        return network.run(pixels, [FEATURES])[0]

    pixels = cohort.pixels[bundle.info.geometry]
    features = features_of(pixels)
    described = describe_images(pixels, features, distances)
    parent = bundle.info.gate
    levels = choose_levels(distances, described, cohort.patients, parent.sources, parent.scored)
    read = (predictor.read(image)[1] for image in cohort.shown(bundle.info.geometry))
    facts = [found.facts for found in read if isinstance(found, Found)]
    return levels, Gate(levels, distances, features_of).judge(facts, features)


def sum_up(
    cohort: Cohort, pixels: Grey, score: FloatArray, judged: list[Judgement]
) -> dict[str, Bins]:
    """Sums up local images, which take the place of those of the training as reference for drift.

    Args:
        cohort: the n local images.
        pixels: pixels of the images at the geometry of the model, uint8 of shape (n, h, w).
        score: scores as the site bundle gives them, shape (n,), in [0, 1].
        judged: judgement of the gate on each image; empty without a gate.
    """
    found = make_reference(
        tabulate_pixels(pixels),
        score,
        training_patients=cohort.n_patients,
        validation_patients=cohort.n_patients,
        judgements=judged,
    )
    return {**found, **bin_by_class(score, cohort.positive, cohort.patients)}
