"""Folders and CSV manifests to a list of images, each with its class and its patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pneumoscope.dataset.known import Attribution
from pneumoscope.dataset.manifest import Entry, read_manifest
from pneumoscope.dataset.patients import find_patients
from pneumoscope.errors import DataError
from pneumoscope.files import list_files, list_folders, name_few
from pneumoscope.imaging import is_stray
from pneumoscope.types import Evidence, ImageRecord, Label, Split

_LAYOUT_REMEDY = (
    "Give a folder with one subfolder for each class, such as NORMAL and PNEUMONIA, or a CSV "
    "manifest with a column for the label"
)
# A third class with a smaller share of the images may be nothing but a slip of the pen.
_RARE = 0.05


@dataclass(frozen=True)
class ImageSet:
    """The images of a data set, in a fixed order, no pixel of them read yet.

    Attributes:
        root: the folder that was asked for, or that of the manifest.
        classes: class names; the first is the reference (Normal).
        records: the images, sorted by path.
        attributions: the known data sets that the file names come from.
        notices: what a person should know about how the data set was understood.
        patient_key: fingerprint of the secret that patients were hashed under; empty if none were.
    """

    root: Path
    classes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    attributions: tuple[Attribution, ...] = ()
    notices: tuple[str, ...] = ()
    patient_key: str = ""

    def published(self, split: Split) -> tuple[ImageRecord, ...]:
        """The images that the data set itself puts into `split`."""
        return tuple(record for record in self.records if record.split == split)

    def evidence(self) -> dict[Evidence, int]:
        """What told the patients, the strongest first, and of how many images; none is left out."""
        counts = Counter(record.evidence for record in self.records)
        return {evidence: counts[evidence] for evidence in Evidence}

    def told_by(self) -> str:
        """The same as words, without what told none."""
        titles = " and ".join(known.title for known in self.attributions)
        words = {
            Evidence.COLUMN: "by the manifest",
            Evidence.HEADER: "by PatientID",
            Evidence.STUDY: "by study",
            Evidence.NAME: f"by the file names of {titles}",
            Evidence.FILE: "each file for itself",
        }
        return ", ".join(f"{words[each]} {n}" for each, n in self.evidence().items() if n)


def scan(root: Path) -> ImageSet:
    """Lists the images of a data set.

    Understands a CSV manifest (`read_manifest`), and the folders `ROOT/{class}/...` and
    `ROOT/{train,val,test}/{class}/...`, below any number of single wrapping folders. It steps over
    what operating systems leave behind; every other file in a class folder counts as an image
    until it has been opened.

    The patient is the one that a manifest names; else, of a DICOM file, told by its header; else,
    of other files, by the name, where the rule of a known data set applies (`find_patients`).

    Args:
        root: a folder, or a CSV manifest.

    Raises:
        DataError: if it is missing or empty, has fewer than two classes with files in them, or is
            a manifest with a mistake.
        StorageError: if it, or a folder in it, may not be read.
    """
    if root.is_dir():
        base, entries, notices = _list_entries(root)
    elif root.is_file():
        entries, notices = read_manifest(root)
        base, root = root, root.parent
    else:
        raise DataError(f"There is no folder or CSV manifest {root}", remedy="Check the path")
    classes = name_classes(sorted({entry.class_name for entry in entries}))
    if len(classes) < 2:
        raise DataError(
            f"{base} holds too few classes",
            expected="two or more with images in them",
            received=f"only {classes[0]!r}" if classes else "none",
            remedy=_LAYOUT_REMEDY,
        )
    return _collect(root, classes, entries, notices)


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
    root: Path, classes: tuple[str, ...], entries: list[Entry], notices: list[str]
) -> ImageSet:
    index = {name.casefold(): number for number, name in enumerate(classes)}
    entries = sorted(entries, key=lambda entry: str(entry.path))
    labels = [index[entry.class_name.casefold()] for entry in entries]
    patients = find_patients(root, entries, labels)
    records = tuple(
        ImageRecord(
            path=entry.path,
            label=label,
            patient=patient.key,
            evidence=patient.evidence,
            split=entry.split,
            subgroup=entry.subgroup or patient.subgroup,
            groups=entry.groups,
        )
        for entry, label in zip(entries, labels, strict=True)
        if (patient := patients.of[entry.path])
    )
    notices += [*patients.notices, *_doubtful_classes(classes, records)]
    images = ImageSet(root, classes, records, patients.attributions, patient_key=patients.key)
    return replace(images, notices=(f"Patients: {images.told_by()}", *notices))


def _doubtful_classes(classes: Sequence[str], records: Sequence[ImageRecord]) -> list[str]:
    """What to say of classes that a misspelt label may have made: of more than two, rare ones."""
    counts = Counter(record.label for record in records)
    return [
        f"Class {name!r} has only {counts[label]} of {len(records)} images: correct its name if "
        "it is misspelt, add images if it is not"
        for label, name in enumerate(classes)
        if len(classes) > 2 and counts[label] < _RARE * len(records)
    ]


def _list_entries(root: Path) -> tuple[Path, list[Entry], list[str]]:
    """The folder that holds the classes or splits, the files in class folders, and notices."""
    base, splits, notices = _find_layout(root)
    found = [
        Entry(path, folder.name, split)
        for split, parent in splits.items()
        for folder in list_folders(parent)
        for path in list_files(folder)
    ]
    strays = {entry.path for entry in found if is_stray(entry.path)}
    if strays:
        notices.append(f"Files that are no images are stepped over: {name_few(sorted(strays))}")
    return base, [entry for entry in found if entry.path not in strays], notices


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
