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


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """The data that models were measured on, and what was left out of it.

    Attributes:
        data: the folder or manifest of the images.
        resampling: resamples of the patients, for all confidence intervals.
        seen: number of images that were left out because they, or others of their patients, were
            used to make a model.
        unreadable: reason why a file could not be read, for each such file.
        notices: notices about the data set, and about what could not be measured.
    """

    data: Path
    resampling: Resampling = field(default_factory=Resampling)
    seen: int = 0
    unreadable: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()

    def left_out(self) -> dict[str, Any]:
        """Returns what was left out, as plain JSON types."""
        return {"seen": self.seen, "unreadable": [notice.to_dict() for notice in self.unreadable]}

    def require_images(self, images: int) -> None:
        """Refuses to measure on nothing.

        Args:
            images: number of images that are left.

        Raises:
            DataError: if there is none.
        """
        if images:
            return
        if self.unreadable and not self.seen:
            raise DataError(
                "None of the images could be read",
                received=f"{len(self.unreadable)} broken files; the first: {self.unreadable[0]}",
                remedy="Check the files",
                code="data-unreadable",
                values={"path": str(self.data), "files": len(self.unreadable)},
            )
        raise DataError(
            f"{self.data} holds no image to evaluate on",
            expected="images that the model has not seen",
            received=f"{self.seen} that it has seen, and {len(self.unreadable)} broken files",
            remedy="Give other data, or train with a larger `test_share`",
            code="nothing-unseen",
            values={"path": str(self.data), "seen": self.seen},
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Cohort(Measured):
    """Images that none of the models measured on them has seen, each read once.

    Attributes:
        classes: names of the c >= 2 classes.
        records: the n >= 1 images, with the hash of their source.
        pixels: pixels of the images, uint8 of shape (n, h, w), by the geometry of each model; none
            in a result.
        acquisitions: acquisition of each of the n images, from its file.
        not_drawn: number of images that were left out by `draw`.
        patient_key: fingerprint of the secret that patients were hashed under; empty if none were.

    Raises:
        DataError: on construction, if no image is left.
    """

    classes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    pixels: Mapping[Geometry, Grey]
    acquisitions: tuple[Acquisition, ...]
    not_drawn: int = 0
    patient_key: str = ""

    def __post_init__(self) -> None:
        self.require_images(len(self.records))

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def labels(self) -> IntArray:
        """Index of the class of each image, int64 of shape (n,)."""
        return np.array([record.label for record in self.records], np.int64)

    @cached_property
    def positive(self) -> BoolArray:
        """True for each image of another class than the reference, bool of shape (n,)."""
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
        """Number of images of each class, and of patients, in words."""
        images = ", ".join(f"{count:,} {name}" for name, count in self.count().items())
        return f"{images} of {self.n_patients:,} patients"

    def count(self) -> dict[str, int]:
        """Counts the images of each class."""
        counts = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, counts, strict=True))

    def shown(self, geometry: Geometry) -> list[ReadImage]:
        """Lists the images as they are given to a model of one of the geometries."""
        return [
            ReadImage(public_name(record.path), acquisition, pixels)
            for record, acquisition, pixels in zip(
                self.records, self.acquisitions, self.pixels[geometry], strict=True
            )
        ]

    def without_pixels(self) -> Cohort:
        """Leaves the pixels out, for results that outlive the measuring."""
        return replace(self, pixels={})

    def draw(self, images: int) -> Cohort:
        """Draws whole patients at random until there are as many images; all, if there are fewer.

        The seed is that of the resampling, so that a smaller draw is a part of a larger one.

        Args:
            images: number of wanted images, at least 1; the last patient may bring a few more.
        """
        keys, codes, counts = np.unique(self.patients, return_inverse=True, return_counts=True)
        order = np.random.default_rng(self.resampling.seed).permutation(len(keys))
        before = np.cumsum(counts[order]) - counts[order]
        drawn = np.isin(codes, order[before < images])
        left_out = len(drawn) - int(np.count_nonzero(drawn))
        return replace(self._only(drawn), not_drawn=self.not_drawn + left_out)

    def without(self, broken: Mapping[int, Notice]) -> Cohort:
        """Leaves images out, and counts them as unreadable.

        Args:
            broken: reason why an image is left out, by its index.

        Raises:
            DataError: if no image is left.
        """
        if not broken:
            return self
        kept = np.array([index not in broken for index in range(len(self))])
        unreadable = (*self.unreadable, *(broken[index] for index in sorted(broken)))
        return self._only(kept, unreadable)

    def choose(self, chosen: BoolArray) -> Cohort:
        """Chooses the images where `chosen`, bool of shape (n,), is True.

        Raises:
            DataError: if there is none.
        """
        return self._only(chosen)

    def _only(self, chosen: BoolArray, unreadable: tuple[Notice, ...] | None = None) -> Cohort:
        indices = np.flatnonzero(chosen)
        return replace(
            self,
            records=tuple(self.records[index] for index in indices),
            pixels={geometry: images[chosen] for geometry, images in self.pixels.items()},
            acquisitions=tuple(self.acquisitions[index] for index in indices),
            unreadable=self.unreadable if unreadable is None else unreadable,
        )
