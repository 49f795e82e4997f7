"""The facts of an image that an audit compares between classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pneumoscope.imaging import ImageFacts


@dataclass(frozen=True)
class Quantity:
    """A fact that is a number.

    Attributes:
        name: name of the fact, for programs.
        title: title of the fact, for people.
        unit: unit of the values, in words; empty for a ratio.
        read: function that takes the number from the facts; None where an image has none.
    """

    name: str
    title: str
    unit: str
    read: Callable[[ImageFacts], float | None]

    @property
    def heading(self) -> str:
        """Title of the fact with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Category:
    """A fact that is a word.

    Attributes:
        name: name of the fact, for programs.
        title: title of the fact, for people.
        read: function that takes the word from the facts; empty where an image has none.
    """

    name: str
    title: str
    read: Callable[[ImageFacts], str]


# A new fact needs a line here, and is then summed up, drawn and part of the shortcut score.
QUANTITIES = (
    Quantity("width", "width", "pixels", lambda facts: facts.width),
    Quantity("height", "height", "pixels", lambda facts: facts.height),
    Quantity("aspect", "width / height", "", lambda facts: facts.aspect),
    Quantity("bytes", "file size", "kB", lambda facts: facts.bytes / 1000),
    Quantity("jpeg_quality", "JPEG quality", "1 to 100", lambda facts: facts.jpeg_quality),
    Quantity("brightness", "brightness", "0 to 255", lambda facts: facts.brightness),
    Quantity("contrast", "contrast", "grey levels", lambda facts: facts.contrast),
    Quantity("black", "black area", "%", lambda facts: 100 * facts.black),
)
CATEGORIES = (
    Category("format", "file format", lambda facts: facts.format),
    Category("mode", "colour mode", lambda facts: f"{facts.mode}, {facts.bits} bit"),
    Category("device", "device", lambda facts: facts.device),
    Category("view", "view", lambda facts: facts.view),
)
TITLES = {fact.name: fact.title for fact in (*QUANTITIES, *CATEGORIES)}
