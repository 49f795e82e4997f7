"""The files that came lately, by their SHA-256: a file is not counted twice."""

from __future__ import annotations

_MOST = 10_000


class Recent:
    """Remembers the last files, in memory only.

    Args:
        most: greatest number of files that are remembered.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: dict[str, None] = {}

    def add(self, sha256: str) -> bool:
        """Remembers a file; returns False if it is remembered already."""
        new = sha256 not in self._known
        self._known.pop(sha256, None)
        self._known[sha256] = None  # behind those that came before
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return new
