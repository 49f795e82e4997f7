"""Which images a model may judge: refused, warned of, or neither, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.inference.policy import Policy, read_policy
from pneumoscope.inference.rules import Action, Facts, findings
from pneumoscope.statistics import Familiarity
from pneumoscope.types import GateLevel, GateLevels

Grey = NDArray[np.uint8]
Features = NDArray[np.float32]

# What may have happened to a radiograph on its way, undone.
_REMEDIES: dict[str, Callable[[Grey], Grey]] = {
    "it looks turned to the right: turn it by 90° to the left": lambda x: np.rot90(x, 1),
    "it looks turned to the left: turn it by 90° to the right": lambda x: np.rot90(x, 3),
    "it looks upside down: turn it by 180°": lambda x: np.rot90(x, 2),
    "it looks inverted, black for white: invert it": lambda x: 255 - x,
}


@dataclass(frozen=True)
class Verdict:
    """What the gate says of an image.

    Attributes:
        reasons: why it is refused; empty if it is not.
        warnings: what to know before its label is believed.
        distance: from the training images; None if it has none that is finite.
    """

    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    distance: float | None = None


class Gate:
    """Holds images against those that a model was trained on.

    Args:
        levels: from which distance on images are warned of and refused.
        familiarity: the distance.
        features: of images, uint8 (n, h, w) to float32 (n, k).
        policy: what follows from header and pixels; by default the one that ships.
    """

    def __init__(
        self,
        levels: GateLevels,
        familiarity: Familiarity,
        features: Callable[[Grey], Features],
        policy: Policy | None = None,
    ) -> None:
        self._levels = levels
        self._familiarity = familiarity
        self._features = features
        self._policy = policy or read_policy()

    def judge(self, facts: Sequence[Facts], features: Features) -> list[Verdict]:
        """What it says of images, of which the network has made these features.

        Args:
            facts: of n images.
            features: float32 (n, k).
        """
        distances = self._familiarity.distances(features)
        return [
            self._verdict(one, float(distance))
            for one, distance in zip(facts, distances, strict=True)
        ]

    def _verdict(self, facts: Facts, distance: float) -> Verdict:
        reasons = findings(facts, self._policy, Action.REFUSE)
        warnings = findings(facts, self._policy, Action.WARN)
        warn, refuse = self._levels.warn, self._levels.refuse
        remedy = self._remedy(facts) if distance > warn.distance else ()
        if distance > refuse.distance:
            reasons += (*remedy, _unlike(distance, refuse))
        elif remedy:
            reasons += remedy
        elif distance > warn.distance:
            warnings += (_unlike(distance, warn),)
        return Verdict(reasons, warnings, distance if np.isfinite(distance) else None)

    def _remedy(self, facts: Facts) -> tuple[str, ...]:
        """How an unusual image would become a usual one, if there is a simple way.

        Costs the network a pass of four images, and so is done for unusual images alone.
        """
        pixels = facts.pixels
        undone = {text: undo(pixels) for text, undo in _REMEDIES.items()}
        fitting = {text: image for text, image in undone.items() if image.shape == pixels.shape}
        distances = self._familiarity.distances(self._features(np.stack([*fitting.values()])))
        nearest = int(np.argmin(distances))
        if not distances[nearest] <= self._levels.warn.distance:
            return ()
        return (f"{list(fitting)[nearest]} and try again",)


def _unlike(distance: float, level: GateLevel) -> str:
    return (
        f"it is unlike the images that this model was trained on (distance {distance:.2f}, where "
        f"{100 * (1 - level.share):.3g} % of validation images are below {level.distance:.2f}): "
        "make sure that it is a whole, upright, frontal chest radiograph"
    )
