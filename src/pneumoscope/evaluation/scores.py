"""Labelled images with the probabilities of a model: the input of everything in this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import DataError
from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.gate import Judgement
from pneumoscope.inference import Predictor
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.statistics import FEW_PATIENTS, BoolArray, FloatArray, IntArray, StrArray
from pneumoscope.task import called_class, is_positive, positive_name, positive_score

# Softmax in half precision adds up to one only roughly; more than this is not a probability.
_SUM_TOLERANCE = 1e-2


@dataclass(frozen=True, eq=False)
class ScoredImages:
    """Labelled images and the probabilities that a model gave them.

    Class 0 is the reference ("Normal"); all other classes together are the positive side.

    Attributes:
        classes: names of the c >= 2 classes.
        labels: true class of each image, int64 of shape (n,), each in 0 to c - 1.
        probabilities: float64 of shape (n, c) in [0, 1], each row adding up to one.
        patients: key of the patient of each image, str of shape (n,).
        subgroups: subgroup of each image, str of shape (n,); empty where none is known.
        paths: the n files.
        threshold: score from which on an image is called positive, in [0, 1].
        groups: further attributes by name, such as "sex": the value for each image, str of shape
            (n,); empty where none is known.
        refused: True for each image that the model refuses, bool of shape (n,); None if it can
            refuse none. Refused images have probabilities like all others.
        judgements: decision of the gate on each image, n of them; empty where nothing can be
            refused.

    Raises:
        DataError: on construction, if a value is out of range or the lengths differ.
    """

    classes: tuple[str, ...]
    labels: IntArray
    probabilities: FloatArray
    patients: StrArray
    subgroups: StrArray
    paths: tuple[str, ...]
    threshold: float
    groups: Mapping[str, StrArray] = field(default_factory=dict)
    refused: BoolArray | None = None
    judgements: tuple[Judgement, ...] = ()

    @classmethod
    def of(
        cls,
        cohort: Cohort,
        predictor: Predictor,
        probabilities: NDArray[np.floating],
        refused: BoolArray | None = None,
        judgements: Sequence[Judgement] = (),
    ) -> ScoredImages:
        """Joins the images of a cohort and the predictions of a model.

        Args:
            cohort: the n images.
            predictor: the model of c classes, with the threshold of its operating point.
            probabilities: probability of each class, any float type, shape (n, c).
            refused: True for each image that the model refuses, bool of shape (n,); None if it
                can refuse none.
            judgements: decision of the gate on each image, n of them; empty where nothing can be
                refused.

        Raises:
            DataError: if a probability is out of range.
        """
        records = cohort.records
        names = {name for record in records for name in record.groups}
        ordered = sorted(names, key=lambda name: (name != "source", name))
        return cls(
            classes=predictor.info.classes,
            labels=cohort.labels,
            probabilities=probabilities.astype(np.float64),
            patients=cohort.patients,
            subgroups=np.array([record.subgroup for record in records], dtype=np.str_),
            paths=tuple(str(record.path) for record in records),
            threshold=predictor.operating_point.threshold,
            groups={
                name: np.array([record.groups.get(name, "") for record in records], dtype=np.str_)
                for name in ordered
            },
            refused=refused,
            judgements=tuple(judgements),
        )

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_values()

    @cached_property
    def score(self) -> FloatArray:
        """Probability of the positive side of each image, shape (n,), in [0, 1]."""
        return positive_score(self.probabilities)

    @cached_property
    def positive(self) -> BoolArray:
        """True for each image whose true class is not the reference, shape (n,)."""
        return is_positive(self.labels)

    @cached_property
    def predicted(self) -> IntArray:
        """Predicted class of each image, shape (n,)."""
        return called_class(self.probabilities, self.threshold)

    @property
    def positive_name(self) -> str:
        """Name of the positive side, whose probability `score` is."""
        return positive_name(self.classes)

    @property
    def n_patients(self) -> int:
        """Number of different patients."""
        return len(np.unique(self.patients))

    @property
    def counts(self) -> str:
        """Number of images and of patients, in words."""
        images, patients = len(self.paths), self.n_patients
        return (
            f"{images:,} image{'s' if images != 1 else ''}, "
            f"{patients:,} patient{'s' if patients != 1 else ''}"
        )

    def subset(self, chosen: BoolArray) -> ScoredImages:
        """Selects the images where `chosen`, bool of shape (n,), is True: at least one."""
        return ScoredImages(
            classes=self.classes,
            labels=self.labels[chosen],
            probabilities=self.probabilities[chosen],
            patients=self.patients[chosen],
            subgroups=self.subgroups[chosen],
            paths=tuple(self.paths[i] for i in np.flatnonzero(chosen)),
            threshold=self.threshold,
            groups={name: values[chosen] for name, values in self.groups.items()},
            refused=None if self.refused is None else self.refused[chosen],
            judgements=tuple(v for v, kept in zip(self.judgements, chosen, strict=False) if kept),
        )

    def _check_shapes(self) -> None:
        n, c = len(self.paths), len(self.classes)
        _require(c >= 2, "the classes", "two or more", self.classes)
        _require(n >= 1, "the set", "at least one image", "none")
        for name, values, shape in (
            ("labels", self.labels, (n,)),
            ("probabilities", self.probabilities, (n, c)),
            ("patients", self.patients, (n,)),
            ("subgroups", self.subgroups, (n,)),
            *((f"group {name}", values, (n,)) for name, values in self.groups.items()),
            *(() if self.refused is None else (("refused", self.refused, (n,)),)),
        ):
            _require(values.shape == shape, f"the shape of {name}", shape, values.shape)
        judged = len(self.judgements)
        _require(judged in (0, n), "the number of judgements", f"0 or {n}", judged)

    def _check_values(self) -> None:
        labels, probabilities = self.labels, self.probabilities
        last = len(self.classes) - 1
        _require(
            bool(np.all((labels >= 0) & (labels <= last))),
            "a label",
            f"0 to {last}",
            f"{labels.min()} to {labels.max()}",
        )
        finite = np.isfinite(probabilities).all(axis=1)
        _require(
            bool(finite.all()),
            "a probability",
            "finite numbers",
            f"{np.count_nonzero(~finite)} images with NaN or infinite ones, the first being "
            f"{public_name(self.paths[int(np.argmin(finite))])}",
        )
        _require(
            bool(np.all((probabilities >= 0) & (probabilities <= 1))),
            "a probability",
            "0 to 1",
            f"{probabilities.min():g} to {probabilities.max():g}",
        )
        sums = probabilities.sum(axis=1)
        _require(
            bool(np.all(np.abs(sums - 1) <= _SUM_TOLERANCE)),
            "the probabilities of an image",
            "a sum of 1",
            f"{sums.min():g} to {sums.max():g}",
        )
        _require(0 <= self.threshold <= 1, "the threshold", "0 to 1", self.threshold)


def remark_on_few(patients: int) -> tuple[Notice, ...]:
    """Makes the notice that intervals from so few patients are too narrow; none if enough."""
    if patients >= FEW_PATIENTS:
        return ()
    text = f"Few patients ({patients}): the intervals are too narrow"
    return (Notice("few-patients", text, {"patients": patients}),)


def _require(holds: bool, what: str, expected: Any, received: Any) -> None:
    if not holds:
        raise DataError(
            f"These scores cannot be evaluated: {what} is wrong",
            expected=str(expected),
            received=str(received),
            remedy="Predict the images again with the model that belongs to these classes",
        )
