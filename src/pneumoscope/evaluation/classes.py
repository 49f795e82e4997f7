"""The class names of labels, numbered as the classes of a model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pneumoscope.bundle import BundleInfo
from pneumoscope.dataset.classes import class_key


def number_classes(info: BundleInfo, names: Iterable[str], where: Path) -> dict[str, int]:
    """Numbers class names as the classes of a model, in whatever case they are written.

    Args:
        info: description of the model.
        names: class names, repeated or not.
        where: path of the labels, for the error.

    Returns:
        The index of the class in those of the model, by each name as it is written.

    Raises:
        ClassMismatchError: if the model has no such class.
    """
    keys = [class_key(name) for name in info.classes]
    unique = sorted(set(names))
    if not set(keys).issuperset(map(class_key, unique)):
        info.require_classes(tuple(unique), where)
    return {name: keys.index(class_key(name)) for name in unique}
