"""The images to score, one after another, as a folder, a list or an archive names them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.dataset.classes import class_key
from pneumoscope.errors import DataError
from pneumoscope.files import list_files
from pneumoscope.imaging import is_stray


@dataclass(frozen=True)
class Named:
    """An image as its folder or a list names it; what is not known is None.

    Attributes:
        path: path from the base of all images.
        true_label: name of the true class.
        patient: key of the patient, hashed already.
        groups: values of the subgroups that are known, by column.
    """

    path: Path
    true_label: str | None = None
    patient: str | None = None
    groups: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Source:
    """A folder or a list of images, or a query of an archive.

    Attributes:
        name: the folder, the file of the list, or the query.
        base: folder that paths start from.
        images: function that lists the images anew at each call.
        archive: address of the service that has the images; empty if they are files.
    """

    name: Path | str
    base: Path
    images: Callable[[], Iterator[Named]]
    archive: str = ""


def open_folder(folder: Path, classes: Sequence[str], stray: Callable[[Path], None]) -> Source:
    """Opens a folder, whose images may lie at any depth, in folders of classes or in none.

    The innermost folder that is named as a class of the model tells the true label.

    Args:
        folder: the folder.
        classes: names of the classes of the model.
        stray: function that is called with each file that is no picture.
    """
    names = {class_key(name): name for name in classes}

    def images() -> Iterator[Named]:
        base, label = folder, None
        for file in list_files(folder):
            if is_stray(file):
                stray(file)
                continue
            if file.parent != base:
                base = file.parent
                parts = reversed(base.relative_to(folder).parts)
                label = next(
                    (names[key] for each in parts if (key := class_key(each)) in names), None
                )
            yield Named(file.relative_to(folder), label)

    return Source(folder, folder, images)


def missing_source(path: Path) -> DataError:
    """Makes the error for what is neither a folder nor a list."""
    there = os.path.lexists(path)
    return DataError(
        f"{path} is no folder of images and no list of them",
        expected="a folder, a table in a file that ends with .csv or .parquet, or an address",
        received="another file" if there else "nothing there",
        remedy="Check the path",
        code="data-missing",
        values={"path": str(path)},
    )
