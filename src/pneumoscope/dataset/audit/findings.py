"""Findings of an audit, and their severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from pneumoscope.notices import Value


class Severity(IntEnum):
    """Severity of a finding, in rising order."""

    INFO = 0
    """Information that needs no action."""
    WARNING = 1
    """May bias a result: look at it before training."""
    INVALIDATING = 2
    """Makes a result on these splits or labels wrong."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """A finding of an audit.

    Attributes:
        code: kind of the finding, for programs: never renamed, and documented.
        severity: severity of the finding.
        count: number of files, patients or other things that were found, as the text says.
        text: sentence that says what was found.
        advice: sentence that says what to do about it; empty where nothing is needed.
        values: numbers and words that the text was made of, by name.
    """

    code: str
    severity: Severity
    count: int
    text: str
    advice: str = ""
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Returns the finding as plain JSON types."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "count": self.count,
            "text": self.text,
            "advice": self.advice,
            "values": dict(self.values),
        }
