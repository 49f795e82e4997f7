"""What has come of scoring an archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pneumoscope.bundle import Bundle
from pneumoscope.monitor import DriftReport, drift
from pneumoscope.scored.plan import Plan
from pneumoscope.scored.shards import read_tables
from pneumoscope.types import Status

_ASIDE = "image-ends-program"
_NAMED = 3
_COLUMNS = ("path", "status", "label", "reason_codes", "error_code", "duplicate_of")


@dataclass(frozen=True)
class Scoring:
    """What has come of scoring an archive, counted over all shards that are there.

    Attributes:
        folder: the scored folder.
        images: number of images in the plan.
        scored: number of images that have their row.
        scored_now: number of images that this call has scored.
        status: number of images by the status of their prediction.
        labels: number of images by their label.
        reasons: number of images by the code of a reason for refusal.
        errors: number of images by the code of the error that kept them from being predicted.
        copies: number of images that are exact copies of others, and were scored with these.
        unanswered: names of the first images that could not be read.
        set_aside: names of the images that ended the process which read them, time and again.
        repeated: number of lines of the list that named an image again.
        strays: number of files in the folder, or instances in the archive, that are no pictures.
        new: number of images that are there by now and not in the plan.
        drift: how far the images differ from those of the training; None as long as some are left.
    """

    folder: Path
    images: int
    scored: int
    scored_now: int
    status: Mapping[str, int]
    labels: Mapping[str, int]
    reasons: Mapping[str, int]
    errors: Mapping[str, int]
    copies: int
    unanswered: tuple[str, ...]
    set_aside: tuple[str, ...]
    repeated: int
    strays: int
    new: int
    drift: DriftReport | None

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        status = self.status
        return (
            f"{self.scored:,} of {self.images:,} images are scored: with a label "
            f"{status[Status.ACCEPTED]:,}, refused {status[Status.REFUSED]:,}, without an answer "
            f"{status[Status.ERROR]:,}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        drift = self.drift and self.drift.to_dict()
        return {**content, "folder": str(self.folder), "drift": drift}


def summarise(
    folder: Path, bundle: Bundle, plan: Plan, *, scored_now: int = 0, strays: int = 0, new: int = 0
) -> Scoring:
    """Counts what the shards of a folder hold, one after another.

    Args:
        folder: the scored folder.
        bundle: the model.
        plan: its plan.
        scored_now: as in `Scoring`.
        strays: as in `Scoring`.
        new: as in `Scoring`.

    Raises:
        DataError: if a shard is damaged.
        StorageError: if one cannot be read.
    """
    status, labels, reasons, errors = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    copies, unanswered, aside = 0, list[str](), list[str]()
    for table in read_tables(folder, _COLUMNS):
        for name, counter in (("status", status), ("label", labels), ("error_code", errors)):
            counter.update(_count(table[name]))
        reasons.update(_count(table["reason_codes"].combine_chunks().flatten()))
        copies += len(table) - table["duplicate_of"].null_count
        if _ASIDE in errors or (errors and len(unanswered) < _NAMED):
            rows = table.select(["path", "error_code"]).to_pylist()
            unanswered += [row["path"] for row in rows if row["error_code"]]
            aside += [row["path"] for row in rows if row["error_code"] == _ASIDE]
    return Scoring(
        folder=folder,
        images=plan.images,
        scored=status.total(),
        scored_now=scored_now,
        status={each.value: status[each] for each in Status},
        labels=dict(labels.most_common()),
        reasons=dict(reasons.most_common()),
        errors=dict(errors.most_common()),
        copies=copies,
        unanswered=tuple(unanswered[:_NAMED]),
        set_aside=tuple(aside),
        repeated=plan.repeated,
        strays=strays,
        new=new,
        drift=drift(bundle.root, folder) if status.total() == plan.images else None,
    )


def _count(column: Any) -> dict[str, int]:
    counted = column.drop_null().value_counts().to_pylist()
    return {each["values"]: each["counts"] for each in counted}
