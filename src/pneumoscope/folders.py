"""Folders of the user for the cache, the data and the state of Pneumoscope."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_cache_path, user_data_path, user_state_path

from pneumoscope.errors import StorageError, storage_errors

_REMEDY = "Set {} to a folder that can be written"
_CACHE, _DATA, _STATE = "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"


def locate_cache() -> Path:
    """Returns the folder of the cache, which may not exist yet. XDG_CACHE_HOME moves it.

    Raises:
        StorageError: if this user has no home folder.
    """
    return _locate(user_cache_path, _CACHE)


def cache_folder() -> Path:
    """Returns the folder of the cache, and creates it if need be.

    Raises:
        StorageError: if it cannot be written.
    """
    folder = locate_cache()
    with storage_errors("write", folder, _REMEDY.format(_CACHE)):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return folder


def locate_data() -> Path:
    """Returns the folder of the user's data, which may not exist yet. XDG_DATA_HOME moves it.

    Raises:
        StorageError: if this user has no home folder.
    """
    return _locate(user_data_path, _DATA)


def locate_state() -> Path:
    """Returns the folder of work under way, which may not exist yet. XDG_STATE_HOME moves it.

    Raises:
        StorageError: if this user has no home folder.
    """
    return _locate(user_state_path, _STATE)


@contextmanager
def data_folder() -> Iterator[Path]:
    """Yields the folder of the secret key, created if need be. XDG_DATA_HOME moves it.

    Raises:
        StorageError: if it cannot be made, or the block raises an `OSError`.
    """
    folder = locate_data()
    with storage_errors("keep the key of patients in", folder, _REMEDY.format(_DATA)):
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


def _locate(find: Callable[[str], Path], variable: str) -> Path:
    with suppress(RuntimeError):  # which newer versions of platformdirs raise without a home
        folder = find("pneumoscope")
        if folder.is_absolute():  # older ones give a folder ~ in the working folder
            return folder
    raise StorageError("This user has no home folder", remedy=_REMEDY.format(variable))
