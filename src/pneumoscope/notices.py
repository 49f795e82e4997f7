"""Codes and facts for programs, beside the words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = float | str | tuple[str, ...] | None
"""A value in the text of an error or a notice, of a type that JSON has."""


@dataclass(frozen=True)
class Notice:
    """A reason, a warning or a remark on an image, a data set or a result.

    Attributes:
        code: code of the kind of notice, for programs: never renamed, and documented.
        text: text for people, with the values in it; that of a prediction has no semicolon, which
            separates one reason from the next.
        values: values in the text, by name: finite numbers, and words.
    """

    code: str
    text: str
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, content: Mapping[str, Any] | str) -> Notice:
        """Reads a notice from JSON types, or from a text alone, as in bundles before codes."""
        if isinstance(content, str):
            return cls("uncoded", content)
        values = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content["values"].items()
        }
        return cls(content["code"], content["text"], values)

    def to_dict(self) -> dict[str, Any]:
        """Converts the notice to plain JSON types."""
        return {"code": self.code, "text": self.text, "values": dict(self.values)}
