"""What the measurements mean: whether to trust a model, for whom, and why or why not.

None of it is a reason for clinical use.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CLINICAL = "None of this is a reason to use the model in the care of a patient."


class Level(StrEnum):
    """What a check comes to; the names are those of the page's colours."""

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
        """For people."""
        return _WORDS[self]


_WORDS = {
    Level.FINE: "no doubt found",
    Level.INFO: "to know",
    Level.WARNING: "reason for doubt",
    Level.INVALIDATING: "invalid",
}


@dataclass(frozen=True)
class Statement:
    """One thing that was checked.

    Attributes:
        code: of the check, for programs: never renamed, and documented.
        topic: what was asked.
        level: what it comes to.
        text: what was measured, in a sentence or two.
    """

    code: str
    topic: str
    level: Level
    text: str

    def to_dict(self) -> dict[str, str]:
        """The statement as plain JSON types."""
        return {
            "code": self.code,
            "topic": self.topic,
            "level": str(self.level),
            "text": self.text,
        }


@dataclass(frozen=True)
class Verdict:
    """All checks together.

    Attributes:
        statements: in the order of the questions.
    """

    statements: tuple[Statement, ...]

    @property
    def level(self) -> Level:
        """The gravest of all."""
        found = {statement.level for statement in self.statements}
        grave = (Level.INVALIDATING, Level.WARNING)
        return next((level for level in grave if level in found), Level.FINE)

    @property
    def headline(self) -> str:
        """What it comes to, in a sentence."""
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
        """The verdict as plain JSON types."""
        return {
            "level": str(self.level),
            "headline": self.headline,
            "statements": [statement.to_dict() for statement in self.statements],
        }
