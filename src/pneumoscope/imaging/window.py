"""The window of a picture of 16 bits, which a viewer may change."""

from __future__ import annotations

from dataclasses import dataclass

WHITEST = 65535  # value of 16 bits


@dataclass(frozen=True)
class Window:
    """Window of a picture of 16 bits: a value v is shown as 256 (v - black) / (white - black).

    Attributes:
        black: value that is black, as are all below it.
        white: value that is white, as are all above it; more than that of black.
    """

    black: float = 0.0
    white: float = WHITEST
