"""Judgement of images by the gate: refusals with reasons, and warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.gate.appearance import LAYOUT, LAYOUT_SIDE, Descriptors, describe_images
from pneumoscope.gate.distance import TrainingDistance
from pneumoscope.gate.levels import GateLevel, GateLevels, score_distances
from pneumoscope.gate.policy import Policy, read_policy
from pneumoscope.gate.rules import Action, Facts, findings
from pneumoscope.graph import FEATURES
from pneumoscope.notices import Notice
from pneumoscope.statistics import FloatArray

Grey = NDArray[np.uint8]

_UNLIKE = {
    FEATURES: (
        "unlike-training",
        "it is unlike the images that this model was trained on",
        "make sure that it is a whole, upright, frontal chest radiograph, and that the patient is "
        "like those of the training",
    ),
    "tone": (
        "tone",
        "its greys or its sharpness are unlike those of the training images",
        "check its exposure, window and compression",
    ),
    LAYOUT: (
        "layout",
        "its framing, position or proportions are unlike those of the training images",
        "check it for borders and cropping, and whether the patient is like those of the training",
    ),
}
"""Code, text and remedy of a great distance, by kind of its descriptors."""

# A refused image counts as turned or inverted if undoing that leaves less than this fraction
# of its distance.
_MUCH_NEARER = 0.6

# An image may be turned or inverted, however usual it is, if undoing that in its coarse layout
# alone leaves less than this fraction of the distance of the layout.
_NEARER = 0.95


@dataclass(frozen=True)
class _Remedy:
    """A transformation that would undo a wrong orientation or an inversion.

    Attributes:
        code: code of the reason, such as "upside-down".
        advice: text for the reader.
        undo: function that transforms an image or a layout, of 256 grey levels, back.
        shows_in: kind of the descriptor of appearance that is affected.
    """

    code: str
    advice: str
    undo: Callable[[NDArray[Any]], NDArray[Any]]
    shows_in: str


_REMEDIES = (
    _Remedy(
        "turned-right",
        "it looks turned to the right: turn it by 90° to the left",
        lambda x: np.rot90(x, 1),
        LAYOUT,
    ),
    _Remedy(
        "turned-left",
        "it looks turned to the left: turn it by 90° to the right",
        lambda x: np.rot90(x, 3),
        LAYOUT,
    ),
    _Remedy(
        "upside-down",
        "it looks upside down: turn it by 180°",
        lambda x: np.rot90(x, 2),
        LAYOUT,
    ),
    _Remedy(
        "inverted",
        "it looks inverted, black for white: invert it",
        lambda x: 255 - x,
        "tone",
    ),
)


@dataclass(frozen=True)
class Judgement:
    """Judgement of an image by the gate.

    Attributes:
        reasons: reasons for refusal; empty if the image is accepted.
        warnings: warnings to consider before the label is relied on.
        distance: out-of-distribution score of the image; None if it is not finite, or there is no
            gate.
        source: source of the training images that it is nearest to; None if there is no distance,
            or the sources of the training images are not known.
    """

    reasons: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    distance: float | None = None
    source: str | None = None


class Gate:
    """Compares images with those that a model was trained on.

    Args:
        levels: levels above which images are warned of and refused.
        distances: distances from the training images, by kind of descriptor.
        features: function that computes the features of images, uint8 (n, h, w) to float32 (n, k).
        policy: action of each rule on header and pixels; by default the one that ships.
    """

    def __init__(
        self,
        levels: GateLevels,
        distances: Mapping[str, TrainingDistance],
        features: Callable[[Grey], Descriptors],
        policy: Policy | None = None,
    ) -> None:
        self._levels = levels
        self._distances = distances
        self._features = features
        self._policy = policy or read_policy()

    def judge(self, facts: Sequence[Facts], features: Descriptors) -> list[Judgement]:
        """Judges images.

        Args:
            facts: facts of n images.
            features: features of the images by the network, float32 of shape (n, k).
        """
        pixels = np.stack([one.pixels for one in facts])
        described = describe_images(pixels, features, self._distances)
        found = self._measure(described)
        suspected = self._suspect(described, found)
        judged = [
            self._judge_one(one, {name: float(far[row]) for name, far in found.items()}, remedies)
            for row, (one, remedies) in enumerate(zip(facts, suspected, strict=True))
        ]
        if not self._levels.sources:
            return judged
        nearest = self._distances[FEATURES].measure_groups(features).argmin(axis=1)
        return [
            one if one.distance is None else replace(one, source=self._levels.sources[group])
            for one, group in zip(judged, nearest, strict=True)
        ]

    def _measure(self, described: Mapping[str, Descriptors]) -> dict[str, FloatArray]:
        """Measures each distance of n images, by kind, float64 of shape (n,)."""
        return {kind: self._distances[kind].measure(found) for kind, found in described.items()}

    def _suspect(
        self, described: Mapping[str, Descriptors], found: Mapping[str, FloatArray]
    ) -> list[tuple[_Remedy, ...]]:
        """Lists for each image the remedies that bring its coarse layout nearer.

        A layout can be turned and inverted as it is: this takes no prediction.
        """
        if LAYOUT not in found:
            return [()] * len(next(iter(found.values())))
        layouts = described[LAYOUT]
        grids = layouts.reshape(len(layouts), LAYOUT_SIDE, LAYOUT_SIDE)
        nearer = []
        for remedy in _REMEDIES:
            undone = np.stack([remedy.undo(grid) for grid in grids]).reshape(layouts.shape)
            after = self._distances[LAYOUT].measure(undone)
            nearer.append(after < _NEARER * found[LAYOUT])
        return [tuple(compress(_REMEDIES, row)) for row in np.stack(nearer, axis=1)]

    def _judge_one(
        self, facts: Facts, distances: Mapping[str, float], suspected: tuple[_Remedy, ...]
    ) -> Judgement:
        reasons = findings(facts, self._policy, Action.REFUSE)
        warnings = findings(facts, self._policy, Action.WARN)
        warn, refuse = self._levels.warn, self._levels.refuse
        unusual = [name for name, far in distances.items() if far > warn[name].distance]
        distance = self._score(distances)
        refused = distance > refuse.distance
        among = _REMEDIES if unusual or refused else suspected
        remedy = self._remedy(facts, distances, among, refused=refused) if among else ()
        if refused:
            reasons += (*remedy, _unlike(FEATURES, distance, refuse))
        elif remedy:
            reasons += remedy
        else:
            warnings += tuple(_unlike(name, distances[name], warn[name]) for name in unusual)
        return Judgement(reasons, warnings, distance if np.isfinite(distance) else None)

    def _score(self, distances: Mapping[str, float]) -> float:
        """Computes the out-of-distribution score of an image."""
        each = {name: np.array([far]) for name, far in distances.items()}
        return float(score_distances(each, self._levels.scored)[0])

    def _remedy(
        self,
        facts: Facts,
        distances: Mapping[str, float],
        remedies: tuple[_Remedy, ...],
        *,
        refused: bool,
    ) -> tuple[Notice, ...]:
        """Finds the rotation or inversion that brings an image near the training images.

        Runs the network on an image for each remedy, and so is done for unusual images alone, and
        for those whose layout is suspect. It has to bring the image nearer, and so near that it
        is usual. An image that is refused in any case may stay unusual after it, as those of other
        hospitals do: there it is enough that the distance becomes much smaller.

        Args:
            facts: facts of the image.
            distances: distances of the image as it is, by kind of descriptor.
            remedies: the remedies to try.
            refused: whether the image is refused in any case.
        """
        pixels = facts.pixels
        undone = [(remedy, remedy.undo(pixels)) for remedy in remedies]
        fitting = [(remedy, image) for remedy, image in undone if image.shape == pixels.shape]
        if not fitting:
            return ()
        images = np.stack([image for _, image in fitting])
        found = self._measure(describe_images(images, self._features(images), self._distances))
        after = [
            {name: float(far[row]) for name, far in found.items()} for row in range(len(images))
        ]
        helping = [
            (_distance(remedy, far), remedy)
            for (remedy, _), far in zip(fitting, after, strict=True)
            if self._helps(remedy, distances, far, refused=refused)
        ]
        if not helping:
            return ()
        _, remedy = min(helping, key=itemgetter(0))
        return (Notice(remedy.code, f"{remedy.advice} and try again"),)

    def _helps(
        self,
        remedy: _Remedy,
        before: Mapping[str, float],
        after: Mapping[str, float],
        *,
        refused: bool,
    ) -> bool:
        """Tells whether a remedy brings an image near the training images, as `_remedy` says."""
        was, now = _distance(remedy, before), _distance(remedy, after)
        usual = all(far <= self._levels.warn[name].distance for name, far in after.items())
        told = remedy.shows_in in after  # the features alone do not tell it of an unusual image
        return (usual and now < was) or (refused and told and now < _MUCH_NEARER * was)


def _distance(remedy: _Remedy, distances: Mapping[str, float]) -> float:
    """Multiplies the distance of the features with that of the appearance that a remedy affects."""
    return distances[FEATURES] * distances.get(remedy.shows_in, 1.0)


def _unlike(name: str, distance: float, level: GateLevel) -> Notice:
    code, what, check = _UNLIKE[name]
    below = 1 - level.share
    text = (
        f"{what} (distance {distance:.2f}, where {100 * below:.3g} % of validation "
        f"images are below {level.distance:.2f}): {check}"
    )
    measured = distance if np.isfinite(distance) else None
    return Notice(code, text, {"distance": measured, "level": level.distance, "below": below})
