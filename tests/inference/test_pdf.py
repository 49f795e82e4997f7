"""Predictions in print, read back by another program: text, pages, names, and whose it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from reportlab import rl_config

from pneumoscope.errors import SettingsError
from pneumoscope.imaging import Source
from pneumoscope.inference import load, predict
from pneumoscope.inference.pdf import Print
from pneumoscope.inference.shown import show
from pneumoscope.names import hashed_names
from pneumoscope.types import RESEARCH_NOTICE
from tests.conftest import encoded, picture, write_bundle

needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler-utils")


def write(model: Path, sources: list[Source], path: Path) -> bytes:
    list(predict(model, sources, pdf=path))
    return path.read_bytes()


def pages(path: Path) -> list[str]:
    """The text of each page, as poppler reads it, with the words of a line after one another."""
    command = ["pdftotext", "-layout", str(path), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [" ".join(page.split()) for page in text.split("\f")[:-1]]


@needs_poppler
def test_a_list_of_all_then_two_images_on_a_page(tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "model", usual=128.0)
    grey = np.tile(np.linspace(85, 205, 64).astype(np.uint8), (64, 1))
    black = np.zeros((64, 64), np.uint8)
    black[:2] = 40
    sources = [Source(f"{n}.png", encoded(grey)) for n in range(4)]
    sources += [Source("black.png", encoded(black)), Source("broken.png", b"")]
    write(model, sources, tmp_path / "p.pdf")
    summary, *rest = pages(tmp_path / "p.pdf")
    assert "6 images: 4 PNEUMONIA, 1 refused, 1 without a prediction." in summary
    assert re.search(r"1 PNEUMONIA 0\.\d{3} 0\.png", summary)
    assert "5 Refused black.png" in summary
    assert "6 No prediction broken.png" in summary
    assert len(rest) == 3
    assert "1 PNEUMONIA 0.png" in rest[0]
    assert "2 PNEUMONIA 1.png" in rest[0]
    assert "Evidence for PNEUMONIA, from none to strongest in this image" in rest[0]
    assert "Threshold: 0.500 (operating point default)" in rest[0]
    assert "Reason: it is " in rest[2]
    assert "broken.png is not an image" in rest[2]
    for number, page in enumerate([summary, *rest], 1):
        assert page.count(RESEARCH_NOTICE) == 1
        assert page.endswith(f"Page {number} of 4")


@needs_poppler
def test_one_large_image_on_a_page(tmp_path: Path) -> None:
    predictor = load(write_bundle(tmp_path / "model", usual=128.0))
    document = Print(predictor, large=True)
    for n in range(3):
        source = Source(f"{n}.png", encoded(picture(seed=n)))
        document.add(show(source, predictor.explain(source)))
    (tmp_path / "p.pdf").write_bytes(document.finish())
    summary, *rest = pages(tmp_path / "p.pdf")
    assert "3 images: " in summary
    assert len(rest) == 3
    for n, page in enumerate(rest):
        assert f" {n}.png " in page
        assert "Threshold: 0.500 (operating point default)" in page
        assert "from none to strongest in this image" in page
        assert page.endswith(f"Page {n + 2} of 4")


# name of a file, what is printed of it
NAMES = (
    ("<b>&amp;.png", "<b>&amp;.png"),
    ("Ren\u00e9e.png", "Ren\u00e9e.png"),
    ("\u80ba.png", r"\u80ba.png"),
    ("line\nbreak.png", r"line\nbreak.png"),
    ("\udce9.png", r"\udce9.png"),
    ("n" * 4000, "n" * 40),
)


@needs_poppler
@pytest.mark.parametrize(("name", "printed"), NAMES)
def test_names_of_any_letters_and_length(
    name: str, printed: str, bundle: Path, tmp_path: Path
) -> None:
    write(bundle, [Source(name, encoded(picture())), Source(name, b"")], tmp_path / "p.pdf")
    found = pages(tmp_path / "p.pdf")
    assert all(printed in page for page in (found[0], found[1]))


@needs_poppler
def test_hashed_names(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "Surname.png"
    path.write_bytes(encoded(picture()))
    with hashed_names():
        list(predict(bundle, path, pdf=tmp_path / "p.pdf"))
    text = " ".join(pages(tmp_path / "p.pdf"))
    assert "Surname" not in text
    assert re.search(r"file-[0-9a-f]{32}", text)


def test_the_same_predictions_give_the_same_bytes_and_replace_only_these(
    bundle: Path, tmp_path: Path
) -> None:
    first, other = (Source(f"{n}.png", encoded(picture(seed=n))) for n in range(2))
    place = tmp_path / "p.pdf"
    before = write(bundle, [first], place)
    assert before.startswith(b"%PDF")
    assert write(bundle, [first], place) == before
    with pytest.raises(SettingsError, match="made of something else"):
        predict(bundle, other, pdf=place)
    assert place.read_bytes() == before


def test_pictures_pages_and_print_in_one_go(bundle: Path, tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("heatmap", "html", "pdf")}
    (record,) = predict(bundle, Source("a.png", encoded(picture())), **places)
    assert Path(str(record.heatmap)).is_file()
    assert places["html"].read_bytes().startswith(b"<!doctype html>")
    assert places["pdf"].read_bytes().startswith(b"%PDF")


def test_pictures_are_bytes_and_other_documents_of_the_process_are_as_before(
    tmp_path: Path,
) -> None:
    before = rl_config.useA85
    model = write_bundle(tmp_path / "model", usual=128.0)
    content = write(model, [Source("one.png", encoded(picture()))], tmp_path / "p.pdf")
    assert b"/DCTDecode" in content
    assert b"/ASCII85Decode" not in content
    assert rl_config.useA85 == before == 1
