"""CSV manifests: a table that names each image, its class, and what else is known of it.

    path,label,patient,split,subgroup,sex
    images/0001.dcm,NORMAL,P17,train,,F

Only `path` and `label` have to be there. Columns may be in any order, their names in any case,
between commas, semicolons or tabs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pneumoscope.dataset.columns import age_group, choose_columns, holds_ages
from pneumoscope.dataset.rows import ENCODING_REMEDY, Row, read_rows
from pneumoscope.errors import DataError
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.types import Split

_KNOWN = ("path", "label", "patient", "split", "subgroup")
NO_LABEL = {"", "?", "-", "na", "n/a", "nan", "none", "null", "unknown", "unlabeled", "unlabelled"}
"""Labels in lower case that say that there is none."""


_NO_GROUPS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a data set, as its folder or manifest describes it.

    Attributes:
        path: the file.
        class_name: name of the class, as it is written there.
        split: split that the data set puts the image into; None if none is given.
        patient: patient identifier, personal data until it is hashed; empty if none is given.
        subgroup: a finer kind within the class; empty if none is given.
        groups: values of the other columns that make subgroups, by column.
    """

    path: Path
    class_name: str
    split: Split | None = None
    patient: str = ""
    subgroup: str = ""
    groups: Mapping[str, str] = field(default_factory=lambda: _NO_GROUPS)


def read_manifest(manifest: Path, root: Path | None = None) -> tuple[list[Entry], list[Notice]]:
    """Reads a CSV manifest, without looking for the images themselves.

    Args:
        manifest: the CSV file.
        root: the folder that holds all images and that relative paths start from; by default
            that of the manifest.

    Returns:
        The files that it lists, each once, and notices of what was left out.

    Raises:
        DataError: if it is no table with a path and a label in each line, contradicts itself, or
            names a file outside of the folder.
        StorageError: if it cannot be read.
    """
    root = manifest.parent if root is None else root
    columns, rows = read_rows(manifest)
    rows, group_columns, notices = _group_columns(columns, rows)
    entries: dict[Path, tuple[Row, Entry]] = {}
    repeated = 0
    for row in rows:
        entry = _entry(root, row, group_columns)
        first_row, first = entries.setdefault(entry.path, (row, entry))
        repeated += first_row is not row
        if first != entry:
            raise DataError(
                f"{row.where} contradicts {first_row.where}",
                expected="one class, patient and split for each file",
                received=f"two for {public_name(entry.path, repr(row.values['path']))}",
                remedy="Keep the line that is right",
            )
    if repeated:
        text = f"{repeated} lines of {manifest} repeat a file and are left out"
        notices.append(Notice("lines-repeated", text, {"lines": repeated}))
    return [entry for _, entry in entries.values()], notices


def _group_columns(
    columns: list[str], rows: list[Row]
) -> tuple[list[Row], list[str], list[Notice]]:
    """Chooses the columns of subgroups, and puts groups in the place of ages."""
    values = {name: {row.values[name] for row in rows} - {""} for name in columns}
    others = [name for name in columns if name and name not in _KNOWN]
    chosen, notices = choose_columns(others, values)
    aged = [name for name in chosen if holds_ages(name, values[name])]
    grouped = [
        replace(
            row, values={**row.values, **{n: age_group(a) for n in aged if (a := row.values[n])}}
        )
        for row in rows
    ]
    return grouped, chosen, notices


def _entry(root: Path, row: Row, group_columns: list[str]) -> Entry:
    groups = {name: _text(row, name) for name in group_columns}
    return Entry(
        path=path_below(root, row.values["path"], row.where),
        class_name=class_name(row),
        split=_split(row),
        patient=row.values.get("patient", ""),
        subgroup=_text(row, "subgroup"),
        groups={name: value for name, value in groups.items() if value},
    )


def path_below(root: Path, given: str, where: str) -> Path:
    """Returns the path of an image that a row names.

    Args:
        root: folder of all images.
        given: path as written there, from that folder or absolute.
        where: place of the row, for errors.

    Raises:
        DataError: if there is none, or if it leads out of the folder.
    """
    if not given:
        raise DataError(f"{where} has no path", remedy="Name the file, or delete the line")
    # By the words alone: a link inside of the folder may lead wherever its owner wants it to.
    within = os.path.join(os.path.abspath(root), "")
    path = os.path.normpath(os.path.join(within, given))
    if not path.startswith(within):
        raise DataError(
            f"{where} leads out of the folder of the images",
            expected=f"a path below {root}",
            received=public_name(given, repr(given)),
            remedy="Put the manifest into the folder that holds all images, or name that folder",
        )
    return root / path.removeprefix(within)


def class_name(row: Row) -> str:
    """Returns the class that a row names.

    Raises:
        DataError: if it names none, or one that cannot be the name of a folder.
    """
    label = row.values["label"]
    if label.casefold() in NO_LABEL:
        raise DataError(
            f"{row.where} has no label",
            expected="the name of a class",
            received=repr(label),
            remedy="Label the image, or delete the line",
        )
    # Folders of prepared images are named by it.
    if not label.isprintable() or set(label) & set('/\\:*?"<>|') or label.startswith("."):
        raise DataError(
            f"{row.where} has a label that cannot name a class",
            expected="letters and digits, such as NORMAL or PNEUMONIA",
            received=repr(label),
            remedy="Rename the class",
        )
    return label


def _split(row: Row) -> Split | None:
    name = row.values.get("split", "").casefold()
    if not name:
        return None
    if name not in set(Split):
        raise DataError(
            f"{row.where} is of an unknown split",
            expected="train, val, test, or nothing",
            received=repr(row.values["split"]),
            remedy="Rename it, or leave the column out to have splits drawn",
        )
    return Split(name)


def _text(row: Row, column: str) -> str:
    value = row.values.get(column, "")
    if not value.isprintable():
        raise DataError(
            f"{row.where} holds characters that are no text in column {column}",
            received=repr(value),
            remedy=ENCODING_REMEDY,
        )
    return value
