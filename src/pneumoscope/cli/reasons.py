"""Reasons and warnings of many predictions, each kind on one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pneumoscope.files import printable
from pneumoscope.gate.titles import TITLES
from pneumoscope.notices import Notice

_NAMED = 3


@dataclass
class _Kind:
    count: int = 0
    names: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


class Kinds:
    """A collection of what is said of images, by its code; of each kind few names are kept.

    Args:
        said: beginning of each line, such as "Refused".
    """

    def __init__(self, said: str) -> None:
        self._said = said
        self._kinds: dict[str, _Kind] = {}

    def add(self, path: str, notices: Sequence[Notice]) -> None:
        """Adds what is said of the image at a path."""
        for notice in notices:
            kind = self._kinds.setdefault(notice.code, _Kind())
            kind.count += 1
            if len(kind.names) < _NAMED:
                kind.names.append(printable(path))
            if len(kind.texts) < 2:
                kind.texts.add(notice.text)

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
                yield f"{self._said} {names}: {text}"
            else:
                yield f"{self._said} {kind.count} of {of} images: {text} ({names})"
