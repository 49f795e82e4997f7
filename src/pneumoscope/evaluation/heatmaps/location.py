"""The location of heatmaps: how much of them lies within masks of the pneumonia or the lungs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import DataError, ImageError
from pneumoscope.evaluation.cohort import Cohort
from pneumoscope.evaluation.heatmaps.maps import ExplainedImages
from pneumoscope.evaluation.heatmaps.result import Location
from pneumoscope.imaging import load_mask, read_bytes
from pneumoscope.inference.occlusion import count_covers
from pneumoscope.notices import Notice
from pneumoscope.parallel import in_parallel
from pneumoscope.statistics import FloatArray, IntArray, Resampling, StrArray
from pneumoscope.types import Geometry, ImageRecord

_HALF = 0.5


def locate_within(
    folders: Mapping[str, Path | None],
    explained: ExplainedImages,
    cohort: Cohort,
) -> tuple[dict[str, Location], tuple[Notice, ...]]:
    """Measures how much of the maps lies within masks.

    Within the pneumonia it is the map of the true class, elsewhere that of the predicted class.

    Args:
        folders: folders of masks, by what these mark, "pneumonia" or "lungs"; None where there
            are no masks.
        explained: n images and their maps.
        cohort: the images.

    Returns:
        The location by what is marked, and the reasons why masks could not be read.

    Raises:
        DataError: if no mask in a folder is named like any of the images.
    """
    found: dict[str, Location] = {}
    unreadable: list[Notice] = []
    geometry = Geometry(*explained.pixels.shape[1:])
    for name, folder in folders.items():
        if folder is None:
            continue
        own = name == "pneumonia"
        maps = explained.maps_of(explained.scored.labels) if own else explained.called_maps
        marked, broken = read_masks(folder, cohort.records, geometry, maps.shape[1:])
        unreadable += broken
        location = locate(maps, marked, cohort.patients, cohort.resampling, count_covers())
        if location:
            found[name] = location
    return found, tuple(unreadable)


def read_masks(
    folder: Path, records: Sequence[ImageRecord], geometry: Geometry, places: tuple[int, int]
) -> tuple[FloatArray, tuple[Notice, ...]]:
    """Reads the masks of images, as the fraction of each place of a map that they cover.

    Args:
        folder: folder of the masks, under the file names of their images, or as PNG under their
            stems: 255 where something is marked, 0 elsewhere, over the whole image.
        records: the n images.
        geometry: geometry of the network.
        places: height and width of a map.

    Returns:
        Fraction covered, shape (n, h', w'), in [0, 1], NaN where an image has no mask; and the
        reason for each mask that could not be read.

    Raises:
        DataError: if there is no mask for any of the images.
    """
    found = in_parallel(partial(_read, folder, geometry, places), records)
    unreadable = tuple(mask for mask in found if isinstance(mask, Notice))
    nothing = np.full(places, np.nan)
    masks = np.stack([nothing if isinstance(mask, Notice) else mask for mask in found])
    if np.isnan(masks).all():
        raise DataError(
            f"{folder} holds no readable mask of any of these images",
            expected=f"files named like the images, such as {records[0].path.stem}.png",
            remedy="Give the `masks` that `pneumoscope.make_phantoms` wrote beside them",
        )
    return masks, unreadable


def locate(
    maps: NDArray[np.float32],
    masks: FloatArray,
    patients: StrArray,
    resampling: Resampling,
    covers: IntArray | FloatArray,
) -> Location | None:
    """Measures how much of each map lies within its mask.

    The fraction of the mass within is the energy-based pointing game (Wang et al. 2020,
    arXiv:1910.01279), the strongest place alone the pointing game (Zhang et al. 2018,
    arXiv:1608.00507), here without a tolerance around the mask.

    Args:
        maps: signed maps, float32 of shape (n, h', w'); only their positive part counts.
        masks: fraction of each place that is marked, shape (n, h', w'); NaN where there is no
            mask.
        patients: key of the patient of each image, shape (n,).
        resampling: resamples of the patients.
        covers: number of covers over each place, shape (h', w'), by which it counts where nothing
            is known of the image.

    Returns:
        The estimates over the images that have something marked; None if there is none. A map
        without a positive place counts in `area` and `chance` alone.
    """
    marked = np.nan_to_num(masks).max(axis=(1, 2)) > 0
    if not marked.any():
        return None
    masks, patients = masks[marked], patients[marked]
    heat = np.maximum(maps[marked].astype(np.float64), 0.0)
    total, peak = heat.sum(axis=(1, 2)), heat.max(axis=(1, 2), keepdims=True)
    with np.errstate(invalid="ignore"):  # 0 / 0 where no place is positive
        mass = (heat * masks).sum(axis=(1, 2)) / total
    within = masks >= _HALF
    hits = (within & (heat == peak)).sum(axis=(1, 2)) / (heat == peak).sum(axis=(1, 2))
    area, chance = ((each * covers).sum(axis=(1, 2)) / covers.sum() for each in (masks, within))
    values = {
        "mass": mass,
        "area": area,
        "gain": mass - area,
        "hits": np.where(total > 0, hits, np.nan),
        "chance": chance,
    }
    estimates = resampling.estimate_means(values, patients, ["hits"])
    return Location(images=len(masks), patients=len(np.unique(patients)), **estimates)


def _read(
    folder: Path, geometry: Geometry, places: tuple[int, int], record: ImageRecord
) -> FloatArray | Notice:
    names = (record.path.name, f"{record.path.stem}.png")
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        return np.full(places, np.nan)
    try:
        mask = load_mask(read_bytes(path), geometry).astype(np.float64) / 255
    except ImageError as error:
        return error.to_notice()
    return _shares(mask, places)


def _shares(mask: FloatArray, places: tuple[int, int]) -> FloatArray:
    """Computes the mean of a mask over each place, the blocks of pixels that deletion takes."""
    for axis, count in enumerate(places):
        block = np.arange(mask.shape[axis]) * count // mask.shape[axis]
        starts = np.searchsorted(block, np.arange(count))
        sizes = np.expand_dims(np.bincount(block, minlength=count), 1 - axis)
        mask = np.add.reduceat(mask, starts, axis=axis) / sizes
    return mask
