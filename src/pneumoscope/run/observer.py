"""What is told of a run while it goes on."""

from __future__ import annotations

from collections.abc import Mapping


class Observer:
    """Is told what a run is doing; this one ignores it all. Override what is of interest."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def prepared(self, done: int, total: int) -> None:
        """So many images have been prepared."""

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        """So many images of this epoch (from 1) have been trained on."""

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        """An epoch (from 1) has ended with these losses and metrics."""
