"""Files on disk: listed without system files, read, written atomically, and named on one line."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pneumoscope.errors import SettingsError, StorageError, storage_errors
from pneumoscope.names import public_name

# What operating systems and network drives leave behind in folders, in lower case.
_JUNK = {
    *("__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"),
    *("@eadir", "#recycle", "@recycle", "#snapshot", "@recently-snapshot"),
    *("$recycle.bin", "recycler", "system volume information", "found.000", "lost+found"),
}
SYSTEM = "left behind by systems"


@dataclass
class Skipped:
    """Files that were skipped while folders were listed, and links to folders.

    Attributes:
        files: reason and path of each skipped file; of a skipped folder, all files below it.
        linked: links to folders that were followed.
        endless: links to folders that were not followed, since they lead back, or to a folder that
            is listed already.
    """

    files: list[tuple[str, Path]] = field(default_factory=list)
    linked: list[Path] = field(default_factory=list)
    endless: list[Path] = field(default_factory=list)

    def file(self, path: Path, why: str) -> None:
        """Adds a skipped file."""
        self.files.append((why, path))

    def folder(self, path: Path, why: str) -> None:
        """Adds all files below a skipped folder."""
        for where, _, names in os.walk(path):
            self.files += [(why, Path(where, name)) for name in sorted(names)]

    def by_reason(self) -> dict[str, list[Path]]:
        """Groups the files, each once, by the reason for which they were skipped."""
        found: dict[str, list[Path]] = {}
        for why, path in dict.fromkeys(self.files):
            found.setdefault(why, []).append(path)
        return found


@contextmanager
def atomic_path(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yields a temporary name beside `path`, and renames it to `path` if the block succeeds.

    Args:
        path: path of the file to write.
        durable: True to have the file on the disk before it gets its name, so that after a power
            cut either file is whole. Many small files that are checked anyhow can do without.

    Raises:
        StorageError: if writing fails; then nothing is left and `path` is as it was.
    """
    temporary = path.with_name(temporary_name())
    with storage_errors("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if durable:
                sync(temporary)
            temporary.replace(path)
            if durable:
                sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def temporary_name() -> str:
    """Makes a name that no other process makes, in whatever container it runs."""
    return f".{secrets.token_hex(8)}.part"


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk.

    Raises:
        OSError: if they cannot be written.
    """
    if path.is_dir() and os.name != "posix":
        return  # there a folder cannot be opened
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS):  # a disk that does not support it
            raise
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file atomically.

    File names in the text may hold bytes that are no UTF-8: they are written as they are.

    Raises:
        StorageError: if it cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


def write_json(path: Path, content: Any) -> None:
    """Writes plain JSON types for people and programs, as `write_text` writes text.

    Raises:
        StorageError: if it cannot be written.
    """
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_toml(path: Path, what: str, example: str, remedy: str = "") -> dict[str, Any]:
    """Reads a TOML file that the user has written.

    Args:
        path: path of the file.
        what: what the file is, such as "policy".
        example: a line of such a file.
        remedy: advice where it is missing or not valid, after the usual one.

    Raises:
        SettingsError: if it is missing, or not valid TOML.
        StorageError: if it may not be read.
    """
    if not path.is_file():
        raise SettingsError(
            f"There is no {what} at {path}",
            expected="a TOML file",
            received="a folder" if path.is_dir() else "nothing there",
            remedy=f"Check the path{remedy}",
        )
    try:
        with storage_errors("read", path):
            return tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:  # of TOML, or of UTF-8
        raise SettingsError(
            f"The {what} {path} is not valid TOML: {error}",
            expected=f"lines such as {example}",
            remedy=f"Correct it{remedy}",
        ) from error


def sha256_of(path: Path) -> str:
    """Computes the SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_few(paths: Sequence[Path], most: int = 3) -> str:
    """Lists the names of the first files, and the number of further ones."""
    more = len(paths) - most
    names = [printable(public_name(path, path.name)) for path in paths[:most]]
    return ", ".join([*names, f"and {more} more"] if more > 0 else names)


def printable(text: str, shown: Callable[[str], bool] = str.isprintable) -> str:
    r"""Escapes a text of foreign origin to one line, fit for a terminal, a table or a figure.

    Line breaks, control codes and bytes that are not text become escapes such as `\n` and `\udce9`:
    a file name can neither forge a second line nor make printing fail.

    Args:
        text: the text.
        shown: function that returns whether a character stays as it is.
    """
    return "".join(
        character if shown(character) else character.encode("unicode_escape").decode()
        for character in text
    )


def list_folders(folder: Path, skipped: Skipped | None = None) -> list[Path]:
    """Lists the folders directly below a folder, sorted, without hidden ones and system files.

    A link that leads back to its own folder, or one above, is left out: it has no end.

    Args:
        folder: folder to list.
        skipped: record of skipped files and links, which is added to.

    Raises:
        StorageError: if the folder may not be read.
    """
    skipped = skipped or Skipped()
    kept = []
    try:
        for path in sorted(path for path in folder.iterdir() if path.is_dir()):
            if is_junk(path.name):
                _skip_junk(path, skipped)
            elif path.is_symlink() and _leads_back(path):
                skipped.endless.append(path)
            else:
                kept.append(path)
    except OSError as error:
        _refuse(error)
    return kept


def list_files(folder: Path, deep: bool = True, skipped: Skipped | None = None) -> Iterator[Path]:
    """Lists the files below a folder, sorted, without hidden ones and system files.

    Links to folders are followed, each folder once.

    Args:
        folder: folder to list.
        deep: True to list the folders below it, too.
        skipped: record of skipped files and links, which is added to.

    Yields:
        The paths of the files.

    Raises:
        StorageError: if a folder may not be read.
    """
    yield from _walk(folder, deep, skipped or Skipped(), {folder.resolve()})


def _walk(folder: Path, deep: bool, skipped: Skipped, listed: set[Path]) -> Iterator[Path]:
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:  # names, and no paths: a folder may hold a million
            for entry in entries:
                (folders if _is_folder(entry) else files).append(entry.name)
    except OSError as error:
        _refuse(error)
    for name in sorted(files):
        if not is_junk(name):
            yield folder / name
    for name in sorted(folders):
        path = folder / name
        if is_junk(name):
            _skip_junk(path, skipped)
        elif deep:
            yield from _enter(path, folder, skipped, listed)


def _enter(path: Path, folder: Path, skipped: Skipped, listed: set[Path]) -> Iterator[Path]:
    """Yields the files below a folder in a folder, unless they are listed already."""
    real = path.resolve()
    if real in listed or folder.resolve().is_relative_to(real):
        skipped.endless.append(path)
        return
    listed.add(real)
    if path.is_symlink():
        skipped.linked.append(path)
    yield from _walk(path, True, skipped, listed)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link without an end, or into a folder that may not be read
        return False


def _skip_junk(path: Path, skipped: Skipped) -> None:
    if path.is_dir() and not path.name.startswith("."):
        skipped.folder(path, SYSTEM)


def is_junk(name: str) -> bool:
    """Returns whether a file or folder of this name is hidden, or made by an operating system."""
    return name.startswith(".") or name.casefold() in _JUNK


def _leads_back(link: Path) -> bool:
    return link.parent.resolve().is_relative_to(link.resolve())


def _refuse(error: OSError) -> NoReturn:
    raise StorageError(
        f"Cannot list {public_name(error.filename)}: {(error.strerror or str(error)).lower()}",
        remedy="Check its permissions",
        code="storage-denied" if isinstance(error, PermissionError) else "",
        values={"path": public_name(error.filename)},
    ) from error
