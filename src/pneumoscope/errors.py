"""The errors of Pneumoscope.

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
    ├── DivergedError        a training has diverged: its losses are NaN     exit code 7
    ├── PeerError            a peer on the network cannot be reached         exit code 8
    └── InterruptedRunError  stopped before there was anything to keep       exit code 130

Each says what was expected, what was received, and what to do about it, in the words of Python: a
parameter is `learning_rate`, a function `pneumoscope.train`. The command line words them as its
options and commands (`cli.wording`), prints one line and exits with the exit code. There is one
more exit code: 1, the work was done but some files could not be read.

A program need not parse the text: it acts on the class, on `code`, which is more specific than the
class, and on `values`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar

from pneumoscope.notices import Notice, Value


class PneumoscopeError(Exception):
    """Base of all errors raised on purpose.

    Args:
        problem: description of the error, with the name of the file or setting.
        expected: value or state that would have been right.
        received: value or state that was found instead.
        remedy: advice to the user.
        code: code of the kind of error, for programs: never renamed, and documented; by default
            that of the class.
        values: values for programs by name, such as a path or a limit.

    Attributes:
        notices: notices of the work before the error (`with_notices`).
    """

    code: str = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        problem: str,
        *,
        expected: str = "",
        received: str = "",
        remedy: str = "",
        code: str = "",
        values: Mapping[str, Value] | None = None,
    ) -> None:
        self.problem = problem
        self.expected = expected
        self.received = received
        self.remedy = remedy
        self.code = code or type(self).code
        self.values = dict(values or {})
        self.notices: tuple[Notice, ...] = ()
        parts = [problem.rstrip(".")]
        if expected:
            parts.append(f"Expected {expected}")
        if received:
            parts.append(f"Received {received}".rstrip("."))
        if remedy:
            parts.append(remedy.rstrip("."))
        text = ". ".join(parts)
        super().__init__(text if text.endswith("?") else f"{text}.")

    def to_notice(self) -> Notice:
        """Keeps what it says, for work that goes on without the file that caused it."""
        return Notice(self.code, str(self), self.values)


class SettingsError(PneumoscopeError):
    """A setting makes no sense."""

    code = "settings"
    exit_code = 2


def unknown_choice(
    problem: str, received: str, known: Sequence[str], *, setting: str, remedy: str = ""
) -> SettingsError:
    """Makes the error of an unknown name, which asks whether the nearest known one is meant.

    Args:
        problem: description of the error.
        received: the unknown name.
        known: the names that there are.
        setting: name of the setting, for programs.
        remedy: advice where no known name is near.
    """
    return SettingsError(
        problem,
        expected=" or ".join(known),
        received=received,
        remedy=ask_for_nearest(received, known) or remedy,
        code="unknown-choice",
        values={"setting": setting, "expected": tuple(known), "received": received},
    )


def out_of_range(setting: str, received: Value, expected: str) -> SettingsError:
    """Makes the error of a setting whose value is out of range.

    Args:
        setting: name of the setting.
        received: its value.
        expected: the range, in words.
    """
    return SettingsError(
        f"`{setting}` is out of range",
        expected=expected,
        received=f"{received}",
        code="out-of-range",
        values={"setting": setting, "received": received},
    )


def ask_for_nearest(received: str, known: Sequence[str]) -> str:
    """Words the question whether the known name nearest to an unknown one is meant, if any is."""
    near = get_close_matches(received, known, n=1)
    return f"Did you mean {near[0]}?" if near else ""


class DataError(PneumoscopeError):
    """A data set cannot be used as it is."""

    code = "data"
    exit_code = 2


class ImageError(DataError):
    """One image file cannot be read."""

    code = "image"


class BundleError(PneumoscopeError):
    """A bundle cannot be used."""

    code = "bundle"
    exit_code = 3


class BundleMissingError(BundleError):
    """A bundle, or a file of it, is not there."""

    code = "bundle-missing"


class BundleCorruptError(BundleError):
    """A file of a bundle is not the one that was written."""

    code = "bundle-changed"


class BundleSchemaError(BundleError):
    """A bundle was made by a newer version of Pneumoscope."""

    code = "bundle-newer"


class ClassMismatchError(BundleError):
    """The classes of a bundle are not those of the data."""

    code = "classes-differ"


class StorageError(PneumoscopeError):
    """The disk is full, or access is denied."""

    code = "storage"
    exit_code = 4


class DependencyError(PneumoscopeError):
    """An optional part of Pneumoscope is not installed."""

    code = "part-missing"
    exit_code = 5


class FetchError(PneumoscopeError):
    """A download failed."""

    code = "fetch"
    exit_code = 6


class DivergedError(PneumoscopeError):
    """The losses of a training have become NaN."""

    code = "diverged"
    exit_code = 7


class PeerError(PneumoscopeError):
    """A peer on the network cannot be reached, or takes nothing now."""

    code = "peer-unreachable"
    exit_code = 8


class InterruptedRunError(PneumoscopeError):
    """A training was stopped before there was anything to keep."""

    code = "interrupted"
    exit_code = 130


@contextmanager
def with_notices(notices: Iterable[Notice]) -> Iterator[None]:
    """Adds notices to the errors of the block, to be shown before them.

    Args:
        notices: notices in the order in which they are shown.
    """
    try:
        yield
    except PneumoscopeError as error:
        error.notices = (*notices, *error.notices)
        raise


_FULL = "storage-full", "Free some space or choose another folder"
_DENIED = "storage-denied", "Check its permissions or choose another folder"
_OCCUPIED = "storage-occupied", "Choose another folder"
_STORAGE = {
    errno.ENOSPC: ("the disk is full", *_FULL),
    errno.EDQUOT: ("the disk quota is used up", *_FULL),
    errno.EACCES: ("permission was denied", *_DENIED),
    errno.EPERM: ("permission was denied", *_DENIED),
    errno.EROFS: ("the disk is read-only", "storage-denied", "Choose a folder on a writable disk"),
    errno.ENOTDIR: ("a file stands where a folder is needed", *_OCCUPIED),
    errno.EEXIST: ("a file stands where a folder is needed", *_OCCUPIED),
}
"""Meaning, code and remedy of an `OSError`, by its number."""


@contextmanager
def storage_errors(action: str, path: Path, remedy: str = "") -> Iterator[None]:
    """Turns an `OSError` inside the block into a `StorageError` that names `path`.

    Args:
        action: verb for the operation, such as "write" or "read".
        path: path of the file or folder.
        remedy: advice to the user; by default it depends on the error.

    Raises:
        StorageError: if the block raises an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason, code, usual = _STORAGE.get(
            error.errno or 0, (str(error), StorageError.code, "Check the disk and try again")
        )
        raise StorageError(
            f"Cannot {action} {path}: {reason}",
            remedy=remedy or usual,
            code=code,
            values={"path": str(path)},
        ) from error


@contextmanager
def extra_needed(extra: str, purpose: str) -> Iterator[None]:
    """Turns an `ImportError` inside the block into a `DependencyError` that names an extra.

    One that names an extra which this one includes is turned into one that names this; another
    `DependencyError`, behind which is no import, stays as it is.

    Args:
        extra: name of the extra that installs the import, such as "evaluate".
        purpose: activity that needs the extra, such as "Evaluating".

    Raises:
        DependencyError: if the block raises an `ImportError`.
    """
    try:
        yield
    except (ImportError, DependencyError) as error:
        missing = error.__cause__ if isinstance(error, DependencyError) else error
        if missing is None:
            raise
        raise DependencyError(
            f"{purpose} needs the extra `{extra}`, which is not installed ({missing})",
            remedy=f'Install it with `pip install "pneumoscope[{extra}]"`',
            values={"extra": extra},
        ) from error
