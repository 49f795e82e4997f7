"""Which images of a data set had no part in making a model, nor have others of their patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pneumoscope.bundle import Seen
from pneumoscope.dataset import ImageSet
from pneumoscope.errors import DataError, ImageError
from pneumoscope.imaging import read_bytes
from pneumoscope.parallel import in_parallel
from pneumoscope.types import ImageRecord


@dataclass(frozen=True)
class UnseenImages:
    """What is left of a data set to measure models on.

    Attributes:
        records: the images that none of the models has seen, with the hash of their source.
        seen: number of images that were left out.
        unreadable: why each file that could not be read was left out.
        notices: why seen images may be among them all the same.
    """

    records: tuple[ImageRecord, ...]
    seen: int
    unreadable: tuple[str, ...]
    notices: tuple[str, ...] = ()


def find_unseen(data: Path, images: ImageSet, models: Sequence[Seen]) -> UnseenImages:
    """Leaves out the images that any model was made with, and all others of their patients.

    Args:
        data: how errors name the data set.
        images: of the data set.
        models: what each model has seen.

    Raises:
        DataError: if no image is left.
    """
    hashed = in_parallel(_with_hash, images.records)
    found = [record for record in hashed if isinstance(record, ImageRecord)]
    unseen = tuple(record for record in found if not any(_knows(seen, record) for seen in models))
    if not unseen:
        raise DataError(
            f"{data} holds no image to evaluate on",
            expected="images that the model was not made with",
            received=f"{len(found)} readable images, all of which it knows",
            remedy="Give other data, or train with a larger `test_share`",
        )
    unreadable = tuple(str(error) for error in hashed if isinstance(error, ImageError))
    notices = tuple(_doubt_keys(data, images, models))
    return UnseenImages(unseen, len(found) - len(unseen), unreadable, notices)


def draw_part(unseen: UnseenImages, images: int, seed: int) -> UnseenImages:
    """Draws whole patients by chance until there are as many images; all, if there are fewer.

    Args:
        unseen: what to draw from.
        images: how many are wanted, at least 1; the last patient may bring a few more.
        seed: of the draw.
    """
    patients = np.array([record.patient for record in unseen.records])
    keys, codes, counts = np.unique(patients, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(keys))
    before = np.cumsum(counts[order]) - counts[order]
    drawn = np.isin(codes, order[before < images])
    kept = (r for r, chosen in zip(unseen.records, drawn, strict=True) if chosen)
    return replace(unseen, records=tuple(kept))


def require_readable(readable: int, unreadable: Sequence[str]) -> None:
    """Refuses to go on with nothing.

    Raises:
        DataError: if no image could be read.
    """
    if not readable:
        raise DataError(
            "None of the images could be read",
            received=f"{len(unreadable)} broken files; the first: {unreadable[0]}",
            remedy="Check the files",
        )


def _doubt_keys(data: Path, images: ImageSet, models: Sequence[Seen]) -> Iterator[str]:
    keys = {seen.patient_key for seen in models} - {"", images.patient_key}
    if keys and images.patient_key:
        yield (
            "The patients of the model were hashed with another patient.key than those of "
            f"{data}: images that it has seen are recognised, other images of the same patients "
            "are not"
        )


def _with_hash(record: ImageRecord) -> ImageRecord | ImageError:
    if record.sha256:
        return record
    try:
        return replace(record, sha256=read_bytes(record.path).sha256)
    except ImageError as error:
        return error


def _knows(seen: Seen, record: ImageRecord) -> bool:
    # By patient as well as by image: the same radiograph may have been scaled or saved anew.
    known = record.patient_known and seen.has_patient(record.patient)
    return known or seen.has_image(record.sha256)
