"""What an audit has to say, and how grave it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from pneumoscope.errors import Value


class Severity(IntEnum):
    """How grave a finding is, in rising order."""

    INFO = 0
    """Good to know."""
    WARNING = 1
    """May bias a result: look at it before training."""
    INVALIDATING = 2
    """Makes a result on these splits or labels wrong."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """One thing that an audit has found.

    Attributes:
        code: its kind, for programs: never renamed, and documented.
        severity: how grave it is.
        count: of what the text counts.
        text: what was found, in a sentence.
        advice: what to do about it; empty where nothing is needed.
        values: what else the text was made of, by name.
    """

    code: str
    severity: Severity
    count: int
    text: str
    advice: str = ""
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain JSON types."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "count": self.count,
            "text": self.text,
            "advice": self.advice,
            "values": dict(self.values),
        }
