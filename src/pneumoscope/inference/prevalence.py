"""Probabilities restated for another prevalence than the model was calibrated to."""

from __future__ import annotations

from collections.abc import Sequence

from pneumoscope.bundle import BundleInfo
from pneumoscope.errors import BundleError, out_of_range


def odds_ratio(info: BundleInfo, prevalence: float) -> float:
    """Computes the odds of a prevalence over those that a model was calibrated to.

    Args:
        info: description of the model.
        prevalence: fraction of positive images where the model is used.

    Raises:
        SettingsError: if the prevalence is not between 0 and 1.
        BundleError: if the model's probabilities hold for no known prevalence.
    """
    if not 0 < prevalence < 1:
        raise out_of_range("prevalence", prevalence, "a fraction above 0 and below 1, such as 0.2")
    if info.calibration is None or not info.calibration.fitted:
        raise BundleError(
            f"The probabilities of {info.name} cannot be restated for a prevalence",
            expected="a bundle that was calibrated and states its own",
            received="one made before there was calibration"
            if info.calibration is None
            else "".join(map(str, info.calibration.notices[:1])),
            remedy="Train it again, with more validation patients, or leave out `prevalence`",
            code="bundle-not-calibrated",
            values={"model": info.name},
        )
    stated = info.calibration.prevalence
    return prevalence / (1 - prevalence) * (1 - stated) / stated


def restated(probabilities: Sequence[float], ratio: float) -> list[float]:
    """Multiplies the odds of the positive side by a ratio of prior odds.

    This is right where images of each class are distributed alike in both places, and only the
    prevalence differs (Saerens et al., Neural Comput 2002;14:21-41). The order of images stays.

    Args:
        probabilities: probabilities of the classes, the reference first.
        ratio: ratio of the prior odds, from `odds_ratio`; 1 leaves the probabilities unchanged.

    Returns:
        The probabilities, adding up to one as before.
    """
    if ratio == 1:
        return list(probabilities)
    reference, *others = probabilities
    weighted = [reference, *(ratio * other for other in others)]
    total = sum(weighted)
    return [value / total for value in weighted]
