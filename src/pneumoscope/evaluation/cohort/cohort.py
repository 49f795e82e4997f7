"""The images that models are measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pneumoscope.errors import DataError
from pneumoscope.imaging import Acquisition
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import ReadImage
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.statistics import BoolArray, IntArray, Resampling, StrArray
from pneumoscope.task import is_positive
from pneumoscope.types import Geometry, ImageRecord


@dataclass(frozen=True, eq=False)
class Cohort:
    """Images that had no part in making the models that are measured on them, each read once.

    Attributes:
        data: the folder or manifest that they are from.
        classes: names of their c >= 2 classes.
        records: the n >= 1 images, with the hash of their source.
        pixels: uint8 of shape (n, h, w), by the geometry of each model.
        acquisitions: what the n files say of how they were taken.
        resampling: the resamples of their patients that all intervals are from.
        seen: number of images that were left out because a model was made with them, or with
            others of their patients.
        unreadable: why each file that could not be read was left out.
        notices: what a person should know about the data set, and about what it cannot tell.
        not_drawn: number of images that were left out by `draw`.

    Raises:
        DataError: on construction, if no image is left.
    """

    data: Path
    classes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    pixels: Mapping[Geometry, Grey]
    acquisitions: tuple[Acquisition, ...]
    resampling: Resampling = field(default_factory=Resampling)
    seen: int = 0
    unreadable: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()
    not_drawn: int = 0

    def __post_init__(self) -> None:
        if self.records:
            return
        if self.unreadable:
            raise DataError(
                "None of the images could be read",
                received=f"{len(self.unreadable)} broken files; the first: {self.unreadable[0]}",
                remedy="Check the files",
                code="data-unreadable",
                values={"path": str(self.data), "files": len(self.unreadable)},
            )
        raise DataError(
            f"{self.data} holds no image to evaluate on",
            expected="images that the model was not made with",
            received=f"{self.seen} readable images, all of which it knows",
            remedy="Give other data, or train with a larger `test_share`",
            code="nothing-unseen",
            values={"path": str(self.data), "seen": self.seen},
        )

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def labels(self) -> IntArray:
        """Index of the class of each image, int64 of shape (n,)."""
        return np.array([record.label for record in self.records], np.int64)

    @cached_property
    def positive(self) -> BoolArray:
        """Whether each image is of another class than the reference, shape (n,)."""
        return is_positive(self.labels)

    @cached_property
    def patients(self) -> StrArray:
        """Key of the patient of each image, str of shape (n,)."""
        return np.array([record.patient for record in self.records], np.str_)

    @property
    def n_patients(self) -> int:
        """Number of different patients."""
        return len(np.unique(self.patients))

    @property
    def described(self) -> str:
        """How many images of each class, and of how many patients, in words."""
        images = ", ".join(f"{count:,} {name}" for name, count in self.count().items())
        return f"{images} of {self.n_patients:,} patients"

    def count(self) -> dict[str, int]:
        """Counts the images of each class."""
        counts = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, counts, strict=True))

    def left_out(self) -> dict[str, Any]:
        """What was left out, as plain JSON types."""
        return {"seen": self.seen, "unreadable": [notice.to_dict() for notice in self.unreadable]}

    def shown(self, geometry: Geometry) -> list[ReadImage]:
        """Lists the images as a model of one of the geometries is shown them."""
        return [
            ReadImage(public_name(record.path), acquisition, pixels)
            for record, acquisition, pixels in zip(
                self.records, self.acquisitions, self.pixels[geometry], strict=True
            )
        ]

    def draw(self, images: int) -> Cohort:
        """Draws whole patients by chance until there are as many images; all, if there are fewer.

        Args:
            images: how many are wanted, at least 1; the last patient may bring a few more. Fewer
                are a part of more: the seed is that of the resampling.
        """
        keys, codes, counts = np.unique(self.patients, return_inverse=True, return_counts=True)
        order = np.random.default_rng(self.resampling.seed).permutation(len(keys))
        before = np.cumsum(counts[order]) - counts[order]
        drawn = np.isin(codes, order[before < images])
        left_out = len(drawn) - int(np.count_nonzero(drawn))
        return replace(self._only(drawn), not_drawn=self.not_drawn + left_out)

    def without(self, broken: Mapping[int, Notice]) -> Cohort:
        """Leaves images out, as it does those that cannot be read.

        Args:
            broken: why, by index of the image.

        Raises:
            DataError: if none is left.
        """
        if not broken:
            return self
        kept = np.array([index not in broken for index in range(len(self))])
        unreadable = (*self.unreadable, *(broken[index] for index in sorted(broken)))
        return self._only(kept, unreadable)

    def _only(self, chosen: BoolArray, unreadable: tuple[Notice, ...] | None = None) -> Cohort:
        indices = np.flatnonzero(chosen)
        return replace(
            self,
            records=tuple(self.records[index] for index in indices),
            pixels={geometry: images[chosen] for geometry, images in self.pixels.items()},
            acquisitions=tuple(self.acquisitions[index] for index in indices),
            unreadable=self.unreadable if unreadable is None else unreadable,
        )
