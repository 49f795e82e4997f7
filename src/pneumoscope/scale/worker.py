"""A process that scores shards, as another one asks for them over a pair of sockets.

    → Job                     ← READY
    → number of a shard       ← number of images, after each batch ← Outcome
                              ← an error, which ends it

It ends when the other one has closed the connection, however that came.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from pneumoscope.errors import PneumoscopeError
from pneumoscope.scale.work import READY, Job, Outcome, Scorer

_SECONDS_IF_BUSY = 0.5


def main(descriptor: int) -> None:
    """Scores shards until the connection is closed.

    Args:
        descriptor: descriptor of the connection.
    """
    # Whoever asks is asked to stop, and then closes the connection: this is found after a batch.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    connection = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        try:
            _serve(connection, connection.recv())
        except PneumoscopeError as error:
            connection.send(error)
        except (EOFError, ConnectionError):
            raise
        except Exception as error:  # whose class the other one may not have
            connection.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _serve(connection: Connection, job: Job) -> None:
    scorer = Scorer(job)
    connection.send(READY)
    while True:
        outcome = scorer.score(connection.recv(), connection.send)
        if outcome is Outcome.BUSY:
            time.sleep(_SECONDS_IF_BUSY)
        connection.send(outcome)


if __name__ == "__main__":
    main(int(sys.argv[1]))
