"""Folders to a list of images: class folders, and the published train/val/test layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.dataset.known import Attribution, identify
from pneumoscope.errors import DataError
from pneumoscope.files import list_files, list_folders
from pneumoscope.types import ImageRecord, Label, Split

_LAYOUT_REMEDY = "Give a folder with one subfolder for each class, such as NORMAL and PNEUMONIA"


@dataclass(frozen=True)
class ImageSet:
    """The images of a data set, in a fixed order, none of them opened yet.

    Attributes:
        root: the folder that was asked for.
        classes: class names; the first is the reference (Normal).
        records: the images, sorted by path.
        attributions: the known data sets that the file names come from.
        notices: what a person should know about how the folder was understood.
    """

    root: Path
    classes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    attributions: tuple[Attribution, ...] = ()
    notices: tuple[str, ...] = ()

    def published(self, split: Split) -> tuple[ImageRecord, ...]:
        """The images that the data set itself puts into `split`."""
        return tuple(record for record in self.records if record.split == split)


def scan(root: Path) -> ImageSet:
    """Lists the images of a data set.

    Understands `ROOT/{class}/...` and `ROOT/{train,val,test}/{class}/...`, below any number of
    single wrapping folders, and steps over what operating systems leave behind. Every other file
    in a class folder counts as an image until it has been opened.

    Args:
        root: a folder.

    Raises:
        DataError: if it is missing or empty, or has fewer than two classes with files in them.
        StorageError: if a folder in it may not be read.
    """
    if not root.is_dir():
        raise DataError(
            f"There is no folder {root}",
            received="a file" if root.exists() else "",
            remedy="Check the path",
        )
    base, splits, notices = _find_layout(root)
    folders = [
        (split, folder)
        for split, parent in splits.items()
        for folder in list_folders(parent)
        if any(list_files(folder))
    ]
    classes = name_classes(sorted({folder.name for _, folder in folders}))
    if len(classes) < 2:
        raise DataError(
            f"{base} holds too few classes",
            expected="two or more class folders with images in them",
            received=f"only {classes[0]!r}" if classes else "none",
            remedy=_LAYOUT_REMEDY,
        )
    return _collect(root, classes, folders, notices)


def name_classes(folder_names: Sequence[str]) -> tuple[str, ...]:
    """Class names in the order of their numbers.

    Case does not count. Normal is always 0; the rest follow in alphabetical order, so that the
    published folders become Normal 0 and Pneumonia 1.
    """
    unique = {name.casefold(): name for name in sorted(folder_names, reverse=True)}
    published = {label.name.casefold(): label.name for label in Label}
    normal = Label.NORMAL.name.casefold()
    ordered = sorted(unique, key=lambda name: (name != normal, name))
    return tuple(published.get(name, unique[name]) for name in ordered)


def _collect(
    root: Path,
    classes: tuple[str, ...],
    folders: list[tuple[Split | None, Path]],
    notices: list[str],
) -> ImageSet:
    index = {name.casefold(): number for number, name in enumerate(classes)}
    records: list[ImageRecord] = []
    attributions: dict[str, Attribution] = {}
    for split, folder in folders:
        for path in list_files(folder):
            identity = identify(path.name)
            if identity:
                attributions[identity.dataset.name] = identity.dataset
            records.append(
                ImageRecord(
                    path=path,
                    label=index[folder.name.casefold()],
                    patient=identity.patient if identity else f"file {path.relative_to(root)}",
                    patient_known=identity is not None,
                    split=split,
                    subgroup=identity.subgroup if identity else "",
                )
            )
    records.sort(key=lambda record: str(record.path))
    unknown = sum(not record.patient_known for record in records)
    if unknown:
        notices.append(
            f"The patient of {unknown} of {len(records)} images cannot be told from the file name: "
            "each of them counts as a patient of its own"
        )
    return ImageSet(root, classes, tuple(records), tuple(attributions.values()), tuple(notices))


def _find_layout(root: Path) -> tuple[Path, dict[Split | None, Path], list[str]]:
    """The folder that holds the classes or splits, which folder is which split, and notices."""
    base = root
    while True:
        folders = list_folders(base)
        splits = {folder.name.casefold(): folder for folder in folders}
        found: dict[Split | None, Path] = {s: splits[s] for s in Split if s in splits}
        if found:
            extra = [folder for folder in folders if folder.name.casefold() not in found]
            notices = [f"{folder} is not one of the splits and is left out" for folder in extra]
            return base, found, notices
        if len(folders) != 1 or any(list_files(folders[0], deep=False)):
            return base, {None: base}, []
        base = folders[0]
