"""The import of Keras, in one place: on a backend that is installed, and quietly.

The user chooses the backend as Keras has it, by `KERAS_BACKEND` or in `keras.json`. Where nothing
is chosen and TensorFlow, Keras's own default, is not installed, it is the first that is.

TensorFlow writes start-up notices to the process's standard error before it can be told not to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from pneumoscope.errors import DependencyError, unknown_choice

_EXTRAS = {"tensorflow": "train", "jax": "jax", "torch": "torch"}
"""Extra that installs a backend; the first is the default."""


def choose_backend() -> None:
    """Sets the backend where the user has not.

    Raises:
        SettingsError: if the chosen backend is none that trains.
        DependencyError: if it is not installed, or none is.
    """
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen is None:
        installed = [name for name in _EXTRAS if find_spec(name) is not None]
        if not installed:
            raise _missing("TensorFlow, JAX or PyTorch", *_EXTRAS.values())
        if "tensorflow" not in installed:
            os.environ["KERAS_BACKEND"] = installed[0]
    elif chosen not in _EXTRAS:
        raise unknown_choice(
            "Keras has no such backend that trains", chosen, tuple(_EXTRAS), setting="KERAS_BACKEND"
        )
    elif find_spec(chosen) is None:
        raise _missing(f"KERAS_BACKEND={chosen}", _EXTRAS[chosen])


def _missing(what: str, *extras: str) -> DependencyError:
    commands = " or ".join(f'`pip install "pneumoscope[{extra}]"`' for extra in extras)
    return DependencyError(
        f"Training needs {what}, which is not installed",
        remedy=f"Install it with {commands}",
        values={"extra": extras[0]},
    )


@contextmanager
def _silent_standard_error() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
choose_backend()
with _silent_standard_error():
    import keras

__all__ = ["keras"]
