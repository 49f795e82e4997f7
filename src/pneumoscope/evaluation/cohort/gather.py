"""The reading of a cohort: the unseen images of a data set, each read and decoded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pneumoscope.bundle import Seen
from pneumoscope.dataset import ImageSet, draw_sample
from pneumoscope.errors import ImageError
from pneumoscope.evaluation.cohort.cohort import Cohort
from pneumoscope.evaluation.cohort.models import read_for_all
from pneumoscope.imaging import Acquisition, Source, load_pixels, read_acquisition, read_bytes
from pneumoscope.imaging.changes import Grey
from pneumoscope.inference import Predictor
from pneumoscope.notices import Notice
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.statistics import Resampling
from pneumoscope.types import Geometry, ImageRecord


@dataclass(frozen=True, eq=False)
class _Row:
    """An image that no model has seen.

    Attributes:
        record: the image, with the hash of its source.
        pixels: pixels of the image, uint8 of shape (h, w), by geometry.
        acquisition: acquisition of the image, from its file.
    """

    record: ImageRecord
    pixels: Mapping[Geometry, Grey]
    acquisition: Acquisition


Found = _Row | Notice | None
"""An image that no model has seen; why it cannot be read; or None if a model has seen it.

Not the error itself, whose traceback would keep the bytes of the file in memory.
"""


class CohortReader:
    """A reader of the images that models have not seen, at the geometry of each model.

    Args:
        predictors: one or more models of the same classes.
    """

    def __init__(self, predictors: Sequence[Predictor]) -> None:
        self._seen = [predictor.bundle.seen() for predictor in predictors]
        self._geometries = tuple(dict.fromkeys(each.info.geometry for each in predictors))

    def knows(self, record: ImageRecord) -> bool:
        """Tells from the record alone whether a model has seen the image or its patient.

        The patient counts as well as the image, since the same radiograph may have been scaled or
        saved anew.
        """
        return any(
            (record.patient_known and seen.has_patient(record.patient))
            or (record.sha256 and seen.has_image(record.sha256))
            for seen in self._seen
        )

    def draw(self, images: ImageSet, limit: int | None, seed: int) -> ImageSet:
        """Draws a sample of the images that no model has seen, for a trial.

        Args:
            images: the data set.
            limit: about how many unseen images to take, of whole patients; None for all.
            seed: seed of the draw.

        Returns:
            The sample with the images that are known to be seen, and a notice of what is left out.

        Raises:
            SettingsError: if `limit` is less than 1.
        """
        unseen = [record for record in images.records if not self.knows(record)]
        sample, told = draw_sample(unseen, limit, seed)
        left_out = {record.path for record in unseen} - {record.path for record in sample}
        records = tuple(record for record in images.records if record.path not in left_out)
        return replace(images, records=records, notices=(*images.notices, *told))

    def read(self, record: ImageRecord) -> Found:
        """Reads an image from its file."""
        try:
            source = read_bytes(record.path)
        except ImageError as error:
            return error.to_notice()
        return self.read_source(record, source)

    def read_source(self, record: ImageRecord, source: Source) -> Found:
        """Reads an image whose file has been read."""
        record = replace(record, sha256=record.sha256 or source.sha256)
        if self.knows(record):
            return None
        try:
            pixels = {geometry: load_pixels(source, geometry) for geometry in self._geometries}
            return _Row(record, pixels, read_acquisition(source))
        except ImageError as error:
            return error.to_notice()

    def collect(
        self, data: Path, images: ImageSet, found: Sequence[Found], resampling: Resampling
    ) -> Cohort:
        """Makes a cohort of what has been read.

        Args:
            data: the folder or manifest of the images.
            images: the data set.
            found: result of reading each image, in any number.
            resampling: resamples of the patients.

        Raises:
            DataError: if models have seen all images that could be read.
        """
        rows = [each for each in found if isinstance(each, _Row)]
        unreadable = tuple(each for each in found if isinstance(each, Notice))
        return Cohort(
            data=data,
            classes=images.classes,
            records=tuple(row.record for row in rows),
            pixels={g: np.stack([row.pixels[g] for row in rows]) for g in self._geometries if rows},
            acquisitions=tuple(row.acquisition for row in rows),
            patient_key=images.patient_key,
            resampling=resampling,
            seen=len(images.records) - len(rows) - len(unreadable),
            unreadable=unreadable,
            notices=(*images.notices, *doubt_keys(data, images.patient_key, self._seen)),
        )


def gather(
    data: Path,
    predictors: Sequence[Predictor],
    resampling: Resampling,
    *,
    root: Path | str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Cohort:
    """Reads the images of a data set that no model has seen.

    The images that a model was trained or chosen on are left out, and all others of their
    patients, where these are known; their files are not opened where the record alone tells that.
    All images are held in memory, at the size that the models read: 16 kB each at 128x128 pixels.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        predictors: one or more models.
        resampling: resamples of the patients.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        limit: about how many unseen images to take, of whole patients drawn at random by the seed
            of `resampling`; by default all.
        progress: called with the number of images read and of those to be read.

    Raises:
        BundleError: if a model has other classes than the first, or than the data.
        DataError: if the data cannot be used, or has no image that no model has seen.
    """
    images = read_for_all(data, predictors, None if root is None else Path(root))
    reader = CohortReader(predictors)
    images = reader.draw(images, limit, resampling.seed)
    wanted = [record for record in images.records if not reader.knows(record)]
    return reader.collect(data, images, in_parallel(reader.read, wanted, progress), resampling)


def doubt_keys(data: Path, patient_key: str, models: Sequence[Seen]) -> Iterator[Notice]:
    """Makes a notice if patients of models and of data were hashed with different secret keys.

    Args:
        data: the data, for the text.
        patient_key: fingerprint of the secret that its patients were hashed under; empty if none
            were.
        models: what each model has seen.
    """
    keys = {seen.patient_key for seen in models} - {"", patient_key}
    if keys and patient_key:
        text = (
            "The patients of the model were hashed with another patient.key than those of "
            f"{data}: images that it has seen are recognised, other images of the same patients "
            "are not"
        )
        yield Notice("another-patient-key", text, {"data": str(data)})
