"""Records of predictions, made of the outputs of the network and the judgements of the gate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle import BundleInfo
from pneumoscope.errors import ImageError
from pneumoscope.gate import Judgement
from pneumoscope.inference.prevalence import odds_ratio, restated
from pneumoscope.notices import Notice
from pneumoscope.task import called_class, positive_score
from pneumoscope.types import OperatingPoint, Prediction, Status


class Recorder:
    """Makes the records of a model's predictions.

    Args:
        info: description of the model.
        operating_point: name of the threshold that makes the labels; by default the first.
        prevalence: fraction of positive images for which probabilities are restated; None to
            leave them.
        gate: True if images can be refused, where the bundle has a gate.

    Raises:
        BundleError: if probabilities are to be restated and the bundle is not calibrated.
        SettingsError: if the bundle has no such operating point, or the prevalence is out of range.
    """

    def __init__(
        self, info: BundleInfo, operating_point: str | None, prevalence: float | None, gate: bool
    ) -> None:
        self._info = info
        self._prevalence = prevalence
        self._ratio = 1.0 if prevalence is None else odds_ratio(info, prevalence)
        self._point = info.operating_point(operating_point)
        self._zone = self._point.undecided if gate else None
        self._refuses = self._zone is not None or (gate and info.gate is not None)

    @property
    def operating_point(self) -> OperatingPoint:
        """Operating point whose threshold makes labels of probabilities."""
        return self._point

    @property
    def refuses(self) -> bool:
        """True if images can be refused."""
        return self._refuses

    def record(
        self, name: str, probabilities: NDArray[np.float32], judgement: Judgement
    ) -> Prediction:
        """Makes the record of an image that was read; its status is `error` without a probability.

        Args:
            name: name of the image.
            probabilities: probabilities of the classes, float32 of shape (c,).
            judgement: judgement of the gate.
        """
        if not np.isfinite(probabilities).all():
            return self.failure(name, _no_probability(name, self._info))
        exact = probabilities.astype(np.float64)
        label = int(called_class(exact, self._point.threshold))
        given = restated(exact.tolist(), self._ratio)
        reasons = judgement.reasons or self._undecided(float(positive_score(exact)))
        return Prediction(
            path=name,
            status=Status.REFUSED if reasons else Status.ACCEPTED,
            model=self._model(),
            label=self._info.classes[label],
            probability=float(positive_score(np.array(given))),
            probabilities=dict(zip(self._info.classes, given, strict=True)),
            operating_point=self._point.name,
            reasons=reasons,
            prevalence=self._prevalence,
            warnings=judgement.warnings,
            distance=judgement.distance,
            nearest_source=judgement.source,
            gate=self._refuses,
        )

    def failure(self, name: str, error: ImageError) -> Prediction:
        """Makes the record of an image that cannot be predicted."""
        return Prediction(
            path=name,
            status=Status.ERROR,
            model=self._model(),
            error=str(error),
            error_code=error.code,
        )

    def _undecided(self, probability: float) -> tuple[Notice, ...]:
        """Gives the reason for no label where the probability lies in the undecided zone."""
        zone = self._zone
        if zone is None or not zone.holds(probability):
            return ()
        found, low, high = (
            restated([1 - p, p], self._ratio)[1] for p in (probability, zone.low, zone.high)
        )
        text = (
            f"the model is undecided: the probability is {found:.2f}, and a label is given "
            f"only below {low:.2f} and from {high:.2f} on"
        )
        return (Notice("undecided", text, {"probability": found, "low": low, "high": high}),)

    def _model(self) -> dict[str, str]:
        return {"name": self._info.name, "version": self._info.version}


def _no_probability(name: str, info: BundleInfo) -> ImageError:
    return ImageError(
        f"{info.name} gives no probability of {name}",
        expected="a number from 0 to 1",
        received="NaN or infinity, as of a network whose training has diverged",
        remedy="Train it again, with a lower learning rate",
        code="no-probability",
        values={"path": name, "model": info.name},
    )
