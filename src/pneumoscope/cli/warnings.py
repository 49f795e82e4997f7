"""Warnings of many predictions, each kind on one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pneumoscope.files import printable
from pneumoscope.gate.titles import TITLES
from pneumoscope.types import Prediction, Status

_NAMED = 3


@dataclass
class _Kind:
    count: int = 0
    names: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


class Warnings:
    """A collection of the warnings of predictions by their code, of which few names are kept.

    Attributes:
        labelled: number of images that have a label and a warning.
    """

    def __init__(self) -> None:
        self.labelled = 0
        self._kinds: dict[str, _Kind] = {}

    def add(self, prediction: Prediction) -> None:
        """Adds the warnings of a prediction."""
        self.labelled += prediction.status is Status.ACCEPTED and bool(prediction.warnings)
        for warning in prediction.warnings:
            kind = self._kinds.setdefault(warning.code, _Kind())
            kind.count += 1
            if len(kind.names) < _NAMED:
                kind.names.append(printable(prediction.path))
            if len(kind.texts) < 2:
                kind.texts.add(warning.text)

    def lines(self, of: int) -> Iterator[str]:
        """Yields a line on each kind: its text, or its title where texts differ.

        Args:
            of: number of all predictions.
        """
        for code, kind in self._kinds.items():
            more = kind.count - len(kind.names)
            names = ", ".join([*kind.names, f"and {more} more"] if more else kind.names)
            text = TITLES[code] if len(kind.texts) > 1 else next(iter(kind.texts))
            if kind.count == 1:
                yield f"Warning (!) for {names}: {text}"
            else:
                yield f"Warning (!) for {kind.count} of {of} images: {text} ({names})"
