"""Journal of an audit under way, from which an audit that was ended goes on.

FOLDER/files.jsonl      a line for each file that was read: its state, hash, facts and refusals
FOLDER/thumbnails.bin   the thumbnails of those that are images

It holds no names of files and no patients, and is removed when the audit is done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from pneumoscope.claims import claimed
from pneumoscope.dataset.audit.examination import Examination
from pneumoscope.dataset.audit.examine import Examined, Unreadable, examine_file
from pneumoscope.dataset.audit.thumbnails import SIZE, Thumbnails
from pneumoscope.errors import storage_errors
from pneumoscope.imaging import RECIPE, ImageFacts
from pneumoscope.parallel import Progress, as_done
from pneumoscope.types import ImageRecord
from pneumoscope.version import __version__

_FILES, _THUMBNAILS = "files.jsonl", "thumbnails.bin"
_BATCH = 256  # files between two writes
_HEAD = json.dumps({"version": __version__, "recipe": RECIPE}).encode() + b"\n"


def locate_journal(page: Path) -> Path:
    """Returns the folder of the journal of an audit, beside its page."""
    return page.with_name(f"{page.name}.unfinished")


@contextmanager
def examined(
    records: Sequence[ImageRecord], folder: Path | None, progress: Progress | None = None
) -> Iterator[Examination]:
    """Yields the examination of all files; those that a journal holds are not read again.

    Args:
        records: the files, in the order of the data set.
        folder: folder of the journal, which is removed if the block succeeds; None for none.
        progress: called with the number of files read and of all.

    Raises:
        SettingsError: if another process is writing the journal.
        StorageError: if the journal cannot be written.
    """
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory()))
        stack.enter_context(claimed(folder))
        stack.enter_context(storage_errors("write", folder))  # what is full says so once more
        lines = stack.enter_context((folder / _FILES).open("a+b"))
        pictures = stack.enter_context((folder / _THUMBNAILS).open("a+b"))
        yield _examine(records, lines, pictures, progress)
        for name in (_FILES, _THUMBNAILS):
            (folder / name).unlink()


def _examine(
    records: Sequence[ImageRecord], lines: BinaryIO, pictures: BinaryIO, progress: Progress | None
) -> Examination:
    known = _read(records, lines, pictures)
    done = len(known.records) + len(known.unreadable)

    def tell(more: int, _: int) -> None:
        if progress:
            progress(done + more, len(records))

    waiting: list[bytes] = []
    for number, (line, each) in enumerate(as_done(_read_file, records[done:], tell), start=1):
        known.add(each)
        waiting.append(line)
        if number % _BATCH == 0:
            known.thumbnails.flush()
            lines.writelines(waiting)
            lines.flush()
            waiting.clear()
    return known


def _read(records: Sequence[ImageRecord], lines: BinaryIO, pictures: BinaryIO) -> Examination:
    """Reads the files that the journal holds and that are as they were, from the first on."""
    stored = pictures.seek(0, os.SEEK_END) // SIZE
    found = Examination(Thumbnails(pictures, stored))
    lines.seek(0)
    kept = 0
    head = lines.readline()
    if head == _HEAD:
        kept = len(head)
        for record, line in zip(records, lines, strict=False):
            if not _recall(found, record, line, stored):
                break
            kept += len(line)
    lines.truncate(kept)
    if not kept:
        lines.write(_HEAD)
    found.thumbnails = Thumbnails(pictures, len(found.records))
    return found


def _recall(found: Examination, record: ImageRecord, line: bytes, stored: int) -> bool:
    """Takes up a file as the journal has it; returns False if it is not as it was."""
    try:
        state, *content = json.loads(line)
        if state != _state(record):
            return False
        if not content:
            each = examine_file(record)
            if isinstance(each, Unreadable):
                found.add(each)
            return isinstance(each, Unreadable)
        sha256, facts, refused = content
        if len(found.records) == stored or len(bytes.fromhex(sha256)) != 32:
            return False
        found.recall(record, sha256, ImageFacts(*facts), tuple(refused))
    except (ValueError, TypeError):  # a line that was cut off, or damaged
        return False
    return True


def _read_file(record: ImageRecord) -> tuple[bytes, Examined | Unreadable]:
    """Examines a file; returns its line of the journal, and what it is like."""
    content: list[Any] = [_state(record)]  # before it is read: it may be written meanwhile
    each = examine_file(record)
    if isinstance(each, Examined):
        content += [each.record.sha256, astuple(each.look.facts), each.refused]
    return json.dumps(content).encode() + b"\n", each


def _state(record: ImageRecord) -> str:
    """Digest of the path, the size and the time of a file."""
    try:
        found = record.path.stat()
        state = f"{found.st_size} {found.st_mtime_ns} {record.path}"
    except OSError:
        state = f"gone {record.path}"
    return blake2b(state.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
