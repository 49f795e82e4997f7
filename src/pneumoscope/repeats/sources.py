"""Sources left out in turn, and each measured by the run that knows the others alone.

Internal-external validation: Steyerberg & Harrell, J Clin Epidemiol 2016;69:245-247.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pneumoscope.dataset import PreparedSet
from pneumoscope.dataset.sources import leave_out, list_sources, weigh_each
from pneumoscope.errors import DataError
from pneumoscope.evaluation import Evaluation
from pneumoscope.evaluation.cohort import gather
from pneumoscope.evaluation.run import evaluate_cohort
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.inference import load
from pneumoscope.known import hospital_of
from pneumoscope.statistics import Resampling, choose_operating_points, measure_sources
from pneumoscope.types import SOURCE, OperatingPoint, Split

Sources = tuple[str, ...]
"""Sources that are left out together."""


@dataclass(frozen=True)
class Travel:
    """A run on images of sources that it knows, and of those that were left out of it.

    Attributes:
        sources: the sources that were left out.
        home: evaluation on unseen patients of the other sources; None if none was held out.
        away: evaluation on all images of the sources that were left out.
    """

    sources: Sources
    home: Evaluation | None
    away: Evaluation

    @property
    def name(self) -> str:
        """Names of the sources that were left out."""
        return " + ".join(self.sources)

    def to_dict(self) -> dict[str, Any]:
        """Returns the evaluations as plain JSON types."""
        return {
            "sources": list(self.sources),
            "home": self.home.to_dict() if self.home else None,
            "away": self.away.to_dict(),
        }


def group_sources(prepared: PreparedSet) -> tuple[Sources, ...]:
    """Groups the sources that are left out together: those of a hospital; those of one class.

    Two data sets of one hospital tell each other's films, so that a run that knows one of them has
    seen the hospital (`known.hospital_of`). Hospitals with one class alone are left out together.

    Raises:
        DataError: if there are not two groups, or no image of a class is left without one.
    """
    records = prepared.images.records
    names = list_sources(records)
    of_hospital: dict[str, list[str]] = {}
    for name in names:
        of_hospital.setdefault(hospital_of(name), []).append(name)
    whole: list[Sources] = []
    part: Sources = ()
    for together in map(tuple, of_hospital.values()):
        labels = {each.label for each in records if each.source in together}
        if len(labels) == len(prepared.images.classes):
            whole.append(together)
        else:
            part += together
    groups = (*whole, part) if part else (*whole,)
    if len(groups) < 2:
        raise DataError(
            "There are too few sources to leave each out in turn",
            expected=f"a manifest with two values or more in its column `{SOURCE}`, each with "
            "images of all classes",
            received=", ".join(names) or "no such column",
            code="too-few-sources",
            values={"sources": names},
        )
    for group in groups:
        leave_out(prepared, group)
    return groups


def measure_travel(bundle: Path, prepared: PreparedSet, sources: Sources) -> Travel:
    """Evaluates a run at home and away, with the thresholds and the calibration that it has.

    Args:
        bundle: bundle of the run.
        prepared: the data set of all runs.
        sources: the sources that were left out of this one.

    Raises:
        BundleError: if the bundle cannot be used.
    """
    predictor = load(bundle)
    cohort = gather(prepared.root, [predictor], Resampling())
    known = {record.source for record in prepared.images.published(Split.TRAIN)} - {*sources}
    at_home, away = (
        np.array([record.source in names for record in cohort.records])
        for names in (known, sources)
    )
    home = evaluate_cohort(predictor, cohort.choose(at_home)) if at_home.any() else None
    return Travel(sources, home, evaluate_cohort(predictor, cohort.choose(away)))


def choose_elsewhere(away: Mapping[str, ScoredImages], seed: int) -> OperatingPoint | None:
    """Chooses a threshold on the sources that were left out, each scored by the run without it.

    It has the greatest sum of sensitivity and specificity on the images of all of them, where
    sources count alike within their class, also those of one class. Its `sources` tell how it holds
    on what was left out of each run, and how a threshold does that was chosen on what was left out
    of the other runs.

    Args:
        away: images that were left out of each run, as it scores them, by the name of what was
            left out.
        seed: seed of the bootstrap behind the intervals.

    Returns:
        The threshold, with its rates on the images that it was chosen on; None if none can be
        chosen.
    """
    scored = [*away.values()]
    truth = np.concatenate([each.positive for each in scored])
    score = np.concatenate([each.score for each in scored])
    patients = np.concatenate([each.patients for each in scored])
    sources = np.concatenate([each.groups[SOURCE] for each in scored])
    labels = np.concatenate([each.labels for each in scored])
    weights = weigh_each(sources.tolist(), labels.tolist())
    chosen = choose_operating_points(truth, score, patients, weights, seed=seed)[0][0]
    if chosen.sensitivity is None:
        return None
    names = np.repeat([*away], [len(each.labels) for each in scored])
    rates = measure_sources(chosen.threshold, truth, score, patients, names, weights, seed=seed)
    return replace(chosen, sources=rates)


def claim_of(travels: Sequence[Travel]) -> str:
    """States what the sources say about further ones, and what they do not."""
    measured = {
        part: [
            found.overall.estimates["auroc"].value
            for each in travels
            if (found := each.away if part == "away" else each.home) is not None
        ]
        for part in ("home", "away")
    }
    said = {part: _span([v for v in values if v is not None]) for part, values in measured.items()}
    text = f"Of sources that it was not trained on, images are ranked with an AUROC {said['away']}"
    if said["home"]:
        text += f"; of unseen patients of the sources that it was trained on, {said['home']}"
    return (
        f"{text}. {len(travels)} sources are examples, not a sample of all hospitals: no interval "
        "says what another one would bring."
    )


def _span(values: Sequence[float]) -> str:
    if not values:
        return "that cannot be computed"
    low, high = min(values), max(values)
    return f"of {low:.3f}" if f"{low:.3f}" == f"{high:.3f}" else f"of {low:.3f} to {high:.3f}"
