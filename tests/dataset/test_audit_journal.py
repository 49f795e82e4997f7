"""An audit that was ended goes on where it was, and comes to the same result."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.claims import claimed
from pneumoscope.dataset.audit import audit, examine, journal
from pneumoscope.errors import SettingsError, StorageError


@pytest.fixture
def data(phantoms: Path, tmp_path: Path) -> Path:
    """Copies phantoms, which are changed here."""
    return shutil.copytree(phantoms, tmp_path / "data")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Lists the files that are read from now on; batches are of one file."""
    paths: list[Path] = []
    original = examine.read_bytes
    monkeypatch.setattr(examine, "read_bytes", lambda path: paths.append(path) or original(path))
    monkeypatch.setattr(journal, "_BATCH", 1)
    return paths


def end_after(count: int) -> Callable[[int, int], None]:
    """Makes a progress that ends the audit after so many files."""

    def progress(done: int, _: int) -> None:
        if done > count:
            raise KeyboardInterrupt

    return progress


def ended(data: Path, page: Path, after: int = 20) -> Path:
    """Audits a data set up to some file; returns the folder of the journal."""
    with pytest.raises(KeyboardInterrupt):
        audit(data, page, progress=end_after(after))
    return journal.locate_journal(page)


def test_it_goes_on_where_it_was(data: Path, tmp_path: Path, read: list[Path]) -> None:
    (data / "NORMAL" / "broken.png").write_text("no image")
    whole = audit(data, tmp_path / "whole.html")
    left = ended(data, tmp_path / "page.html")
    assert left.is_dir()
    read.clear()
    calls: list[int] = []
    again = audit(data, tmp_path / "page.html", progress=lambda done, _: calls.append(done))
    files = len(whole.images.records)
    assert len(read) <= files - 20 + 1  # what is no image is looked at again
    assert calls == list(range(calls[0], files + 1))
    assert calls[0] > 20
    assert again.to_dict() == whole.to_dict()
    pages = [(tmp_path / name).read_bytes() for name in ("whole.html", "page.html")]
    assert pages[0] == pages[1]
    assert not left.exists()


def test_files_that_have_changed_are_read_again(
    data: Path, tmp_path: Path, read: list[Path]
) -> None:
    ended(data, tmp_path / "page.html")
    changed = sorted((data / "NORMAL").iterdir())[3]
    changed.write_bytes(b"no image any more")
    read.clear()
    again = audit(data, tmp_path / "page.html")
    assert changed in read
    assert again.to_dict() == audit(data).to_dict()
    assert [file.record.path for file in again.unreadable] == [changed]


def damage_line(folder: Path) -> None:
    lines = (folder / "files.jsonl").read_bytes().splitlines(keepends=True)
    lines[5] = lines[5][: len(lines[5]) // 2] + b"\n"
    (folder / "files.jsonl").write_bytes(b"".join(lines))


def cut_off(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) * 2 // 3])


DAMAGES = {
    "a line": damage_line,
    "the end": lambda folder: cut_off(folder, "files.jsonl"),
    "thumbnails": lambda folder: cut_off(folder, "thumbnails.bin"),
    "all": lambda folder: (folder / "files.jsonl").write_bytes(b"\0" * 4096),
    "no thumbnails": lambda folder: (folder / "thumbnails.bin").unlink(),
    "another version": lambda folder: (folder / "files.jsonl").write_bytes(b'{"version": "0"}\n'),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_journal_costs_time_and_nothing_else(
    how: str, data: Path, tmp_path: Path, read: list[Path]
) -> None:
    left = ended(data, tmp_path / "page.html")
    DAMAGES[how](left)
    assert audit(data, tmp_path / "page.html").to_dict() == audit(data).to_dict()
    assert not left.exists()


def test_the_journal_names_nobody(data: Path, tmp_path: Path, read: list[Path]) -> None:
    left = ended(data, tmp_path / "page.html")
    text = (left / "files.jsonl").read_text("utf-8")
    assert text.count("\n") > 20
    assert not any(path.stem in text for path in data.rglob("*.png"))


def test_two_audits_of_one_page_are_refused(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with claimed(journal.locate_journal(page)), pytest.raises(SettingsError, match="being written"):
        audit(data, page)


def test_a_full_disk_is_told_and_what_was_read_is_kept(
    data: Path, tmp_path: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(journal.Thumbnails, "flush", full)
        with pytest.raises(StorageError, match="the disk is full"):
            audit(data, tmp_path / "page.html")
    assert audit(data, tmp_path / "page.html").to_dict() == audit(data).to_dict()
