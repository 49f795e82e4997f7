"""Several models on one data set: their common list of images, and their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pneumoscope.dataset import ImageSet, read_images
from pneumoscope.errors import ClassMismatchError
from pneumoscope.inference import Predictor


def read_for_all(data: Path, predictors: Sequence[Predictor], root: Path | None = None) -> ImageSet:
    """Reads the list of the images of a data set that all models can be measured on.

    Args:
        data: class folders, the published layout, a CSV manifest, or a prepared folder.
        predictors: one or more models.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.

    Raises:
        BundleError: if a model has other classes than the first, or than the data.
        DataError: if the data cannot be used, or was prepared for another image size.
    """
    _require_like_classes(predictors)
    for geometry in {predictor.info.geometry for predictor in predictors}:
        # a prepared folder has but one
        images = read_images(data, geometry, predictors[0].info.classes, root)
    predictors[0].info.require_classes(images.classes, data)
    return images


def name_models(predictors: Sequence[Predictor]) -> list[str]:
    """Makes a different name for each model: the second one of a name is "name (2)"."""
    used: Counter[str] = Counter()
    names = []
    for predictor in predictors:
        name = predictor.info.name
        used[name] += 1
        names.append(f"{name} ({used[name]})" if used[name] > 1 else name)
    return names


def _require_like_classes(predictors: Sequence[Predictor]) -> None:
    first = predictors[0]
    for other in predictors[1:]:
        if other.info.classes != first.info.classes:
            raise ClassMismatchError(
                f"{other.bundle.root} cannot be compared with {first.bundle.root}: it has other "
                "classes",
                expected=", ".join(first.info.classes),
                received=", ".join(other.info.classes),
                remedy="Give bundles that were trained on the same classes",
                values={
                    "path": str(other.bundle.root),
                    "expected": first.info.classes,
                    "received": other.info.classes,
                },
            )
