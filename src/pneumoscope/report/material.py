"""Everything that a report shows, measured in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pneumoscope.bundle import BundleInfo
from pneumoscope.dataset import read_images
from pneumoscope.dataset.audit import Audit, audit
from pneumoscope.evaluation import Evaluation, GroupResult
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.held_out import evaluate_unseen
from pneumoscope.evaluation.stress import ModelStress, Stress
from pneumoscope.evaluation.stress.run import stress_unseen
from pneumoscope.evaluation.unseen import UnseenImages, find_unseen
from pneumoscope.inference import Predictor
from pneumoscope.parallel import Progress
from pneumoscope.report.source import Source
from pneumoscope.statistics import RESAMPLES
from pneumoscope.types import OperatingPoint

# Of each the stress validation makes 22 predictions: with these a report takes about a minute.
_MOST_STRESSED = 300

Bars = Callable[[str], Progress]
"""Makes the progress of a part of the work, by what is done in it."""


@dataclass(frozen=True, eq=False)
class Material:
    """What was measured of a run.

    Attributes:
        source: the run.
        predictor: its model.
        own_data: whether it was measured on what it was trained from, its held-out patients.
        audit: of all the data.
        evaluation: on the images that the model has not seen.
        points: each operating point on these images.
        stress: on these images, changed; on a part of them if there are many.
    """

    source: Source
    predictor: Predictor
    own_data: bool
    audit: Audit
    evaluation: Evaluation
    points: tuple[tuple[OperatingPoint, GroupResult], ...]
    stress: Stress

    @property
    def info(self) -> BundleInfo:
        """What the model is."""
        return self.predictor.info

    @property
    def stressed(self) -> ModelStress:
        """What became of the model under changes."""
        return self.stress.models[0]

    @property
    def held_out(self) -> dict[str, int]:
        """Images of each class that the run itself held out; empty if it does not say."""
        return dict(self.info.training_data.get("images", {}).get("test", {}))


def gather(
    source: Source,
    data: Path,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    bars: Bars | None = None,
) -> Material:
    """Audits the data, and measures the model on what it has not seen of it.

    Args:
        source: the run.
        data: what to measure on.
        resamples: of the bootstrap behind the intervals.
        seed: of the bootstrap and the audit.
        bars: shows the progress of each part.

    Raises:
        BundleError: if the bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used, or holds nothing that the model has not seen.
    """
    progress = bars or (lambda part: lambda done, total: None)
    predictor = Predictor(source.bundle)
    images = read_images(data, predictor.info.geometry)
    predictor.info.require_classes(images.classes, data)
    unseen = find_unseen(data, images, [source.bundle.seen()])
    audited = audit(data, seed=seed, progress=progress("auditing"))
    evaluation = evaluate_unseen(
        predictor,
        data,
        images,
        unseen,
        resamples=resamples,
        seed=seed,
        progress=progress("scoring"),
    )
    stress = stress_unseen(
        [(predictor.info.name, predictor)],
        data,
        images,
        draw_part(unseen, _MOST_STRESSED, seed),
        resamples=resamples,
        seed=seed,
        progress=progress("stressing"),
    )
    points = tuple(
        (
            point,
            evaluate_all(
                replace(evaluation.scored, threshold=point.threshold),
                resamples=resamples,
                seed=seed,
            ),
        )
        for point in predictor.info.operating_points
    )
    own = source.data is not None and data.resolve() == source.data.resolve()
    return Material(source, predictor, own, audited, evaluation, points, stress)


def draw_part(unseen: UnseenImages, most: int, seed: int) -> UnseenImages:
    """All images of so many patients, drawn at random, that there are just `most` or more.

    Args:
        unseen: the images to draw from.
        most: how many are enough; if there are no more, all are taken.
        seed: of the draw.
    """
    images = Counter(record.patient for record in unseen.records)
    drawn = np.random.default_rng(seed).permutation(sorted(images)).tolist()
    before = np.cumsum([0, *(images[patient] for patient in drawn[:-1])])
    kept = {patient for patient, count in zip(drawn, before, strict=True) if count < most}
    return replace(unseen, records=tuple(r for r in unseen.records if r.patient in kept))
