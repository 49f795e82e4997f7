"""Every error that Pneumoscope raises on purpose.

    PneumoscopeError
    ├── SettingsError        a setting makes no sense                        exit code 2
    ├── DataError            a data set cannot be used as it is              exit code 2
    │   └── ImageError       one image file cannot be read
    ├── BundleError          a bundle cannot be used                         exit code 3
    │   ├── BundleMissingError     it, or a file of it, is not there
    │   ├── BundleCorruptError     a byte of it has changed
    │   ├── BundleSchemaError      made by a newer version
    │   └── ClassMismatchError     its classes are not those of the data
    ├── StorageError         the disk is full, or access is denied           exit code 4
    ├── DependencyError      an optional part is not installed               exit code 5
    ├── FetchError           a download failed                               exit code 6
    ├── DivergedError        a training has come to nothing                  exit code 7
    └── InterruptedRunError  stopped before there was anything to keep       exit code 130

Each says what was expected, what was received, and what to do about it, in the words of Python: a
parameter is `learning_rate`, a function `pneumoscope.train`. The command line words them as its
options and commands (`cli.wording`), prints one line and leaves with the exit code. One more means:
1, the work was done but some files could not be read.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar


class PneumoscopeError(Exception):
    """Base of all errors raised on purpose.

    Args:
        problem: what went wrong, naming the file or setting.
        expected: what would have been right.
        received: what was found instead.
        remedy: what the person at the keyboard can do.

    Attributes:
        notices: what there was to know before it went wrong (`with_notices`).
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, problem: str, *, expected: str = "", received: str = "", remedy: str = ""
    ) -> None:
        self.problem = problem
        self.expected = expected
        self.received = received
        self.remedy = remedy
        self.notices: tuple[str, ...] = ()
        parts = [problem.rstrip(".")]
        if expected:
            parts.append(f"Expected {expected}")
        if received:
            parts.append(f"Received {received}".rstrip("."))
        if remedy:
            parts.append(remedy.rstrip("."))
        super().__init__(". ".join(parts) + ".")


class SettingsError(PneumoscopeError):
    """A setting makes no sense."""

    exit_code = 2


class DataError(PneumoscopeError):
    """A data set cannot be used as it is."""

    exit_code = 2


class ImageError(DataError):
    """One image file cannot be read."""


class BundleError(PneumoscopeError):
    """A bundle cannot be used."""

    exit_code = 3


class BundleMissingError(BundleError):
    """A bundle, or a file of it, is not there."""


class BundleCorruptError(BundleError):
    """A file of a bundle is not the one that was written."""


class BundleSchemaError(BundleError):
    """A bundle was made by a newer version of Pneumoscope."""


class ClassMismatchError(BundleError):
    """The classes of a bundle are not those of the data."""


class StorageError(PneumoscopeError):
    """The disk is full, or access is denied."""

    exit_code = 4


class DependencyError(PneumoscopeError):
    """An optional part of Pneumoscope is not installed."""

    exit_code = 5


class FetchError(PneumoscopeError):
    """A download failed."""

    exit_code = 6


class DivergedError(PneumoscopeError):
    """The losses of a training have become NaN."""

    exit_code = 7


class InterruptedRunError(PneumoscopeError):
    """A training was stopped before there was anything to keep."""

    exit_code = 130


@contextmanager
def with_notices(notices: Iterable[str]) -> Iterator[None]:
    """Gives errors of the block what a person should know before them.

    Args:
        notices: a line for each.
    """
    try:
        yield
    except PneumoscopeError as error:
        error.notices = (*notices, *error.notices)
        raise


_STORAGE_REMEDIES = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another folder"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or choose another folder"),
    errno.EACCES: ("permission was denied", "Check its permissions or choose another folder"),
    errno.EPERM: ("permission was denied", "Check its permissions or choose another folder"),
    errno.EROFS: ("the disk is read-only", "Choose a folder on a writable disk"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "Choose another folder"),
    errno.EEXIST: ("a file stands where a folder is needed", "Choose another folder"),
}


@contextmanager
def storage_errors(action: str, path: Path, remedy: str = "") -> Iterator[None]:
    """Turns an `OSError` inside the block into a `StorageError` that names `path`.

    Args:
        action: what was being done, such as "write" or "read".
        path: the file or folder that it was done to.
        remedy: what helps, where that is more than to choose another folder.

    Raises:
        StorageError: if the block raises an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason, usual = _STORAGE_REMEDIES.get(
            error.errno or 0, (str(error), "Check the disk and try again")
        )
        raise StorageError(f"Cannot {action} {path}: {reason}", remedy=remedy or usual) from error


@contextmanager
def extra_needed(extra: str, purpose: str) -> Iterator[None]:
    """Turns an `ImportError` inside the block into a `DependencyError` that names an extra.

    Args:
        extra: that brings what is imported, such as "evaluate".
        purpose: what needs it, such as "Evaluating".

    Raises:
        DependencyError: if the block raises an `ImportError`.
    """
    try:
        yield
    except ImportError as error:
        raise DependencyError(
            f"{purpose} needs the extra `{extra}`, which is not installed ({error})",
            remedy=f'Install it with `pip install "pneumoscope[{extra}]"`',
        ) from error
