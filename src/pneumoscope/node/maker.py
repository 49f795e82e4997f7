"""The process that makes results, beside the one that talks to the network.

A file that brings down a decoder then brings down neither the node nor what others send meanwhile.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from threading import Timer
from typing import cast

from pneumoscope.errors import PneumoscopeError
from pneumoscope.node.entry import Entry
from pneumoscope.node.made import Made
from pneumoscope.node.settings import Settings

_MOST_SECONDS = 300.0  # for one radiograph, or to load the model


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
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def make(self, entry: Entry) -> Made:
        """Makes the results of an entry.

        Raises:
            ImageError: if the radiograph cannot be read, or nothing can be derived from it.
            StorageError: if its file cannot be read.
            MakerDied: if the process has died at it, or was ended since it took too long; the next
                one is started when it is needed.
            PneumoscopeError: if no process can be started.
        """
        process = self._process or self._start()
        try:
            made = _ask(process, (entry.object, entry.key, entry.arrival))
        except MakerDied:
            self.close()
            raise
        return cast(Made, made)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError), process:  # which ends when it is asked nothing more
                pass

    def _start(self) -> subprocess.Popen[bytes]:
        # Not forked, since threads of the node may hold locks; and in a session of its own, so that
        # Ctrl-C reaches the node alone, which ends this one.
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from pneumoscope.node.make import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _ask(self._process, self._settings)
        except MakerDied as error:
            self.close()
            raise PneumoscopeError(
                "The process that makes results cannot be started",
                remedy="Check the memory of this machine",
                code="maker-not-started",
            ) from error
        except PneumoscopeError:
            self.close()
            raise
        return self._process


def _ask(process: subprocess.Popen[bytes], question: object) -> object:
    """Asks the process of its own, and returns its answer or raises its error."""
    assert process.stdin is not None
    assert process.stdout is not None
    too_long = Timer(_MOST_SECONDS, process.kill)
    too_long.start()
    try:
        pickle.dump(question, process.stdin)
        process.stdin.flush()
        answer = pickle.load(process.stdout)
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise MakerDied from error
    finally:
        too_long.cancel()
    if isinstance(answer, BaseException):
        raise answer
    return answer
