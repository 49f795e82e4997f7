"""The page of an audit needs no other file, is safe and small, and shows the pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.dataset import Layout, PhantomSettings, make_phantoms
from pneumoscope.dataset.audit import audit, page, write_page
from pneumoscope.errors import SettingsError, StorageError
from tests.conftest import encoded, picture
from tests.pages import Reader, require_sound


def read_page(data: Path, tmp_path: Path) -> Reader:
    audit(data, tmp_path / "page.html")
    return require_sound((tmp_path / "page.html").read_text("utf-8"))


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page") / "trapped"
    settings = PhantomSettings(
        60, (1, 2), width=(100, 124), layout=Layout.SPLITS, duplicates=2, leaking_patients=3
    )
    make_phantoms(root, settings)
    return root


def test_page_shows_what_was_found_and_fetches_nothing(trapped: Path, tmp_path: Path) -> None:
    found = read_page(trapped, tmp_path)
    pictures = found.all("img")
    assert len(pictures) == 2 * 2 + 3 * 2
    assert all(each["aria-label"] for each in found.all("svg"))
    for words in (
        "two splits",
        "Patients in two published splits",
        "AUROC",
        "CC0",
        "research tool",
    ):
        assert words in found.text
    anchors = [each["id"] for each in found.all("li") if "id" in each]
    assert anchors == [finding.code for finding in audit(trapped).findings]
    for finding in audit(trapped).findings:
        assert finding.text in " ".join(found.text.split())


def test_the_page_of_other_data_is_not_replaced(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = (class_folders(name, NORMAL=2, PNEUMONIA=3) for name in ("one", "other"))
    for _ in range(2):
        audit(one, str(tmp_path / "page.html"))
    with pytest.raises(SettingsError, match="made of something else"):
        audit(other, tmp_path / "page.html")


def test_outlines_lie_within_the_chart(trapped: Path, tmp_path: Path) -> None:
    outlines = [path["d"] for path in read_page(trapped, tmp_path).all("path")]
    assert outlines
    heights = np.array(re.findall(r"V([\d.-]+)", " ".join(outlines)), float)
    widths = np.array(re.findall(r"H([\d.-]+)", " ".join(outlines)), float)
    assert 0 <= heights.min() <= heights.max() <= 90
    assert 0 < widths.min() <= widths.max() == 300


HOSTILE = (
    b"<script>alert(1)<.png",
    b'"><img src=x onerror=alert(1)>.png',
    b"two\nlines.png",
    b"name\xe9.png",
    b"{{ 7*7 }}.png",
)


def test_file_names_are_only_text(class_folders: Callable[..., Path], tmp_path: Path) -> None:
    data = class_folders(NORMAL=2, PNEUMONIA=2)
    for number, name in enumerate(HOSTILE):
        for folder in ("NORMAL", "PNEUMONIA"):
            (data / folder / os.fsdecode(name)).write_bytes(encoded(picture(seed=50 + number)))
        (data / "NORMAL" / os.fsdecode(b"bad" + name)).write_text("text")
    found = read_page(data, tmp_path)
    assert found.all("script") == []
    assert len(found.all("img")) == 2 * len(HOSTILE) + 4  # which are tiny as well
    assert not any("onerror" in attributes for _, attributes in found.tags)
    for words in ("<script>alert(1)<.png", r"two\nlines.png", r"name\udce9.png", "{{ 7*7 }}.png"):
        assert words in found.text


def test_page_stays_small_and_says_what_it_leaves_out(
    class_folders: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_MAX_FILES", 3)
    data = class_folders(NORMAL=1, PNEUMONIA=1)
    for number in range(35):
        for copy in range(6 if number == 0 else 2):
            content = encoded(picture((300, 300), seed=100 + number))
            (data / "NORMAL" / f"n{number:02}-{copy}.png").write_bytes(content)
    for number in range(5):
        (data / "PNEUMONIA" / f"bad{number}.png").write_text("text")
    found = read_page(data, tmp_path)
    assert len(found.all("img")) == 4 + 29 * 2 + 6  # four of noise are all but blank, two are tiny
    assert (
        tmp_path / "page.html"
    ).stat().st_size < 5_000_000 * 82 / 160  # of the most there can be
    words = " ".join(found.text.split())
    for left_out in ("2 more files of this picture", "5 more pictures", "2 more files:"):
        assert left_out in words
    assert "Not measured: there are too few patients" in words


def test_the_page_says_that_a_picture_cannot_be_shown(phantoms: Path, tmp_path: Path) -> None:
    import shutil

    data = tmp_path / "data"
    shutil.copytree(phantoms, data)
    one = sorted((data / "NORMAL").iterdir())[0]
    shutil.copy(one, one.with_name("phantom3-09999-1.png"))
    result = audit(data)
    one.unlink()
    write_page(result, tmp_path / "page.html")
    found = Reader((tmp_path / "page.html").read_text("utf-8"))
    assert len(found.all("img")) == 1
    assert "cannot be shown" in found.text


def test_page_that_cannot_be_written(phantoms: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        write_page(audit(phantoms), tmp_path / "file" / "page.html")
