"""The conditions under which images are predicted: as they are, changed, and without lungs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pneumoscope.imaging.changes import (
    CHANGES,
    MODERATE,
    Change,
    ChangeGroup,
    Grey,
    brightness,
    hide_lungs,
)
from pneumoscope.statistics import BoolArray

CLEAN = "clean"
HIDDEN = "lungs-hidden"
_OTHER_MEAN = "other-mean"


@dataclass(frozen=True)
class Condition:
    """A condition under which all images are predicted.

    Attributes:
        name: name of the condition in tables.
        group: group of the change; None for the two conditions that are no changes: images as
            they are, and images without lungs.
        description: description of the condition, in one line.
        alter: makes the pixels to predict from those of an image, uint8 of shape (h, w), and from
            whether the image is positive.
    """

    name: str
    group: ChangeGroup | None
    description: str
    alter: Callable[[Grey, bool], Grey]


def conditions(pixels: Grey, positive: BoolArray) -> tuple[Condition, ...]:
    """Makes all conditions, in the order of the tables.

    Args:
        pixels: all n images at one geometry, uint8 of shape (n, h, w).
        positive: True for each positive image, shape (n,).

    Returns:
        First the images as they are, then the changes group by group, last without lungs. The
        brightness of the other side is there only if both sides have images.
    """
    changes = [_of_change(change) for change in CHANGES.values()]
    if len(np.unique(positive)) == 2:
        changes.append(_other_mean(pixels, positive))
    return (
        Condition(CLEAN, None, "as they are", lambda image, _: image),
        *(change for group in ChangeGroup for change in changes if change.group is group),
        Condition(
            HIDDEN, None, "a grey rectangle over the lungs", lambda image, _: hide_lungs(image)
        ),
    )


def _of_change(change: Change) -> Condition:
    return Condition(
        change.name,
        change.group,
        change.describe(MODERATE),
        lambda image, _: change(image, MODERATE),
    )


def _other_mean(pixels: Grey, positive: BoolArray) -> Condition:
    """Makes the condition of each image as bright as those of the other side on average."""
    means = np.array([image.mean() for image in pixels])  # of all at once, they would become floats
    other = {side: float(means[positive != side].mean()) for side in (True, False)}
    return Condition(
        _OTHER_MEAN,
        ChangeGroup.EXPOSURE,
        "the mean brightness of the other side's images",
        lambda image, side: brightness(image, (other[side] - image.mean()) / 255),
    )
