"""Locks of folders, so that one process writes to each at a time.

The claim is a lock of the kernel (`flock`) on a file in the folder. It is released when its process
ends, however it ends, so no claim outlives its owner; it holds between containers on one machine,
whose process numbers and host names may be alike, and over network disks whose server keeps locks.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pneumoscope.errors import SettingsError, storage_errors

if sys.platform != "win32":
    import fcntl

LOCK = ".claimed"

LEFTOVERS = ".*.part"
"""Pattern of the names of unfinished files."""

SECONDS_BETWEEN_LOOKS = 0.2
"""Time between two looks at a claim that is waited for."""

_KNOWS_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextmanager
def claimed(folder: Path, wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Locks a folder for this process while the block runs; it is created if need be.

    Unfinished files of processes that were killed are removed first. A folder that is empty at the
    end is removed.

    Args:
        folder: folder to be written.
        wait: function that is called once, with a message, before another process is waited for;
            None for an error in place of waiting.

    Raises:
        SettingsError: if another process holds the folder, and `wait` is None.
        StorageError: if the folder cannot be written.
    """
    with storage_errors("write", folder):
        handle = _lock(folder, wait)
    try:
        with storage_errors("write", folder):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(_myself()).encode(), 0)
            _remove_leftovers(folder)
        yield
    finally:
        # While it is still locked: an unlocked file may already be that of another process.
        with suppress(OSError):
            (folder / LOCK).unlink(missing_ok=True)
        os.close(handle)
        with suppress(OSError):
            folder.rmdir()


def is_free(folder: Path) -> bool:
    """Returns whether a folder holds nothing but a claim and unfinished files of killed processes.

    Raises:
        OSError: if the folder cannot be listed.
    """
    return all(path.name == LOCK or path.match(LEFTOVERS) for path in folder.iterdir())


def is_claimed(folder: Path) -> bool:
    """Returns whether a process is writing into a folder; False where that cannot be told."""
    if sys.platform == "win32":
        return False
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # shared, so that two who look do not take each other for the owner
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _lock(folder: Path, wait: Callable[[str], None] | None) -> int:
    told = False
    while True:
        # Its former owner may remove the folder at any moment.
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            if os.path.lexists(error.filename) and not os.path.isdir(error.filename):
                raise
            continue
        try:
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            continue
        if take_lock(handle):
            if _is_still_there(handle, folder / LOCK):
                return handle
            os.close(handle)  # its former owner has just removed the file
            continue
        owner = _owner(handle)
        os.close(handle)
        if wait is None:
            raise SettingsError(
                f"{folder} is being written by {owner}",
                remedy="Wait until it has ended, or choose another folder",
                code="output-claimed",
                values={"path": str(folder)},
            )
        if not told:
            wait(f"Waiting: {folder} is being written by {owner}")
            told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def take_lock(handle: int) -> bool:
    """Locks an open file for this process, or returns False if another one has locked it.

    Raises:
        OSError: if the disk cannot tell.
    """
    if sys.platform == "win32":
        return True  # it has no such locks: there a folder is not claimed
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # A disk without locks is written to without one, rather than not at all.
        return error.errno in _KNOWS_NO_LOCKS
    return True


def _is_still_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _myself() -> dict[str, str | int]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"host": platform.node(), "process": os.getpid(), "since": since}


def _owner(handle: int) -> str:
    try:
        found = json.loads(os.pread(handle, 1000, 0))
        return f"process {found['process']} on {found['host']} since {found['since']}"
    except (ValueError, KeyError, TypeError):  # it is just being written
        return "another process"


def _remove_leftovers(folder: Path) -> None:
    for path in folder.rglob(LEFTOVERS):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
