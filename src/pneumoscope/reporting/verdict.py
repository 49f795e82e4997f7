"""The verdict: the results of all checks of a model, none of them a reason for clinical use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CLINICAL = "None of this is a reason to use the model in the care of a patient."


class Level(StrEnum):
    """The level of a check; the page has a colour for each."""

    FINE = "fine"
    """No reason for doubt was found."""
    INFO = "info"
    """Good to know, or not measurable."""
    WARNING = "warning"
    """A reason for doubt."""
    INVALIDATING = "invalidating"
    """Makes the figures wrong."""

    @property
    def words(self) -> str:
        """The level in words, for people."""
        return _WORDS[self]


_WORDS = {
    Level.FINE: "no doubt found",
    Level.INFO: "for information",
    Level.WARNING: "reason for doubt",
    Level.INVALIDATING: "invalid",
}


@dataclass(frozen=True)
class Statement:
    """The result of a check.

    Attributes:
        code: code of the check, for programs: never renamed, and documented.
        topic: title of the check.
        level: whether it gives a doubt.
        text: measured values, in a sentence or two.
    """

    code: str
    topic: str
    level: Level
    text: str

    def to_dict(self) -> dict[str, str]:
        """Returns the statement as plain JSON types."""
        return {
            "code": self.code,
            "topic": self.topic,
            "level": str(self.level),
            "text": self.text,
        }


@dataclass(frozen=True)
class Verdict:
    """The results of all checks together.

    Attributes:
        statements: result of each check, in the order of the checks.
    """

    statements: tuple[Statement, ...]

    @property
    def level(self) -> Level:
        """The gravest level of all checks."""
        found = {statement.level for statement in self.statements}
        grave = (Level.INVALIDATING, Level.WARNING)
        return next((level for level in grave if level in found), Level.FINE)

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        if self.level is Level.INVALIDATING:
            return "These figures are not to be trusted."
        asked = [s for s in self.statements if s.level is not Level.INFO]
        doubts = [s.topic for s in asked if s.level is Level.WARNING]
        if doubts:
            return (
                f"Reason for doubt in {len(doubts)} of {len(asked)} checks: "
                f"{', '.join(doubts).lower()}."
            )
        return "No check gave a reason for doubt, which proves nothing about patients elsewhere."

    def to_dict(self) -> dict[str, Any]:
        """Returns the verdict as plain JSON types."""
        return {
            "level": str(self.level),
            "headline": self.headline,
            "statements": [statement.to_dict() for statement in self.statements],
        }
