"""The measures of a whole set, of each of its classes and of each of its subgroups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from pneumoscope.evaluation.metrics import (
    all_denominators,
    all_metrics,
    binary_denominators,
    binary_metrics,
)
from pneumoscope.evaluation.scores import ScoredImages
from pneumoscope.statistics import BoolArray, Estimate, Resampling, StrArray

_CLASS_METRICS = ("sensitivity", "ppv", "f1", "auroc")
SUBGROUP_METRICS = ("sensitivity", "specificity", "auroc")


@dataclass(frozen=True)
class GroupResult:
    """The measures of a set of images, or of a part of it against its comparison group.

    Attributes:
        images: number of images of the group.
        patients: number of patients of the group.
        comparison_images: number of images that the group is compared with, where these are not
            of the group itself; otherwise 0.
        estimates: estimate of each measure, by its name.
    """

    images: int
    patients: int
    comparison_images: int
    estimates: dict[str, Estimate]


def evaluate_all(scored: ScoredImages, resampling: Resampling) -> GroupResult:
    """Measures the whole set, by all of `metrics.all_metrics`.

    Args:
        scored: the labelled images.
        resampling: resamples of the patients.

    Returns:
        The counts and estimates.
    """
    measure = partial(all_metrics, scored)
    denominators = all_denominators(scored.labels, scored.predicted)
    estimates = resampling.estimate(measure, scored.patients, denominators)
    return GroupResult(len(scored.labels), scored.n_patients, 0, estimates)


def evaluate_classes(scored: ScoredImages, resampling: Resampling) -> dict[str, GroupResult]:
    """Measures each class against the rest: sensitivity (recall), PPV (precision), F1 and AUROC.

    The score of a class is its own probability. The predicted class comes from the operating
    point, as for the whole set.

    Args:
        scored: the labelled images.
        resampling: resamples of the patients.

    Returns:
        The counts and estimates by class name, in the order of the classes.
    """
    results = {}
    for index, name in enumerate(scored.classes):
        truth, called = scored.labels == index, scored.predicted == index
        measure = partial(binary_metrics, truth, called, scored.probabilities[:, index])
        denominators = binary_denominators(truth, called)
        estimates = resampling.estimate(measure, scored.patients, denominators)
        results[name] = summarise(scored, truth, ~truth, estimates, _CLASS_METRICS)
    return results


def evaluate_subgroups(scored: ScoredImages, resampling: Resampling) -> dict[str, GroupResult]:
    """Measures each subgroup, positive against reference: sensitivity, specificity and AUROC.

    A subgroup of one side only, such as bacterial among the pneumonias, is compared with all
    images of the other side that belong to no subgroup of its kind: specificity is then that of
    the comparison group. The subgroups of other attributes are measured in the same way, each
    attribute on its own, and are named such as "sex=F". Patients are resampled over the subgroup
    and its comparison group together, so that a patient with images in both stays whole.

    Args:
        scored: the labelled images.
        resampling: resamples of the patients.

    Returns:
        The counts and estimates by name; empty if there is no subgroup.
    """
    return {
        name: evaluate_part(scored, members, comparison, resampling)
        for name, members, comparison in subgroups(scored)
    }


def subgroups(scored: ScoredImages) -> Iterator[tuple[str, BoolArray, BoolArray]]:
    """Lists the subgroups of a set, each with its comparison group.

    Yields:
        Name of the subgroup, True for each image of it, and True for each image of its comparison
        group, both of shape (n,).
    """
    for prefix, values in _columns(scored):
        for value in sorted(set(values.tolist()) - {""}):
            members = values == value
            yield prefix + value, members, _comparison(scored, members, values == "")


def summarise(
    scored: ScoredImages,
    members: BoolArray,
    comparison: BoolArray,
    estimates: dict[str, Estimate],
    names: tuple[str, ...],
) -> GroupResult:
    """Counts the images and patients of a group, and keeps its estimates of these names."""
    return GroupResult(
        images=int(np.count_nonzero(members)),
        patients=len(np.unique(scored.patients[members])),
        comparison_images=int(np.count_nonzero(comparison)),
        estimates={name: estimates[name] for name in names},
    )


def evaluate_part(
    scored: ScoredImages,
    members: BoolArray,
    comparison: BoolArray,
    resampling: Resampling,
) -> GroupResult:
    """Measures some of the images against others: sensitivity, specificity and AUROC.

    Args:
        scored: the n labelled images.
        members: True for each image of the group, shape (n,).
        comparison: True for each image of the comparison group, shape (n,); False everywhere if
            the group has images of both sides.
        resampling: resamples of the patients.

    Returns:
        The counts and estimates.
    """
    part = scored.subset(members | comparison)
    estimates = evaluate_all(part, resampling).estimates
    return summarise(scored, members, comparison, estimates, SUBGROUP_METRICS)


def _columns(scored: ScoredImages) -> Iterator[tuple[str, StrArray]]:
    yield "", scored.subgroups
    for name, values in scored.groups.items():
        yield f"{name}=", values


def _comparison(scored: ScoredImages, members: BoolArray, ungrouped: BoolArray) -> BoolArray:
    sides = np.unique(scored.positive[members])
    if len(sides) == 2:
        return np.zeros_like(members)
    comparison: BoolArray = (scored.positive != sides[0]) & ungrouped
    return comparison
