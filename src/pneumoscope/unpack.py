"""Unpacking of zip archives that may come from anybody."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from pneumoscope.errors import DataError, storage_errors
from pneumoscope.files import is_junk, printable
from pneumoscope.parallel import Progress

MAX_FILES = 200_000
MAX_GROWTH = 20
"""Greatest ratio of unpacked to packed size: images hardly shrink in an archive, bombs do."""

_REMEDY = "Delete it and fetch it again"
_ENCRYPTED = 1


def unpack(archive: Path, folder: Path, progress: Progress | None = None) -> None:
    """Writes the files of a zip archive below a folder, without hidden and system files.

    Args:
        archive: the zip file.
        folder: target folder; made if it is not there, otherwise empty.
        progress: called with the number of files written and of all.

    Raises:
        DataError: if the archive is broken, holds more than the limits, or holds a name that
            leads out of the folder, a link, or an encrypted file. Files may have been written.
        StorageError: if the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(archive, opened)
            for done, member in enumerate(members, start=1):
                target = folder.joinpath(*_parts(member.filename))
                with storage_errors("write", target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as source, target.open("xb") as file:
                        shutil.copyfileobj(source, file, 2**18)
                if progress:
                    progress(done, len(members))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive} is a broken archive: {error}", remedy=_REMEDY) from error


def _members(archive: Path, opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    listed = [member for member in opened.infolist() if not member.is_dir()]
    unsafe = [member.filename for member in listed if not _is_safe(member)]
    if unsafe:
        raise DataError(
            f"{archive} holds a file that cannot be trusted",
            expected="plain files below one folder",
            received=printable(unsafe[0]),
            remedy=_REMEDY,
        )
    members = [member for member in listed if not any(map(is_junk, _parts(member.filename)))]
    size = sum(member.file_size for member in members)
    most = MAX_GROWTH * archive.stat().st_size
    if len(members) > MAX_FILES or size > most:
        raise DataError(
            f"{archive} holds too much",
            expected=f"at most {MAX_FILES} files and {most} bytes",
            received=f"{len(members)} files and {size} bytes",
            remedy=_REMEDY,
        )
    names = {member.filename.casefold() for member in members}
    if len(names) < len(members):
        raise DataError(f"{archive} holds two files of one name", remedy=_REMEDY)
    return members


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _is_safe(member: zipfile.ZipInfo) -> bool:
    name = member.filename
    mode = member.external_attr >> 16
    return (
        not name.startswith("/")
        and not set(name) & set("\\:\0")
        and ".." not in _parts(name)
        and stat.S_IFMT(mode) in (0, stat.S_IFREG)
        and not member.flag_bits & _ENCRYPTED
    )
