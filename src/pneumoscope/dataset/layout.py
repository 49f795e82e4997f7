"""The layout of folders: those of splits, those of classes, and those without radiographs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pneumoscope.dataset.classes import class_key, name_classes
from pneumoscope.dataset.manifest import Entry
from pneumoscope.errors import DataError
from pneumoscope.files import Skipped, list_files, list_folders, name_few, printable
from pneumoscope.imaging import is_stray
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.types import Split

# Names of splits without case, spaces and marks, and without such words as set and data.
_SPLITS = {
    **dict.fromkeys(("train", "training", "trn"), Split.TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "development"), Split.VAL),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation", "holdout"), Split.TEST),
}
_ADDED = re.compile(r"(set|data|images|imgs|split|folder)$")
_NO_RADIOGRAPHS = re.compile(
    r"(.*[ _-])?(lung)?(masks?|segmentations?|annotations?|overlays?|heatmaps?|thumbnails?|thumbs?"
    r"|labels?|gt|ground[ _-]?truth|masken|masques?|m[aá]scaras?|maschere|маски)"
)
_MASK = "(?:mask|segmentation|seg|overlay|heatmap)"
_MASK_FILE = re.compile(rf"(.+)[ _.-]{_MASK}|{_MASK}[ _.-](.+)")
_MOST_SUBFOLDERS = 6


@dataclass
class Listing:
    """The images found below a folder, and how the folder was understood.

    Attributes:
        base: the folder that holds the classes or splits.
        entries: the images.
        lines: notices of how the folder was understood.
        doubts: notices of what may have been misunderstood.
    """

    base: Path
    entries: list[Entry] = field(default_factory=list)
    lines: list[Notice] = field(default_factory=list)
    doubts: list[Notice] = field(default_factory=list)


def list_images(root: Path) -> Listing:
    """Finds the images of class folders, and the splits that they were published in.

    Understands `ROOT/{class}/...`, `ROOT/{split}/{class}/...` and `ROOT/{class}/{split}/...`, below
    any number of single wrapping folders, by the usual names of splits in any case.

    Raises:
        DataError: if folders are named as splits and hold images of no class.
        StorageError: if a folder may not be read.
    """
    skipped = Skipped()
    base = _unwrap(root, skipped)
    listing = Listing(base)
    places = list(_places(base, listing, skipped))
    inner: Counter[str] = Counter()
    within: dict[str, Split] = {}
    for split, folder in places:
        for path in _radiographs(folder, skipped):
            where = path.relative_to(folder).parts[:-1]
            here = split_of(where[0]) if split is None and where else None
            listing.entries.append(Entry(path, folder.name, split or here))
            if here:
                within[where[0]] = here
            below = where[1:] if here else where
            place = folder / where[0] if here else folder
            name = public_name(place / below[0], below[0]) if below else ""
            inner[f"{folder.name}/{name}"] += 1
    if within:
        names = ", ".join(f"{printable(name)} ({split})" for name, split in within.items())
        text = f"Splits: folders within classes {names}"
        listing.lines.insert(0, Notice("splits-in-classes", text, {"folders": tuple(within)}))
        if loose := sum(entry.split is None for entry in listing.entries):
            text = "Some images lie in folders of splits, others do not"
            listing.doubts.append(Notice("images-of-no-split", text, {"images": loose}))
    _doubt_splits(listing)
    _describe(listing, inner, skipped)
    return listing


def _doubt_splits(listing: Listing) -> None:
    """Adds a doubt if all classes are divided alike, by names of classes, as treino/healthy."""
    inside: dict[str, set[str]] = defaultdict(set)
    for entry in listing.entries:
        name, *below = entry.path.relative_to(listing.base).parts[:-1]
        inside[name].update(below[:1] if entry.split is None else ())
    first, *others = inside.values() or [set()]
    alike = len(first) > 1 and bool(others) and all(names == first for names in others)
    if alike and name_classes([*first]).told_by and not name_classes([*inside]).told_by:
        text = (
            f"The classes {', '.join(map(printable, inside))} hold folders of the same names, as "
            "splits do: if that is what they are, call them train, val and test"
        )
        listing.doubts.append(Notice("classes-like-splits", text, {"classes": tuple(inside)}))


def _unwrap(root: Path, skipped: Skipped) -> Path:
    base = root
    while True:
        folders = _folders(base, skipped)
        if len(folders) != 1 or split_of(folders[0].name):
            return base
        if any(not is_stray(path) for path in list_files(folders[0], deep=False)):
            return base
        base = folders[0]


def _places(base: Path, listing: Listing, skipped: Skipped) -> Iterator[tuple[Split | None, Path]]:
    """Yields the class folders, each with the split that it lies in."""
    folders = _folders(base, skipped)
    splits = {path: split for path in folders if (split := split_of(path.name))}
    inside = {path: _folders(path, skipped) for path in splits}
    if not any(inside.values()):
        if splits:
            _refuse_splits_of_no_class(base, splits)
        for path in folders:
            yield None, path
        return
    names = ", ".join(f"{printable(path.name)} ({split})" for path, split in splits.items())
    folder_names = tuple(path.name for path in splits)
    listing.lines.append(Notice("splits", f"Splits: folders {names}", {"folders": folder_names}))
    known = {class_key(path.name) for found in inside.values() for path in found}
    for path, split in splits.items():
        for class_folder in inside[path]:
            yield split, class_folder
    for path in folders:
        if path in splits:
            continue
        folder = public_name(path)
        if class_key(path.name) in known:
            text = (
                f"{folder} lies beside folders of splits: its images are counted as of none, and "
                "are divided anew"
            )
            listing.doubts.append(Notice("class-beside-splits", text, {"folder": folder}))
            yield None, path
        else:
            text = f"{folder} is not one of the splits and is left out"
            listing.doubts.append(Notice("folder-left-out", text, {"folder": folder}))


def _refuse_splits_of_no_class(base: Path, splits: dict[Path, Split]) -> None:
    raise DataError(
        f"{base} holds folders of splits without classes in them",
        expected="a folder for each class in each split, such as train/NORMAL",
        received=", ".join(printable(path.name) for path in splits),
        remedy="Sort the images into class folders, or give a CSV manifest with the columns "
        "path, label and split",
        code="data-empty",
        values={"path": str(base)},
    )


def split_of(name: str) -> Split | None:
    """Returns the split that a folder of this name holds; None if no usual name of a split fits."""
    plain = re.sub(r"[\W_\d]+", "", class_key(name))
    return _SPLITS.get(plain) or _SPLITS.get(_ADDED.sub("", plain))


def _folders(folder: Path, skipped: Skipped) -> list[Path]:
    found = list_folders(folder, skipped)
    kept = [path for path in found if not _NO_RADIOGRAPHS.fullmatch(class_key(path.name))]
    for path in set(found) - set(kept):
        skipped.folder(path, "masks and the like")
    return kept


def _radiographs(folder: Path, skipped: Skipped) -> Iterator[Path]:
    """Yields the files below a class folder that may be radiographs."""
    paths = list(list_files(folder, skipped=skipped))
    stems = {(path.parent, path.stem) for path in paths}
    for path in paths:
        inner = path.relative_to(folder).parts[:-1]
        match = _MASK_FILE.fullmatch(path.stem)
        if any(_NO_RADIOGRAPHS.fullmatch(class_key(part)) for part in inner) or (
            match and (path.parent, match[1] or match[2]) in stems
        ):
            skipped.file(path, "masks and the like")
        elif is_stray(path):
            skipped.file(path, "no images")
        else:
            yield path


def _describe(listing: Listing, inner: Counter[str], skipped: Skipped) -> None:
    if any(not name.endswith("/") for name in inner):
        most = [f"{printable(name)} {count:,}" for name, count in inner.most_common()]
        more = len(most) - _MOST_SUBFOLDERS
        told = ", ".join(most[:_MOST_SUBFOLDERS]) + (f", and {more} more" if more > 0 else "")
        text = f"Folders in classes: {told}"
        listing.lines.append(Notice("folders-in-classes", text, {"folders": len(inner)}))
    for why, paths in skipped.by_reason().items():
        text = f"Stepped over, {why}: {len(paths):,} files, {name_few(paths)}"
        listing.lines.append(Notice("files-skipped", text, {"why": why, "files": len(paths)}))
    if skipped.linked:
        text = f"Links to folders, followed: {name_few(skipped.linked)}"
        listing.lines.append(Notice("links-followed", text, {"links": len(skipped.linked)}))
    if skipped.endless:
        text = (
            "Links that lead back, or to what was counted already, are not followed: "
            f"{name_few(skipped.endless)}"
        )
        listing.doubts.append(Notice("links-left-out", text, {"links": len(skipped.endless)}))
