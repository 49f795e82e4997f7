"""Files are whole or absent."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pneumoscope.errors import StorageError
from pneumoscope.files import atomic_path, write_text


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one")
    write_text(path, "two")
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


def test_full_disk_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "one")

    def fill_the_disk() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("tw")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="disk is full"):
        fill_the_disk()
    assert path.read_text() == "one"
    assert list(tmp_path.glob("**/*.part")) == []


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        write_text(tmp_path / "file" / "below.txt", "text")
