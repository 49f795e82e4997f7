"""Files are listed without system files, and written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pneumoscope.errors import StorageError
from pneumoscope.files import atomic_path, printable, write_text


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


NAMES = {
    "a b-é.png": "a b-é.png",
    "two\nlines\r.png": r"two\nlines\r.png",
    "name\udce9.png": r"name\udce9.png",
    "\x1b[2Jgone": r"\x1b[2Jgone",
    "\u202egnp.exe": r"\u202egnp.exe",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_on_one_line(name: str) -> None:
    assert printable(name) == NAMES[name]
    assert printable(name).isprintable()


def test_any_name_can_be_written(tmp_path: Path) -> None:
    name = b"name\xe9\r\n".decode("utf-8", "surrogateescape")
    write_text(tmp_path / "list.txt", name)
    assert (tmp_path / "list.txt").read_bytes() == b"name\xe9\r\n"
