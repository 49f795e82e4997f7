"""The result of an audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pneumoscope.dataset.audit.columns import Column
from pneumoscope.dataset.audit.copies import Copies
from pneumoscope.dataset.audit.examine import Unreadable
from pneumoscope.dataset.audit.facts import ClassFacts
from pneumoscope.dataset.audit.findings import Finding, Severity
from pneumoscope.dataset.audit.patients import PatientCounts
from pneumoscope.dataset.audit.shortcut import Shortcut
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.names import public_name
from pneumoscope.types import ImageRecord


@dataclass(frozen=True, eq=False)
class Audit:
    """The result of an audit.

    Attributes:
        images: images of the data set, unreadable files included.
        made_of: digest of the data.
        unreadable: files that could not be read.
        refused: images that predicting would refuse, by name of the rule.
        copies: files that hold the same picture, the gravest first.
        patients: counts of patients, and the patients in more than one published split.
        facts: facts of the readable images, by class.
        shortcut: shortcut score of these facts; None with too few patients.
        columns: sources and views of the data set, where it has several.
        findings: findings of the audit, the gravest first.
    """

    images: ImageSet
    made_of: str
    unreadable: tuple[Unreadable, ...]
    refused: Mapping[str, tuple[ImageRecord, ...]]
    copies: tuple[Copies, ...]
    patients: PatientCounts
    facts: ClassFacts
    shortcut: Shortcut | None
    columns: Mapping[str, Column]
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """True if nothing was found that would invalidate a result."""
        return all(finding.severity < Severity.INVALIDATING for finding in self.findings)

    def counts(self) -> dict[str, dict[str, int]]:
        """Counts files by published split ("all" where there is none), then by class."""
        counts: dict[str, dict[str, int]] = {}
        for record in self.images.records:
            split = counts.setdefault(
                str(record.split or "all"), dict.fromkeys(self.images.classes, 0)
            )
            split[self.images.classes[record.label]] += 1
        return counts

    def name(self, record: ImageRecord) -> str:
        """Names a file: by its path below the data set, or by its hash."""
        return public_name(record.path, str(record.path.relative_to(self.images.root)))

    def to_dict(self) -> dict[str, Any]:
        """Returns the audit as plain JSON types, with paths relative to the data set."""
        return {
            "data": str(self.images.root),
            "made_of": self.made_of,
            "valid": self.valid,
            "notices": [notice.to_dict() for notice in self.images.notices],
            "doubts": [doubt.to_dict() for doubt in self.images.doubts],
            "findings": [finding.to_dict() for finding in self.findings],
            "images": self.counts(),
            "patients": {
                "known": self.patients.known,
                "several_images": self.patients.several_images,
                "unknown_images": self.patients.unknown_images,
                "across_splits": {
                    patient: self._listed(records)
                    for patient, records in self.patients.across_splits.items()
                },
            },
            "unreadable": [
                {
                    "path": self.name(file.record),
                    "empty": file.empty,
                    "reason": file.reason,
                    "code": file.code,
                }
                for file in self.unreadable
            ],
            "refused": {
                name: [self.name(record) for record in records]
                for name, records in self.refused.items()
            },
            "copies": [
                {
                    "files": self._listed(copies.records),
                    "exact": copies.exact,
                    "correlation": copies.correlation,
                }
                for copies in self.copies
            ],
            "facts": {
                name: {
                    of: {"median": each.median, "5 %": each.low, "95 %": each.high}
                    for of, each in by_class.items()
                }
                for name, by_class in self.facts.spreads.items()
            }
            | self.facts.counts,
            "shortcut": self.shortcut and asdict(self.shortcut),
            "columns": {name: asdict(column) for name, column in self.columns.items()},
        }

    def _listed(self, records: Sequence[ImageRecord]) -> list[dict[str, Any]]:
        return [
            {
                "path": self.name(record),
                "label": self.images.classes[record.label],
                "split": record.split,
                "patient": record.patient if record.patient_known else None,
            }
            for record in records
        ]
