"""Lists of the images of folders and CSV manifests, each with its class and its patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pneumoscope.dataset.classes import Classes, class_key, doubt_names, name_classes
from pneumoscope.dataset.layout import Listing, list_images
from pneumoscope.dataset.manifest import read_manifest
from pneumoscope.dataset.patients import find_patients
from pneumoscope.dataset.sample import draw_sample
from pneumoscope.defaults import SPLIT_SEED
from pneumoscope.errors import DataError, SettingsError, with_notices
from pneumoscope.known import Attribution
from pneumoscope.notices import Notice
from pneumoscope.types import Evidence, ImageRecord, Split

_LAYOUT_REMEDY = (
    "Give a folder with one subfolder for each class, such as NORMAL and PNEUMONIA, or a CSV "
    "manifest with a column for the label"
)
_ORDER = ("classes", "reference-by-alphabet")
"""Codes of the notices about the order of the classes."""


@dataclass(frozen=True)
class ImageSet:
    """The images of a data set in a fixed order, before their pixels are read.

    Attributes:
        root: the folder that was given, or that of the images of a manifest.
        classes: class names; the first is the reference (Normal).
        records: the images, sorted by path.
        attributions: the known data sets that the file names come from.
        notices: notices of how the data set was understood, and of what is doubtful in it.
        doubts: those of the notices that ask whether it was misunderstood.
        patient_key: fingerprint of the secret that patients were hashed under; empty if none were.
    """

    root: Path
    classes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    attributions: tuple[Attribution, ...] = ()
    notices: tuple[Notice, ...] = ()
    doubts: tuple[Notice, ...] = ()
    patient_key: str = ""

    def published(self, split: Split) -> tuple[ImageRecord, ...]:
        """Lists the images that the data set itself puts into a split."""
        return tuple(record for record in self.records if record.split == split)

    def ordered_as(self, classes: Sequence[str]) -> ImageSet:
        """Returns the data set with its classes reordered, or as it is if the classes are others.

        Args:
            classes: class names in the order that is wanted, such as that of a model.
        """
        wanted = [class_key(name) for name in classes]
        keys = [class_key(name) for name in self.classes]
        if sorted(wanted) != sorted(keys) or wanted == keys:
            return self
        records = (replace(each, label=wanted.index(keys[each.label])) for each in self.records)
        text = f"Classes are taken in the order of the model: {', '.join(classes)}"
        order = Notice("classes-as-model", text, {"reference": classes[0]})
        return replace(
            self,
            classes=tuple(classes),
            records=tuple(records),
            notices=(order, *(n for n in self.notices if n.code not in _ORDER)),
            doubts=tuple(doubt for doubt in self.doubts if doubt.code not in _ORDER),
        )

    def evidence(self) -> dict[Evidence, int]:
        """Counts images by the evidence for their patient, the strongest first, zeros included."""
        counts = Counter(record.evidence for record in self.records)
        return {evidence: counts[evidence] for evidence in Evidence}

    def told_by(self) -> str:
        """Words the counts of images by the evidence for their patient, without zeros."""
        named = {
            record.patient.partition(" ")[0]  # `known.identify` begins keys with the data set
            for record in self.records
            if record.evidence is Evidence.NAME
        }
        titles = " and ".join(known.title for known in self.attributions if known.name in named)
        words = {
            Evidence.COLUMN: "by the manifest",
            Evidence.HEADER: "by PatientID",
            Evidence.STUDY: "by study",
            Evidence.NAME: f"by the file names of {titles}",
            Evidence.FILE: "each file for itself",
        }
        return ", ".join(f"{words[each]} {n:,}" for each, n in self.evidence().items() if n)


@dataclass(frozen=True)
class ScanSettings:
    """Settings of how a data set is understood.

    Attributes:
        positive: names of the positive classes, all but one; by default told by the class names.
        strict: True if a doubt about the data set is an error.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest.
        limit: about how many images to take, for a trial: whole patients at random, with the shares
            of classes as they are; by default all.
        seed: seed of that draw.
    """

    positive: tuple[str, ...] = ()
    strict: bool = False
    root: Path | None = None
    limit: int | None = None
    seed: int = SPLIT_SEED

    def check(self, data: Path, images: ImageSet) -> None:
        """Checks a data set that was prepared before against these settings.

        Args:
            data: path of the data set, for errors.
            images: images of the data set.

        Raises:
            DataError: if its reference class is another one, or it has doubts and `strict` is True.
        """
        with with_notices(images.notices):
            if (
                name_classes(images.classes, self.positive or images.classes[1:]).names[0]
                != (images.classes[0])
            ):
                raise DataError(
                    f"{data} was prepared with another reference",
                    expected=f"{', '.join(self.positive)} as positive",
                    received=f"{images.classes[0]} as the reference",
                    remedy="Prepare the source images again",
                    code="prepared-otherwise",
                    values={"path": str(data), "received": images.classes[0]},
                )
            if self.strict and images.doubts:
                raise DataError(
                    f"It is in doubt how {data} is to be understood",
                    expected="no doubts",
                    received=images.doubts[0].text,
                    remedy="Settle what is in doubt, or leave `strict` out to accept it",
                    code="data-in-doubt",
                    values={"doubts": tuple(doubt.code for doubt in images.doubts)},
                )


def scan(root: Path, settings: ScanSettings | None = None) -> ImageSet:
    """Lists the images of a data set, and says how it was understood.

    Understands a CSV manifest (`read_manifest`), and folders of classes and splits
    (`layout.list_images`). Every file in a class folder that is named or begins like a picture
    counts as an image until it has been opened.

    The patient is the one that a manifest names; otherwise, of a DICOM file, the one of its header,
    and of other files the one of the name, if it is that of a known data set (`find_patients`).

    Args:
        root: a folder, or a CSV manifest.
        settings: settings of how it is understood.

    Raises:
        DataError: if it is missing or empty, has fewer than two classes with files in them, is
            a manifest with a mistake, or has doubts and `strict` is set. The `notices` of the
            error say what was understood until then.
        SettingsError: if `settings.root` is not there, or `root` is a folder, or `settings.limit`
            is less than 1.
        StorageError: if the data set, or a folder in it, may not be read.
    """
    settings = settings or ScanSettings()
    if settings.root is not None:
        require_use(settings.root, root)
    if root.is_dir():
        listing = list_images(root)
    elif root.is_file():
        entries, notices = read_manifest(root, settings.root)
        listing = Listing(root, entries, notices)
        root = settings.root or root.parent
    else:
        raise DataError(
            f"There is no folder or CSV manifest {root}",
            remedy="Check the path",
            code="data-missing",
            values={"path": str(root)},
        )
    with with_notices((*listing.lines, *listing.doubts)):
        classes = name_classes([entry.class_name for entry in listing.entries], settings.positive)
        _require_classes(listing.base, classes)
        images = _collect(root, classes, listing)
    settings.check(listing.base, images)
    records, told = draw_sample(images.records, settings.limit, settings.seed)
    return replace(images, records=records, notices=(*images.notices, *told))


def require_use(images: Path, data: Path) -> None:
    """Refuses a folder of images that is not there, or that is given beside a folder of data.

    Raises:
        SettingsError: if it is.
    """
    if data.is_dir():
        raise SettingsError(
            f"{data} is a folder, and holds its images itself",
            expected="a CSV manifest, where the folder of its images is given",
            remedy="Leave out that folder, or give the manifest",
        )
    if not images.is_dir():
        raise SettingsError(f"There is no folder {images}", remedy="Check the path")


def _require_classes(base: Path, classes: Classes) -> None:
    names = classes.names
    if len(names) < 2:
        raise DataError(
            f"{base} holds too few classes",
            expected="two or more with images in them",
            received=f"only {names[0]!r}" if names else "none",
            remedy=_LAYOUT_REMEDY,
            code="too-few-classes" if names else "data-empty",
            values={"path": str(base), "received": names},
        )


def _collect(root: Path, classes: Classes, listing: Listing) -> ImageSet:
    index = {class_key(name): number for number, name in enumerate(classes.names)}
    entries = sorted(listing.entries, key=lambda entry: str(entry.path))
    labels = [index[class_key(entry.class_name)] for entry in entries]
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
    images = ImageSet(root, classes.names, records, patients.attributions, patient_key=patients.key)
    counts = Counter(classes.names[label] for label in labels)
    doubts = [*_doubt_reference(classes), *doubt_names(counts), *listing.doubts]
    told = [
        _describe_classes(classes, counts),
        *listing.lines,
        Notice(
            "patients",
            f"Patients: {images.told_by()}",
            {str(evidence): count for evidence, count in images.evidence().items()},
        ),
        *patients.notices,
    ]
    return replace(images, notices=(*told, *doubts), doubts=tuple(doubts))


def _describe_classes(classes: Classes, images: Mapping[str, int]) -> Notice:
    counted = [f"{name} {images[name]:,}" for name in classes.names]
    reference = f"reference{', ' + classes.told_by if classes.told_by else ''}"
    text = f"Classes: {counted[0]} ({reference}); positive: {', '.join(counted[1:])}"
    first, *others = classes.names
    return Notice("classes", text, {"reference": first, "positive": tuple(others)})


def _doubt_reference(classes: Classes) -> list[Notice]:
    if classes.told_by:
        return []
    first, *others = classes.names
    text = (
        f"No class name says which is healthy: {first!r}, the first in the alphabet, is taken for "
        f"the reference, and {' and '.join(map(repr, others))} for positive. If that is wrong, "
        "name the positive class"
    )
    return [Notice("reference-by-alphabet", text, {"reference": first, "positive": tuple(others)})]
