"""The process that makes results, beside the one that talks to the network.

A file that brings down a decoder then brings down neither the node nor what others send meanwhile.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import cast

from pneumoscope.node.entry import Entry
from pneumoscope.node.made import Made
from pneumoscope.node.settings import Settings


class MakerDied(Exception):
    """The process that makes results has died at a radiograph."""


class Maker:
    """The process that makes results; it loads the model when it is made.

    Args:
        settings: settings of the node.

    Raises:
        PneumoscopeError: as `pneumoscope.load`, if the model, the operating point or the policy
            cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process = self._start()

    def make(self, entry: Entry) -> Made:
        """Makes the results of an entry.

        Raises:
            ImageError: if the radiograph cannot be read, or nothing can be derived from it.
            MakerDied: if the process has died; another one is ready.
        """
        try:
            made = _ask(self._process, (entry.object, entry.key, entry.arrival))
        except MakerDied:
            self.close()
            self._process = self._start()
            raise
        return cast(Made, made)

    def close(self) -> None:
        """Ends the process."""
        with self._process:  # which ends when there is nothing more to read
            pass

    def _start(self) -> subprocess.Popen[bytes]:
        # Not forked, since threads of the node may hold locks; and in a session of its own, so that
        # Ctrl-C reaches the node alone, which ends this one.
        process = subprocess.Popen(
            [sys.executable, "-c", "from pneumoscope.node.make import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _ask(process, self._settings)
        except BaseException:
            process.__exit__(None, None, None)
            raise
        return process


def _ask(process: subprocess.Popen[bytes], question: object) -> object:
    """Asks the process of its own, and returns its answer or raises its error."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump(question, process.stdin)
        process.stdin.flush()
        answer = pickle.load(process.stdout)
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise MakerDied from error
    if isinstance(answer, BaseException):
        raise answer
    return answer
