"""The observer of a run, which receives its progress."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from pneumoscope.errors import PeerError
from pneumoscope.run.folder import Run


class Observer:
    """An observer of a run that ignores what is no error; override the methods of interest."""

    def note(self, text: str) -> None:
        """Receives a sentence that a person should know."""

    def prepared(self, done: int, total: int) -> None:
        """Receives the number of images prepared, and of all images."""

    def started(self, run: Run) -> None:
        """Receives the run, its settings resolved and saved, before the first epoch."""

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        """Receives the number of images of this epoch, from 1, trained on, and of all images."""

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        """Receives losses and metrics of an epoch, from 1, that ended, and if it is the best."""

    def ended(self, run: Run, interrupted: bool) -> None:
        """Receives the run once its bundle is written, and if Ctrl-C ended it early."""

    def lost(self, error: PeerError) -> None:
        """Receives, in another thread, that a process is lost; then this process ends at once."""
        print(error, file=sys.stderr, flush=True)
