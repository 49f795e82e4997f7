"""The plan of a scored folder: what is scored, by which model, and how. It never changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pneumoscope.bundle import Bundle
from pneumoscope.errors import DataError, SettingsError, storage_errors
from pneumoscope.files import write_json

PLAN = "plan.json"
_SCHEMA_VERSION = 1  # of the plan and of the columns
_SETTINGS = {
    "model_sha256": "`bundle`",
    "source": "`data`",
    "root": "`root`",
    "operating_point": "`operating_point`",
    "prevalence": "`prevalence`",
    "gate": "whether images can be refused (`gate`)",
    "policy": "`policy`",
    "hashed": "whether files are named by keyed hashes",
    "keep_uids": "whether UIDs stay as they are (`keep_uids`)",
    "key_fingerprint": "the secret key of patients",
    "sample": "`sample`",
    "seed": "`seed`",
}
"""Name of each setting that may not change, by its field."""


@dataclass(frozen=True)
class Plan:
    """The plan of a scored folder.

    Attributes:
        model: name of the model.
        model_version: version of the model.
        model_sha256: SHA-256 of its `bundle.json`, in hex.
        classes: names of its classes, the reference first.
        source: folder or list of images, or the keyed hash of its path; or the query of an archive.
        root: folder that paths of a list start from, or the keyed hash of its path; empty for that
            of the list.
        operating_point: name of the threshold that makes the labels.
        threshold: least probability that is called positive.
        prevalence: fraction of positive images for which probabilities are restated; None if they
            are those of the model.
        gate: True if images can be refused.
        policy: action of each rule on header and pixels, by its name.
        hashed: True if files are named by keyed hashes.
        keep_uids: True if UIDs of DICOM files are kept as they are.
        key_fingerprint: fingerprint of the secret key that patients are hashed under.
        sample: number of images drawn for a trial; None for all.
        seed: seed of that draw.
        images: number of images.
        copies: number of images that seemed to be exact copies of others when they were listed.
        repeated: number of lines of the list that named an image again.
        shards: number of shards.
        list_sha256: SHA-256 of `list.parquet`, in hex.
        version: version of Pneumoscope that made the plan.
    """

    model: str
    model_version: str
    model_sha256: str
    classes: tuple[str, ...]
    source: str
    root: str
    operating_point: str
    threshold: float
    prevalence: float | None
    gate: bool
    policy: Mapping[str, str]
    hashed: bool
    keep_uids: bool
    key_fingerprint: str
    sample: int | None
    seed: int
    images: int
    copies: int
    repeated: int
    shards: int
    list_sha256: str
    version: str

    def require_same(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Refuses to go on in a folder under other settings.

        Args:
            folder: the scored folder, for the error.
            settings: settings of the work that is to go on, by field.

        Raises:
            SettingsError: if one differs.
        """
        for name, title in _SETTINGS.items():
            planned, given = getattr(self, name), settings[name]
            if planned != given:
                raise SettingsError(
                    f"{folder} was begun with other settings: {title} differs",
                    expected=f"{_shown(planned)}, as in its {PLAN}",
                    received=f"{_shown(given)}",
                    remedy="Give the same settings to go on, or choose another folder",
                    code="plan-differs",
                    values={"path": str(folder), "setting": name},
                )


def is_scored(folder: Path) -> bool:
    """Tells whether a folder is a scored one, or one that is being scored."""
    return (folder / PLAN).is_file()


def write_plan(folder: Path, plan: Plan) -> None:
    """Writes the plan of a folder.

    Raises:
        StorageError: if it cannot be written.
    """
    write_json(folder / PLAN, {"schema_version": _SCHEMA_VERSION, **asdict(plan)})


def read_plan(folder: Path) -> Plan:
    """Reads the plan of a folder.

    Raises:
        DataError: if it is damaged, or was written by a newer version.
        StorageError: if it cannot be read.
    """
    path = folder / PLAN
    with storage_errors("read", path):
        text = path.read_bytes()
    try:
        content = json.loads(text)
        if content["schema_version"] > _SCHEMA_VERSION:
            raise DataError(
                f"{path} was written by a newer version",
                remedy="Upgrade pneumoscope",
                code="plan-newer",
                values={"path": str(path)},
            )
        content["classes"] = tuple(content["classes"])
        return Plan(**{field.name: content[field.name] for field in fields(Plan)})
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is no plan of a scored folder: {error!r:.200}",
            remedy="Score the images again, into another folder",
            code="plan-damaged",
            values={"path": str(path)},
        ) from error


def require_model(folder: Path, plan: Plan, bundle: Bundle) -> None:
    """Refuses another model than the one that made the scores.

    Raises:
        DataError: if it is another one.
    """
    if plan.model_sha256 != bundle.sha256:
        raise DataError(
            f"{folder} was scored by another model",
            expected=f"{plan.model}, whose bundle has the SHA-256 {plan.model_sha256[:12]}…",
            received=f"{bundle.info.name}, whose bundle has {bundle.sha256[:12]}…",
            remedy="Give the model that made the scores, or score the images with this one",
            code="scored-by-another-model",
            values={"path": str(folder), "model": plan.model},
        )


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {action}" for name, action in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)
